"""Heavy work off the window's thread: a request goes out, its answer comes back, stale answers are dropped.

The cycle: the window makes a request (quick, on its own thread); a function that touches nothing of the window
computes the answer on a worker thread; the answer is handed over on the window's thread, unless a newer request
was made meanwhile.
"""

import contextlib
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QRunnable, Qt, QThreadPool, Signal

log = logging.getLogger(__name__)


class _Messenger(QObject):
    """Carries an answer from the worker thread to the window's."""

    finished = Signal(int, object)
    failed = Signal(int, object)


def _done() -> None:
    """In place of work that is done."""


class _Task(QRunnable):
    def __init__(self, generation: int, work: Callable[[], Any]) -> None:
        super().__init__()
        self.generation = generation
        self.work = work
        self.messenger = _Messenger()

    def run(self) -> None:
        # Qt's binding never lets go of a task; what the work holds (whole stacks) must not stay with it.
        work, self.work = self.work, _done
        # RuntimeError: the window closed meanwhile, and the messenger with it.
        try:
            answer = work()
        except Exception as error:  # noqa: BLE001 - whatever it is, it belongs on the window's thread
            with contextlib.suppress(RuntimeError):
                self.messenger.failed.emit(self.generation, error)
            return
        with contextlib.suppress(RuntimeError):
            self.messenger.finished.emit(self.generation, answer)


class Latest(QObject):
    """Answers only the latest request; earlier ones that have not begun are not begun, late answers are dropped.

    Parameters
    ----------
    on_answer : callable
        Called on the window's thread with the answer.
    on_error : callable, optional
        Called there with the exception; without it, the exception goes to `sys.excepthook`'s way, so that the
        window shows it.
    parent : QObject, optional
        Once it is gone, answers are dropped.
    """

    busy_changed = Signal(bool)

    def __init__(
        self,
        on_answer: Callable[[Any], None],
        on_error: Callable[[Exception], None] | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._on_answer = on_answer
        self._on_error = on_error
        self._generation = 0
        self._waiting: Callable[[], Any] | None = None
        self._running: _Task | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._running is not None

    def request(self, work: Callable[[], Any]) -> None:
        """Have `work` done on a worker thread; it must not touch any widget. Replaces what was asked before."""
        self._generation += 1
        self._waiting = work
        if self._running is None:
            self._start()

    def forget(self) -> None:
        """Drop whatever was asked for."""
        self._generation += 1
        self._waiting = None

    def _start(self) -> None:
        assert self._waiting is not None
        task = _Task(self._generation, self._waiting)
        task.setAutoDelete(False)
        self._waiting = None
        self._running = task
        task.messenger.finished.connect(self._finished, Qt.ConnectionType.QueuedConnection)
        task.messenger.failed.connect(self._failed, Qt.ConnectionType.QueuedConnection)
        self.busy_changed.emit(True)
        QThreadPool.globalInstance().start(task)

    def _finished(self, generation: int, answer: object) -> None:
        self._next()
        if generation == self._generation:
            self._on_answer(answer)

    def _failed(self, generation: int, error: Exception) -> None:
        self._next()
        if generation != self._generation:
            log.info("an outdated request failed: %s", error)
        elif self._on_error is not None:
            self._on_error(error)
        else:
            raise error

    def _next(self) -> None:
        self._running = None
        if self._waiting is not None:
            self._start()
        else:
            self.busy_changed.emit(False)


class _Turns(QRunnable):
    """Does what waits, one after the other, until nothing waits."""

    def __init__(self) -> None:
        super().__init__()
        self.setAutoDelete(False)
        self.messenger = _Messenger()
        self._lock = threading.Lock()
        self._waiting: deque[Callable[[], Any]] = deque()
        self._is_running = False

    def add(self, work: Callable[[], Any]) -> bool:
        """Have `work` done last; returns whether it must be started for that."""
        with self._lock:
            self._waiting.append(work)
            is_idle, self._is_running = not self._is_running, True
            return is_idle

    def run(self) -> None:
        while (work := self._next()) is not None:
            # RuntimeError: the window closed meanwhile, and the messenger with it; what waits is done all the same.
            try:
                answer = work()
            except Exception as error:  # noqa: BLE001 - whatever it is, it belongs on the window's thread
                with contextlib.suppress(RuntimeError):
                    self.messenger.failed.emit(0, error)
            else:
                with contextlib.suppress(RuntimeError):
                    self.messenger.finished.emit(0, answer)

    def _next(self) -> Callable[[], Any] | None:
        with self._lock:
            self._is_running = bool(self._waiting)
            return self._waiting.popleft() if self._waiting else None


class InTurn(QObject):
    """Does every request, in the order in which they came, and answers each: none is replaced by a later one.

    Parameters
    ----------
    on_answer : callable
        Called on the window's thread with each answer.
    on_error : callable
        Called there with the exception of a request that failed; the next ones are done all the same.
    parent : QObject, optional
        Once it is gone, answers are dropped; what was asked for is done.
    """

    def __init__(
        self,
        on_answer: Callable[[Any], None],
        on_error: Callable[[Exception], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._on_answer = on_answer
        self._on_error = on_error
        self._turns = _Turns()
        self._turns.messenger.finished.connect(self._finished, Qt.ConnectionType.QueuedConnection)
        self._turns.messenger.failed.connect(self._failed, Qt.ConnectionType.QueuedConnection)

    def request(self, work: Callable[[], Any]) -> None:
        """Have `work` done on a worker thread once all before it is done; it must not touch any widget."""
        # All in one go of one thread, so that waiting for workers at the program's end waits for all of it.
        if self._turns.add(work):
            QThreadPool.globalInstance().start(self._turns)

    def _finished(self, _: int, answer: object) -> None:
        self._on_answer(answer)

    def _failed(self, _: int, error: Exception) -> None:
        self._on_error(error)


def wait_for_workers(timeout_ms: int = 10_000) -> bool:
    """Wait until no worker runs: before the program ends, and in tests."""
    return QThreadPool.globalInstance().waitForDone(timeout_ms)
