"""Doing at once what mends a finding of the check: in the viewer, where it is seen and can be undone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from cartocell_app.desktop.curation.corrector import Corrector
from cartocell_app.desktop.session import Session

if TYPE_CHECKING:
    from cartocell_app.morphology.label_checks import Remedy

WORDS: dict[Remedy, str] = {
    "correct.all-largest": "&Keep the largest pieces",
    "correct.renumber": "&Number the cells anew",
}
"""What the button beside a finding says, by the key of the correction that mends it."""


class Mender(QObject):
    """Does a correction with the cells of a sample as soon as they are shown; nothing is saved by it.

    Parameters
    ----------
    session : Session
        Tells which sample is looked at.
    corrector : Corrector
        Corrects its cells.
    parent : QObject, optional
        Owner.
    """

    def __init__(self, session: Session, corrector: Corrector, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._corrector = corrector
        self._due: tuple[int, Remedy] | None = None
        corrector.changed.connect(self._look)

    def mend(self, sample_id: int, remedy: Remedy) -> None:
        """Do `remedy` with the cells of the sample that is looked at from now on."""
        self._due = sample_id, remedy
        self._look()

    def _look(self) -> None:
        if self._due is None:
            return
        sample_id, remedy = self._due
        current = self._session.current
        if current is None or current.id != sample_id:
            self._due = None  # somebody went on to another one, or stayed with one that is not saved
        elif not self._corrector.why_not():
            self._due = None
            (self._corrector.renumber if remedy == "correct.renumber" else self._corrector.keep_largest_pieces)()
