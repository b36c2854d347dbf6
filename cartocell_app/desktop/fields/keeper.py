"""Brings cysts that were cut out of fields into the project, also those of runs that ended without a window."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal

from cartocell_app.desktop.fields.cutting import KIND, take_in_cut
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon
from cartocell_app.errors import UserError

log = logging.getLogger(__name__)

ENDED = ("done", "some failed")


class CystKeeper(QObject):
    """Listens to runs that cut up fields.

    Parameters
    ----------
    session : Session
        Holds the project.
    parent : QObject, optional
        Owner.
    """

    cysts_taken = Signal(int)
    """So many cysts were added to the project."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._seen: set[tuple[object, ...]] = set()
        self._soon = soon(self, self._look)
        for changed in (session.project_changed, session.runs_changed):
            changed.connect(self.refresh_soon)
        self.refresh_soon()

    def refresh_soon(self) -> None:
        """Look for news once the window has nothing else to do."""
        self._soon.start()

    def _look(self) -> None:
        project = self._session.project
        if project is None or project.read_only:
            return
        for run in project.runs():
            # A run may end twice: it is tried again.
            mark = (project.folder, run.id, run.ended)
            if run.kind != KIND or run.state not in ENDED or mark in self._seen:
                continue
            self._seen.add(mark)
            try:
                added = take_in_cut(project, run)
            except UserError as error:
                log.warning("what %s cut out cannot be taken in: %s", run.title, error)
                continue
            if added:
                self.cysts_taken.emit(added)
