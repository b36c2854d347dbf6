"""How a sample looks in the list: picture, name, and below it what is known in small."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QIcon, QImage, QPainter
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.samples import words
from cartocell_app.desktop.samples.model import SAMPLE_ROLE, THUMBNAIL_ROLE
from cartocell_app.desktop.theme import SMALL_PX, SPACING, colour

ROW_PX, PICTURE_PX = 42, 36


class SampleDelegate(QStyledItemDelegate):
    """Paints the first column; days are plain rows with their number of samples.

    Parameters
    ----------
    parent : QWidget, optional
        The view.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._no_picture: QIcon = icon("mdi6.image-outline", "muted")

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802 - Qt's
        width = super().sizeHint(option, index).width()
        return QSize(width, ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        sample = index.data(SAMPLE_ROLE)
        if sample is None:
            super().paint(painter, option, index)
            return
        ground = QStyleOptionViewItem(option)
        self.initStyleOption(ground, index)
        ground.text = ""
        style = option.widget.style() if option.widget is not None else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, ground, painter, option.widget)
        painter.save()
        frame = option.rect
        picture = QRect(frame.left(), frame.center().y() - PICTURE_PX // 2 + 1, PICTURE_PX, PICTURE_PX)
        self._paint_picture(painter, picture, index.data(THUMBNAIL_ROLE))
        text = frame.adjusted(PICTURE_PX + SPACING, 4, -4, -4)
        self._paint_line(painter, text, Qt.AlignmentFlag.AlignTop, sample.name, "muted" if sample.missing else "text")
        painter.setFont(_small(painter.font()))
        role = "muted" if sample.voxel_size is not None else "doubt"
        self._paint_line(painter, text, Qt.AlignmentFlag.AlignBottom, words.second_line(sample), role)
        painter.restore()

    def _paint_picture(self, painter: QPainter, place: QRect, image: QImage | None) -> None:
        painter.fillRect(place, colour("pane"))
        if image is None:
            self._no_picture.paint(painter, place.adjusted(8, 8, -8, -8))
            return
        size = image.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        within = QRect(0, 0, size.width(), size.height())
        within.moveCenter(place.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(within, image)

    def _paint_line(self, painter: QPainter, place: QRect, align: Qt.AlignmentFlag, text: str, role: str) -> None:
        painter.setPen(colour(role))
        shown = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width())
        painter.drawText(place, int(align | Qt.AlignmentFlag.AlignLeft), shown)


def _small(font: QFont) -> QFont:
    small = QFont(font)
    small.setPixelSize(SMALL_PX)
    return small
