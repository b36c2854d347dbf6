"""Work that takes a while and has a dialog of its own: a bar, and a way to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QProgressDialog, QWidget

from cartocell_app.desktop.workers import Latest
from cartocell_app.progress import Cancelled, CancelledError, Progress

SHOW_AFTER_MS = 400
STEPS = 1000


class Busy(QObject):
    """Does one piece of work on a worker thread; deletes itself when it is over.

    Parameters
    ----------
    parent : QWidget
        Window that waits.
    title : str
        What is being done: "Saving a copy…".
    work : callable
        Called on a worker thread with a `Progress` and a `Cancelled`.
    on_answer : callable
        Called on the window's thread with what `work` returned; not if it was stopped.
    """

    over = Signal()
    """The work ended, failed or was stopped."""

    _progressed = Signal(str, float, float)

    def __init__(
        self,
        parent: QWidget,
        title: str,
        work: Callable[[Progress, Cancelled], Any],
        on_answer: Callable[[Any], object],
    ) -> None:
        super().__init__(parent)
        self._title = title
        self._stop = threading.Event()
        self._on_answer = on_answer
        self.dialog = QProgressDialog(title, "&Stop", 0, 0, parent)
        self.dialog.setWindowTitle("CartoCell")
        self.dialog.setWindowModality(Qt.WindowModality.WindowModal)
        self.dialog.setMinimumDuration(SHOW_AFTER_MS)
        self.dialog.setAutoClose(False)
        self.dialog.setAutoReset(False)
        self.dialog.canceled.connect(self._cancel)
        self._progressed.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._worker = Latest(self._done, self._failed, parent=self)
        self._worker.request(lambda: work(self._progressed.emit, self._stop.is_set))

    def _show(self, stage: str, done: float, total: float) -> None:
        self.dialog.setLabelText(f"{self._title}\n{stage}")
        self.dialog.setMaximum(STEPS if total else 0)
        self.dialog.setValue(round(STEPS * done / total) if total else 0)

    def _cancel(self) -> None:
        self._stop.set()
        self.dialog.setLabelText("Stopping…")

    def _done(self, answer: Any) -> None:
        self._end()
        self._on_answer(answer)

    def _failed(self, error: Exception) -> None:
        self._end()
        if not isinstance(error, CancelledError):
            raise error

    def _end(self) -> None:
        self.dialog.canceled.disconnect(self._cancel)
        self.dialog.close()
        self.dialog.deleteLater()
        self.over.emit()
        self.deleteLater()
