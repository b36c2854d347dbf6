"""The three panes with slices, drawn as `Looks` say."""

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from cartocell_app.desktop.viewer.colour_maps import colour_lut
from cartocell_app.desktop.viewer.geometry import PLANES, Plane, middle_of, outlines
from cartocell_app.desktop.viewer.layers import Layer
from cartocell_app.desktop.viewer.looks import Looks, drawn_cells, label_lut
from cartocell_app.desktop.viewer.slice_pane import SlicePane
from cartocell_app.desktop.viewer.view import RAW, VolumeView

Voxel = tuple[int, int, int]


class Slices(QObject):
    """Keeps the panes in step with the cursor, and tells what the mouse and keys want in them.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    moved = Signal(tuple)
    """Put the cursor on this voxel (z, y, x), or the nearest one there is."""

    pointed = Signal(tuple, bool)
    """Put the cursor at this place (z, y, x) in µm; True: and take the cell there."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.panes = {plane: SlicePane(plane) for plane in PLANES}
        self.voxel: Voxel = (0, 0, 0)
        self._view: VolumeView | None = None
        self._layer = Layer(RAW, None, None)
        self._looks: Looks | None = None
        self._lut: NDArray[np.uint8] | None = None
        for plane, pane in self.panes.items():
            pane.scrolled.connect(partial(self._scroll, plane))
            pane.stepped.connect(partial(self._step, plane))
            pane.pointed.connect(partial(self._point, plane, False))
            pane.picked.connect(partial(self._point, plane, True))

    def clear(self) -> None:
        """Show nothing, and let go of the stack."""
        self._view, self._layer, self._looks, self._lut = None, Layer(RAW, None, None), None, None
        for pane in self.panes.values():
            pane.show_nothing()

    def fit(self, view: VolumeView) -> None:
        """Show all of the stack."""
        for plane, pane in self.panes.items():
            pane.fit(view.extent_um[plane.down], view.extent_um[plane.right])

    def apply(self, view: VolumeView, layer: Layer, looks: Looks) -> None:
        """Draw the stack like that; only what is another than before is drawn anew."""
        old, self._looks = self._looks, looks
        new_cells = view is not self._view or old is None or old.cells != looks.cells
        new_picture = view is not self._view or layer is not self._layer or old is None or old.picture != looks.picture
        self._view, self._layer = view, layer
        if new_cells:
            self._lut = None if looks.cells is None else label_lut(view.colours, looks.cells)
        for plane in PLANES:
            if new_cells:
                self._draw_cells(plane)
            if new_picture:
                self._draw_picture(plane)

    def move(self, voxel: Voxel) -> None:
        """Put the cursor on a voxel; only slices that changed are drawn anew."""
        before, self.voxel = self.voxel, voxel
        for plane in PLANES:
            if before[plane.normal] != voxel[plane.normal]:
                self._draw_picture(plane)
                self._draw_cells(plane)

    def show_cursor(self) -> None:
        """Draw the cross, and say which slices these are."""
        view = self._view
        if view is None:
            return
        at_um = middle_of(self.voxel, view.drawn_um)
        known = view.voxel_um is not None
        for plane, pane in self.panes.items():
            place = self.voxel[plane.normal]
            words = f"{'zyx'[plane.normal]} {place + 1} of {view.shape[plane.normal]}"
            if not known:
                words += " · voxel size unknown, drawn as cubes"
            pane.show_cursor(at_um[plane.down], at_um[plane.right], words, known=known)

    def _draw_picture(self, plane: Plane) -> None:
        look, pane, layer = self._looks and self._looks.picture, self.panes[plane], self._layer
        if look is None or layer.data is None:
            pane.image.clear()
            return
        pixels = plane.slice_of(layer.data, self.voxel[plane.normal])
        if layer.lut is not None:
            pane.show_coloured(drawn_cells(pixels, None, layer.lut, 0))
        else:
            pane.show_image(pixels, look.levels, colour_lut(look.colour_map))

    def _draw_cells(self, plane: Plane) -> None:
        look, pane, view = self._looks and self._looks.cells, self.panes[plane], self._view
        if look is None or self._lut is None or view is None or view.labels is None:
            pane.cells.clear()
            return
        labels = plane.slice_of(view.labels, self.voxel[plane.normal])
        edges = outlines(labels) if look.style == "outlines" else None
        pane.show_cells(drawn_cells(labels, edges, self._lut, look.cell))

    def _scroll(self, plane: Plane, steps: int) -> None:
        voxel = list(self.voxel)
        voxel[plane.normal] += steps
        self.moved.emit(tuple(voxel))

    def _step(self, plane: Plane, down: int, right: int) -> None:
        voxel = list(self.voxel)
        voxel[plane.down] += down
        voxel[plane.right] += right
        self.moved.emit(tuple(voxel))

    def _point(self, plane: Plane, picks: bool, down_um: float, right_um: float) -> None:
        if self._view is not None:
            at: list[float] = list(middle_of(self.voxel, self._view.drawn_um))
            at[plane.down], at[plane.right] = down_um, right_um
            self.pointed.emit(tuple(at), picks)


def words_at(view: VolumeView, layer: Layer, voxel: Voxel) -> str:
    """What lies at a voxel, in words."""
    words = []
    if layer.data is not None:
        what = "intensity" if layer.name == RAW else layer.name
        words.append(f"{what} {layer.data[voxel]:.4g}")
    if view.labels is not None:
        label = int(view.labels[voxel])
        words.append(f"cell {label}" if label else "no cell")
    return " · ".join(words)
