"""The stack in 3D: raw as a volume, cells as surfaces, drawn by vispy on the graphics card."""

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QStackedLayout, QWidget

from cartocell_app.desktop.theme import PANE_COLOUR
from cartocell_app.desktop.viewer.colour_maps import colour_lut
from cartocell_app.desktop.viewer.geometry import exploded, first_hit, texture_steps
from cartocell_app.desktop.viewer.view import Display, VolumeView
from cartocell_app.morphology.surfaces import Surfaces

log = logging.getLogger(__name__)

MAX_3D_TEXTURE_SIZE = 0x8073
"""OpenGL's name of the longest side of a volume that the card takes."""

USUAL_TEXTURE = 2048
MOST_VOXELS = 128_000_000
"""More voxels than this are thinned out: they would need much of a laptop card's memory."""

CLICK_PX = 4
"""A mouse that moved less than this between press and release clicked; else it turned the view."""

COLOURS = 32
FOG = 0.3
"""Opacity of the brightest voxel of a see-through volume."""

ATTENUATION = 0.05
"""How much a bright voxel dims those behind it."""

FRAMED = 1.25
"""How much of the world is seen, against the longest side of the stack."""

DIM_COLOUR = 0.28
"""Brightness of the other cells while one is selected."""


class VolumePane(QWidget):
    """3D view that can be turned; without OpenGL it says why there is none.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    picked = Signal(int)
    """A cell was clicked; 0 = a click beside all cells."""

    maximise_wanted = Signal()
    """Make this pane the only one, or one of four again."""

    menu_wanted = Signal(object)
    """Show what can be done, at this place (global QPoint)."""

    noted = Signal(str)
    """What she should know about how the volume is drawn, in a sentence; empty if nothing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(120, 100)
        self.setAccessibleName("3D view")
        self._layout = QStackedLayout(self)
        self._words = QLabel()
        self._words.setProperty("role", "on-pane")
        self._words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._words.setWordWrap(True)
        self._words.setAutoFillBackground(True)
        self._words.setMargin(24)
        self._layout.addWidget(self._words)
        self._view: VolumeView | None = None
        self._surfaces: Surfaces | None = None
        self._shown: tuple[NDArray[np.float32], NDArray[np.intp]] | None = None
        self._pressed: tuple[float, float] | None = None
        self._canvas: Any = None
        self.problem = ""
        self.show_words("")

    def start(self) -> bool:
        """Make the 3D view, if the system can; else say why not. Returns whether there is one."""
        if self._canvas is not None or self.problem:
            return not self.problem
        try:
            self._make_canvas()
        except Exception as error:  # noqa: BLE001 - drivers fail in any way they like; slices must go on
            log.warning("no 3D view: %s", error)
            self._canvas = None
            self.problem = (
                "No 3D view on this computer: its graphics driver offers no OpenGL that CartoCell could use. "
                "Slices, segmentation and measurements work without it. A newer graphics driver often helps."
            )
            self.show_words(self.problem)
        return not self.problem

    def _make_canvas(self) -> None:
        from vispy import app, gloo, scene

        app.use_app("pyside6")
        canvas = scene.SceneCanvas(keys=None, bgcolor=PANE_COLOUR, parent=self, create_native=True)
        canvas.set_current()
        limit = gloo.gl.glGetParameter(MAX_3D_TEXTURE_SIZE)
        self._longest = int(limit) if isinstance(limit, int | np.integer) and limit > 0 else USUAL_TEXTURE
        box = canvas.central_widget.add_view()
        box.camera = scene.TurntableCamera(fov=0, elevation=25, azimuth=35, up="+z")
        self._canvas, self._box = canvas, box
        self._root = scene.Node(parent=box.scene)
        self._volume = self._mesh = None
        self._layout.addWidget(canvas.native)
        canvas.events.mouse_press.connect(self._press)
        canvas.events.mouse_release.connect(self._release)
        canvas.events.mouse_double_click.connect(self._double)

    @property
    def texture_limit(self) -> int:
        """Longest side of a volume that the graphics card takes, in voxels."""
        return self._longest

    def show_words(self, words: str) -> None:
        """Show words in place of a picture."""
        self._words.setText(words)
        self._layout.setCurrentWidget(self._words)

    def show_view(self, view: VolumeView | None) -> None:
        """Take another stack, and let go of what the last one needed."""
        self._view, self._surfaces, self._shown = view, None, None
        if self._canvas is None:
            return
        for visual in (self._volume, self._mesh):
            if visual is not None:
                visual.parent = None
        self._volume = self._mesh = None
        if view is None:
            self.show_words("")
            return
        self._layout.setCurrentWidget(self._canvas.native)
        self.frame()

    def frame(self) -> None:
        """Look at all of the stack."""
        if self._canvas is None or self._view is None:
            return
        z_um, y_um, x_um = self._view.extent_um
        self._box.camera.center = (x_um / 2, y_um / 2, -z_um / 2)
        self._box.camera.scale_factor = FRAMED * max(z_um, y_um, x_um)

    def set_surfaces(self, surfaces: Surfaces | None) -> None:
        """Take the cells' surfaces; `apply` draws them."""
        self._surfaces = surfaces

    def apply(self, display: Display, picture: NDArray[Any] | None) -> None:
        """Draw what `display` asks for; `picture` (Z, Y, X) is the layer that it names."""
        if self._canvas is None or self._view is None:
            return
        self._display = display
        self._apply_volume(display, picture)
        self._apply_mesh(display)
        self._canvas.update()

    def _transform(self, steps: tuple[int, int, int] = (1, 1, 1)) -> Any:
        from vispy.visuals.transforms import STTransform

        assert self._view is not None
        z, y, x = (size * step for size, step in zip(self._view.drawn_um, steps, strict=True))
        # Slices go down into the specimen: z points away from the objective, which is above.
        return STTransform(scale=(x, y, -z), translate=(x / 2, y / 2, -z / 2))

    def _apply_volume(self, display: Display, picture: NDArray[Any] | None) -> None:
        from vispy import scene

        if not display.show_volume or picture is None:
            if self._volume is not None:
                self._volume.visible = False
            return
        steps = texture_steps(picture.shape, self._longest, MOST_VOXELS)
        if self._volume is None or self._volume_of is not picture:
            if self._volume is not None:
                self._volume.parent = None
            z, y, x = steps
            self._volume = scene.visuals.Volume(
                np.ascontiguousarray(picture[::z, ::y, ::x]), parent=self._root, clim=display.levels
            )
            self._volume.transform = self._transform(steps)
            self._volume_of = picture
            thinned = max(steps) > 1
            self.noted.emit(
                f"3D shows every {'. × '.join(map(str, steps))}. voxel (z, y, x): "
                f"this graphics card takes no larger volume."
                if thinned
                else ""
            )
        self._volume.visible = True
        self._volume.method = display.method
        self._volume.cmap = _colour_map(display)
        self._volume.attenuation = ATTENUATION
        self._volume.clim = display.levels
        if display.method == "iso":
            # As a share of the range that is drawn, not an intensity.
            self._volume.threshold = 0.5
        self._volume.clipping_planes = self._volume_planes(display, steps)

    def _volume_planes(self, display: Display, steps: tuple[int, int, int]) -> NDArray[np.float32] | None:
        if not display.cut:
            return None
        assert self._view is not None
        axis = display.cut_axis
        place = np.zeros(3)
        place[axis] = display.cut * self._view.shape[axis] / steps[axis] - 0.5
        normal = np.zeros(3)
        normal[axis] = 1.0
        return np.array([[place[::-1], normal[::-1]]], np.float32)

    def _apply_mesh(self, display: Display) -> None:
        from vispy import scene

        surfaces = self._surfaces
        if surfaces is None or not display.show_surfaces or not len(surfaces.faces):
            self._shown = None
            if self._mesh is not None:
                self._mesh.visible = False
            return
        kept = self._kept_faces(surfaces, display)
        vertices = exploded(surfaces.vertices_um, surfaces.vertex_cells, surfaces.centroids_um(), display.explode)
        if not len(kept):
            self._shown = None
            if self._mesh is not None:
                self._mesh.visible = False
            return
        self._shown = (vertices, kept)
        points = vertices[:, ::-1] * np.array([1, 1, -1], np.float32)
        # z is mirrored, and with it the side from which a face looks anticlockwise.
        faces = surfaces.faces[kept][:, ::-1]
        colours = self._vertex_colours(surfaces, display)
        if self._mesh is None:
            self._mesh = scene.visuals.Mesh(points, faces, vertex_colors=colours, shading="smooth", parent=self._root)
            self._mesh.shading_filter.ambient_light = (1, 1, 1, 0.4)
            self._mesh.shading_filter.specular_light = (1, 1, 1, 0.06)
        else:
            self._mesh.set_data(vertices=points, faces=faces, vertex_colors=colours)
        self._mesh.visible = True

    def _kept_faces(self, surfaces: Surfaces, display: Display) -> NDArray[np.intp]:
        """Rows of the faces that are drawn: those of shown cells that the cut leaves."""
        assert self._view is not None
        shown = np.ones(len(surfaces.labels), np.bool_)
        if display.only is not None:
            shown = np.isin(surfaces.labels, list(display.only))
        if display.cut:
            # Whole cells go, so that the cut shows closed cells and the lumen between them.
            limit_um = display.cut * self._view.extent_um[display.cut_axis]
            shown &= surfaces.centroids_um()[:, display.cut_axis] >= limit_um
        return np.flatnonzero(shown[surfaces.face_cells])

    def _vertex_colours(self, surfaces: Surfaces, display: Display) -> NDArray[np.float32]:
        colours = np.ones((len(surfaces.labels), 4), np.float32)
        colours[:, :3] = surfaces.colours / 255.0
        if display.cell:
            others = surfaces.labels != display.cell
            colours[others, :3] *= DIM_COLOUR
        return colours[surfaces.vertex_cells]

    def cell_at(self, x_px: float, y_px: float) -> int:
        """Label of the cell that is drawn at a place of the pane; 0 = none."""
        if self._shown is None or self._surfaces is None:
            return 0
        vertices, kept = self._shown
        near, far = self._ray(x_px, y_px)
        corners = vertices[self._surfaces.faces[kept]]
        hit = first_hit(near, far - near, corners)
        return 0 if hit is None else int(self._surfaces.labels[self._surfaces.face_cells[kept[hit]]])

    def _ray(self, x_px: float, y_px: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Two points (z, y, x) in µm on the line of sight through a place of the pane, the nearer one first."""
        # The view is parallel: places on the pane are a linear map of points, which is turned round.
        zero, matrix = self._projection()
        points = [np.linalg.solve(matrix, np.array([x_px, y_px, depth]) - zero) for depth in (-1.0, 1.0)]
        spread = max(self._view.extent_um) * 4 if self._view is not None else 1.0
        way = points[1] - points[0]
        way *= spread / np.linalg.norm(way)
        start = points[0] + way * np.dot(self._middle() - points[0], way) / spread**2 - way
        return _to_zyx(start), _to_zyx(start + way)

    def _projection(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Where the origin (x, y, z) lies on the pane, in pixels and depth, and the matrix of steps along the axes."""
        unit = np.hstack([np.vstack([np.zeros(3), np.eye(3)]), np.ones((4, 1))])
        flat = self._root.node_transform(self._canvas.scene).map(unit)
        flat = flat[:, :3] / flat[:, 3:]
        return flat[0], (flat[1:] - flat[0]).T

    def _middle(self) -> NDArray[np.float64]:
        assert self._view is not None
        z_um, y_um, x_um = self._view.extent_um
        return np.array([x_um / 2, y_um / 2, -z_um / 2])

    def seen_um(self) -> float:
        """Width that is seen."""
        if self._canvas is None or self._view is None:
            return 0.0
        px_per_um = float(np.linalg.svd(self._projection()[1][:2], compute_uv=False)[0])
        return self._canvas.size[0] / px_per_um if px_per_um else 0.0

    def picture(self) -> QImage | None:
        """What is drawn now; None if there is no 3D view."""
        if self._canvas is None or self._view is None:
            return None
        pixels = np.ascontiguousarray(self._canvas.render(alpha=False))
        height, width, _ = pixels.shape
        return QImage(pixels.data, width, height, width * 3, QImage.Format.Format_RGB888).copy()

    def turn(self, degrees: float) -> None:
        """Turn the view about the optical axis."""
        if self._canvas is not None:
            self._box.camera.azimuth += degrees
            self._canvas.update()

    def tear_down(self) -> None:
        """Give the graphics card's memory back; the pane shows nothing afterwards."""
        self.show_view(None)
        if self._canvas is not None:
            canvas, self._canvas = self._canvas, None
            canvas.close()

    def _double(self, event: Any) -> None:
        del event
        self.maximise_wanted.emit()

    def _press(self, event: Any) -> None:
        self._pressed = tuple(event.pos)

    def _release(self, event: Any) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is None or max(abs(a - b) for a, b in zip(pressed, event.pos, strict=True)) > CLICK_PX:
            return
        if event.button == 1:
            self.picked.emit(self.cell_at(*event.pos))
        elif event.button == 2:
            self.menu_wanted.emit(self._canvas.native.mapToGlobal(QPoint(int(event.pos[0]), int(event.pos[1]))))


def _colour_map(display: Display) -> Any:
    """Vispy's colour map for a volume; fog lets light through where it is dim."""
    from vispy.color import Colormap

    # Bright empty space would hide what it surrounds.
    lut = colour_lut("grey" if display.colour_map == "inverted grey" else display.colour_map)
    share = np.linspace(0, 1, COLOURS)
    opacity = FOG * share**2 if display.method == "translucent" else np.ones(COLOURS)
    return Colormap(np.column_stack([lut[np.rint(share * 255).astype(int)] / 255.0, opacity]))


def _to_zyx(point_xyz: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y, z = point_xyz
    return np.array([-z, y, x])
