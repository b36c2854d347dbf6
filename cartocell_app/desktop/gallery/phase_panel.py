"""What phase 3 shows on its page: fields to be cut up, labelling with M1, and what is to be looked through."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout

from cartocell_app.desktop.cost_view import CostQuestion
from cartocell_app.desktop.failed_cysts import FailedCysts
from cartocell_app.desktop.fields.section import FieldsSection
from cartocell_app.desktop.gallery.counts_table import CountsTable
from cartocell_app.desktop.gallery.labelling import (
    MODEL,
    PHASE,
    cysts_to_label,
    cysts_to_label_again,
    start_labelling,
    why_no_labels,
)
from cartocell_app.desktop.gallery.showing import shown_cysts
from cartocell_app.desktop.importing.segmenting import cysts_in_words, subject_of_sample
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.phase5.working import latest_run, role_of_run, run_in_words
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon
from cartocell_app.desktop.theme import SPACING, set_role
from cartocell_app.project.counts import count_cysts
from cartocell_app.project.values import UNFINISHED


class LabellingPanel(QWidget):
    """Fields, labelling, counts and the way to the gallery.

    Parameters
    ----------
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the labelling.
    parent : QWidget, optional
        Owner.
    """

    gallery_wanted = Signal()
    """The labelled cysts are to be looked through."""

    cost_changed = Signal()
    """Other cysts are to be labelled, or by another M1."""

    def __init__(self, session: Session, queue: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._queue = queue
        self.fields = FieldsSection()
        self.label, self.again, self.gallery = QPushButton(), QPushButton(), QPushButton()
        self.obstacle, self.heading = paragraph("", "small"), paragraph("Cysts to be labelled", "title")
        self.run_words, self.failed = paragraph(""), FailedCysts()
        self.counts = CountsTable()
        self._lay_out()
        self._soon = soon(self, self.refresh)
        for changed in (session.project_changed, session.samples_changed, session.runs_changed):
            changed.connect(self.refresh_soon)
        self.label.clicked.connect(lambda: self._begin(again=False))
        self.again.clicked.connect(lambda: self._begin(again=True))
        self.gallery.clicked.connect(self.gallery_wanted)
        self.refresh()

    def refresh_soon(self) -> None:
        """Show how far it is, once the window has nothing else to do."""
        self._soon.start()

    def refresh(self) -> None:
        """Show what is to be cut out, labelled and looked through."""
        project = self._session.project
        samples = () if project is None else project.samples()
        self.fields.show_project(project)
        counts = count_cysts(samples)
        self.counts.show_counts(counts)
        for widget in (self.counts, self.heading):
            widget.setVisible(bool(counts))
        self._show_labelling(why_no_labels(project))
        self._show_run()
        self.failed.show_cysts([sample for sample in samples if sample.role == "low-resolution"])
        labelled, waiting = len(shown_cysts(samples, "all")), len(shown_cysts(samples, "waiting"))
        words = f"Look through {cysts_in_words(waiting)}…" if waiting else "See all labelled cysts…"
        self.gallery.setText(words.replace("L", "&L", 1) if waiting else f"&{words}")
        self.gallery.setEnabled(bool(labelled))
        self.gallery.setToolTip(
            "Accept or reject each; the most doubtful come first." if labelled else "No cyst is labelled yet."
        )
        set_role(self.gallery, "primary" if waiting and not self.label.isEnabled() else "")
        self.cost_changed.emit()

    def cost_question(self) -> CostQuestion | None:
        """What labelling costs: of the cysts that are to be labelled, else of one of the usual size."""
        from cartocell_app.jobs.costs import USUAL_CYST, SegmentWork

        project = self._session.project
        if project is None:
            return None
        samples, m1 = project.samples(), project.models().get(MODEL)
        due = cysts_to_label(samples)
        what = f"Labelling {cysts_in_words(len(due)) if due else 'a cyst of the usual size'} with {MODEL}"
        subjects = tuple(subject_of_sample(sample) for sample in due) or (USUAL_CYST,)
        # M1 will be such a network, if it is not trained yet.
        work = SegmentWork(what, "auto" if m1 is None else str(m1.path), subjects)
        running = any(sample.role == "low-resolution" and sample.state == "running" for sample in samples)
        return CostQuestion(work, project.folder, not running)

    def _show_labelling(self, problem: str) -> None:
        project = self._session.project
        due = [] if project is None else cysts_to_label(project.samples())
        old = [] if project is None or project.read_only else cysts_to_label_again(project)
        self.label.setText(f"Label {cysts_in_words(len(due)) if due else 'cysts'} &with {MODEL}")
        self.label.setEnabled(not problem)
        self.label.setToolTip(problem or f"Find their cells with {MODEL}; doubtful ones are told afterwards.")
        set_role(self.label, "primary" if not problem else "")
        self.obstacle.setText(problem)
        self.obstacle.setVisible(bool(problem))
        self.again.setText(f"Label {cysts_in_words(len(old))} &again")
        self.again.setVisible(bool(old))
        self.again.setToolTip(
            f"They were labelled before this {MODEL} was trained. They are to be accepted or rejected again; those "
            "that you corrected stay as they are."
        )

    def _show_run(self) -> None:
        """Say how the labelling ended, if that was not as wished."""
        run = latest_run(self._session.project, PHASE)
        view = None if run is None or run.state in UNFINISHED else self._queue.job(run.id)
        self.run_words.setText("" if view is None else run_in_words(view, "labelling"))
        self.run_words.setVisible(bool(self.run_words.text()))
        set_role(self.run_words, role_of_run(view))

    def _begin(self, *, again: bool) -> None:
        project = self._session.project
        if project is None or project.read_only:
            return
        cysts = cysts_to_label_again(project) if again else cysts_to_label(project.samples())
        if cysts:
            start_labelling(project, self._queue, cysts)
            self.refresh()

    def _lay_out(self) -> None:
        buttons = QFlowLayout()
        buttons.setHorizontalSpacing(SPACING)
        buttons.setVerticalSpacing(SPACING)
        for button in (self.label, self.again, self.gallery):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self.fields)
        layout.addSpacing(SPACING)
        for widget in (self.heading, self.run_words, self.failed, self.counts):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        layout.addWidget(self.obstacle)
