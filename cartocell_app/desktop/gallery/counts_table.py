"""How many cysts of each day and condition are labelled, accepted and rejected."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from cartocell_app.desktop.samples.words import NO_DAY
from cartocell_app.desktop.theme import SPACING
from cartocell_app.project.counts import CystCount, total

HEADERS = ("Day", "Condition", "No labels", "Waiting", "Accepted", "Rejected", "All")
DAY, FIRST_NUMBER = 0, 2
ROW_PX = 24


class CountsTable(QTreeWidget):
    """A row for each day and condition, and one for all.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Cysts by day and condition")
        self.setHeaderLabels(list(HEADERS))
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setSelectionMode(QTreeWidget.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        header = self.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(0)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(DAY, QHeaderView.ResizeMode.ResizeToContents)
        for column in range(FIRST_NUMBER, len(HEADERS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
            self.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def show_counts(self, counts: Sequence[CystCount]) -> None:
        """Show these counts."""
        self.clear()
        for row in counts:
            self._add(row.day or NO_DAY, row.condition or "not given", row)
        if len(counts) > 1:
            self._add("All", "", total(counts))
        rows = self.topLevelItemCount()
        self.setFixedHeight(rows * ROW_PX + self.header().sizeHint().height() + SPACING // 2)

    def _add(self, day: str, condition: str, row: CystCount) -> None:
        numbers = (row.unlabelled, row.waiting, row.accepted, row.rejected, row.all)
        item = QTreeWidgetItem([day, condition, *(f"{number:,}" if number else "·" for number in numbers)])
        item.setSizeHint(0, QSize(0, ROW_PX))
        for column in range(FIRST_NUMBER, len(HEADERS)):
            item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.addTopLevelItem(item)
