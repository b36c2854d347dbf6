"""Four linked views of one stack: XY, XZ, YZ and 3D, with one cursor in µm and one selected cell."""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, QRectF, Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QGridLayout, QMenu, QWidget

from cartocell_app.desktop.theme import colour, themes
from cartocell_app.desktop.viewer.colour_maps import colour_lut
from cartocell_app.desktop.viewer.geometry import (
    PLANES,
    XY,
    XZ,
    YZ,
    Plane,
    Zyx,
    is_inside,
    middle_of,
    outlines,
    texture_steps,
    voxel_at,
)
from cartocell_app.desktop.viewer.slice_pane import SlicePane
from cartocell_app.desktop.viewer.view import RAW, Array, Display, VolumeView, automatic_levels, label_lut, sampled
from cartocell_app.desktop.viewer.volume_pane import VolumePane
from cartocell_app.desktop.workers import Latest

GAP_PX = 2
LONGEST_MESHED, MOST_MESHED = 1024, 8_000_000
"""Larger stacks are thinned out for their surfaces: a field of thousands of cells takes seconds, not minutes."""

PLACES = {XY: (0, 0), XZ: (1, 0), YZ: (1, 1)}
VOLUME_PLACE = (0, 1)


class Viewer(QWidget):
    """Shows a `VolumeView` as a `Display` asks.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    cell_picked = Signal(int)
    """A cell was clicked in any pane; 0 = a click beside all cells."""

    cursor_moved = Signal(tuple, str)
    """The cursor's place (z, y, x) in µm (voxels if their size is unknown), and what lies there in words."""

    display_changed = Signal(object)
    """The `Display` that holds now."""

    view_changed = Signal(object)
    """Another `VolumeView` is shown; None if none."""

    picture_changed = Signal()
    """Another layer is shown: `sample` is of that one."""

    noted = Signal(str)
    """What she should know about how 3D is drawn, in a sentence; empty if nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panes = {plane: SlicePane(plane) for plane in PLANES}
        self.volume = VolumePane()
        self._view: VolumeView | None = None
        self._display = Display()
        self._voxel = (0, 0, 0)
        self._picture: Array | None = None
        self._sample: Array | None = None
        self._lut: NDArray[np.uint8] | None = None
        self._maximised: QWidget | None = None
        self._surfaces = Latest(self._take_surfaces, parent=self)
        self._layers = Latest(self._take_layer, parent=self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GAP_PX)
        for plane, pane in self.panes.items():
            grid.addWidget(pane, *PLACES[plane])
            pane.scrolled.connect(partial(self._scroll, plane))
            pane.pointed.connect(partial(self._point, plane, False))
            pane.picked.connect(partial(self._point, plane, True))
            pane.stepped.connect(partial(self._step, plane))
            pane.maximise_wanted.connect(partial(self.maximise, pane))
            pane.menu_wanted.connect(partial(self._show_menu, pane))
        grid.addWidget(self.volume, *VOLUME_PLACE)
        for place in (0, 1):
            grid.setRowStretch(place, 1)
            grid.setColumnStretch(place, 1)
        self.volume.picked.connect(self.cell_picked)
        self.volume.maximise_wanted.connect(partial(self.maximise, self.volume))
        self.volume.menu_wanted.connect(partial(self._show_menu, self.volume))
        self.volume.noted.connect(self.noted)
        themes.changed.connect(self._dress)

    @property
    def view(self) -> VolumeView | None:
        """What is shown."""
        return self._view

    @property
    def display(self) -> Display:
        """How it is shown."""
        return self._display

    @property
    def sample(self) -> Array | None:
        """Some voxels of the layer that is shown, flat."""
        return self._sample

    @property
    def voxel(self) -> tuple[int, int, int]:
        """Voxel (z, y, x) under the cursor."""
        return self._voxel

    @property
    def is_busy(self) -> bool:
        """Whether surfaces or a layer are still to come."""
        return self._surfaces.is_busy or self._layers.is_busy

    def clear(self) -> None:
        """Show nothing, and let go of the last stack."""
        self.show_volume(None)

    def show_volume(self, view: VolumeView | None) -> None:
        """Show another stack; habits such as colours and opacity stay."""
        self._surfaces.forget()
        self._layers.forget()
        self._view, self._picture, self._sample, self._lut = view, None, None, None
        self.volume.show_view(None)
        self.noted.emit("")
        if view is None:
            for pane in self.panes.values():
                pane.show_nothing()
            self.view_changed.emit(None)
            return
        self._voxel = tuple(size // 2 for size in view.shape)  # type: ignore[assignment]
        self._take_picture(view.raw)
        self._display = replace(self._display, layer=RAW, cell=0, only=None, levels=self._levels())
        for plane, pane in self.panes.items():
            pane.fit(view.extent_um[plane.down], view.extent_um[plane.right])
        self.volume.start()
        if not self.volume.problem:
            self.volume.show_view(view)
        self.view_changed.emit(view)
        self._make_surfaces()
        self._draw_all()

    def set_labels(self, labels: Array | None) -> None:
        """Show other cells of the same stack."""
        if self._view is None:
            return
        old = self._view
        self._view = VolumeView(old.name, old.raw, labels, old.voxel_um, old.extras, old.label_extras)
        self._lut = None
        self._make_surfaces()
        self._draw_all()

    def set_display(self, display: Display) -> None:
        """Show it in another way."""
        old, self._display = self._display, display
        if display == old or self._view is None:
            return
        if display.layer != old.layer:
            self._want_layer(display.layer)
        self._lut = None
        self.display_changed.emit(display)
        self._draw_all()

    def set_cell(self, label: int) -> None:
        """Select a cell; 0 selects none."""
        if label != self._display.cell:
            only = frozenset({label}) if self._display.only is not None and label else None
            self.set_display(replace(self._display, cell=label, only=only))

    def show_only(self, labels: frozenset[int] | None) -> None:
        """Show no other cells than these; None shows all."""
        self.set_display(replace(self._display, only=labels))

    def go_to(self, position_um: Zyx) -> None:
        """Put the cursor at a place (z, y, x) in µm."""
        if self._view is not None:
            self._move(voxel_at(position_um, self._view.drawn_um, self._view.shape))

    def maximise(self, pane: QWidget) -> None:
        """Make a pane the only one; a second time, one of four again."""
        self._maximised = None if self._maximised is pane else pane
        for other in (*self.panes.values(), self.volume):
            other.setVisible(self._maximised in (None, other))
        pane.setFocus()

    def reset_zoom(self) -> None:
        """Show all of the stack in all panes."""
        if self._view is not None:
            for plane, pane in self.panes.items():
                pane.fit(self._view.extent_um[plane.down], self._view.extent_um[plane.right])
            self.volume.frame()

    def tear_down(self) -> None:
        """Let go of the stack and of the graphics card, before the window goes."""
        self._surfaces.forget()
        self._layers.forget()
        self.volume.tear_down()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape and self._display.cell:
            self.cell_picked.emit(0)
        else:
            super().keyPressEvent(event)

    def _take_picture(self, picture: Array | None) -> None:
        self._picture = picture
        self._sample = None if picture is None else sampled(picture)

    def _levels(self) -> tuple[float, float]:
        return (0.0, 1.0) if self._sample is None else automatic_levels(self._sample)

    def _want_layer(self, layer: str) -> None:
        assert self._view is not None
        if layer == RAW or layer not in self._view.extras:
            self._layers.forget()
            self._take_layer((layer, self._view.raw))
        else:
            read = self._view.extras[layer]
            self._layers.request(lambda: (layer, read()))

    def _take_layer(self, answer: tuple[str, Array | None]) -> None:
        layer, picture = answer
        self._take_picture(picture)
        levels = self._levels()
        if self._view is not None and layer in self._view.label_extras and picture is not None:
            levels = (0.0, float(max(picture.max(initial=0), 1)))
        self._display = replace(self._display, levels=levels)
        self.picture_changed.emit()
        self.display_changed.emit(self._display)
        self._draw_all()

    def _make_surfaces(self) -> None:
        view = self._view
        self.volume.set_surfaces(None)
        if view is None or view.labels is None or self.volume.problem:
            return
        z, y, x = steps = texture_steps(view.shape, LONGEST_MESHED, MOST_MESHED)
        labels = view.labels[::z, ::y, ::x]
        voxel_um = tuple(size * step for size, step in zip(view.drawn_um, steps, strict=True))

        def work() -> Any:
            from cartocell_app.morphology.surfaces import cell_surfaces

            return cell_surfaces(labels, voxel_um)

        self._surfaces.request(work)

    def _take_surfaces(self, surfaces: Any) -> None:
        self.volume.set_surfaces(surfaces)
        self.volume.apply(self._display, self._picture)

    def _draw_all(self) -> None:
        if self._view is None:
            return
        for plane in PLANES:
            self._draw(plane)
        self._draw_cursor()
        self.volume.apply(self._display, self._picture)

    def _draw(self, plane: Plane) -> None:
        view, display, pane = self._view, self._display, self.panes[plane]
        assert view is not None
        place = self._voxel[plane.normal]
        rect = QRectF(0, 0, view.extent_um[plane.right], view.extent_um[plane.down])
        shown = self._picture is not None and display.show_image
        pane.show_image(
            plane.slice_of(self._picture, place) if shown and self._picture is not None else None,
            display.levels,
            colour_lut(display.colour_map),
            rect,
        )
        pane.show_cells(self._coloured(plane, place) if display.show_cells else None, rect)

    def _coloured(self, plane: Plane, place: int) -> NDArray[np.uint8] | None:
        assert self._view is not None
        if self._view.labels is None:
            return None
        if self._lut is None:
            self._lut = label_lut(self._view.colours, self._display)
        labels = plane.slice_of(self._view.labels, place)
        if self._display.cell_style == "outlines":
            labels = np.where(outlines(labels), labels, 0)
        return self._lut.take(labels, axis=0)

    def _draw_cursor(self) -> None:
        assert self._view is not None
        at_um = middle_of(self._voxel, self._view.drawn_um)
        known = self._view.voxel_um is not None
        for plane, pane in self.panes.items():
            place = self._voxel[plane.normal]
            words = f"{'zyx'[plane.normal]} {place + 1} of {self._view.shape[plane.normal]}"
            if not known:
                words += " · voxel size unknown, drawn as cubes"
            pane.show_cursor(at_um[plane.down], at_um[plane.right], words, known=known)
        self.cursor_moved.emit(at_um, self._words_here())

    def _words_here(self) -> str:
        assert self._view is not None
        words = []
        if self._picture is not None:
            words.append(f"intensity {self._picture[self._voxel]:g}")
        if self._view.labels is not None:
            label = int(self._view.labels[self._voxel])
            words.append(f"cell {label}" if label else "no cell")
        return " · ".join(words)

    def _scroll(self, plane: Plane, steps: int) -> None:
        if self._view is None:
            return
        voxel = list(self._voxel)
        voxel[plane.normal] += steps
        self._move(tuple(voxel))

    def _step(self, plane: Plane, down: int, right: int) -> None:
        if self._view is None:
            return
        voxel = list(self._voxel)
        voxel[plane.down] += down
        voxel[plane.right] += right
        self._move(tuple(voxel))

    def _point(self, plane: Plane, picks: bool, down_um: float, right_um: float) -> None:
        view = self._view
        if view is None:
            return
        at = list(middle_of(self._voxel, view.drawn_um))
        at[plane.down], at[plane.right] = down_um, right_um
        if picks and is_inside(at, view.drawn_um, view.shape):
            self._move(voxel_at(at, view.drawn_um, view.shape))
            if view.labels is not None:
                self.cell_picked.emit(int(view.labels[self._voxel]))
        elif not picks:
            self._move(voxel_at(at, view.drawn_um, view.shape))

    def _move(self, voxel: tuple[int, ...]) -> None:
        """Put the cursor on a voxel, or the nearest one there is; only slices that changed are drawn anew."""
        assert self._view is not None
        inside = tuple(min(max(at, 0), size - 1) for at, size in zip(voxel, self._view.shape, strict=True))
        if inside == self._voxel:
            return
        before, self._voxel = self._voxel, inside  # type: ignore[assignment]
        for plane in PLANES:
            if before[plane.normal] != inside[plane.normal]:
                self._draw(plane)
        self._draw_cursor()

    def _show_menu(self, pane: QWidget, at: QPoint) -> None:
        if self._view is None:
            return
        menu = QMenu(self)
        menu.addAction("All panes" if self._maximised else "This pane only", lambda: self.maximise(pane))
        menu.addAction("Show the whole stack", self.reset_zoom)
        cell = self._display.cell
        if cell:
            menu.addSeparator()
            menu.addAction(f"Show only cell {cell}", lambda: self.show_only(frozenset({cell})))
            menu.addAction("Select no cell", lambda: self.cell_picked.emit(0))
        if self._display.only is not None:
            menu.addAction("Show all cells", lambda: self.show_only(None))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(at)

    def _dress(self) -> None:
        for pane in self.panes.values():
            pane.set_cross_colour(colour("accent"))
