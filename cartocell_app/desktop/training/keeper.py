"""Brings what trainings and labellings leave behind into the project: models, and doubts about labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon
from cartocell_app.desktop.training.doubts import judged, waiting_for_doubts
from cartocell_app.desktop.training.proposing import MODEL_OF
from cartocell_app.desktop.training.starting import take_in_model
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample


class Keeper(QObject):
    """Listens to runs and samples; also takes in what was finished while the window was closed.

    Parameters
    ----------
    session : Session
        Holds the project.
    parent : QObject, optional
        Owner.
    """

    model_taken = Signal(str)
    """Name of a model that the project has from now on."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._given_up: set[tuple[int, object]] = set()
        self._judging = Latest(self._judged, parent=self)
        self._soon = soon(self, self._look)
        for changed in (session.project_changed, session.runs_changed, session.samples_changed):
            changed.connect(self.refresh_soon)
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Look for news once the window has nothing else to do."""
        self._soon.start()

    def _look(self) -> None:
        project = self._session.project
        if project is None or project.read_only:
            return
        for phase, name in MODEL_OF.items():
            if take_in_model(project, phase):
                self.model_taken.emit(name)
        waiting = [
            sample
            for sample in waiting_for_doubts(project.samples())
            if (sample.id, sample.labels) not in self._given_up
        ]
        if waiting and not self._judging.is_busy:
            self._judging.request(lambda: (project, waiting[0], _told(waiting[0])))

    def _judged(self, answer: tuple[Project, Sample, str]) -> None:
        project, sample, words = answer
        if project is not self._session.project:
            return
        now = {known.id: known for known in project.samples()}.get(sample.id)
        if not words:
            self._given_up.add((sample.id, sample.labels))
        elif now is not None and now.labels == sample.labels and now in waiting_for_doubts([now]):
            project.update_samples([sample.id], reason=words)
        self._soon.start()


def _told(sample: Sample) -> str:
    """What is odd about a sample; empty where its labels cannot be looked through, which the results panel tells."""
    try:
        return judged(sample)
    except UserError:
        return ""
