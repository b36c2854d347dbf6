"""What phase 5 shows on its page: stacks in, a model, segmenting, and what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.cost_view import CostQuestion
from cartocell_app.desktop.drop_area import DropArea
from cartocell_app.desktop.failed_cysts import FailedCysts
from cartocell_app.desktop.importing.segment_form import SegmentForm
from cartocell_app.desktop.importing.segmenting import cysts_in_words, start_segmenting, subject_of_sample
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.phase5.cyst_list import CystList
from cartocell_app.desktop.phase5.working import (
    BUSY,
    PHASE,
    can_be_segmented,
    import_in_words,
    latest_import,
    latest_run,
    new_cysts,
    role_of_run,
    run_in_words,
    start_measuring,
    to_do,
    with_cells,
)
from cartocell_app.desktop.replacing import may_replace
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon
from cartocell_app.desktop.theme import SPACING, set_role

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

WAYS = (("folder", "Add fol&der…"), ("import", "Add stac&ks…"), ("model", "Add mode&l…"))
"""Ways to bring something in without dragging, and their buttons."""

MODELS = "Models (*.onnx *.h5 *.hdf5 *.pth *.pt *.ckpt *.zip);;All files (*)"


class NewCystsPanel(QWidget):
    """Segmenting new cysts from one page.

    Parameters
    ----------
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the segmentations.
    parent : QWidget, optional
        Owner.
    """

    paths_wanted = Signal(list)
    """Stacks, folders or models that were chosen (list of Path): to be taken as if they were dropped."""

    voxel_size_wanted = Signal(tuple)
    """Numbers of the samples whose voxel size is to be given."""

    action_wanted = Signal(str)
    """Key of an action of the window whose button was clicked."""

    cost_changed = Signal()
    """Something was chosen that costs something else."""

    def __init__(self, session: Session, queue: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._queue = queue
        self.drop = DropArea(
            "Drop your new stacks here",
            "Files or a whole folder. A model can be dropped too: CartoCell's, Keras .h5, BiaPy .pth, Model Zoo zip.",
            WAYS[:2],
        )
        self.add_words = paragraph("Drop more stacks, a whole folder or a model anywhere in the window, or", "small")
        self.ways = [QPushButton(text) for _, text in WAYS]
        self.cysts, self.failed = CystList(), FailedCysts()
        self.form = SegmentForm(session)
        self.model_words, self.obstacle = paragraph("", "small"), paragraph("", "small")
        self.run_words, self.bar = paragraph(""), QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Cysts segmented")
        self.start, self.stop, self.resume = QPushButton(), QPushButton("S&top"), QPushButton("Go o&n")
        self.give = QPushButton("Give the &voxel size…")
        self.batch, self.export = QPushButton("Ta&ble and charts of all"), QPushButton()
        self.start.setProperty("role", "primary")
        # The page says above what it costs, with the disk.
        self.form.forecast_words.hide()
        self._soon = soon(self, self.refresh)
        self._lay_out()
        self._connect()
        self.refresh()

    def refresh_soon(self) -> None:
        """Show how far it is, once the window has nothing else to do."""
        self._soon.start()

    def refresh(self) -> None:
        """Show cysts, models, and what goes on."""
        project = self._session.project
        if project is None:
            return
        cysts = new_cysts(project)
        if self.isVisible():
            # Not for a page that nobody looks at: devices are tried for it, which takes seconds.
            self.form.refresh_models()
            self.form.show_subjects([subject_of_sample(cyst) for cyst in self._next()])
        self.cysts.show_cysts(cysts)
        self.cysts.setVisible(bool(cysts))
        self.failed.show_cysts(cysts)
        self.drop.setVisible(not cysts)
        for widget in (self.form, self.add_words, *self.ways[:2]):
            widget.setVisible(bool(cysts))
        imported = latest_import(project)
        self.model_words.setText(import_in_words(imported))
        set_role(self.model_words, "failed" if imported is not None and imported.state == "failed" else "small")
        self.model_words.setVisible(bool(self.model_words.text()))
        self.give.setVisible(any(cyst.voxel_size is None for cyst in cysts))
        done = with_cells(cysts)
        for button in (self.batch, self.export):
            button.setVisible(bool(done))
        self.export.setText(f"E&xport the numbers of {cysts_in_words(len(done))}…")
        self._show_run()
        self._show_start()
        self.cost_changed.emit()

    def cost_question(self) -> CostQuestion | None:
        """What segmenting costs as it is chosen: the cysts of the button, else one of the usual size."""
        from cartocell_app.jobs.costs import USUAL_CYST

        project = self._session.project
        if project is None:
            return None
        cysts = self._next()
        subjects = [subject_of_sample(cyst) for cyst in cysts] or [USUAL_CYST]
        what = f"Segmenting {cysts_in_words(len(cysts)) if cysts else 'a cyst of the usual size'}"
        running = any(cyst.state == "running" for cyst in new_cysts(project))
        # What is wrong with a model is said beside it.
        warns = not running and not self.form.obstacle()
        return CostQuestion(self.form.work(what, subjects), project.folder, warns)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.refresh_soon()

    def why_not(self) -> str:
        """Why nothing can be segmented now, a sentence; empty if it can."""
        project = self._session.project
        if project is None or project.read_only:
            return "" if project is None else project.why_read_only
        cysts = new_cysts(project)
        if not cysts:
            return "Add the stacks that you want to segment."
        if not self._next():
            if any(cyst.state == "running" for cyst in cysts):
                return "They are being segmented, or wait for it."
            if all(cyst.missing for cyst in cysts):
                return "The stacks are not where they were. Use File, Relocate missing stacks…"
            return "The voxel size of these stacks is not known: give it first."
        return self.form.obstacle()

    def _next(self) -> list[Sample]:
        """Cysts that the button is about: those to do, else all once more."""
        cysts = new_cysts(self._session.project)
        return to_do(cysts) or can_be_segmented(cysts)

    def _show_start(self) -> None:
        cysts, reason = self._next(), self.why_not()
        again = bool(cysts) and not to_do(cysts)
        self.start.setText(f"&Segment {cysts_in_words(len(cysts))}{' again' if again else ''}")
        self.start.setEnabled(not reason)
        self.start.setToolTip(
            reason or ("They get new cells, and the old ones are kept." if again else "It runs in the background.")
        )
        set_role(self.start, "" if again else "primary")
        self.start.setVisible(bool(new_cysts(self._session.project)))
        self.obstacle.setText(reason)
        is_new = bool(reason) and reason != self.form.obstacle()
        self.obstacle.setVisible(is_new and self.start.isVisibleTo(self) and not self.bar.isVisibleTo(self))

    def _show_run(self) -> None:
        run = latest_run(self._session.project)
        view = None if run is None else self._queue.job(run.id)
        words = "" if view is None else run_in_words(view)
        is_busy = view is not None and view.state in BUSY
        self.run_words.setText(words)
        self.run_words.setVisible(bool(words))
        set_role(self.run_words, role_of_run(view))
        self.bar.setVisible(is_busy)
        if view is not None:
            self.bar.setRange(0, int(view.progress.total))
            self.bar.setValue(int(view.progress.done))
        self.stop.setVisible(is_busy)
        # Those that failed one by one are to do again, with what is chosen by now.
        self.resume.setVisible(view is not None and view.can_be_retried and view.state != "some failed")

    def _begin(self) -> None:
        project = self._session.project
        if project is not None and not self.why_not():
            self.form.remember()
            start_segmenting(project, self._queue, self._next(), self.form.choices(), PHASE)
            self.refresh()

    def _stop_or_resume(self, stops: bool) -> None:
        run = latest_run(self._session.project)
        if run is not None:
            (self._queue.cancel if stops else self._queue.retry)(run.id)
            self.refresh_soon()

    def _choose(self, what: str) -> None:
        if what == "import":
            self.action_wanted.emit("file.import")
            return
        last = self._session.settings.last_folder or str(Path.home())
        if what == "folder":
            chosen = QFileDialog.getExistingDirectory(self, "Folder with new stacks", last)
        else:
            chosen, _ = QFileDialog.getOpenFileName(self, "Add a model", last, MODELS)
        if chosen:
            self.paths_wanted.emit([Path(chosen)])

    def _export(self) -> None:
        from cartocell_app.jobs.measuring import measured_paths

        project = self._session.project
        if project is None:
            return
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the tables", str(project.folder.parent))
        if chosen and may_replace(measured_paths(Path(chosen)), self):
            start_measuring(project, self._queue, with_cells(new_cysts(project)), Path(chosen))

    def _connect(self) -> None:
        session = self._session
        for changed in (session.project_changed, session.samples_changed, session.runs_changed):
            changed.connect(self.refresh_soon)
        self._queue.job_changed.connect(self.refresh_soon)
        self.form.changed.connect(self._show_start)
        self.form.changed.connect(self.cost_changed)
        self.drop.clicked.connect(self._choose)
        for button, (name, _) in zip(self.ways, WAYS, strict=True):
            button.clicked.connect(lambda _=False, name=name: self._choose(name))
        self.start.clicked.connect(self._begin)
        self.stop.clicked.connect(lambda: self._stop_or_resume(stops=True))
        self.resume.clicked.connect(lambda: self._stop_or_resume(stops=False))
        self.resume.setToolTip("Segment those that are not done yet, as it was begun.")
        self.give.clicked.connect(self._give)
        self.batch.clicked.connect(lambda: self.action_wanted.emit("view.batch"))
        self.export.clicked.connect(self._export)
        self.export.setToolTip("Measure cells, contacts and cysts, and save them as CSV and Excel in a folder.")
        self.cysts.opened.connect(session.set_current)

    def _give(self) -> None:
        cysts = new_cysts(self._session.project)
        self.voxel_size_wanted.emit(tuple(cyst.id for cyst in cysts if cyst.voxel_size is None))

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self.drop)
        layout.addWidget(self.add_words)
        layout.addLayout(_in_a_row(*self.ways))
        layout.addSpacing(SPACING)
        for widget in (self.model_words, self.form, self.obstacle, self.run_words, self.failed, self.bar):
            layout.addWidget(widget)
        layout.addLayout(_in_a_row(self.start, self.stop, self.resume, self.give))
        layout.addSpacing(SPACING)
        layout.addWidget(self.cysts)
        layout.addLayout(_in_a_row(self.batch, self.export))


def _in_a_row(*buttons: QPushButton) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(SPACING)
    for button in buttons:
        row.addWidget(button)
    row.addStretch()
    return row
