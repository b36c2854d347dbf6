"""Heavy work off the window's thread: a request goes out, its answer comes back, stale answers are dropped.

The cycle: the window makes a request (quick, on its own thread); a function that touches nothing of the window
computes the answer on a worker thread; the answer is handed over on the window's thread, unless a newer request
was made meanwhile.
"""

import contextlib
import logging
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


def wait_for_workers(timeout_ms: int = 10_000) -> bool:
    """Wait until no worker runs: before the program ends, and in tests."""
    return QThreadPool.globalInstance().waitForDone(timeout_ms)
