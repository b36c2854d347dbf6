"""How a labelled cyst looks in the gallery: picture, name, cells and doubt."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPalette
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from cartocell_app.desktop.gallery.model import PICTURE_ROLE, SAMPLE_ROLE
from cartocell_app.desktop.gallery.pictures import EDGE_PX
from cartocell_app.desktop.gallery.showing import second_line
from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.samples.words import sign_of
from cartocell_app.desktop.theme import SMALL_PX, SPACING, colour

TEXT_PX = 40
CARD = QSize(EDGE_PX + 2 * SPACING, EDGE_PX + TEXT_PX + 2 * SPACING)
SIGN_PX = 18


class CystDelegate(QStyledItemDelegate):
    """Paints cysts with their cells or raw.

    Parameters
    ----------
    parent : QObject, optional
        The view.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.shows_cells = True
        self._no_picture = icon("mdi6.image-outline", "muted")

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802 - Qt's
        del option, index
        return CARD

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        sample = index.data(SAMPLE_ROLE)
        card = option.rect.adjusted(2, 2, -2, -2)
        is_chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        has_focus = bool(option.state & QStyle.StateFlag.State_HasFocus)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if is_chosen or has_focus:
            painter.setPen(colour("accent") if has_focus else Qt.PenStyle.NoPen)
            painter.setBrush(colour("selection") if is_chosen else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(card, 6, 6)
        frame = QRect(option.rect.left() + SPACING, option.rect.top() + SPACING, EDGE_PX, EDGE_PX)
        self._paint_picture(painter, frame, index)
        if sample.state in ("accepted", "rejected"):
            self._paint_sign(painter, frame, sign_of(sample).icon, sign_of(sample).role)
        text = QRect(frame.left(), frame.bottom() + 3, EDGE_PX, TEXT_PX - 4)
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        self._paint_line(painter, text, Qt.AlignmentFlag.AlignTop, sample.name)
        small = QFont(painter.font())
        small.setPixelSize(SMALL_PX)
        painter.setFont(small)
        painter.setPen(colour("muted"))
        self._paint_line(painter, text, Qt.AlignmentFlag.AlignBottom, second_line(sample))
        painter.restore()

    def _paint_picture(self, painter: QPainter, frame: QRect, index: QModelIndex | QPersistentModelIndex) -> None:
        painter.fillRect(frame, colour("pane"))
        both = index.data(PICTURE_ROLE)
        if both is None:
            self._no_picture.paint(painter, frame.adjusted(64, 64, -64, -64))
            return
        half = QRect(EDGE_PX if self.shows_cells else 0, 0, EDGE_PX, EDGE_PX)
        painter.drawImage(frame, both, half)

    def _paint_sign(self, painter: QPainter, frame: QRect, name: str, role: str) -> None:
        place = QRect(frame.right() - SIGN_PX - 3, frame.top() + 4, SIGN_PX, SIGN_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour("base"))
        painter.drawEllipse(place.adjusted(-1, -1, 1, 1))
        icon(name, role).paint(painter, place)

    def _paint_line(self, painter: QPainter, place: QRect, align: Qt.AlignmentFlag, text: str) -> None:
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, int(align | Qt.AlignmentFlag.AlignLeft), shown)
