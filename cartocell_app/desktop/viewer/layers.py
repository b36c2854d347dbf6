"""What is shown of a stack, made from it on worker threads; no Qt."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cartocell_app.desktop.viewer.geometry import moved_apart, texture_steps
from cartocell_app.desktop.viewer.view import Array, VolumeView, sampled

if TYPE_CHECKING:
    from cartocell_app.morphology.surfaces import Surfaces

LONGEST_MESHED, MOST_MESHED = 1024, 2_500_000
"""Larger stacks are thinned out for their surfaces: a field of thousands of cells takes seconds, not minutes."""


NORMAL_SMOOTHINGS = 6
"""Rounds of smoothing of how light falls on the cells."""


@dataclass(frozen=True, eq=False)
class CellMesh:
    """Surfaces of cells with what is needed to draw them.

    Attributes
    ----------
    surfaces : Surfaces
        Vertices, faces and cells.
    normals : (N, 3) ndarray of float32
        At the vertices, (z, y, x), outward.
    away_um : (N, 3) ndarray of float32
        Way of each vertex when cells are moved apart by 1, (z, y, x).
    """

    surfaces: "Surfaces"
    normals: NDArray[np.float32]
    away_um: NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layer:
    """A picture that is shown.

    Attributes
    ----------
    name : str
        `RAW` or a key of `VolumeView.extras`.
    data : (Z, Y, X) ndarray or None
        Intensities, probabilities or labels.
    sample : (N,) ndarray or None
        Some of its voxels.
    lut : (N, 4) ndarray of uint8 or None
        RGBA of each label, if it holds labels.
    """

    name: str
    data: Array | None
    sample: Array | None
    lut: NDArray[np.uint8] | None = None


def read_layer(view: VolumeView, name: str, read: Callable[[], Array]) -> Layer:
    """Read a layer of a stack."""
    data = read()
    lut = None
    if name in view.label_extras:
        # The same number is the same cell, before and after; only where there are more of them is that not enough.
        colours = view.colours if int(data.max(initial=0)) < len(view.colours) else _own_colours(data)
        lut = np.hstack([colours, np.full((len(colours), 1), 255, np.uint8)])
        lut[0, 3] = 0
    return Layer(name, data, sampled(data), lut)


def mesh_steps(view: VolumeView) -> tuple[int, int, int]:
    """Every how many voxels (z, y, x) of the cells their surfaces are made from."""
    return (1, 1, 1) if view.labels is None else texture_steps(view.shape, LONGEST_MESHED, MOST_MESHED)


def make_mesh(view: VolumeView) -> CellMesh:
    """Make the surfaces of all cells of a stack."""
    from cartocell_app.morphology.surfaces import cell_surfaces

    assert view.labels is not None
    z, y, x = steps = mesh_steps(view)
    voxel_um = tuple(size * step for size, step in zip(view.drawn_um, steps, strict=True))
    surfaces = cell_surfaces(view.labels[::z, ::y, ::x], voxel_um, colours=view.colours)
    away_um = moved_apart(surfaces.centroids_um()).astype(np.float32)[surfaces.vertex_cells]
    return CellMesh(surfaces, surfaces.normals(NORMAL_SMOOTHINGS), away_um)


def _own_colours(labels: Array) -> NDArray[np.uint8]:
    from cartocell_app.segmentation.colours import label_colours

    return label_colours(labels)
