"""A row that says why a file cannot be used has its whole width for that."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from cartocell_app.desktop.importing.table import FOUND, CandidatesModel


class WholeProblemDelegate(QStyledItemDelegate):
    """Lets the sentence of a problem run over the columns behind it, which are empty.

    Parameters
    ----------
    table : QTreeView
        Shows a `CandidatesModel`; owner.
    model : CandidatesModel
        What it shows.
    """

    def __init__(self, table: QTreeView, model: CandidatesModel) -> None:
        super().__init__(table)
        self._table = table
        self._model = model

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if index.column() < FOUND or not self._model.candidates[index.row()].problem:
            super().paint(painter, option, index)
            return
        # Each column draws its share: it may be the only one that is drawn anew.
        sentence = self._model.index(index.row(), FOUND)
        whole = QStyleOptionViewItem(option)
        whole.rect.setLeft(self._table.visualRect(sentence).left())
        whole.rect.setRight(self._table.viewport().width())
        painter.save()
        painter.setClipRect(option.rect)
        super().paint(painter, whole, sentence)
        painter.restore()
