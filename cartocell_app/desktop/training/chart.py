"""Curves of a training: how far it is off, and how well it finds cells in cysts that it never learnt from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.results.batch_charts import (
    DOT_PX,
    GROUP_COLOURS,
    LINES,
    SHAPES,
    Chart,
    group_picture,
)
from cartocell_app.desktop.theme import MARGIN, SPACING

Curves = tuple[tuple[str, str], ...]

LOSS: Curves = (("loss", "Cysts it learns from"), ("validation_loss", "Cysts that watch"))
OVERLAP: Curves = (("iou_B", "Interiors"), ("iou_C", "Borders"), ("iou_M", "Tissue"))
"""Columns of a round, and what they are called for people."""

HEIGHT_PX = 200

BESIDE_PX = 520
"""Where there is less room, one chart stands below the other."""


MANY_ROUNDS = 12
"""So many fit below a chart, each with its number; of more, the axis chooses some."""


class CurveChart(QWidget):
    """Some values of each round as curves, with a heading and a legend.

    Parameters
    ----------
    title, words : str
        What is shown, and how to read it.
    axis : str
        Name of the upright axis.
    curves : tuple of (str, str)
        Columns and their names.
    highest : float or None
        Upper end of the axis; None follows the values.
    parent : QWidget, optional
        Owner.
    """

    def __init__(
        self,
        title: str,
        words: str,
        axis: str,
        curves: Curves,
        highest: float | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.chart = Chart(title)
        self.chart.setMouseEnabled(x=False, y=False)
        self.chart.setFixedHeight(HEIGHT_PX)
        self.chart.name_axes("Round", axis)
        if highest is not None:
            self.chart.setYRange(0, highest)
        self.lines: dict[str, pg.PlotDataItem] = {}
        for number, (column, _) in enumerate(curves):
            pen = pg.mkPen(GROUP_COLOURS[number], width=2, style=LINES[number])
            line = self.chart.plot(
                pen=pen, symbol=SHAPES[number], symbolSize=DOT_PX // 2, symbolBrush=GROUP_COLOURS[number],
                symbolPen=None,
            )  # fmt: skip
            self.lines[column] = line
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING // 2)
        layout.addWidget(paragraph(title, "title"))
        layout.addWidget(paragraph(words, "small"))
        layout.addWidget(self.chart)
        layout.addLayout(_legend(curves))
        layout.addStretch()

    def show_rounds(self, rounds: Sequence[Mapping[str, Any]]) -> None:
        """Draw what came of each round."""
        numbers = [row["epoch"] for row in rounds]
        for column, line in self.lines.items():
            line.setData(numbers, [row[column] for row in rounds])
        last = max(2, *numbers) if numbers else 2
        self.chart.setXRange(1, last, padding=0.04)
        # There is no half round.
        step = None if last > MANY_ROUNDS else [(1, 0)]
        self.chart.getAxis("bottom").setTickSpacing(levels=step)


class TrainingCharts(QWidget):
    """Both charts, side by side where there is room.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.loss = CurveChart("How far it is off", "Lower is better; both curves should fall.", "Loss", LOSS)
        self.overlap = CurveChart(
            "How well it sees the cysts that watch", "1 is perfect, 0 is all wrong.", "Overlap (IoU)", OVERLAP, 1.0
        )
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(2 * MARGIN)
        for chart in (self.loss, self.overlap):
            chart.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            self._row.addWidget(chart, 1)

    def show_rounds(self, rounds: Sequence[Mapping[str, Any]]) -> None:
        """Draw what came of each round."""
        self.loss.show_rounds(rounds)
        self.overlap.show_rounds(rounds)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        beside = event.size().width() >= BESIDE_PX
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)


def _legend(curves: Curves) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(SPACING // 2)
    for number, (_, name) in enumerate(curves):
        sign, words = QLabel(), QLabel(name)
        sign.setPixmap(group_picture(number))
        sign.setAlignment(Qt.AlignmentFlag.AlignVCenter)
        words.setProperty("role", "small")
        row.addWidget(sign)
        row.addWidget(words)
        row.addSpacing(SPACING)
    row.addStretch()
    return row
