"""Words over a pane: its name, which slice it shows, the scale bar, and a frame while keys go to it."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPen
from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.theme import SMALL_PX, colour
from cartocell_app.desktop.viewer.geometry import bar_length_um

BAR_MARGIN_PX, BAR_HEIGHT_PX = 14, 4
NAME_GAP_PX = 10
PANE_ACCENT = QColor("#3dbdb3")
"""The accent on the panes' near-black ground, which is the same in both themes."""


class Overlay(QWidget):
    """Lies over a pane and lets the mouse through.

    Parameters
    ----------
    pane : QWidget
        What it lies over.
    seen_um : callable
        Gives the width that the pane shows.
    """

    def __init__(self, pane: QWidget, seen_um: Callable[[], float]) -> None:
        super().__init__(pane)
        self._pane, self._seen_um = pane, seen_um
        self.name = ""
        self.place = ""
        self.has_bar = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        pane.installEventFilter(self)

    def say(self, name: str, place: str, *, has_bar: bool) -> None:
        """Say this; a scale bar only where sizes are known."""
        if (name, place, has_bar) != (self.name, self.place, self.has_bar):
            self.name, self.place, self.has_bar = name, place, has_bar
            self.raise_()
            self.update()

    def eventFilter(self, watched: object, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if watched is self._pane:
            if event.type() == QEvent.Type.Resize:
                self.resize(self._pane.size())
            elif event.type() in (QEvent.Type.FocusIn, QEvent.Type.FocusOut):
                self.update()
        return False

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        del event
        painter = QPainter(self)
        if self._pane.hasFocus():
            painter.setPen(QPen(PANE_ACCENT, 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        self.draw(painter)

    def draw(self, painter: QPainter) -> None:
        """Draw words and bar with any painter, as on the screen but without the frame."""
        font = QFont(self.font())
        font.setPixelSize(SMALL_PX)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(colour("pane-text"))
        painter.drawText(QPointF(BAR_MARGIN_PX, BAR_MARGIN_PX + SMALL_PX), self.name)
        offset = painter.fontMetrics().horizontalAdvance(self.name) + BAR_MARGIN_PX + NAME_GAP_PX
        font.setBold(False)
        painter.setFont(font)
        painter.drawText(QPointF(offset, BAR_MARGIN_PX + SMALL_PX), self.place)
        if self.has_bar:
            draw_scale_bar(painter, self._seen_um(), self.width(), self.height())


def draw_scale_bar(painter: QPainter, seen_um: float, width_px: int, height_px: int) -> None:
    """Draw a scale bar with its length at the lower right of a picture that shows `seen_um` across `width_px`."""
    length_um = bar_length_um(seen_um)
    if not length_um or width_px < 1:
        return
    length_px = length_um / seen_um * width_px
    right, bottom = width_px - BAR_MARGIN_PX, height_px - BAR_MARGIN_PX
    bar = QRectF(right - length_px, bottom - BAR_HEIGHT_PX, length_px, BAR_HEIGHT_PX)
    painter.fillRect(bar, colour("pane-text"))
    words = QRectF(bar.left() - 40, bar.top() - SMALL_PX - 8, length_px + 80, SMALL_PX + 6)
    painter.drawText(words, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, f"{length_um:g} µm")
