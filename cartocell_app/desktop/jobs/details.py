"""What is known of one job: its log, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.jobs.view import JobView
from cartocell_app.desktop.theme import SPACING


class JobDetails(QWidget):
    """Log of a job and its buttons.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    cancel_wanted = Signal(int)
    """The job of that number is to stop, or to be taken out of the queue."""

    first_wanted = Signal(int)
    """It is to be the next."""

    retry_wanted = Signal(int)
    """It is to be run again."""

    folder_wanted = Signal(int)
    """Its results are to be shown in the file manager."""

    command_wanted = Signal(int)
    """Its command is to be copied."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._view: JobView | None = None
        self.log = QPlainTextEdit()
        self.log.setReadOnly(True)
        self.log.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.log.setAccessibleName("Log of the job")
        self.log.setPlaceholderText("What the job says is shown here.")
        self.cancel = self._button("&Cancel", "mdi6.stop-circle-outline", self.cancel_wanted)
        self.first = self._button("Do &next", "mdi6.arrow-collapse-up", self.first_wanted)
        self.retry = self._button("&Try again", "mdi6.replay", self.retry_wanted)
        self.folder = self._button("Open &folder", "mdi6.folder-open-outline", self.folder_wanted)
        self.command = self._button("Copy as c&ommand", "mdi6.content-copy", self.command_wanted)
        self.first.setToolTip("Let it be the next of those that wait.")
        self.folder.setToolTip("Show its files in the file manager.")
        self.command.setToolTip("Copy the command that does the same in a terminal, or on a cluster.")
        buttons = QVBoxLayout()
        buttons.setSpacing(SPACING)
        for button in (self.cancel, self.first, self.retry, self.folder, self.command):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self.log, 1)
        layout.addLayout(buttons)
        self.show_job(None)

    def show_job(self, view: JobView | None) -> None:
        """Show a job; None if none is chosen."""
        before, self._view = self._view, view
        self.setEnabled(view is not None)
        waits = view is not None and view.state == "queued"
        runs = view is not None and view.state == "running"
        self.cancel.setVisible(waits or runs)
        self.cancel.setText("Take &out" if waits else "&Cancel")
        self.cancel.setToolTip("Take it out of the queue." if waits else "Stop it. What is finished is kept.")
        self.first.setVisible(waits)
        self.retry.setVisible(not (waits or runs))
        may_retry = view is not None and view.can_be_retried
        self.retry.setEnabled(may_retry)
        self.retry.setToolTip(
            "Run it again. What is finished is kept; only what is missing is done."
            if may_retry
            else "Everything in it is done."
        )
        lines = () if view is None else view.log
        is_same = view is not None and before is not None and view.run_id == before.run_id
        if not is_same or before is None or before.log != lines:
            self._show_log(lines, keep_place=is_same)

    def _show_log(self, lines: tuple[str, ...], *, keep_place: bool) -> None:
        """Show the log at its end, or where it was scrolled to by hand."""
        scroll = self.log.verticalScrollBar()
        at, at_end = scroll.value(), scroll.value() >= scroll.maximum()
        self.log.setPlainText("\n".join(lines))
        if keep_place and not at_end:
            scroll.setValue(at)
        else:
            self.log.moveCursor(QTextCursor.MoveOperation.End)
            self.log.moveCursor(QTextCursor.MoveOperation.StartOfLine)

    def _button(self, text: str, icon_name: str, wanted: Signal) -> QPushButton:
        button = QPushButton(icon(icon_name), text)
        button.clicked.connect(lambda: wanted.emit(0 if self._view is None else self._view.run_id))
        return button
