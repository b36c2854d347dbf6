"""What the graphics card draws of a stack: layer, cells, cursor; and which cell is seen at a place."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage, QOffscreenSurface, QOpenGLContext
from PySide6.QtWidgets import QWidget
from vispy import app, gloo, scene

from cartocell_app.desktop.theme import PANE_COLOUR
from cartocell_app.desktop.viewer.camera import Camera
from cartocell_app.desktop.viewer.cells_visual import numbers_of
from cartocell_app.desktop.viewer.geometry import Zyx
from cartocell_app.desktop.viewer.layers import CellMesh
from cartocell_app.desktop.viewer.looks import Looks
from cartocell_app.desktop.viewer.overlay import PANE_ACCENT
from cartocell_app.desktop.viewer.scene_cells import CellsPart
from cartocell_app.desktop.viewer.scene_volume import VolumePart
from cartocell_app.desktop.viewer.view import Array, VolumeView

GL_VERSION, GL_MAX_3D_TEXTURE_SIZE = 0x1F02, 0x8073
LEAST_GL = (2, 1)
USUAL_TEXTURE = 2048

FRAMED = 1.45
"""How much of the world is seen, against the longest side of the stack."""

DEPTH = 6.0
"""How much of the world is drawn in depth, against the longest side of the stack: enough to move cells apart."""

DRAWN_LAST = 3
"""So that lines lie over the layer, and do not hide what is behind them."""

BOX_COLOUR = (1.0, 1.0, 1.0, 0.16)


class Scene:
    """A vispy canvas with one stack.

    Parameters
    ----------
    parent : QWidget
        Owner of the canvas.

    Raises
    ------
    RuntimeError
        If the system has no OpenGL, or one that is too old.
    """

    def __init__(self, parent: QWidget) -> None:
        _check_opengl()
        app.use_app("pyside6")
        self.canvas = scene.SceneCanvas(keys=None, bgcolor=PANE_COLOUR, parent=parent, create_native=True)
        self.canvas.set_current()
        version = str(gloo.gl.glGetParameter(GL_VERSION))
        if not is_new_enough(version):
            self.canvas.close()
            raise RuntimeError(f"OpenGL is too old: {version}")
        limit = gloo.gl.glGetParameter(GL_MAX_3D_TEXTURE_SIZE)
        self.texture_limit = int(limit) if isinstance(limit, int | np.integer) and limit > 0 else USUAL_TEXTURE
        self.camera = Camera()
        box = self.canvas.central_widget.add_view()
        box.camera = self.camera
        self._root = scene.Node(parent=box.scene)
        self._view: VolumeView | None = None
        self._volume: VolumePart | None = None
        self._cells: CellsPart | None = None
        self._lines: Any = None

    @property
    def native(self) -> QWidget:
        """The widget that it is drawn on."""
        return self.canvas.native  # type: ignore[no-any-return]

    @property
    def view(self) -> VolumeView | None:
        """The stack."""
        return self._view

    @property
    def steps(self) -> tuple[int, int, int]:
        """Every how many voxels (z, y, x) of the layer are drawn."""
        return (1, 1, 1) if self._volume is None else self._volume.steps

    def show_view(self, view: VolumeView | None) -> None:
        """Take another stack, and let go of what the last one needed."""
        for part in (self._volume, self._cells):
            if part is not None:
                part.drop()
        if self._lines is not None:
            self._lines.parent = None
        self._view = view
        self._volume = self._cells = self._lines = None
        if view is not None:
            self.camera.depth_value = DEPTH / 2 * max(view.extent_um)
            self._volume = VolumePart(view, self._root, self.texture_limit)
            self._lines = scene.visuals.Line(
                np.zeros((2, 3), np.float32), connect="segments", parent=self._root, antialias=False
            )
            self._lines.order = DRAWN_LAST
            self.frame()

    def set_mesh(self, mesh: CellMesh | None) -> None:
        """Take the cells' surfaces; `apply` draws them."""
        if self._cells is not None:
            self._cells.drop()
        self._cells = None
        if mesh is not None and self._view is not None and len(mesh.surfaces.faces):
            depth_um = DEPTH * max(self._view.extent_um)
            self._cells = CellsPart(mesh, self._view, self._root, depth_um)

    def apply(self, looks: Looks, picture: Array | None) -> None:
        """Draw the stack like that; `picture` (Z, Y, X) is the layer that is wanted."""
        if self._volume is not None:
            is_labels = looks.picture is not None and looks.picture.in_colours
            self._volume.apply(looks.volume, picture, is_labels=is_labels)
        if self._cells is not None:
            self._cells.apply(looks.surfaces)
        self.canvas.update()

    def set_cursor(self, at_um: Zyx) -> None:
        """Draw the cursor's cross, inside the frame of the stack."""
        if self._view is None:
            return
        points, is_cross = _lines(self._view.extent_um, at_um)
        colours = np.where(is_cross[:, None], np.array(PANE_ACCENT.getRgbF()) * [1, 1, 1, 0.8], BOX_COLOUR)
        self._lines.set_data(points, color=colours.astype(np.float32))
        self.canvas.update()

    def frame(self) -> None:
        """Look at all of the stack."""
        if self._view is not None:
            z_um, y_um, x_um = self._view.extent_um
            self.camera.center = (x_um / 2, y_um / 2, -z_um / 2)
            self.camera.scale_factor = FRAMED * max(z_um, y_um, x_um)

    def turn(self, right: float, up: float = 0.0) -> None:
        """Go round the stack by these degrees."""
        self.camera.orbit(right, up)

    def zoom(self, factor: float) -> None:
        """See this much more of the world."""
        self.camera.scale_factor *= factor

    def cell_at(self, x_px: float, y_px: float) -> int:
        """Label of the cell that is drawn at a place of the canvas; 0 = none."""
        if self._cells is None or not self._cells.is_shown:
            return 0
        # Each cell is drawn in its number once more: what counts is exactly what is seen.
        volume_shown = self._volume is not None and self._volume.is_shown
        self._set_only_cells(True, volume_shown)
        try:
            # All of it: vispy draws the same small region only once, and black the second time.
            numbers = numbers_of(self.canvas.render(bgcolor="black"))
        finally:
            self._set_only_cells(False, volume_shown)
        # Screens may have several pixels for one of Qt's.
        height, width = numbers.shape
        row, column = int(y_px / self.canvas.size[1] * height), int(x_px / self.canvas.size[0] * width)
        return self._cells.label_of(int(numbers[min(max(row, 0), height - 1), min(max(column, 0), width - 1)]))

    def _set_only_cells(self, on: bool, volume_shown: bool) -> None:
        assert self._cells is not None
        self._cells.draw_numbers(on)
        self._lines.visible = not on
        if volume_shown and self._volume is not None:
            self._volume.hide(on)

    def ray(self, x_px: float, y_px: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Line of sight through a place of the canvas: start, and the way to its end, (z, y, x) in µm."""
        back = self._root.node_transform(self.canvas.scene).imap
        # Two places at different depths are on the line; the line is then made long enough to go through the stack.
        near, far = (back([x_px, y_px, depth, 1])[:3] for depth in (0.0, 1.0))
        assert self._view is not None
        z_um, y_um, x_um = self._view.extent_um
        way = (far - near) / np.linalg.norm(far - near) * DEPTH * max(z_um, y_um, x_um)
        if np.dot(way, self._away_from_eye()) < 0:
            way = -way
        middle = np.array([x_um / 2, y_um / 2, -z_um / 2])
        start = near + way * np.dot(middle - near, way) / np.dot(way, way) - way / 2
        return _to_zyx(start), _to_zyx(way)

    def _away_from_eye(self) -> NDArray[np.float64]:
        elevation, azimuth = np.radians([self.camera.elevation, self.camera.azimuth])
        level = np.cos(elevation)
        return np.array([-np.sin(azimuth) * level, np.cos(azimuth) * level, -np.sin(elevation)])

    def seen_um(self) -> float:
        """Width that is seen."""
        if self._view is None:
            return 0.0
        width, height = self.canvas.size
        return float(self.camera.scale_factor * width / max(min(width, height), 1))

    def picture(self) -> QImage:
        """What is drawn now."""
        pixels = np.ascontiguousarray(self.canvas.render(alpha=False))
        height, width, _ = pixels.shape
        return QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888).copy()

    def close(self) -> None:
        """Give the graphics card's memory back; nothing is drawn afterwards."""
        self.show_view(None)
        self.canvas.close()


def is_new_enough(version: str) -> bool:
    """Whether an OpenGL of this version (``"4.5 (Compatibility Profile) Mesa 22.3"``) draws what we need."""
    numbers = version.split(" ")[0].split(".")
    return len(numbers) > 1 and numbers[0].isdigit() and (int(numbers[0]), int(numbers[1][:1] or 0)) >= LEAST_GL


def _check_opengl() -> None:
    context, surface = QOpenGLContext(), QOffscreenSurface()
    surface.create()
    if not context.create() or not context.makeCurrent(surface):
        raise RuntimeError("no OpenGL")
    context.doneCurrent()


def _lines(extent_um: Zyx, at_um: Zyx) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Ends (N, 3) of the frame's twelve lines and the cross's three, in the scene; which of them are the cross."""
    corners = np.array(list(np.ndindex(2, 2, 2)))
    pairs = [(a, b) for a in range(8) for b in range(a + 1, 8) if np.abs(corners[a] - corners[b]).sum() == 1]
    frame = corners[np.array(pairs).ravel()] * np.array(extent_um)
    cross = np.tile(np.array(at_um, float), (6, 1))
    for axis in range(3):
        cross[2 * axis, axis], cross[2 * axis + 1, axis] = 0.0, extent_um[axis]
    points = np.vstack([frame, cross])[:, ::-1] * [1, 1, -1]
    return points.astype(np.float32), np.arange(len(points)) >= len(frame)


def _to_zyx(point_xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = point_xyz
    return np.array([-z, y, x])
