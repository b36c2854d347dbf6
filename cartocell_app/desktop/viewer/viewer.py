"""Four linked views of one stack: XY, XZ, YZ and 3D, with one cursor in µm and one selected cell."""

from dataclasses import replace
from functools import partial

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QKeyEvent, Qt
from PySide6.QtWidgets import QGridLayout, QWidget

from cartocell_app.desktop.viewer.geometry import XY, XZ, YZ, Zyx, is_inside, middle_of, voxel_at
from cartocell_app.desktop.viewer.layers import CellMesh, Layer, make_mesh, mesh_steps, read_layer
from cartocell_app.desktop.viewer.looks import Facts, Looks, resolve
from cartocell_app.desktop.viewer.menu import choices, pop_up
from cartocell_app.desktop.viewer.pane import Pane
from cartocell_app.desktop.viewer.slices import Slices, Voxel, words_at
from cartocell_app.desktop.viewer.view import RAW, Array, Display, VolumeView, automatic_levels, notes
from cartocell_app.desktop.viewer.volume_pane import VolumePane
from cartocell_app.desktop.workers import Latest

GAP_PX = 2
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
        self.slices = Slices(self)
        self.volume = VolumePane()
        self._view: VolumeView | None = None
        self._display = Display()
        self._layer = Layer(RAW, None, None)
        self._looks: Looks | None = None
        self._maximised: Pane | None = None
        self._meshes = Latest(self._take_mesh, parent=self)
        self._layers = Latest(self._take_layer, parent=self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GAP_PX)
        for plane, pane in self.slices.panes.items():
            grid.addWidget(pane, *PLACES[plane])
        grid.addWidget(self.volume, *VOLUME_PLACE)
        for place in (0, 1):
            grid.setRowStretch(place, 1)
            grid.setColumnStretch(place, 1)
        self.slices.moved.connect(self._move)
        self.slices.pointed.connect(self._point)
        self.volume.picked.connect(self._pick)
        for some in self.panes:
            some.maximise_wanted.connect(partial(self.maximise, some))
            some.menu_wanted.connect(partial(self._show_menu, some))

    @property
    def panes(self) -> tuple[Pane, ...]:
        """The slices and 3D."""
        return (*self.slices.panes.values(), self.volume)

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
        return self._layer.sample

    @property
    def voxel(self) -> tuple[int, int, int]:
        """Voxel (z, y, x) under the cursor."""
        return self.slices.voxel

    @property
    def is_busy(self) -> bool:
        """Whether surfaces or a layer are still to come."""
        return self._meshes.is_busy or self._layers.is_busy

    def clear(self) -> None:
        """Show nothing, and let go of the last stack."""
        self.show_volume(None)

    def show_volume(self, view: VolumeView | None) -> None:
        """Show another stack; habits such as colours and opacity stay."""
        self._forget()
        self._view, self._layer, self._looks = view, Layer(RAW, None, None), None
        self.volume.show_view(None)
        self.slices.clear()
        if view is None:
            self.noted.emit("")
            self.view_changed.emit(None)
            return
        self._layer = Layer(RAW, view.raw, view.sample)
        habits = replace(self._display, layer=RAW, cell=0, only=None, hidden=frozenset())
        self._display = replace(habits, levels=(0.0, 1.0) if view.sample is None else automatic_levels(view.sample))
        z, y, x = view.shape
        self.slices.voxel = (z // 2, y // 2, x // 2)
        self.slices.fit(view)
        if self.volume.start():
            self.volume.show_view(view)
        self.view_changed.emit(view)
        self._want_mesh()
        self._refresh()
        self._tell_place()

    def set_display(self, display: Display) -> None:
        """Show it in another way."""
        old, self._display = self._display, display
        if display == old or self._view is None:
            return
        if display.layer != old.layer:
            self._want_layer(self._view, display.layer)
        # Not `display`: a layer that is there already came with a brightness of its own.
        self.display_changed.emit(self._display)
        self._refresh()

    def set_cell(self, label: int) -> None:
        """Select a cell and go to it; 0 selects none."""
        old = self._display
        if label == old.cell:
            return
        follows = label and old.only == {old.cell}
        self.set_display(replace(old, cell=label, only=frozenset({label}) if follows else old.only))
        if self._view is None or self._view.labels is None or self._view.labels[self.voxel] == label:
            return
        middle = self._view.middle_of_cell(label)
        if middle is not None:
            self._move(middle)

    def show_only(self, labels: frozenset[int] | None) -> None:
        """Show no other cells than these; None shows all, also the hidden ones."""
        hidden = frozenset() if labels is None else self._display.hidden
        self.set_display(replace(self._display, only=labels, hidden=hidden))

    def hide_cells(self, labels: frozenset[int]) -> None:
        """Show these cells no more."""
        self.set_display(replace(self._display, hidden=self._display.hidden | labels))

    def go_to(self, position_um: Zyx) -> None:
        """Put the cursor at a place (z, y, x) in µm."""
        if self._view is not None:
            self._move(voxel_at(position_um, self._view.drawn_um, self._view.shape))

    def maximise(self, pane: Pane) -> None:
        """Make a pane the only one; a second time, one of four again."""
        self._maximised = None if self._maximised is pane else pane
        for other in self.panes:
            other.setVisible(self._maximised in (None, other))
        pane.setFocus()

    @property
    def maximised(self) -> Pane | None:
        """The pane that is the only one; None while all four are seen."""
        return self._maximised

    def reset_zoom(self) -> None:
        """Show all of the stack in all panes."""
        if self._view is not None:
            self.slices.fit(self._view)
            self.volume.frame()

    def tear_down(self) -> None:
        """Let go of the stack and of the graphics card, before the window goes."""
        self._forget()
        self.volume.tear_down()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape and self._display.cell:
            self.cell_picked.emit(0)
        else:
            super().keyPressEvent(event)

    def _forget(self) -> None:
        for work in (self._meshes, self._layers):
            work.forget()

    def _want_layer(self, view: VolumeView, name: str) -> None:
        if name in view.extras:
            self._layers.request(partial(read_layer, view, name, view.extras[name]))
        else:
            self._layers.forget()
            self._take_layer(Layer(RAW, view.raw, view.sample))

    def _take_layer(self, layer: Layer) -> None:
        self._layer, self._looks = layer, None
        if layer.sample is not None:
            self._display = replace(self._display, levels=automatic_levels(layer.sample))
        self.picture_changed.emit()
        self.display_changed.emit(self._display)
        self._refresh()
        self._tell_place()

    def take_cells(self, view: VolumeView) -> None:
        """Show the same stack with other cells at once; their surfaces follow."""
        self._view, self._looks = view, None
        self._want_mesh()
        self._refresh()
        self._tell_place()

    def _want_mesh(self) -> None:
        view = self._view
        if view is None or view.labels is None or self.volume.problem:
            self.volume.set_mesh(None)
            self._meshes.forget()
        else:
            self._meshes.request(partial(make_mesh, view))

    def _take_mesh(self, mesh: CellMesh) -> None:
        self.volume.set_mesh(mesh)
        if self._looks is not None:
            self.volume.apply(self._looks, self._layer.data)

    def _refresh(self) -> None:
        """Draw what is not drawn yet as it is wanted."""
        view, layer = self._view, self._layer
        if view is None:
            return
        facts = Facts(layer.data is not None, view.labels is not None, layer.lut is not None)
        old, looks = self._looks, resolve(self._display, facts)
        self._looks = looks
        self.slices.apply(view, layer, looks)
        if old is None or (old.volume, old.surfaces) != (looks.volume, looks.surfaces):
            self.volume.apply(looks, layer.data)
            scene = self.volume.scene
            if scene is not None:
                self.noted.emit(notes(scene.steps, scene.texture_limit, view.shape, mesh_steps(view)))

    def _tell_place(self) -> None:
        assert self._view is not None
        at_um = middle_of(self.voxel, self._view.drawn_um)
        self.slices.show_cursor()
        self.volume.set_cursor(at_um)
        self.cursor_moved.emit(at_um, words_at(self._view, self._layer, self.voxel))

    def _point(self, at_um: Zyx, picks: bool) -> None:
        view = self._view
        if view is None:
            return
        if picks and not is_inside(at_um, view.drawn_um, view.shape):
            self.cell_picked.emit(0)
            return
        self._move(voxel_at(at_um, view.drawn_um, view.shape))
        if picks and view.labels is not None:
            self.cell_picked.emit(int(view.labels[self.voxel]))

    def _pick(self, label: int, voxel: Voxel | None) -> None:
        if voxel is not None:
            self._move(voxel)
        self.cell_picked.emit(label)

    def _move(self, voxel: Voxel) -> None:
        """Put the cursor on a voxel, or the nearest one there is."""
        if self._view is None:
            return
        z, y, x = (min(max(at, 0), size - 1) for at, size in zip(voxel, self._view.shape, strict=True))
        if (z, y, x) != self.voxel:
            self.slices.move((z, y, x))
            self._tell_place()

    def _show_menu(self, pane: Pane, at: QPoint) -> None:
        if self._view is not None:
            pop_up(self, choices(self, pane), at)
