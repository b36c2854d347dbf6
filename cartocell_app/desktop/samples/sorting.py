"""Which samples of the list are shown, and in what order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QSortFilterProxyModel

from cartocell_app.desktop.samples import words
from cartocell_app.desktop.samples.model import SAMPLE_ROLE, SORT_ROLE

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

ALL, NO_FILE = "all", "missing"


class ShownSamples(QSortFilterProxyModel):
    """Samples that answer to the search and are of the wanted state; days without any are left out.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: list[str] = []
        self._state = ALL
        self.setRecursiveFilteringEnabled(True)
        self.setSortRole(SORT_ROLE)
        self.setDynamicSortFilter(True)

    def show_only(self, search: str, state: str) -> None:
        """Choose what is shown.

        Parameters
        ----------
        search : str
            Only samples in which all its words are found: in name, day, condition, state, reason or notes.
        state : str
            Only samples of that state; `ALL`, or `NO_FILE` for those whose file is missing.
        """
        self.beginFilterChange()
        self._wanted = search.casefold().split()
        self._state = state
        self.endFilterChange()

    @property
    def is_filtering(self) -> bool:
        """Whether some samples may be hidden."""
        return bool(self._wanted) or self._state != ALL

    def filterAcceptsRow(self, row: int, parent: QModelIndex | QPersistentModelIndex) -> bool:  # noqa: N802 - Qt's
        sample: Sample | None = self.sourceModel().index(row, 0, parent).data(SAMPLE_ROLE)
        if sample is None:
            return False
        if self._state == NO_FILE and not sample.missing:
            return False
        if self._state not in (ALL, NO_FILE, sample.state):
            return False
        known = (sample.name, sample.day, sample.condition, words.sign_of(sample).word, sample.reason, sample.notes)
        text = " ".join(part for part in known if part).casefold()
        return all(word in text for word in self._wanted)
