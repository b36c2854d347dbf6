"""Histogram and scatter plot over many cysts, by group: told apart by colour and by line or shape."""

from collections.abc import Mapping, Sequence

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from pyqtgraph.graphicsItems.ScatterPlotItem import Symbols
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.results.cells_model import blank_picture
from cartocell_app.desktop.theme import SMALL_PX, colour, themes
from cartocell_app.morphology.measures import Measure

GROUP_COLOURS = ("#2f8fd0", "#d9622b", "#1fa187", "#a566c9", "#c99a1c", "#d1568c", "#7c8590", "#6a9a2d")
LINES = (Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine)
SHAPES = ("o", "s", "t", "d", "h", "t1", "p", "star")
FEWEST_BINS, MOST_BINS = 8, 40
DOT_PX = 10
MOST_FILLED = 3
"""More groups than these are lines only, since their areas would hide each other."""

SAMPLE_PX = (34, 16)
"""Width and height of a group's line and shape in the legend."""


class Chart(pg.PlotWidget):
    """A plot in the theme's colours, with units on its axes.

    Parameters
    ----------
    name : str
        For people who do not see it.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent, enableMenu=False)
        # pyqtgraph makes this menu all the same, and without an owner it would outlive the chart.
        self.getPlotItem().ctrlMenu.setParent(self, Qt.WindowType.Popup)
        self.setAccessibleName(name)
        self.hideButtons()
        self.getPlotItem().setContentsMargins(0, 8, 8, 0)
        for side in ("left", "bottom"):
            # Unless told not to, the axis turns 1500 µm³ into 1.5 kµm³.
            self.getAxis(side).enableAutoSIPrefix(False)
        themes.changed.connect(self._dress)
        self._dress()

    def name_axes(self, bottom: str, left: str) -> None:
        """Write quantities with their units at the axes."""
        self._names = {"bottom": bottom, "left": left}
        for side, words in self._names.items():
            self.setLabel(side, words, color=colour("muted").name(), **{"font-size": f"{SMALL_PX}px"})

    def _dress(self) -> None:
        self.setBackground(colour("base"))
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(colour("border"))
            axis.setTextPen(colour("muted"))
        if hasattr(self, "_names"):
            self.name_axes(**self._names)


class Histogram(Chart):
    """How often which values occur, in percent of each group.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Histogram", parent)
        self.setMouseEnabled(x=False, y=False)

    def show_groups(self, groups: Mapping[str, NDArray[np.float64]], measure: Measure, of: str) -> None:
        """Draw a line for each group.

        Parameters
        ----------
        groups : mapping of str to (n,) ndarray
            Values by name of the group; NaN is left out.
        measure : Measure
            What the values are.
        of : str
            What they are of: "cells" or "cysts".
        """
        self.clear()
        finite = {name: values[np.isfinite(values)] for name, values in groups.items()}
        values = np.concatenate([*finite.values(), np.zeros(0)])
        self.name_axes(measure.header, f"{of} (% of the group)")
        if not len(values):
            return
        edges = _edges(values, measure)
        for number, members in enumerate(finite.values()):
            if not len(members):
                continue
            shares = 100 * np.histogram(members, edges)[0] / len(members)
            fill = QColor(_paint(number))
            fill.setAlpha(45 if len(finite) <= MOST_FILLED else 0)
            self.plot(edges, shares, stepMode="center", fillLevel=0, brush=fill, pen=_pen(number))
        self.enableAutoRange()


class Scatter(Chart):
    """A dot a cyst; a click on one looks at its sample.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    sample_picked = Signal(int)
    """`Sample.id` of the dot that was clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Scatter plot", parent)

    def show_groups(
        self, groups: Mapping[str, Sequence[tuple[float, float, int, str]]], x: Measure, y: Measure
    ) -> None:
        """Draw the dots of each group.

        Parameters
        ----------
        groups : mapping of str to sequence of tuple
            By name of the group: x, y, `Sample.id` and name of the sample. NaN is left out.
        x, y : Measure
            What is along the axes.
        """
        self.clear()
        self.name_axes(x.header, y.header)
        for number, dots in enumerate(groups.values()):
            shown = [dot for dot in dots if np.isfinite(dot[0]) and np.isfinite(dot[1])]
            item = pg.ScatterPlotItem(
                x=[dot[0] for dot in shown], y=[dot[1] for dot in shown], data=[(dot[2], dot[3]) for dot in shown],
                symbol=_shape(number), size=DOT_PX, pen=pg.mkPen(colour("base")), brush=_paint(number), hoverable=True,
                hoverSize=DOT_PX + 4, tip=lambda x, y, data: f"{data[1]}\n{x:.4g}, {y:.4g}",
            )  # fmt: skip
            item.sigClicked.connect(self._clicked)
            self.addItem(item)
        self.enableAutoRange()

    def _clicked(self, _item: pg.ScatterPlotItem, points: Sequence[pg.SpotItem]) -> None:
        if len(points):
            self.sample_picked.emit(points[0].data()[0])


def group_picture(number: int) -> QPixmap:
    """The line and shape by which the group of this number is told, for a legend."""
    width, height = SAMPLE_PX
    picture = blank_picture(width, height)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(_pen(number))
    painter.drawLine(0, height // 2, width, height // 2)
    painter.translate(width / 2, height / 2)
    painter.scale(DOT_PX, DOT_PX)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(_paint(number)))
    painter.drawPath(Symbols[_shape(number)])
    painter.end()
    return QPixmap.fromImage(picture)


def _paint(number: int) -> str:
    return GROUP_COLOURS[number % len(GROUP_COLOURS)]


def _shape(number: int) -> str:
    return SHAPES[number % len(SHAPES)]


def _pen(number: int) -> QPen:
    return pg.mkPen(_paint(number), width=2, style=LINES[number % len(LINES)])


def _edges(values: NDArray[np.float64], measure: Measure) -> NDArray[np.float64]:
    """Limits of bins: whole numbers have one each, as long as they are few."""
    lowest, highest = float(values.min()), float(values.max())
    if measure.dtype == "int64" and highest - lowest < MOST_BINS:
        return np.arange(lowest - 0.5, highest + 1)
    bins = np.clip(len(np.histogram_bin_edges(values, "auto")) - 1, FEWEST_BINS, MOST_BINS)
    return np.histogram_bin_edges(values, int(bins))
