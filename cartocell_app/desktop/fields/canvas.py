"""A field from above and from the side, with its boxes drawn on it to be moved and resized with the mouse."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pyqtgraph as pg
from pyqtgraph.GraphicsScene.mouseEvents import MouseClickEvent
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent
from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.fields.reading import Projections
from cartocell_app.desktop.theme import PANE_COLOUR
from cartocell_app.stacks.boxes import Box, Shape

Z, Y, X = range(3)
ABOVE, SIDE = (Y, X), (Z, X)
"""Axes that each view shows, up and across."""

CHOSEN, DUE, DONE = "#ffd54a", "#4fd1c5", "#9aa3ab"
"""Colours of boxes on the near-black pane: chosen, to be cut out, cut out already."""

SIDE_SHARE = 4
"""The view from above is this many times as high as that from the side."""


class _BoxItem(pg.ROI):
    """One box in one view, which stays as long as its view: another box with its number is shown by the same item.

    Python 3.13 crashes now and then if it collects items with handles while new ones are made.
    """

    def __init__(self, number: int, axes: tuple[int, int], view: pg.ViewBox) -> None:
        super().__init__(
            (0, 0), (1, 1), rotatable=False, snapSize=1.0, translateSnap=True, scaleSnap=True,
            hoverPen=pg.mkPen(CHOSEN, width=2),
        )  # fmt: skip
        self.number, self.axes = number, axes
        self.setAcceptedMouseButtons(Qt.MouseButton.LeftButton)
        self._sign = pg.TextItem(anchor=(0, 0), fill=pg.mkBrush(PANE_COLOUR + "b0"))
        self._sign.setZValue(30)
        view.addItem(self)
        view.addItem(self._sign, ignoreBounds=True)

    def show_box(self, box: Box, field: Shape, *, is_cut: bool, is_chosen: bool) -> None:
        """Show a box of a field; the handles are there while it is chosen."""
        up, across = self.axes
        self.blockSignals(True)  # they tell what was done with the mouse
        if is_chosen and not is_cut and not self.handles:
            self._add_handles()
        self.setSelected(is_chosen and not is_cut)
        self.translatable = not is_cut
        self.maxBounds = pg.QtCore.QRectF(0, 0, field[across], field[up])
        self.setPos((box.start_vox[across], box.start_vox[up]), update=False)
        self.setSize((box.shape[across], box.shape[up]), finish=False)
        self.setPen(_pen(is_cut=is_cut, is_chosen=is_chosen))
        self.setZValue(20 if is_chosen else 10)
        self.blockSignals(False)
        self._sign.setPlainText(f"{box.number} ✓" if is_cut else str(box.number))
        self._sign.setColor(_colour(is_cut=is_cut, is_chosen=is_chosen))
        self._sign.setPos(QPointF(self.pos()))
        self.setVisible(True)

    def setVisible(self, visible: bool) -> None:  # noqa: N802 - Qt's name
        super().setVisible(visible)
        self._sign.setVisible(visible)

    def edges(self) -> tuple[tuple[int, int], tuple[int, int]]:
        """First voxel and the one after the last, upwards and across."""
        place, size = self.pos(), self.size()
        return (
            (round(place.y()), round(place.y() + size.y())),
            (round(place.x()), round(place.x() + size.x())),
        )

    def _add_handles(self) -> None:
        for x in (0, 0.5, 1):
            for y in (0, 0.5, 1):
                if (x, y) != (0.5, 0.5):
                    handle = self.addScaleHandle((x, y), (1 - x, 1 - y))
                    handle.menu = handle.removeAction = None  # a window each, which never opens


class FieldCanvas(pg.GraphicsLayoutWidget):
    """The brightest of all slices from above, and of all rows from the side.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    chosen = Signal(int)
    """Number of the box that was clicked; 0 if none was."""

    box_drawn = Signal(int, tuple, tuple)
    """A box was moved or resized: its number, first voxel (z, y, x) and the one after the last."""

    add_wanted = Signal(float, float)
    """A box is wanted here (y, x), in voxels."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setBackground(PANE_COLOUR)
        self.setAccessibleName("Field from above and from the side, with its boxes")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._field: Shape = (1, 1, 1)
        self._boxes: dict[int, Box] = {}
        self._items: dict[tuple[tuple[int, int], int], _BoxItem] = {}
        self.views = {axes: self._view(row) for row, axes in enumerate((ABOVE, SIDE))}
        self.pictures = {axes: pg.ImageItem(axisOrder="row-major") for axes in self.views}
        for axes, view in self.views.items():
            view.addItem(self.pictures[axes])
        self.views[SIDE].setXLink(self.views[ABOVE])
        self.ci.layout.setRowStretchFactor(0, SIDE_SHARE)
        self.ci.layout.setRowStretchFactor(1, 1)
        self.scene().sigMouseClicked.connect(self._clicked)

    def show_field(self, field: Shape, pixels_um: tuple[float, float] | None) -> None:
        """Show another field.

        Parameters
        ----------
        field : (z, y, x)
            Its size in voxels.
        pixels_um : (y, x) or None
            Edges of a pixel; None where they are unknown and taken as square.
        """
        self.show_boxes((), (), 0)  # those of another field hold to another frame
        self._field = field
        height_um, width_um = pixels_um or (1.0, 1.0)
        self.views[ABOVE].setAspectLocked(True, ratio=width_um / height_um)
        for (up, across), view in self.views.items():
            width, height = field[across], field[up]
            view.setLimits(xMin=-width, xMax=2 * width, yMin=-height, yMax=2 * height, minXRange=4, minYRange=4)
        self.fit()

    def fit(self) -> None:
        """Show all of the field."""
        z, y, x = self._field
        self.views[ABOVE].setRange(xRange=(0, x), yRange=(0, y), padding=0.02)
        self.views[SIDE].setYRange(0, z, padding=0.02)

    def show_pictures(self, pictures: Projections) -> None:
        """Show the field itself."""
        self.pictures[ABOVE].setImage(pictures.above, levels=(0, 255))
        self.pictures[SIDE].setImage(pictures.side, levels=(0, 255))

    def clear_pictures(self) -> None:
        """Show no field."""
        for picture in self.pictures.values():
            picture.clear()

    def show_boxes(self, boxes: Iterable[Box], cut_out: Collection[int], chosen: int) -> None:
        """Draw boxes instead of earlier ones.

        Parameters
        ----------
        boxes : iterable of Box
            All of them.
        cut_out : collection of int
            Numbers of those whose cysts were cut out; they cannot be changed.
        chosen : int
            Number of the one that is chosen; 0 if none is.
        """
        self._boxes = {box.number: box for box in boxes}
        for axes in self.views:
            seen = {box.number: box for box in self._seen(axes, self._boxes.get(chosen))}
            for item in self._items.values():
                if item.axes == axes and item.number not in seen:
                    item.setVisible(False)
            for number, box in seen.items():
                item = self._item(axes, number)
                item.show_box(box, self._field, is_cut=number in cut_out, is_chosen=number == chosen)

    def middle_vox(self) -> tuple[float, float]:
        """Middle (y, x) of what is seen of the field."""
        middle = self.views[ABOVE].viewRect().center()
        return min(max(middle.y(), 0.0), self._field[Y]), min(max(middle.x(), 0.0), self._field[X])

    def _seen(self, axes: tuple[int, int], chosen: Box | None) -> list[Box]:
        """Boxes in a view; from the side those in the rows of the chosen one, as what lies there is shown."""
        boxes = list(self._boxes.values())
        if axes == ABOVE or chosen is None:
            return boxes
        first, last = chosen.start_vox[Y], chosen.stop_vox[Y]
        return [box for box in boxes if first <= (box.start_vox[Y] + box.stop_vox[Y]) / 2 <= last]

    def _view(self, row: int) -> pg.ViewBox:
        view = pg.ViewBox(invertY=True, enableMenu=False)
        self.addItem(view, row=row, col=0)
        return view

    def _item(self, axes: tuple[int, int], number: int) -> _BoxItem:
        item = self._items.get((axes, number))
        if item is None:
            item = self._items[axes, number] = _BoxItem(number, axes, self.views[axes])
            item.sigClicked.connect(lambda item, _event: self.chosen.emit(item.number))
            item.sigRegionChangeFinished.connect(self._drawn)
        return item

    def _drawn(self, item: _BoxItem) -> None:
        box = self._boxes.get(item.number)
        if box is None:
            return
        start, stop = list(box.start_vox), list(box.stop_vox)
        for axis, (first, last) in zip(item.axes, item.edges(), strict=True):
            start[axis], stop[axis] = first, last
        self.box_drawn.emit(item.number, tuple(start), tuple(stop))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        view, place = self.views[ABOVE], self.mapToScene(event.position().toPoint())
        at = view.mapSceneToView(place)
        is_in_field = 0 <= at.y() < self._field[Y] and 0 <= at.x() < self._field[X]
        if event.button() == Qt.MouseButton.LeftButton and is_in_field and view.sceneBoundingRect().contains(place):
            self.add_wanted.emit(at.y(), at.x())

    def _clicked(self, event: MouseClickEvent) -> None:
        # Boxes accept clicks on themselves.
        if not event.isAccepted() and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(0)


def _colour(*, is_cut: bool, is_chosen: bool) -> QColor:
    return QColor(CHOSEN if is_chosen else DONE if is_cut else DUE)


def _pen(*, is_cut: bool, is_chosen: bool) -> object:
    style = Qt.PenStyle.DashLine if is_cut else Qt.PenStyle.SolidLine
    return pg.mkPen(_colour(is_cut=is_cut, is_chosen=is_chosen), width=2 if is_chosen else 1.4, style=style)
