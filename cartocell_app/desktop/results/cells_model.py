"""The table of cells as Qt wants it: a row a cell, numbers aligned, sorted as numbers."""

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from cartocell_app.desktop.results.words import value_words
from cartocell_app.desktop.samples.words import natural
from cartocell_app.morphology.measures import MEASURES, Measure

# Not needed before there is a table, and the first window would wait for it.
if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

CHIP_PX = 12
SHARPER = 2
NOWHERE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


class TableModel(QAbstractTableModel):
    """Rows of a data frame, some of them hidden, in any order.

    Parameters
    ----------
    measures : tuple of Measure
        Columns to show.
    parent : QObject, optional
        Owner.
    """

    def __init__(self, measures: tuple[Measure, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.measures = measures
        self._table: pd.DataFrame | None = None
        self._shown: NDArray[np.bool_] | None = None
        self._order: list[int] = []
        self._rows: dict[int, int] = {}
        self._sorted_by: tuple[int, Qt.SortOrder] = (-1, Qt.SortOrder.AscendingOrder)

    @property
    def table(self) -> "pd.DataFrame | None":
        """The whole table, hidden rows too."""
        return self._table

    def set_table(self, table: "pd.DataFrame | None") -> None:
        """Show another table, all of its rows, sorted as before."""
        self.beginResetModel()
        self._table = table
        self._shown = None
        self._put_in_order()
        self.endResetModel()

    def show_only(self, shown: "NDArray[np.bool_]") -> None:
        """Hide the rows of the table for which `shown` (n,) is False."""
        self.beginResetModel()
        self._shown = shown
        self._put_in_order()
        self.endResetModel()

    def position(self, row: int) -> int:
        """Place in the table of the row that is shown as `row`."""
        return self._order[row]

    def row_of(self, position: int) -> int | None:
        """Row in which a place of the table is shown; None if it is hidden."""
        return self._rows.get(position)

    def rowCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self._order)

    def columnCount(self, parent: Index = NOWHERE) -> int:  # noqa: N802
        return 0 if parent.isValid() else len(self.measures)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self._table is None:
            return None
        measure = self.measures[index.column()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._words(index.row(), measure)
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(measure)
            case Qt.ItemDataRole.ToolTipRole if measure.dtype == "str":
                return self._words(index.row(), measure)
        return None

    def headerData(  # noqa: N802
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        measure = self.measures[section]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                # The unit below the title keeps columns narrow.
                return f"{measure.title}\n{measure.unit}"
            case Qt.ItemDataRole.ToolTipRole:
                return f"<b>{measure.header}</b><br>{measure.words}"
            case Qt.ItemDataRole.AccessibleTextRole:
                return measure.header
            case Qt.ItemDataRole.TextAlignmentRole:
                return _alignment(measure)
        return None

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.layoutAboutToBeChanged.emit()
        kept = self.persistentIndexList()
        positions = [self.position(index.row()) for index in kept]
        self._sorted_by = (column, order)
        self._put_in_order()
        moved = [self.index(self._rows[place], index.column()) for place, index in zip(positions, kept, strict=True)]
        self.changePersistentIndexList(kept, moved)
        self.layoutChanged.emit()

    def as_text(self, rows: list[int]) -> str:
        """The given rows with the header, separated by tabs: for the clipboard, so plain numbers."""
        assert self._table is not None
        names = [measure.name for measure in self.measures]
        chosen = self._table[names].iloc[[self.position(row) for row in rows]]
        chosen.columns = [measure.header for measure in self.measures]
        return str(chosen.to_csv(sep="\t", index=False, float_format="%.6g", lineterminator="\n"))

    def _words(self, row: int, measure: Measure) -> str:
        assert self._table is not None
        return value_words(self._table[measure.name].iat[self.position(row)], measure)

    def _put_in_order(self) -> None:
        """Find which place of the table is shown in which row."""
        self._order = []
        if self._table is not None:
            shown = self._table.reset_index(drop=True)
            if self._shown is not None:
                shown = shown[self._shown]
            column, direction = self._sorted_by
            if column >= 0:
                ascending = direction == Qt.SortOrder.AscendingOrder
                by = self.measures[column]
                key = _naturally if by.dtype == "str" else None
                shown = shown.sort_values(by.name, ascending=ascending, kind="stable", key=key)
            self._order = shown.index.tolist()
        self._rows = {position: row for row, position in enumerate(self._order)}


def _naturally(texts: "pd.Series[str]") -> "pd.Series[str]":
    """What to sort texts by, so that 4 d comes before 10 d."""
    return texts.map(natural, na_action="ignore")


class CellsModel(TableModel):
    """The table of cells, each with a chip of its colour in the viewer.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(MEASURES, parent)
        self._colours: NDArray[np.uint8] | None = None
        self._chips: dict[tuple[int, ...], QPixmap] = {}

    def show_cells(self, table: "pd.DataFrame | None", colours: "NDArray[np.uint8] | None") -> None:
        """Show the cells of another sample.

        Parameters
        ----------
        table : pandas.DataFrame or None
            Columns of `MEASURES`.
        colours : (n, 3) ndarray of uint8, optional
            RGB of each row.
        """
        self._colours = colours
        self.set_table(table)

    def label(self, row: int) -> int:
        """Label of the cell that is shown in `row`."""
        assert self.table is not None
        return int(self.table["label"].iat[self.position(row)])

    def row_of_cell(self, label: int) -> int | None:
        """Row of the cell with this label; None if it is hidden or not there."""
        if self.table is None:
            return None
        (places,) = (self.table["label"].to_numpy() == label).nonzero()
        return self.row_of(int(places[0])) if len(places) else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DecorationRole and index.isValid() and index.column() == 0:
            return self._chip(self.position(index.row()))
        return super().data(index, role)

    def _chip(self, position: int) -> QPixmap | None:
        if self._colours is None:
            return None
        rgb = tuple(int(part) for part in self._colours[position])
        if rgb not in self._chips:
            self._chips[rgb] = chip(QColor(*rgb))
        return self._chips[rgb]


def chip(colour: QColor) -> QPixmap:
    """A small rounded square of one colour."""
    picture = blank_picture(CHIP_PX, CHIP_PX)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(colour)
    # A rim, so that light colours show on a light ground.
    painter.setPen(colour.darker(150))
    painter.drawRoundedRect(QRectF(0.5, 0.5, CHIP_PX - 1, CHIP_PX - 1), 3, 3)
    painter.end()
    return QPixmap.fromImage(picture)


def blank_picture(width: int, height: int) -> QImage:
    """A transparent picture to draw on, twice as fine as its size says; a QPixmap is not transparent on all screens."""
    picture = QImage(width * SHARPER, height * SHARPER, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    picture.setDevicePixelRatio(SHARPER)
    return picture


def _alignment(measure: Measure) -> Qt.AlignmentFlag:
    if measure.dtype in ("int64", "float64"):
        return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
