"""Which cells touch each other, the lumen and the outside, measured on the faces between voxels."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, Literal

import cc3d
import fastremap
import fill_voids
import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from cartocell_app.segmentation.boxes import neighbour_pairs
from cartocell_app.segmentation.voronoi import closed

Mask = NDArray[np.bool_]

SMALLEST_LUMEN_UM3 = 30.0
"""Closed holes with less volume are gaps between cells, no lumen."""

SMALLEST_SHARE = 0.02
"""Of the largest closed hole: those with less volume are gaps between cells too. Nor does a closed hole with less of
the tissue's volume say that the lumen is closed."""

MOST_OFTEN_GAP = 0.1
"""Beside an open lumen, closed holes with a smaller share of its volume are gaps in the wall."""

LEAKS_UM = (3.0, 6.0)
"""Radii of the balls that are tried to close an open lumen; the larger one bridges where a whole cell is missing."""

GAP_UM = 2.0
"""Walls of two cells face each other if a ball of this radius does not fit between them."""

LumenKind = Literal["closed", "open", "none"]


@dataclass(frozen=True)
class Lumen:
    """The lumen of a cyst.

    Attributes
    ----------
    kind : {"closed", "open", "none"}
        Closed on all sides by tissue; open to the outside through a gap in the tissue; not to be found.
    count : int
        Separate lumens.
    mask : (Z, Y, X) ndarray of bool
        Its voxels; of an open one, those within the tissue's outline with the gap bridged.
    """

    kind: LumenKind
    count: int
    mask: Mask


@dataclass(frozen=True)
class LateralSurface:
    """Surface of all cells that faces other cells, in µm²; a wall between two cells counts for both.

    Attributes
    ----------
    contact_um2 : float
        Where the next voxel belongs to another cell.
    gap_um2 : float
        Where the next voxel belongs to none but lies in a gap between cells.
    """

    contact_um2: float
    gap_um2: float

    @property
    def share_in_contact(self) -> float:
        """Share of the lateral surface where cells touch; 0 where there is no such surface."""
        lateral_um2 = self.contact_um2 + self.gap_um2
        return self.contact_um2 / lateral_um2 if lateral_um2 else 0.0

    def __add__(self, other: "LateralSurface") -> "LateralSurface":
        return LateralSurface(self.contact_um2 + other.contact_um2, self.gap_um2 + other.gap_um2)


def numbered(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Number cells without gaps.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of unsigned int
        0 is no cell. Not changed.

    Returns
    -------
    ids : (n,) ndarray
        The labels above 0, ascending.
    cells : (Z, Y, X) ndarray of int32
        1 + the place in `ids` of each voxel's label; 0 is no cell.
    """
    ids = fastremap.unique(labels)
    ids = ids[ids > 0]
    cells = np.searchsorted(ids, labels).astype(np.int32) + (labels > 0)
    return ids, cells.astype(np.int32, copy=False)


def face_areas(codes: NDArray[np.int32], count: int, voxel_size_um: Sequence[float]) -> sparse.csr_array[np.float64]:
    """Area in µm² of the voxel faces between each two codes of a volume.

    Parameters
    ----------
    codes : (Z, Y, X) ndarray of int32
        Whole numbers from 0 to `count` − 1.
    count : int
        Number of codes.
    voxel_size_um : (z, y, x)
        In µm.

    Returns
    -------
    (count, count) sparse array
        Symmetric, with an empty diagonal. Faces of the volume do not count.
    """
    one, other, face_um2 = [], [], []
    for axis in range(codes.ndim):
        before, after = neighbour_pairs(axis)
        differ = codes[before] != codes[after]
        one.append(codes[before][differ])
        other.append(codes[after][differ])
        face_um2.append(np.full(one[-1].size, prod(voxel_size_um) / voxel_size_um[axis]))
    pairs = np.concatenate([*one, *other]), np.concatenate([*other, *one])
    return sparse.csr_array((np.concatenate(face_um2 * 2), pairs), shape=(count, count))


def find_lumen(tissue: Mask, voxel_size_um: Sequence[float]) -> Lumen:
    """Find what a cyst's tissue encloses.

    Holes that are nowhere connected through voxel faces to the faces of the volume are closed lumens. Without any, or
    with very small ones only, gaps in the tissue are bridged, first narrow ones and then wide ones, until there is a
    lumen much larger than those.

    Parameters
    ----------
    tissue : (Z, Y, X) ndarray of bool
        Where there are cells. Not changed.
    voxel_size_um : (z, y, x)
        In µm.
    """
    smallest_vox = SMALLEST_LUMEN_UM3 / prod(voxel_size_um)
    holes, count = _closed_holes(tissue, smallest_vox)
    hole_vox = np.count_nonzero(holes)
    if count and hole_vox >= SMALLEST_SHARE * np.count_nonzero(tissue):
        return Lumen("closed", count, holes)
    for radius_um in LEAKS_UM:
        bridged = closed(tissue, radius_um, voxel_size_um, faces="edge")
        core, open_count = _closed_holes(bridged, smallest_vox)
        if open_count:
            inside = cc3d.connected_components(fill_voids.fill(bridged) & ~tissue, connectivity=6)
            belongs = np.zeros(int(inside.max()) + 1, np.bool_)
            belongs[inside[core]] = True
            mask = belongs[inside]
            if hole_vox < MOST_OFTEN_GAP * np.count_nonzero(mask):
                return Lumen("open", open_count, mask)
    return Lumen("closed" if count else "none", count, holes)


def faces_of(volume: NDArray[Any]) -> NDArray[Any]:
    """All values on the six faces of a volume, in one row."""
    return np.concatenate([np.take(volume, end, axis).ravel() for axis in range(volume.ndim) for end in (0, -1)])


def _closed_holes(mask: Mask, smallest_vox: float) -> tuple[Mask, int]:
    """Holes of a mask (Z, Y, X) away from the faces of the volume, but for very small ones, and their number."""
    holes = cc3d.connected_components(~mask, connectivity=6)
    sizes = np.bincount(holes.ravel())
    sizes[0] = 0
    sizes[faces_of(holes)] = 0
    kept = sizes >= max(smallest_vox, SMALLEST_SHARE * sizes.max(), 1)
    return kept[holes], int(np.count_nonzero(kept))


def lateral_surface(labels: NDArray[Any], voxel_size_um: Sequence[float]) -> LateralSurface:
    """How much of the cells' walls touches other cells, and how much faces a gap.

    Lateral is a voxel face of a cell if what lies behind it is tissue: another cell, or a place between cells that
    a ball of radius `GAP_UM` cannot reach (closing of the cells of this very volume; lumens are wider and stay
    open). So apical and basal surfaces do not count, whether cells touch or not, and no truth is needed. Gaps that
    are wider count for nothing: where whole cells are missing, the share is too high.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of unsigned int
        0 is background, gaps and lumen. Not changed.
    voxel_size_um : (z, y, x)
        In µm.
    """
    ids, cells = numbered(labels)
    tissue = cells > 0
    gap = closed(tissue, GAP_UM, voxel_size_um, faces="edge") & ~tissue
    cells[gap] = len(ids) + 1
    areas = face_areas(cells, len(ids) + 2, voxel_size_um)[1 : len(ids) + 1]
    return LateralSurface(float(areas[:, 1 : len(ids) + 1].sum()), float(areas[:, len(ids) + 1 :].sum()))
