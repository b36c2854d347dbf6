"""The charts over many cysts, with the choice of what they show."""

from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget
from superqt import QFlowLayout

from cartocell_app.desktop.results.batch import GROUPINGS, SCORES, SampleNumbers, in_order
from cartocell_app.desktop.results.batch_charts import Histogram, Scatter, group_picture
from cartocell_app.desktop.results.words import count_words
from cartocell_app.morphology.measures import CYST_MEASURES, MEASURES, Measure

OF_CELLS = tuple(
    one for one in MEASURES if one.dtype in ("int64", "float64") and one.name != "label" and "centroid" not in one.name
)
OF_CYSTS = tuple(one for one in (*CYST_MEASURES, *SCORES) if one.dtype in ("int64", "float64"))


class ChartPanel(QWidget):
    """A histogram of cells and a scatter plot of cysts, by group.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    sample_picked = Signal(int)
    """`Sample.id` of the dot that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._numbers: list[SampleNumbers] = []
        self.group_by = _choice("Colours show", GROUPINGS)
        self.of_cells = _choice("Measure of cells", [one.header for one in OF_CELLS])
        self.along_x = _choice("Along the axis", [one.header for one in OF_CYSTS])
        self.along_y = _choice("Up the axis", [one.header for one in OF_CYSTS])
        names = [one.name for one in OF_CYSTS]
        self.along_x.setCurrentIndex(names.index("cells"))
        self.along_y.setCurrentIndex(names.index("mean_volume_um3"))
        self.histogram, self.scatter = Histogram(), Scatter()
        self.scatter.sample_picked.connect(self.sample_picked)
        for choice in (self.group_by, self.of_cells, self.along_x, self.along_y):
            choice.currentIndexChanged.connect(self._draw)
        self._lay_out()

    def show_numbers(self, numbers: Iterable[SampleNumbers]) -> None:
        """Draw these samples instead of earlier ones."""
        self._numbers = [each for each in numbers if each.measurements is not None]
        self._draw()

    def _lay_out(self) -> None:
        self.legend = QWidget()
        entries = QFlowLayout(self.legend)
        entries.setContentsMargins(8, 6, 0, 0)
        left = _column(("&Cells:", self.of_cells))
        left.addWidget(self.histogram, 1)
        right = _column(("C&ysts:", self.along_y), ("a&gainst", self.along_x))
        right.addWidget(self.scatter, 1)
        charts = QHBoxLayout()
        charts.setSpacing(16)
        charts.addLayout(left, 1)
        charts.addLayout(right, 1)
        above = _row(("Gro&ups:", self.group_by))
        above.addWidget(self.legend, 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(above)
        layout.addLayout(charts, 1)

    def _explain(self, names: Sequence[str]) -> None:
        """Say in the legend how groups are told apart."""
        entries = self.legend.layout()
        while entries.count():
            entry = entries.takeAt(0).widget()
            entry.hide()
            entry.deleteLater()
        for number, name in enumerate(names):
            picture, words = QLabel(), QLabel(name)
            picture.setPixmap(group_picture(number))
            entry = QWidget()
            row = QHBoxLayout(entry)
            row.setContentsMargins(0, 0, 8, 0)
            row.setSpacing(4)
            row.addWidget(picture)
            row.addWidget(words)
            entries.addWidget(entry)

    def _draw(self) -> None:
        group_of = GROUPINGS[self.group_by.currentText()]
        members: dict[str, list[SampleNumbers]] = {
            name: [] for name in in_order(group_of(each.sample) for each in self._numbers)
        }
        for each in self._numbers:
            members[group_of(each.sample)].append(each)
        self._explain([f"{name} ({count_words(len(group), 'cyst')})" for name, group in members.items()])
        measure = OF_CELLS[self.of_cells.currentIndex()]
        self.histogram.show_groups(
            {name: _of_whole_cells(group, measure) for name, group in members.items()}, measure, "cells"
        )
        x, y = OF_CYSTS[self.along_x.currentIndex()], OF_CYSTS[self.along_y.currentIndex()]
        self.scatter.show_groups(
            {
                name: [(_of_cyst(one, x), _of_cyst(one, y), one.sample.id, one.sample.name) for one in group]
                for name, group in members.items()
            },
            x,
            y,
        )


def _of_whole_cells(group: Sequence[SampleNumbers], measure: Measure) -> np.ndarray:
    """Values of all cells of a group that the frame does not cut."""
    tables = [each.measurements.cells for each in group if each.measurements is not None]
    values = [table.loc[~table["touches_border"], measure.name].to_numpy(np.float64) for table in tables]
    return np.concatenate([*values, np.zeros(0)])


def _of_cyst(numbers: SampleNumbers, measure: Measure) -> float:
    known = {} if numbers.measurements is None else numbers.measurements.cyst
    return float((numbers.row | known).get(measure.name, np.nan))


def _choice(name: str, words: Iterable[str]) -> QComboBox:
    choice = QComboBox()
    choice.addItems(list(words))
    choice.setAccessibleName(name)
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    choice.setMinimumContentsLength(12)
    return choice


def _row(*choices: tuple[str, QComboBox]) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for words, choice in choices:
        label = QLabel(words)
        label.setBuddy(choice)
        row.addWidget(label)
        row.addWidget(choice, 1)
    return row


def _column(*choices: tuple[str, QComboBox]) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(8)
    column.addLayout(_row(*choices))
    return column
