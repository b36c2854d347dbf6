"""What phases 2 and 4 show on their pages: the form, then the training, then both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cartocell_app.desktop.cost_view import CostQuestion
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon
from cartocell_app.desktop.theme import MARGIN, SPACING
from cartocell_app.desktop.training.comparing_view import ComparingView
from cartocell_app.desktop.training.form import TrainingForm
from cartocell_app.desktop.training.model_view import ModelView
from cartocell_app.desktop.training.presets import NO_TORCH, can_train, how_to_add_training
from cartocell_app.desktop.training.progress import BUSY, TrainingProgress
from cartocell_app.desktop.training.starting import TrainingChoices, latest_training, smaller_rate, start_training

if TYPE_CHECKING:
    from cartocell_app.project.values import Run


class TrainingPanel(QWidget):
    """Training a model, from proposal to curves.

    Parameters
    ----------
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the trainings.
    phase : int
        2 trains M1, 4 trains M2.
    parent : QWidget, optional
        Owner.
    """

    told = Signal(str)
    """What was done, a sentence."""

    cost_changed = Signal()
    """Something was chosen that costs something else."""

    def __init__(self, session: Session, queue: JobQueue, phase: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._queue = queue
        self.phase = phase
        self.no_training, self.how_to_add = paragraph(NO_TORCH, "doubt"), paragraph(how_to_add_training())
        self.progress = TrainingProgress(queue)
        self.model = ModelView(session, phase)
        self.comparing = ComparingView(session, queue) if phase == 4 else None
        self.form = TrainingForm(session, phase)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self.no_training, self.how_to_add, self.progress, self.comparing, self.model):
            if widget is not None:
                layout.addWidget(widget)
                widget.setContentsMargins(0, 0, 0, SPACING)
        layout.addSpacing(MARGIN)
        layout.addWidget(self.form)
        self._soon = soon(self, self.refresh)
        for changed in (session.project_changed, session.samples_changed, session.runs_changed):
            changed.connect(self.refresh_soon)
        session.settings_changed.connect(self.refresh_soon)
        queue.job_changed.connect(self._job_changed)
        self.form.wanted.connect(self._begin)
        self.form.changed.connect(self.cost_changed)
        self.progress.careful_wanted.connect(self._begin_carefully)
        self.model.told.connect(self.told)
        self.refresh()

    def refresh_soon(self) -> None:
        """Show how far it is, once the window has nothing else to do."""
        self._soon.start()

    def refresh(self) -> None:
        """Show how far it is."""
        project = self._session.project
        run = None if project is None else latest_training(project, self.phase)
        trains = can_train()
        self.no_training.setVisible(not trains)
        self.how_to_add.setVisible(not trains)
        if run is not None:
            self.progress.show_run(run)
        self.progress.setVisible(run is not None)
        self.form.setVisible(trains and (run is None or run.state not in BUSY))
        self.form.refresh()
        self.progress.careful.setEnabled(self.form.choices() is not None)
        is_busy = run is not None and run.state in BUSY
        self.model.refresh()
        if is_busy:
            self.model.hide()  # the one of before would be taken for what is being made
        if self.comparing is not None:
            self.comparing.refresh()

    def cost_question(self) -> CostQuestion | None:
        """What the training costs as it is chosen; None where there can be none."""
        project = self._session.project
        if project is None or not can_train():
            return None
        run = latest_training(project, self.phase)
        return CostQuestion(self.form.work(), project.folder, run is None or run.state not in BUSY)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        self.refresh_soon()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self.form.coarser.forget()

    def _begin(self, choices: TrainingChoices) -> None:
        if self._session.project is not None:
            start_training(self._session.project, self._queue, choices)
            self.refresh()  # at once: a second click must not begin a second one

    def _begin_carefully(self, run: Run) -> None:
        """Train with what is chosen, and smaller steps than in the training that diverged."""
        choices = self.form.choices()
        if choices is not None:
            self._begin(replace(choices, learning_rate=smaller_rate(run)))

    def _job_changed(self, run_id: int) -> None:
        if self.progress.run is not None and self.progress.run.id == run_id and self._session.project is not None:
            self.progress.show_run(self.progress.run)
