"""The new cysts and what came of each, a row a cyst."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTreeWidget, QTreeWidgetItem, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.samples.words import cells_in_words, everything_in_words, sign_of
from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

NAME, STATE, CELLS = range(3)
ROWS_SHOWN, ROW_PX = 8, 26


class CystList(QTreeWidget):
    """Names, states and counts of cells; a double click or Enter looks at a cyst.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    opened = Signal(int)
    """Number of the sample to be looked at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: list[Sample] = []
        self.setAccessibleName("New cysts")
        self.setHeaderLabels(["Cyst", "State", "Cells"])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((STATE, 116), (CELLS, 72)):
            self.setColumnWidth(column, width)
        self.itemActivated.connect(lambda item, _: self.opened.emit(item.data(NAME, Qt.ItemDataRole.UserRole)))

    def show_cysts(self, cysts: Sequence[Sample]) -> None:
        """List these cysts; nothing moves if they are the same as before."""
        if list(cysts) == self._shown:
            return
        if [cyst.id for cyst in cysts] != [cyst.id for cyst in self._shown]:
            self.clear()
            self.addTopLevelItems([QTreeWidgetItem() for _ in cysts])
        self._shown = list(cysts)
        for row, cyst in enumerate(cysts):
            item = self.topLevelItem(row)
            for column, text in ((NAME, cyst.name), (STATE, sign_of(cyst).word), (CELLS, cells_in_words(cyst))):
                item.setText(column, text)
                item.setToolTip(column, cyst.reason or everything_in_words(cyst))
            sign = sign_of(cyst)
            item.setIcon(STATE, icon(sign.icon, sign.role))
            item.setData(NAME, Qt.ItemDataRole.UserRole, cyst.id)
            item.setSizeHint(NAME, QSize(0, ROW_PX))
        rows = min(ROWS_SHOWN, max(1, len(cysts)))
        self.setFixedHeight(rows * ROW_PX + self.header().sizeHint().height() + SPACING)
