"""One slice of a stack: picture, cells over it, the cursor's cross and a scale bar."""

from typing import Any

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFocusEvent, QKeyEvent, QPen
from PySide6.QtWidgets import QGraphicsSceneMouseEvent, QVBoxLayout, QWidget

from cartocell_app.desktop.theme import PANE_COLOUR
from cartocell_app.desktop.viewer.geometry import Plane
from cartocell_app.desktop.viewer.overlay import PANE_ACCENT
from cartocell_app.desktop.viewer.pane import ZOOM_STEP, ZOOMS, Pane

CROSS_ALPHA = 150
ANGLE_PER_STEP = 120
AROUND = 0.03
"""Free space around the slice, as a share of it."""

KEYS = "Arrow keys move the cursor, Page up and down change the slice, plus and minus scale, Enter maximises."
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


class SlicePane(Pane):
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

    def __init__(self, plane: Plane, parent: QWidget | None = None) -> None:
        super().__init__(f"{plane.name} slice", KEYS, parent)
        self.plane = plane
        self._rect = QRectF()
        self._graphics = pg.GraphicsView(self, background=PANE_COLOUR)
        self._graphics.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.box = _SliceBox()
        self._graphics.setCentralItem(self.box)
        self.image = pg.ImageItem(axisOrder="row-major")
        self.cells = pg.ImageItem(axisOrder="row-major")
        self.cross = [pg.InfiniteLine(angle=angle, movable=False) for angle in (0, 90)]
        faint = QColor(PANE_ACCENT)
        faint.setAlpha(CROSS_ALPHA)
        for line in self.cross:
            line.setPen(QPen(faint, 0))
        for item in (self.image, self.cells, *self.cross):
            self.box.addItem(item, ignoreBounds=item is not self.image)
        self.overlay.raise_()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._graphics)
        self.box.scrolled.connect(self.scrolled)
        self.box.pointed.connect(lambda at: self.pointed.emit(at.y(), at.x()))
        self.box.picked.connect(lambda at: self.picked.emit(at.y(), at.x()))
        self.box.doubled.connect(self.maximise_wanted)
        self.box.sigRangeChanged.connect(self.overlay.update)
        self.show_nothing()

    def show_nothing(self) -> None:
        """Empty the pane."""
        self.image.clear()
        self.cells.clear()
        for item in self.cross:
            item.hide()
        self.overlay.say("", "", has_bar=False)

    def fit(self, down_um: float, right_um: float) -> None:
        """Take slices of this size, and show all of them."""
        self._rect = QRectF(0, 0, right_um, down_um)
        self.box.setRange(self._rect, padding=AROUND, disableAutoRange=True)

    def show_image(self, pixels: NDArray[Any], levels: tuple[float, float], lut: NDArray[np.uint8]) -> None:
        """Show the picture (down, right), in the colours `lut` (N, 3) from its darkest to its brightest."""
        self.image.setImage(pixels, autoLevels=False, levels=levels, lut=lut)
        self.image.setRect(self._rect)

    def show_coloured(self, rgba: NDArray[np.uint8]) -> None:
        """Show a picture (down, right, 4) that has its colours already."""
        self.image.setImage(rgba, autoLevels=False, levels=None, lut=None)
        self.image.setRect(self._rect)

    def show_cells(self, rgba: NDArray[np.uint8]) -> None:
        """Show coloured cells (down, right, 4) over the picture."""
        self.cells.setImage(rgba, autoLevels=False, levels=None, lut=None)
        self.cells.setRect(self._rect)

    def show_cursor(self, down_um: float, right_um: float, place: str, *, known: bool) -> None:
        """Draw the cross, and say in `place` which slice this is; a scale bar only where sizes are `known`."""
        for item, at in zip(self.cross, (down_um, right_um), strict=True):
            item.show()
            item.setPos(at)
        self.overlay.say(self.plane.name, place, has_bar=known)

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
        elif key in ZOOMS:
            self.box.scaleBy((ZOOMS[key], ZOOMS[key]))
        elif key == Qt.Key.Key_Home:
            self.fit(self._rect.height(), self._rect.width())
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

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802 - Qt's name
        super().focusOutEvent(event)
        self._set_panning(False)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802 - Qt's name
        self.menu_wanted.emit(event.globalPos())
        event.accept()

    def _set_panning(self, on: bool) -> None:
        self.box.pans = on
        self.setCursor(Qt.CursorShape.OpenHandCursor if on else Qt.CursorShape.ArrowCursor)
