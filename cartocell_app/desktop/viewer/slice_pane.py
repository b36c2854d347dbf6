"""One slice of a stack: picture, cells over it, the cursor's cross and a scale bar."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFocusEvent, QFont, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import QGraphicsSceneMouseEvent, QVBoxLayout, QWidget

from cartocell_app.desktop.theme import PANE_COLOUR, SMALL_PX, colour
from cartocell_app.desktop.viewer.geometry import Plane, bar_length_um

BAR_MARGIN_PX, BAR_HEIGHT_PX = 14, 4
ZOOM_STEP = 1.15
ANGLE_PER_STEP = 120
AROUND = 0.03
"""Free space around the slice, as a share of it."""

ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class _SliceBox(pg.ViewBox):
    """Turns what the mouse does into what it means: scroll = slice, Ctrl + scroll = zoom, middle drag = pan."""

    scrolled = Signal(int)
    pointed = Signal(QPointF)
    picked = Signal(QPointF)
    doubled = Signal()

    def __init__(self) -> None:
        super().__init__(lockAspect=True, invertY=True, enableMenu=False, defaultPadding=AROUND)
        self.pans = False
        self._turned = 0

    def wheelEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: N802, ARG002 - Qt's name
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            factor = ZOOM_STEP ** (-event.delta() / ANGLE_PER_STEP)
            self.scaleBy((factor, factor), center=self.mapSceneToView(event.scenePos()))
        else:
            # Touch pads send many small turns.
            self._turned += event.delta()
            steps = int(self._turned / ANGLE_PER_STEP)
            self._turned -= steps * ANGLE_PER_STEP
            if steps:
                self.scrolled.emit(-steps)
        event.accept()

    def mouseDragEvent(self, event: Any, axis: int | None = None) -> None:  # noqa: N802, ARG002 - Qt's name
        event.accept()
        if event.button() == Qt.MouseButton.MiddleButton or (self.pans and event.button() == Qt.MouseButton.LeftButton):
            moved = self.mapToView(event.lastPos()) - self.mapToView(event.pos())
            self.translateBy(x=moved.x(), y=moved.y())
        elif event.button() == Qt.MouseButton.LeftButton:
            self.pointed.emit(self.mapSceneToView(event.scenePos()))

    def mouseClickEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        if event.button() == Qt.MouseButton.LeftButton:
            event.accept()
            self.picked.emit(self.mapSceneToView(event.scenePos()))

    def mouseDoubleClickEvent(self, event: QGraphicsSceneMouseEvent) -> None:  # noqa: N802 - Qt's name
        event.accept()
        self.doubled.emit()


class SlicePane(QWidget):
    """A slice in one direction, in µm.

    Parameters
    ----------
    plane : Plane
        The direction.
    parent : QWidget, optional
        Owner.
    """

    scrolled = Signal(int)
    """Go this many slices on."""

    pointed = Signal(float, float)
    """Put the cursor at (down, right) in µm."""

    picked = Signal(float, float)
    """Put the cursor at (down, right) in µm, and take the cell there."""

    stepped = Signal(int, int)
    """Move the cursor by voxels (down, right)."""

    maximise_wanted = Signal()
    """Make this pane the only one, or one of four again."""

    menu_wanted = Signal(object)
    """Show what can be done, at this place (global QPoint)."""

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plane = plane
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(f"{plane.name} slice")
        self.setMinimumSize(120, 100)
        self._graphics = pg.GraphicsView(self, background=PANE_COLOUR)
        self._graphics.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.box = _SliceBox()
        self._graphics.setCentralItem(self.box)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.cells = pg.ImageItem(axisOrder="row-major")
        self.cross = [pg.InfiniteLine(angle=angle, movable=False) for angle in (0, 90)]
        for item in (self.image, self.cells, *self.cross):
            self.box.addItem(item, ignoreBounds=item is not self.image)
        self._words = _Words(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._graphics)
        self.box.scrolled.connect(self.scrolled)
        self.box.pointed.connect(lambda at: self.pointed.emit(at.y(), at.x()))
        self.box.picked.connect(lambda at: self.picked.emit(at.y(), at.x()))
        self.box.doubled.connect(self.maximise_wanted)
        self.box.sigRangeChanged.connect(self._words.update)
        self.set_cross_colour(colour("accent"))
        self.show_nothing()

    def set_cross_colour(self, line: QColor) -> None:
        """Colour of the cursor's cross."""
        faint = QColor(line)
        faint.setAlpha(150)
        for item in self.cross:
            item.setPen(QPen(faint, 0))

    def show_nothing(self) -> None:
        """Empty the pane."""
        self.image.clear()
        self.cells.clear()
        for item in self.cross:
            item.hide()
        self._words.set(None, "", known=False)

    def fit(self, down_um: float, right_um: float) -> None:
        """Show all of a slice of this size."""
        self.box.setRange(QRectF(0, 0, right_um, down_um), padding=AROUND, disableAutoRange=True)

    def show_image(
        self, pixels: NDArray[Any] | None, levels: tuple[float, float], lut: NDArray[np.uint8], rect: QRectF
    ) -> None:
        """Show the picture (down, right), or none."""
        if pixels is None:
            self.image.clear()
            return
        self.image.setImage(pixels, autoLevels=False, levels=levels, lut=lut)
        self.image.setRect(rect)

    def show_cells(self, rgba: NDArray[np.uint8] | None, rect: QRectF) -> None:
        """Show coloured cells (down, right, 4) over the picture, or none."""
        if rgba is None:
            self.cells.clear()
            return
        self.cells.setImage(rgba, autoLevels=False, levels=None, lut=None)
        self.cells.setRect(rect)

    def show_cursor(self, down_um: float, right_um: float, place: str, *, known: bool) -> None:
        """Draw the cross, and say in `place` which slice this is; a scale bar only where sizes are `known`."""
        for item, at in zip(self.cross, (down_um, right_um), strict=True):
            item.show()
            item.setPos(at)
        self._words.set(self.plane.name, place, known=known)

    def seen_um(self) -> float:
        """Width that is seen."""
        return float(self.box.viewRect().width())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        key = Qt.Key(event.key())
        if key in ARROWS:
            right, down = ARROWS[key]
            self.stepped.emit(down, right)
        elif key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.scrolled.emit(1 if key == Qt.Key.Key_PageDown else -1)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.maximise_wanted.emit()
        elif key == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._set_panning(True)
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._set_panning(False)
        else:
            super().keyReleaseEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusInEvent(event)
        self._words.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusOutEvent(event)
        self._set_panning(False)
        self._words.update()

    def enterEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        # Keys go to the pane under the pointer, unless she is typing somewhere.
        if isinstance(self.window().focusWidget(), SlicePane | None):
            self.setFocus(Qt.FocusReason.MouseFocusReason)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        self.menu_wanted.emit(event.globalPos())
        event.accept()

    def _set_panning(self, on: bool) -> None:
        self.box.pans = on
        self.setCursor(Qt.CursorShape.OpenHandCursor if on else Qt.CursorShape.ArrowCursor)


class _Words(QWidget):
    """Drawn over a pane: its name, which slice it shows, the scale bar, and a frame while keys go to it."""

    def __init__(self, pane: SlicePane) -> None:
        super().__init__(pane)
        self._pane = pane
        self._name: str | None = None
        self._place = ""
        self._known = False
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        pane.installEventFilter(self)

    def set(self, name: str | None, place: str, *, known: bool) -> None:
        """Say this; no name, no words."""
        self._name, self._place, self._known = name, place, known
        self.raise_()
        self.update()

    def eventFilter(self, watched: object, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QEvent.Type.Resize:
            self.resize(self._pane.size())
        return super().eventFilter(self._pane, event) if watched is self._pane else False

    def paintEvent(self, event: object) -> None:  # noqa: N802 - Qt's name
        del event
        painter = QPainter(self)
        if self._pane.hasFocus():
            painter.setPen(QPen(colour("accent"), 1))
            painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if self._name is None:
            return
        font = QFont(self.font())
        font.setPixelSize(SMALL_PX)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(colour("pane-text"))
        painter.drawText(QPointF(BAR_MARGIN_PX, BAR_MARGIN_PX + SMALL_PX), self._name)
        font.setBold(False)
        painter.setFont(font)
        offset = painter.fontMetrics().horizontalAdvance(self._name) + BAR_MARGIN_PX + 10
        painter.drawText(QPointF(offset, BAR_MARGIN_PX + SMALL_PX), self._place)
        if self._known:
            draw_scale_bar(painter, self._pane.seen_um(), self.width(), self.height())


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
