"""Candidates as rows of a table that can be ticked and named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.importing.candidates import (
    Candidate,
    channel_in_words,
    found_in_words,
    voxel_in_words,
    with_choice,
)
from cartocell_app.desktop.theme import colour

COLUMNS = ("Name", "What was found", "Cell outlines channel", "Voxel size z × y × x (µm)", "Day", "Condition")
NAME, FOUND, CHANNEL, VOXEL, DAY, CONDITION = range(len(COLUMNS))
FIELDS = {NAME: "name", DAY: "day", CONDITION: "condition"}
ROW_HEIGHT_PX = 26
Roles = Qt.ItemDataRole
AnyIndex = QModelIndex | QPersistentModelIndex


class CandidatesModel(QAbstractTableModel):
    """Candidates of an import.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    changed = Signal()
    """Candidates were added, or something was chosen."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._candidates: tuple[Candidate, ...] = ()

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """All candidates, in the order of the rows."""
        return self._candidates

    def add(self, new: Sequence[Candidate]) -> None:
        """Add candidates at the end."""
        first = len(self._candidates)
        self.beginInsertRows(QModelIndex(), first, first + len(new) - 1)
        self._candidates += tuple(new)
        self.endInsertRows()
        self.changed.emit()

    def choose(self, rows: Sequence[int], **values: object) -> None:
        """Set fields of `Candidate` on some rows."""
        if not rows:
            return
        self._candidates = with_choice(self._candidates, rows, **values)
        self.dataChanged.emit(self.index(min(rows), 0), self.index(max(rows), len(COLUMNS) - 1))
        self.changed.emit()

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and default
        return 0 if parent.isValid() else len(self._candidates)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and default
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Roles.DisplayRole
    ) -> str | None:
        return COLUMNS[section] if orientation == Qt.Orientation.Horizontal and role == Roles.DisplayRole else None

    def flags(self, index: AnyIndex) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        if self._candidates[index.row()].problem:
            return flags
        if index.column() == NAME:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() in FIELDS else flags

    def data(self, index: AnyIndex, role: int = Roles.DisplayRole) -> object:
        candidate, column = self._candidates[index.row()], index.column()
        if role in (Roles.DisplayRole, Roles.EditRole):
            return _text(candidate, column)
        if role == Roles.CheckStateRole and column == NAME:
            return Qt.CheckState.Checked if candidate.is_ticked else Qt.CheckState.Unchecked
        if role == Roles.ForegroundRole:
            return _colour(candidate, column)
        if role == Roles.DecorationRole and column == FOUND and candidate.problem:
            return icon("mdi6.alert-circle", "failed")
        if role == Roles.DecorationRole and _is_open(candidate, column):
            return icon("mdi6.alert-outline", "doubt")
        if role == Roles.ToolTipRole:
            notes = () if candidate.info is None else candidate.info.notes
            return "\n".join((str(candidate.path), _text(candidate, column), *notes)).strip()
        if role == Roles.SizeHintRole:
            return QSize(0, ROW_HEIGHT_PX)
        return None

    def setData(self, index: AnyIndex, value: object, role: int = Roles.EditRole) -> bool:  # noqa: N802 - Qt's name
        row, column = index.row(), index.column()
        if role == Roles.CheckStateRole and column == NAME:
            self.choose([row], is_ticked=Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        if role == Roles.EditRole and column in FIELDS:
            text = str(value).strip()
            if text or column != NAME:
                self.choose([row], **{FIELDS[column]: text})
            return True
        return False

    def tick_all(self, on: bool) -> None:
        """Tick everything that can be used, or nothing."""
        self._candidates = tuple(
            candidate if candidate.problem else replace(candidate, is_ticked=on) for candidate in self._candidates
        )
        if self._candidates:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._candidates) - 1, 0))
        self.changed.emit()


def _text(candidate: Candidate, column: int) -> str:
    if candidate.problem and column > FOUND:
        return ""
    return (
        candidate.name,
        found_in_words(candidate),
        channel_in_words(candidate),
        voxel_in_words(candidate.voxel_size),
        candidate.day,
        candidate.condition,
    )[column]


def _is_open(candidate: Candidate, column: int) -> bool:
    """Whether somebody still has to choose or give what stands in this column."""
    if candidate.problem:
        return False
    return (column == CHANNEL and candidate.channel is None) or (column == VOXEL and candidate.voxel_size is None)


def _colour(candidate: Candidate, column: int) -> object:
    if candidate.problem:
        return colour("failed" if column == FOUND else "muted")
    if _is_open(candidate, column):
        return colour("doubt")
    return None if candidate.is_ticked else colour("muted")
