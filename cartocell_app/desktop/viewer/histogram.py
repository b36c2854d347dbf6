"""How bright the picture is, with two handles for what is drawn darkest and brightest."""

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from cartocell_app.desktop.theme import colour, themes
from cartocell_app.desktop.viewer.view import Array

BINS = 128
HEIGHT_PX = 64


class Histogram(QWidget):
    """Histogram of a picture with the range of intensities that is shown.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    levels_changed = Signal(float, float)
    """She moved a handle: the darkest and brightest intensity."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedHeight(HEIGHT_PX)
        self.setAccessibleName("Brightness: drag the two handles")
        self.setToolTip(
            "How often each intensity occurs. Drag the handles: what is darker is black, what is brighter white."
        )
        # Not a PlotWidget: its menus outlive it.
        self._plot = pg.GraphicsView(self)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._box = pg.ViewBox(enableMenu=False, enableMouse=False)
        self._plot.setCentralItem(self._box)
        self._bars = pg.PlotCurveItem([0, 1], [0], stepMode="center", fillLevel=0)
        self._range = pg.LinearRegionItem((0, 1), swapMode="sort")
        self._box.addItem(self._bars)
        self._box.addItem(self._range)
        self._range.sigRegionChanged.connect(lambda: self.levels_changed.emit(*map(float, self._range.getRegion())))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._plot)
        themes.changed.connect(self._dress)
        self._dress()

    def show_picture(self, sample: Array, levels: tuple[float, float]) -> None:
        """Show how bright the voxels of `sample` are, and the range that is drawn."""
        counts, edges = histogram(sample)
        self._bars.setData(edges, counts)
        low, high = float(edges[0]), float(edges[-1])
        self._box.setXRange(min(low, levels[0]), max(high, levels[1]), padding=0.02)
        self._box.setYRange(0, float(counts.max(initial=1.0)), padding=0.05)
        self.set_levels(levels)

    def set_levels(self, levels: tuple[float, float]) -> None:
        """Put the handles somewhere, without telling."""
        with QSignalBlocker(self._range):
            self._range.setRegion(levels)

    def _dress(self) -> None:
        self._plot.setBackground(colour("base"))
        self._bars.setBrush(colour("muted"))
        self._bars.setPen(None)
        shade = colour("accent")
        shade.setAlpha(50)
        self._range.setBrush(shade)
        for line in self._range.lines:
            line.setPen(pg.mkPen(colour("accent"), width=2))


def histogram(sample: Array) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Counts of intensities in equal bins up to nearly the brightest, on a square-root scale, and the bins' edges."""
    if not sample.size:
        return np.zeros(1), np.array([0.0, 1.0])
    low, high = float(sample.min()), float(np.percentile(sample, 99.95))
    high = high if high > low else low + 1.0
    counts, edges = np.histogram(sample, BINS, (low, high))
    # Background fills most of a stack; the square root lets the membranes be seen beside it.
    return np.sqrt(counts), edges
