"""Viewer, results and jobs: loaded after the window is on screen, since they bring much with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox, QScrollArea, QWidget

from cartocell_app.desktop.curation import actions as curation_actions
from cartocell_app.desktop.curation.bar import CorrectingViewer, CorrectionBar
from cartocell_app.desktop.curation.corrector import Corrector
from cartocell_app.desktop.curation.leaving import Leaving
from cartocell_app.desktop.curation.mending import Mender
from cartocell_app.desktop.curation.panel import PairsPanel
from cartocell_app.desktop.gallery.phase3 import Phase3
from cartocell_app.desktop.importing import actions as importing_actions
from cartocell_app.desktop.jobs.panel import JobsPanel
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.phase5.panel import NewCystsPanel
from cartocell_app.desktop.results import actions as results_actions
from cartocell_app.desktop.results.batch_view import BatchView
from cartocell_app.desktop.results.panel import ResultsPanel
from cartocell_app.desktop.training.keeper import Keeper
from cartocell_app.desktop.training.panel import TrainingPanel
from cartocell_app.desktop.viewer.sample_viewer import SampleViewer

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow


class Panels(QObject):
    """Makes the panels, puts them into the window and connects them with each other.

    Parameters
    ----------
    window : MainWindow
        Whose places they fill.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        session = window.session
        self.queue = JobQueue(session, parent=self)
        self.jobs = JobsPanel(session, self.queue)
        self.results = ResultsPanel(session)
        self.batch = BatchView(session)
        self.viewer = SampleViewer(session)
        self.corrector = Corrector(session, self.viewer, self)
        self.mender = Mender(session, self.corrector, self)
        self.leaving = Leaving(session, self.corrector, window)
        self.keeper = Keeper(session, self)
        self.pairs = PairsPanel(session, self.queue, window.samples.edits)
        self.trainings = {phase: TrainingPanel(session, self.queue, phase) for phase in (2, 4)}
        self.phase3 = Phase3(window, self.queue)
        self.labelling = self.phase3.panel
        for page in (self.pairs, self.phase3.gallery):
            page.heed(self.corrector)
        self.new_cysts = NewCystsPanel(session, self.queue)
        window.docks.fill("jobs", self.jobs)
        window.docks.fill("results", self.results)
        window.docks.fill("layers", _scrolling(self.viewer.layers_panel))
        window.centre.fill("batch", self.batch)
        self.results.before_voronoi_wanted.connect(self.viewer.show_before_voronoi)
        self.results.voxel_size_wanted.connect(lambda number: window.sample_commands.give_voxel_size((number,)))
        self.viewer.cursor_moved.connect(window.status.show_position)
        for phase, panel in {1: self.pairs, **self.trainings, 3: self.labelling, 5: self.new_cysts}.items():
            window.centre.phase.set_panel(phase, panel)
            window.centre.phase.set_cost(phase, panel)
        for training in self.trainings.values():
            training.told.connect(window.status.say)
        self.pairs.import_wanted.connect(lambda: window.actions_.action("file.import").trigger())
        self.pairs.correction_wanted.connect(self._correct)
        self.pairs.remedy_wanted.connect(self._mend)
        self.keeper.model_taken.connect(lambda name: window.status.say(f"{name} is trained and can be used."))
        self.new_cysts.paths_wanted.connect(window.receive)
        self.new_cysts.voxel_size_wanted.connect(window.sample_commands.give_voxel_size)
        self.new_cysts.action_wanted.connect(lambda key: window.actions_.action(key).trigger())
        self.jobs.told.connect(window.status.say)
        self.viewer.saved.connect(window.status.say)
        window.actions_.add(results_actions.actions(session, self.results))
        window.actions_.add(importing_actions.actions(session, self.queue, window))
        window.actions_.add(curation_actions.actions(self.corrector, window))
        window.sample_commands.corrector = self.corrector
        self.corrector.said.connect(window.status.say)
        self.bar = CorrectionBar(session, self.corrector, window.actions_)
        window.centre.fill("viewer", CorrectingViewer(self.bar, self.viewer, self.corrector))

    def may_leave(self) -> bool:
        """Whether the project may be closed; asks about corrections that are not saved, and about running jobs."""
        return self.leaving.may_close() and self.may_stop_jobs()

    def may_stop_jobs(self) -> bool:
        """Whether running jobs may be stopped; asks if there are any, and stops them if so."""
        running = len(self.queue.running()) + len(self.queue.waiting())
        if running and not self._asks_to_stop(running):
            return False
        self.queue.stop_all()
        return True

    def tear_down(self) -> None:
        """Let go of the graphics card and of running work, before the window goes."""
        self.queue.stop_all()
        self.leaving.tear_down()
        self.viewer.tear_down()

    def _correct(self, sample_id: int) -> None:
        """Show a sample with the tools that correct its cells."""
        self._window.session.set_current(sample_id)
        self._window.show_samples()
        self.corrector.set_on(True)

    def _mend(self, sample_id: int, remedy: str) -> None:
        """Show a sample with the tools that correct its cells, and do one of the corrections."""
        self._correct(sample_id)
        self.mender.mend(sample_id, remedy)

    def _asks_to_stop(self, running: int) -> bool:
        jobs = "A job is" if running == 1 else f"{running} jobs are"
        box = QMessageBox(QMessageBox.Icon.Question, "Jobs are running", f"{jobs} not done yet.", parent=self._window)
        box.setInformativeText("If you stop, what is finished is kept; the rest is offered again at the next start.")
        stop = box.addButton("&Stop and close", QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton("&Keep working", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.exec()
        return box.clickedButton() is stop


def _scrolling(widget: QWidget) -> QScrollArea:
    """`widget` in a frame that scrolls where the window is too low for all of it."""
    frame = QScrollArea()
    frame.setWidgetResizable(True)
    frame.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    frame.setMinimumWidth(widget.minimumSizeHint().width())
    frame.setWidget(widget)
    return frame
