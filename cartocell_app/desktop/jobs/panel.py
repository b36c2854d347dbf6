"""The panel of jobs: what runs in one line, and below it all jobs with their logs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QSplitter, QTreeView, QVBoxLayout, QWidget

from cartocell_app.desktop.jobs.command import chosen_folder, typed
from cartocell_app.desktop.jobs.details import JobDetails
from cartocell_app.desktop.jobs.model import JobsModel
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.jobs.strip import JobStrip
from cartocell_app.desktop.jobs.view import JobView
from cartocell_app.desktop.jobs.words import counts_in_words
from cartocell_app.desktop.results.saved_bar import open_folder
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import MARGIN

LIST_HEIGHT_PX = 180
WIDTHS_PX = (240, 110, 70)
NO_LIMIT_PX = 16_777_215


class JobsPanel(QWidget):
    """Jobs of the open project.

    Parameters
    ----------
    session : Session
        Tells when another project is opened.
    queue : JobQueue
        Runs the jobs.
    parent : QWidget, optional
        Owner.
    """

    told = Signal(str)
    """A sentence for the status bar."""

    def __init__(self, session: Session, queue: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._latest = 0  # the job of this window that ended last
        self.strip = JobStrip()
        self.model = JobsModel(queue, self)
        self.list = self._make_list()
        self.details = JobDetails()
        self.below = QSplitter(Qt.Orientation.Horizontal)
        self.below.setContentsMargins(MARGIN, 0, MARGIN, MARGIN)
        self.below.addWidget(self.list)
        self.below.addWidget(self.details)
        self.below.setChildrenCollapsible(False)
        self.below.setHandleWidth(1)
        self.details.setContentsMargins(MARGIN, 0, 0, 0)
        self.below.setSizes([3000, 2000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.strip)
        layout.addWidget(self.below, 1)
        self._connect(session)
        self._show_below(False)
        self.refresh()

    def refresh(self) -> None:
        """Look at all jobs anew."""
        self.model.refresh()
        views = self._queue.jobs()
        ended = sum(view.state not in ("queued", "running") for view in views)
        self.strip.show_counts(counts_in_words(len(self._queue.waiting()), ended))
        self.strip.show_job(self._for_strip(views))
        self._show_details()

    def choose(self, run_id: int) -> None:
        """Show a job and its log in the list."""
        self.strip.more.setChecked(True)
        row = self.model.row_of(run_id)
        if row >= 0:
            self.list.setCurrentIndex(self.model.index(row, 0))

    def _make_list(self) -> QTreeView:
        view = QTreeView()
        view.setRootIsDecorated(False)
        view.setUniformRowHeights(True)
        view.setAllColumnsShowFocus(True)
        view.setFrameShape(QFrame.Shape.NoFrame)
        view.setIconSize(QSize(16, 16))
        view.setTextElideMode(Qt.TextElideMode.ElideRight)
        view.setAccessibleName("All jobs")
        view.setModel(self.model)
        header = view.header()
        for column, width in enumerate(WIDTHS_PX):
            header.resizeSection(column, width)
        header.setStretchLastSection(True)
        return view

    def _connect(self, session: Session) -> None:
        self._queue.job_changed.connect(self._changed)
        session.runs_changed.connect(self.refresh)
        session.project_changed.connect(self._change_project)
        self.strip.more_toggled.connect(self._show_below)
        self.list.selectionModel().currentChanged.connect(self._show_details)
        self.model.modelReset.connect(self._show_details)
        for source in (self.strip, self.details):
            source.cancel_wanted.connect(self._queue.cancel)
            source.retry_wanted.connect(self._queue.retry)
            source.folder_wanted.connect(lambda run_id: open_folder(self._folder(run_id)))
        self.strip.leave_wanted.connect(self._queue.leave)
        self.details.first_wanted.connect(self._queue.move_first)
        self.details.command_wanted.connect(self._copy)

    def _changed(self, run_id: int) -> None:
        if run_id not in self._queue.running() and run_id not in self._queue.waiting():
            self._latest = run_id
        self.refresh()

    def _change_project(self) -> None:
        self._latest = 0
        self.refresh()

    def _for_strip(self, views: tuple[JobView, ...]) -> JobView | None:
        """The job that runs; else one that was interrupted and is offered; else the last that ended."""
        by_id = {view.run_id: view for view in views}
        running = self._queue.running()
        if running:
            return by_id.get(running[0])
        offered = next((view for view in views if view.state == "interrupted"), None)
        return offered or by_id.get(self._latest)

    def _show_below(self, shown: bool) -> None:
        self.below.setVisible(shown)
        height = self.strip.height()
        # As high as its one line while the list is hidden, so that the dock takes no more room than it needs.
        self.setMinimumHeight(height + (LIST_HEIGHT_PX if shown else 0))
        self.setMaximumHeight(NO_LIMIT_PX if shown else height)
        if shown and not self.list.currentIndex().isValid() and self.model.rowCount():
            choose = QItemSelectionModel.SelectionFlag.SelectCurrent | QItemSelectionModel.SelectionFlag.Rows
            self.list.selectionModel().setCurrentIndex(self.model.index(0, 0), choose)

    def _show_details(self) -> None:
        view = self.model.view(self.list.currentIndex().row()) if self.below.isVisibleTo(self) else None
        self.details.show_job(None if view is None else self._queue.job(view.run_id))

    def _folder(self, run_id: int) -> Path:
        """Where its results are: exported numbers are in the folder that the user chose, not beside the job's log."""
        job = self._queue.job(run_id)
        chosen = chosen_folder(job.words)
        return chosen if chosen is not None and chosen.is_dir() else job.folder

    def _copy(self, run_id: int) -> None:
        QGuiApplication.clipboard().setText(typed(self._queue.job(run_id).words))
        self.told.emit("The command is copied. Paste it into a terminal to do the same there.")
