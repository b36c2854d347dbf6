"""Samples by day, for Qt's views."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QFont, QImage

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.samples import words
from cartocell_app.desktop.theme import TEXT_PX

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

NAME, STATE, CELLS, CONDITION, DAY, SIZE, VOXEL = range(7)
HEADERS = ("Name", "State", "Cells", "Condition", "Day", "Size (voxels)", "Voxel (µm)")
EDITABLE = {NAME: "name", CONDITION: "condition", DAY: "day"}

SAMPLE_ROLE = int(Role.UserRole)
"""The `Sample` of a row; None for a day."""

SORT_ROLE = SAMPLE_ROLE + 1
"""What rows are sorted by: numbers as numbers, also those in names."""

THUMBNAIL_ROLE = SAMPLE_ROLE + 2
"""A QImage, or None until it is made."""


@dataclass
class _Day:
    name: str
    samples: list[Sample]


class SampleModel(QAbstractItemModel):
    """Two levels: days, and in each its samples. Index ids are 0 for a day, and the day's row + 1 for a sample.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    edited = Signal(int, str, str)
    """A value was typed: number of the sample, name of the value (name, condition, day), text."""

    thumbnail_wanted = Signal(object)
    """The thumbnail of this `Sample` is asked for, for the first time."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._days: list[_Day] = []
        self._thumbnails: dict[int, QImage | None] = {}
        self.is_editable = True

    def show(self, samples: Iterable[Sample]) -> None:
        """Show these samples, most of which may be shown already; views keep their place where days stay the same."""
        days: dict[str, list[Sample]] = {}
        for sample in samples:
            days.setdefault(sample.day or words.NO_DAY, []).append(sample)
        new = [_Day(day, days[day]) for day in sorted(days, key=lambda day: (day == words.NO_DAY, words.natural(day)))]
        if _numbers(new) != _numbers(self._days):
            self.beginResetModel()
            self._days = new
            self.endResetModel()
            return
        for row, (old, now) in enumerate(zip(self._days, new, strict=True)):
            changed = [at for at, pair in enumerate(zip(old.samples, now.samples, strict=True)) if pair[0] != pair[1]]
            old.samples = now.samples
            day = self.index(row, 0)
            for at in changed:
                self.dataChanged.emit(self.index(at, 0, day), self.index(at, len(HEADERS) - 1, day))

    def forget_thumbnails(self) -> None:
        """Ask for all thumbnails anew: those of another project have the same numbers."""
        self._thumbnails.clear()

    def set_thumbnail(self, sample_id: int, image: QImage) -> None:
        """Show the thumbnail that was asked for."""
        self._thumbnails[sample_id] = image
        index = self.find(sample_id)
        self.dataChanged.emit(index, index, [THUMBNAIL_ROLE])

    def find(self, sample_id: int) -> QModelIndex:
        """Index of a sample's name; invalid if it is not there."""
        for row, day in enumerate(self._days):
            for at, sample in enumerate(day.samples):
                if sample.id == sample_id:
                    return self.createIndex(at, NAME, row + 1)
        return QModelIndex()

    def sample(self, index: Index) -> Sample | None:
        """The sample at `index`; None for a day."""
        if not index.isValid() or index.internalId() == 0:
            return None
        return self._days[index.internalId() - 1].samples[index.row()]

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008 - Qt's own default
        if not (0 <= row < self.rowCount(parent) and 0 <= column < len(HEADERS)):
            return QModelIndex()
        return self.createIndex(row, column, parent.row() + 1 if parent.isValid() else 0)

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        if not index.isValid() or index.internalId() == 0:
            return QModelIndex()
        return self.createIndex(index.internalId() - 1, 0, 0)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        if not parent.isValid():
            return len(self._days)
        is_day = parent.internalId() == 0 and parent.column() == 0
        return len(self._days[parent.row()].samples) if is_day else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        del parent
        return len(HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:  # noqa: N802 - Qt's
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return HEADERS[section]
        if role == Role.TextAlignmentRole and section == CELLS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        if index.internalId() == 0:
            return Qt.ItemFlag.ItemIsEnabled
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemNeverHasChildren
        return flags | Qt.ItemFlag.ItemIsEditable if self.is_editable and index.column() in EDITABLE else flags

    def setData(self, index: Index, value: Any, role: int = Role.EditRole) -> bool:  # noqa: N802 - Qt's
        sample = self.sample(index)
        text = str(value).strip()
        if role != Role.EditRole or sample is None or index.column() not in EDITABLE:
            return False
        name = EDITABLE[index.column()]
        if text == (getattr(sample, name) or "") or (name == "name" and not text):
            return False
        self.edited.emit(sample.id, name, text)
        return True

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        sample = self.sample(index)
        if sample is None:
            return self._of_day(self._days[index.row()], index.column(), role)
        if role == SAMPLE_ROLE:
            return sample
        if role == THUMBNAIL_ROLE:
            return self._thumbnail(sample)
        if role == Role.DisplayRole:
            return _shown(sample, index.column())
        if role == Role.EditRole and index.column() in EDITABLE:
            return getattr(sample, EDITABLE[index.column()]) or ""
        if role == SORT_ROLE:
            return _sorted_by(sample, index.column())
        if role == Role.ToolTipRole:
            return words.everything_in_words(sample)
        if role == Role.DecorationRole and index.column() == STATE:
            sign = words.sign_of(sample)
            return icon(sign.icon, sign.role)
        if role == Role.TextAlignmentRole and index.column() == CELLS:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def _of_day(self, day: _Day, column: int, role: int) -> Any:
        if role == SORT_ROLE:
            return words.natural(day.name)
        if column == NAME and role == Role.DisplayRole:
            return f"{day.name}  ({len(day.samples)})"
        if role == Role.FontRole:
            return _semibold()
        return None

    def _thumbnail(self, sample: Sample) -> QImage | None:
        if sample.id not in self._thumbnails:
            self._thumbnails[sample.id] = None
            self.thumbnail_wanted.emit(sample)
        return self._thumbnails[sample.id]


def _semibold() -> QFont:
    font = QFont()
    font.setPixelSize(TEXT_PX)
    font.setWeight(QFont.Weight.DemiBold)
    return font


def _numbers(days: list[_Day]) -> list[tuple[str, list[int]]]:
    return [(day.name, [sample.id for sample in day.samples]) for day in days]


def _shown(sample: Sample, column: int) -> str:
    if column == NAME:
        return sample.name
    if column == STATE:
        return words.sign_of(sample).word
    if column == CELLS:
        return "" if sample.cells is None else f"{sample.cells:,}"
    if column == SIZE:
        return words.size_in_words(sample)
    if column == VOXEL:
        return words.voxel_in_words(sample).removesuffix(" µm")
    return (sample.day if column == DAY else sample.condition) or ""


def _sorted_by(sample: Sample, column: int) -> Any:
    if column == CELLS:
        return -1 if sample.cells is None else sample.cells
    if column == STATE:
        return list(words.SIGNS).index(sample.state)
    if column == SIZE:
        z, y, x = sample.shape or (0, 0, 0)
        return z * y * x
    if column == VOXEL:
        return 0.0 if sample.voxel_size is None else sample.voxel_size.volume_um3
    return words.natural(_shown(sample, column))
