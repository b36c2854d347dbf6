"""The cells of a stack as surfaces in a scene."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.desktop.viewer.cells_visual import Cells
from cartocell_app.desktop.viewer.layers import CellMesh
from cartocell_app.desktop.viewer.looks import DIMMED_3D, Cut, SurfacesLook, shown_labels
from cartocell_app.desktop.viewer.view import VolumeView

TO_SCENE = np.array([1, 1, -1], np.float32)
"""x and y lie as in the volume; z goes down, away from the objective, which is above."""

WALL_VOXELS = 0.3
"""How far behind its neighbour's a cell's wall is drawn, where both lie at one place and a cut opens the view."""


class CellsPart:
    """Draws the cells of `view` under `parent`.

    Parameters
    ----------
    mesh : CellMesh
        Of at least one cell.
    view : VolumeView
        Tells the size of the whole.
    parent : vispy Node
        Where they are drawn.
    depth_um : float
        Depth that the camera draws.
    """

    def __init__(self, mesh: CellMesh, view: VolumeView, parent: Any, depth_um: float) -> None:
        surfaces = mesh.surfaces
        self._surfaces, self._view = surfaces, view
        self._look: SurfacesLook | None = None
        self._visual = Cells(
            _to_scene(surfaces.vertices_um),
            _to_scene(mesh.normals),
            # z is turned round, and with it the side from which a face looks anticlockwise.
            surfaces.faces[:, ::-1],
            _to_scene(mesh.away_um),
            surfaces.vertex_cells + 1,
            WALL_VOXELS * min(view.drawn_um) / depth_um,
            parent=parent,
        )

    def apply(self, look: SurfacesLook | None) -> None:
        """Draw the cells like that; only what changed is told to the graphics card."""
        old, self._look = self._look, look
        self._visual.visible = look is not None
        if look is None:
            return
        if old is None or (old.cell, old.only, old.hidden) != (look.cell, look.only, look.hidden):
            self._visual.set_colours(self._colours(look)[self._surfaces.vertex_cells])
        if old is None or old.apart != look.apart:
            self._visual.set_apart(look.apart)
        if old is None or old.cut != look.cut:
            self._cut(look.cut)

    @property
    def is_shown(self) -> bool:
        """Whether cells are drawn."""
        return self._look is not None

    def draw_numbers(self, on: bool) -> None:
        """Draw the number of each cell in place of its colour, for `label_of`."""
        self._visual.draw_numbers(on)

    def label_of(self, number: int) -> int:
        """Label of the cell that `draw_numbers` drew as `number`; 0 = none."""
        return int(self._surfaces.labels[number - 1]) if 0 < number <= len(self._surfaces.labels) else 0

    def drop(self) -> None:
        """Give the card's memory back."""
        self._visual.parent = None

    def _colours(self, look: SurfacesLook) -> NDArray[np.float32]:
        labels = self._surfaces.labels
        colours = np.empty((len(labels), 4), np.float32)
        colours[:, :3] = self._surfaces.colours / 255.0
        if look.cell:
            colours[labels != look.cell, :3] *= DIMMED_3D
        colours[:, 3] = shown_labels(int(labels[-1]) + 1, look.only, look.hidden)[labels]
        return colours

    def _cut(self, cut: Cut | None) -> None:
        if cut is None:
            self._visual.set_cut(None)
            return
        limit_um = cut.share * self._view.extent_um[cut.axis]
        axis = 2 - cut.axis
        self._visual.set_cut((axis, limit_um, float(TO_SCENE[axis])))


def _to_scene(vectors_zyx: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(vectors_zyx[:, ::-1] * TO_SCENE, np.float32)
