"""Above a field: which one it is, and which of its slices are seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSpinBox, QWidget

from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample


NUMBER_PX = 76


class FieldBar(QWidget):
    """Way back, choice of a field, and slices.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    closed = Signal()
    """The page of phase 3 is asked for again."""

    field_wanted = Signal(int)
    """Number of the sample that was chosen."""

    slices_changed = Signal()
    """Other slices are to be seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.back, self.fields = QPushButton("&Back to phase 3"), QComboBox()
        self.first, self.last = QSpinBox(), QSpinBox()
        self.fields.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addWidget(self.back)
        for words, widget, stretch in (("F&ield", self.fields, 1), ("&Slices", self.first, 0), ("&to", self.last, 0)):
            label = QLabel(words)
            label.setBuddy(widget)
            row.addWidget(label)
            row.addWidget(widget, stretch)
        for spin in (self.first, self.last):
            spin.setMinimumWidth(NUMBER_PX)
            spin.setToolTip("The picture from above shows the brightest of these slices.")
            spin.valueChanged.connect(self.slices_changed)
        self.back.clicked.connect(self.closed)
        self.fields.activated.connect(lambda at: self.field_wanted.emit(self.fields.itemData(at)))

    @property
    def slices(self) -> tuple[int, int]:
        """First slice that is seen, from 0, and the one after the last."""
        first, last = sorted((self.first.value(), self.last.value()))
        return first - 1, last

    def show_fields(self, fields: Sequence[Sample], current: int | None) -> None:
        """Offer these fields; `current` is the number of the one that is shown."""
        with QSignalBlocker(self.fields):
            self.fields.clear()
            for field in fields:
                self.fields.addItem(field.name, field.id)
            self.fields.setCurrentIndex(-1 if current is None else self.fields.findData(current))

    def show_depth(self, slices: int) -> None:
        """Show all slices of a field that has so many."""
        for spin, value in ((self.first, 1), (self.last, slices)):
            with QSignalBlocker(spin):
                spin.setRange(1, slices)
                spin.setValue(value)
