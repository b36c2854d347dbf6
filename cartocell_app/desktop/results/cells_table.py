"""The cells of the current sample in a table, in step with the viewer."""

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, Signal
from PySide6.QtGui import QFont, QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMenu,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.results.cells_model import CellsModel, TableModel
from cartocell_app.desktop.results.filtering import filtered
from cartocell_app.desktop.results.words import count_words
from cartocell_app.desktop.theme import set_role
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

ROW_PX, WIDEST_PX, ROWS_FOR_WIDTH = 26, 180, 200
HEADER_ROOM_PX, CELL_ROOM_PX = 28, 10
"""Beside the words: of a header for the arrow that shows the order, of a cell for air."""


class CellsTable(QWidget):
    """A row a cell: sorted by a click on a header, filtered by what is typed, copied with Ctrl+C.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    cell_picked = Signal(int)
    """Label of the cell whose row the user chose."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = CellsModel(self)
        self.view = table_view(self.model, "Cells")
        self.view.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(self._menu)
        self.filter = QLineEdit(placeholderText="Filter: 3, 17 or volume > 800", clearButtonEnabled=True)
        self.filter.setAccessibleName("Filter cells")
        self.filter.setToolTip(
            "Numbers of cells, or conditions joined by “and”: volume > 800 and neighbours = 6. "
            "“frame” stands for cells at the frame, “whole” for the others."
        )
        self.shown = QLabel()
        set_role(self.shown, "small")
        self.shown.setWordWrap(True)
        self._cell = 0
        self._is_told = False
        self._lay_out()
        self.filter.textChanged.connect(self._filter)
        self.view.selectionModel().currentRowChanged.connect(self._row_chosen)

    def show_cells(self, table: "pd.DataFrame | None", colours: "NDArray[np.uint8] | None" = None) -> None:
        """Show the cells of another sample; see `CellsModel.show_cells`."""
        self.model.show_cells(table, colours)
        fit_columns(self.view)
        self._filter(self.filter.text())

    def set_cell(self, label: int) -> None:
        """Mark the row of a cell and bring it into sight, without telling; 0 marks none."""
        self._cell = label
        row = self.model.row_of_cell(label) if label else None
        self._is_told = True
        if row is None:
            self.view.selectionModel().clear()
        else:
            flags = QItemSelectionModel.SelectionFlag
            index = self.model.index(row, 0)
            self.view.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.view.scrollTo(index)
        self._is_told = False

    def copy_rows(self) -> None:
        """Put the selected rows on the clipboard, all that are shown if none is selected."""
        copy_rows(self.view, self.model)

    def _lay_out(self) -> None:
        above = QHBoxLayout()
        above.addWidget(self.filter, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 8, 8, 8)
        layout.setSpacing(8)
        layout.addLayout(above)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.shown)

    def _filter(self, text: str) -> None:
        table = self.model.table
        if table is None:
            self.shown.setText("")
            return
        try:
            shown = filtered(table, text)
        except UserError as error:
            set_role(self.shown, "doubt")
            self.shown.setText(str(error))
            return
        self.model.show_only(shown)
        set_role(self.shown, "small")
        all_cells = count_words(len(table), "cell")
        self.shown.setText(all_cells if shown.all() else f"{int(shown.sum())} of {all_cells}")
        self.set_cell(self._cell)

    def _row_chosen(self) -> None:
        index = self.view.selectionModel().currentIndex()
        if index.isValid() and not self._is_told:
            self._cell = self.model.label(index.row())
            self.cell_picked.emit(self._cell)

    def _menu(self, where: QPoint) -> None:
        menu = QMenu(self)
        selected = len(self.view.selectionModel().selectedRows())
        copy = menu.addAction(f"Copy {count_words(selected, 'row')}" if selected else "Copy all rows", self.copy_rows)
        copy.setShortcut(QKeySequence(QKeySequence.StandardKey.Copy))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.view.viewport().mapToGlobal(where))


def table_view(model: TableModel, name: str) -> QTableView:
    """A table that selects rows, sorts by a click, copies with Ctrl+C and has figures of even width."""
    view = QTableView()
    view.setModel(model)
    view.setAccessibleName(name)
    view.setSortingEnabled(True)
    view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
    view.setShowGrid(False)
    view.setAlternatingRowColors(True)
    view.setWordWrap(False)
    view.setTabKeyNavigation(False)
    view.verticalHeader().hide()
    view.verticalHeader().setDefaultSectionSize(ROW_PX)
    view.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    view.horizontalHeader().setHighlightSections(False)
    view.horizontalHeader().setResizeContentsPrecision(ROWS_FOR_WIDTH)
    copy = QShortcut(QKeySequence(QKeySequence.StandardKey.Copy), view)
    copy.setContext(Qt.ShortcutContext.WidgetShortcut)
    copy.activated.connect(partial(copy_rows, view, model))
    font = view.font()
    font.setFeature(QFont.Tag("tnum"), 1)
    view.setFont(font)
    return view


def copy_rows(view: QTableView, model: TableModel) -> None:
    """Put the selected rows on the clipboard, all that are shown if none is selected."""
    rows = sorted(index.row() for index in view.selectionModel().selectedRows())
    rows = rows or list(range(model.rowCount()))
    if rows:
        QGuiApplication.clipboard().setText(model.as_text(rows))


def fit_columns(view: QTableView) -> None:
    """Make columns as wide as their contents, but none very wide."""
    header = view.horizontalHeader()
    metrics = header.fontMetrics()
    for column in range(view.model().columnCount()):
        title = str(view.model().headerData(column, Qt.Orientation.Horizontal))
        title_px = max(metrics.horizontalAdvance(line) for line in title.split("\n")) + HEADER_ROOM_PX
        view.setColumnWidth(column, min(WIDEST_PX, max(title_px, view.sizeHintForColumn(column) + CELL_ROOM_PX)))
