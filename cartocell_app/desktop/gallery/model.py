"""Labelled cysts for Qt's views: pictures are asked for when they are first seen, and kept while there is room."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QImage

from cartocell_app.desktop.gallery.showing import second_line, why

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.project.values import Sample

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

SAMPLE_ROLE = int(Role.UserRole)
PICTURE_ROLE = SAMPLE_ROLE + 1
"""A QImage with raw and cells side by side, or None until it is made."""

MOST_PICTURES = 400
"""So many are kept, 170 kB each; others are read from the project's folder again when they are seen."""


class GalleryModel(QAbstractListModel):
    """Cysts in the order in which they are shown.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    picture_wanted = Signal(object)
    """The picture of this `Sample` is asked for."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._samples: list[Sample] = []
        self._pictures: OrderedDict[tuple[int, Path | None], QImage | None] = OrderedDict()

    @property
    def samples(self) -> Sequence[Sample]:
        """The cysts that are shown."""
        return self._samples

    def show(self, samples: Sequence[Sample]) -> None:
        """Show these cysts; where some only went, or changed, views keep their place."""
        new = list(samples)
        staying = {sample.id for sample in new}
        if [sample.id for sample in self._samples if sample.id in staying] != [sample.id for sample in new]:
            self.beginResetModel()
            self._samples = new
            self.endResetModel()
            return
        for row in reversed(range(len(self._samples))):
            if self._samples[row].id not in staying:
                self.beginRemoveRows(QModelIndex(), row, row)
                del self._samples[row]
                self.endRemoveRows()
        for row, sample in enumerate(new):
            if self._samples[row] != sample:
                self._samples[row] = sample
                self.dataChanged.emit(self.index(row), self.index(row))

    def forget_pictures(self) -> None:
        """Ask for all pictures anew: cysts of another project have the same numbers."""
        self._pictures.clear()

    def forget_unmade(self) -> None:
        """Ask again for pictures that were asked for and are not there, once they are seen again."""
        for key in [key for key, picture in self._pictures.items() if picture is None]:
            del self._pictures[key]

    def set_picture(self, sample_id: int, picture: QImage) -> None:
        """Show the picture that was asked for."""
        row = self.row_of(sample_id)
        if row >= 0:
            self._keep(self._samples[row], picture)
            self.dataChanged.emit(self.index(row), self.index(row), [PICTURE_ROLE])

    def row_of(self, sample_id: int) -> int:
        """Row of a cyst; -1 if it is not shown."""
        return next((row for row, sample in enumerate(self._samples) if sample.id == sample_id), -1)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's
        return 0 if parent.isValid() else len(self._samples)

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if not index.isValid():
            return None
        sample = self._samples[index.row()]
        if role == SAMPLE_ROLE:
            return sample
        if role == PICTURE_ROLE:
            return self._picture(sample)
        if role == Role.DisplayRole:
            return sample.name
        if role == Role.ToolTipRole:
            return "\n".join(part for part in (sample.name, second_line(sample), why(sample)) if part)
        if role == Role.AccessibleTextRole:
            return ", ".join(part for part in (sample.name, second_line(sample), why(sample)) if part)
        return None

    def _picture(self, sample: Sample) -> QImage | None:
        key = (sample.id, sample.labels)
        if key in self._pictures:
            self._pictures.move_to_end(key)
            return self._pictures[key]
        self._keep(sample, None)
        self.picture_wanted.emit(sample)
        return None

    def _keep(self, sample: Sample, picture: QImage | None) -> None:
        self._pictures[sample.id, sample.labels] = picture
        self._pictures.move_to_end((sample.id, sample.labels))
        while len(self._pictures) > MOST_PICTURES:
            self._pictures.popitem(last=False)
