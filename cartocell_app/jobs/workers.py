"""Work in several processes: one that the system ends takes none of the others along, and all stop together."""

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from cartocell_app.exit_codes import STOPPED
from cartocell_app.progress import Cancelled, CancelledError

LOOK_S = 0.2
"""Between looks at whether to stop, while all workers are busy."""

SIGNALS = (signal.SIGINT, signal.SIGTERM)
"""Ctrl-C and a polite kill. A terminal and SLURM send them to all processes at once; only the first one decides."""

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_workers(
    tasks: Sequence[Task], count: int, start: Callable[..., None], work: Callable[[Task], Result], stop: threading.Event
) -> Iterator[tuple[Task, Result | None]]:
    """Yield each task with what came of it, as they finish.

    Parameters
    ----------
    tasks : sequence
        Each is sent to a worker, so it must be possible to pickle it.
    count : int
        Workers.
    start : callable
        Called once in each worker, with a `Cancelled` that says when to raise `CancelledError`.
    work : callable
        Called in a worker with a task.
    stop : threading.Event
        Once set, the workers are asked to stop.

    Yields
    ------
    tuple
        Task and result; the result is None where the system ended the worker, which is replaced then.

    Raises
    ------
    CancelledError
        If `stop` was set before all was done.
    """
    # No event of `multiprocessing`: a worker that is killed while it looks would leave it locked for all. The end
    # of a pipe is seen by all without a lock.
    asked, going_on = multiprocessing.get_context("spawn").Pipe(duplex=False)
    others = set(multiprocessing.active_children())
    due = deque(tasks)
    # A pool for each worker: a pool of several ends all of them if one of them dies, and does not say which did.
    idle = [_pool(asked, start) for _ in range(count)]
    busy: dict[Future[Result], tuple[Task, ProcessPoolExecutor]] = {}
    try:
        while due or busy:
            if stop.is_set():
                raise CancelledError
            while due and idle:
                task, pool = due.popleft(), idle.pop()
                busy[_submit(pool, work, task)] = task, pool
            for future in wait(busy, LOOK_S, FIRST_COMPLETED).done:
                task, pool = busy.pop(future)
                result = _result(future, stop)
                idle.append(pool if result is not None else _pool(asked, start))
                yield task, result
    finally:
        going_on.close()
        _end([*idle, *(pool for _, pool in busy.values())], others)
        asked.close()


def _pool(asked: Connection, start: Callable[..., None]) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_begin, initargs=(asked, start))


def _submit(pool: ProcessPoolExecutor, work: Callable[[Task], Result], task: Task) -> "Future[Result]":
    """Start the task; one whose worker died in the meantime is a future that says so."""
    try:
        with _signals_held():
            return pool.submit(work, task)
    except BrokenProcessPool as error:
        future: Future[Result] = Future()
        future.set_exception(error)
        return future


def _result(future: "Future[Result]", stop: threading.Event) -> Result | None:
    try:
        return future.result()
    except BrokenProcessPool:
        if stop.is_set():
            raise CancelledError from None
        return None


@contextlib.contextmanager
def _signals_held() -> Iterator[None]:
    """Block `SIGNALS`: a process that is started meanwhile is deaf to them from its very beginning."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end(pools: Sequence[ProcessPoolExecutor], others: "set[Any]") -> None:
    """Wait until all workers have ended; asked to stop once more, end them at once."""
    try:
        for pool in pools:
            pool.shutdown(cancel_futures=True)
    except CancelledError:
        for process in set(multiprocessing.active_children()) - others:
            process.kill()
            process.join()
        raise


def _begin(asked: Connection, start: Callable[..., None]) -> None:
    """Make this process a worker."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)
    # Deaf to signals, it must not outlive a parent that was killed.
    threading.Thread(target=_end_with_parent, daemon=True).start()
    start(_stopped_by(asked))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(STOPPED)


def _stopped_by(asked: Connection) -> Cancelled:
    def stopped() -> bool:
        try:
            return asked.poll()
        except OSError:  # on Windows, how the end of a pipe looks
            return True

    return stopped
