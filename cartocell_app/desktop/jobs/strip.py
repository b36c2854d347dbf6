"""One line: the job that runs, or what came of the last one."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QToolButton, QWidget
from superqt import QElidingLabel

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.jobs.view import JobView
from cartocell_app.desktop.jobs.words import SIGNS, doing_in_words, step_in_words
from cartocell_app.desktop.theme import MARGIN, SPACING

STEPS = 1000
BAR_PX = 220
HEIGHT_PX = 44


class JobStrip(QWidget):
    """Shows one job.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    cancel_wanted = Signal(int)
    """The job of that number is to stop."""

    retry_wanted = Signal(int)
    """It is to go on, or to be tried again."""

    leave_wanted = Signal(int)
    """It is not to be offered again."""

    folder_wanted = Signal(int)
    """Its results are to be shown in the file manager."""

    more_toggled = Signal(bool)
    """The list of all jobs is to be shown or hidden."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run_id = 0
        self._sign = QLabel()
        self.doing = QLabel()
        self.doing.setProperty("role", "title")
        self.step = QElidingLabel()
        self.step.setProperty("role", "muted")
        self.step.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(BAR_PX)
        self.cancel = QPushButton("&Cancel")
        self.cancel.clicked.connect(lambda: self.cancel_wanted.emit(self._run_id))
        self.folder = QPushButton("Open &folder")
        self.folder.setToolTip("Show the results in the file manager.")
        self.folder.clicked.connect(lambda: self.folder_wanted.emit(self._run_id))
        self.retry = QPushButton()
        self.retry.clicked.connect(lambda: self.retry_wanted.emit(self._run_id))
        self.leave = QPushButton("&Not now")
        self.leave.setToolTip("Do not offer it again. It stays in the list below, where it can be tried again.")
        self.leave.clicked.connect(lambda: self.leave_wanted.emit(self._run_id))
        self.more = QToolButton()
        self.more.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more.setCheckable(True)
        self.more.setToolTip("Show or hide the list of all jobs, with their logs.")
        self.more.toggled.connect(self._toggled)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(MARGIN, SPACING, MARGIN, SPACING)
        layout.setSpacing(SPACING)
        layout.addWidget(self._sign)
        layout.addWidget(self.doing)
        layout.addWidget(self.step, 1)
        for widget in (self.bar, self.cancel, self.retry, self.leave, self.folder, self.more):
            layout.addWidget(widget)
        self.setFixedHeight(HEIGHT_PX)
        self.more.setIcon(icon("mdi6.chevron-up"))
        self.show_job(None)
        self.show_counts("")

    def show_job(self, view: JobView | None) -> None:
        """Show a job; None if there is none to show."""
        self._run_id = 0 if view is None else view.run_id
        runs = view is not None and view.state == "running"
        self._sign.setVisible(view is not None and not runs)
        self.bar.setVisible(runs)
        self.cancel.setVisible(runs)
        self.folder.setVisible(view is not None and view.state in ("done", "some failed"))
        self.retry.setVisible(view is not None and view.can_be_retried)
        self.leave.setVisible(view is not None and view.state == "interrupted")
        if view is None:
            self.doing.setText("No job runs")
            self.step.setText("What takes long, such as segmenting and training, shows here how far it is.")
        elif runs:
            self._show_running(view)
        else:
            self._show_ended(view)
        self.step.setToolTip(self.step.text())

    def show_counts(self, words: str) -> None:
        """Say how many jobs wait and are finished."""
        self.more.setText(words)
        self.more.setVisible(bool(words))
        self.more.setAccessibleName(f"All jobs: {words}")

    def _show_running(self, view: JobView) -> None:
        self.doing.setText(doing_in_words(view))
        self.step.setText(step_in_words(view))
        progress = view.progress
        self.bar.setMaximum(STEPS if progress.total else 0)
        self.bar.setValue(round(STEPS * progress.done / progress.total) if progress.total else 0)
        self.bar.setAccessibleName(f"{view.title}: {self.bar.value() // 10} % done")
        self.cancel.setText("&Stop now" if view.is_stopping else "&Cancel")
        self.cancel.setToolTip(
            "End it at once. What is finished is kept."
            if view.is_stopping
            else "Stop at the next good moment. What is finished is kept."
        )

    def _show_ended(self, view: JobView) -> None:
        sign = SIGNS[view.state]
        self._sign.setPixmap(icon(sign.icon, sign.role).pixmap(QSize(16, 16)))
        self.doing.setText(view.title)
        says_so = view.state == "done" or view.message.startswith(sign.word)
        self.step.setText(view.message if says_so else f"{sign.word}. {view.message}")
        self.retry.setText("&Go on" if view.state in ("interrupted", "cancelled") else "&Try again")
        self.retry.setToolTip("Run it again. What is finished is kept; only what is missing is done.")

    def _toggled(self, on: bool) -> None:
        self.more.setIcon(icon("mdi6.chevron-down" if on else "mdi6.chevron-up"))
        self.more_toggled.emit(on)
