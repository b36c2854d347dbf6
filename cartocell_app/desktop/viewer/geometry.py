"""Where things are in a volume and on its slices; no Qt.

Positions are µm from the outer corner of the first voxel, (z, y, x); the middle of voxel *i* lies at (*i* + ½) · size.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Zyx = tuple[float, float, float]

BAR_STEPS = (1.0, 2.0, 5.0)
BAR_SHARE = 0.25
"""A scale bar is at most this share of the width that is seen."""


@dataclass(frozen=True)
class Plane:
    """A direction of slicing.

    Attributes
    ----------
    name : str
        ``"XY"``: the axis to the right, then the one downward.
    normal, down, right : int
        Axes of the volume, 0 = z, 1 = y, 2 = x.
    """

    name: str
    normal: int
    down: int
    right: int

    def slice_of(self, volume: NDArray[Any], place: int) -> NDArray[Any]:
        """Slice (down, right) of a volume (Z, Y, X), not copied."""
        return volume[(slice(None),) * self.normal + (place,)]


XY = Plane("XY", 0, 1, 2)
XZ = Plane("XZ", 1, 0, 2)
YZ = Plane("YZ", 2, 0, 1)
PLANES = (XY, XZ, YZ)


def voxel_at(position_um: Sequence[float], voxel_um: Sequence[float], shape: Sequence[int]) -> tuple[int, int, int]:
    """Voxel (z, y, x) at a position; the nearest one if that lies outside."""
    z, y, x = (
        min(max(math.floor(at / size), 0), count - 1)
        for at, size, count in zip(position_um, voxel_um, shape, strict=True)
    )
    return z, y, x


def middle_of(voxel: Sequence[int], voxel_um: Sequence[float]) -> Zyx:
    """Position (z, y, x) in µm of the middle of a voxel."""
    z, y, x = ((place + 0.5) * size for place, size in zip(voxel, voxel_um, strict=True))
    return z, y, x


def is_inside(position_um: Sequence[float], voxel_um: Sequence[float], shape: Sequence[int]) -> bool:
    """Whether a position lies in the volume."""
    return all(0 <= at < size * count for at, size, count in zip(position_um, voxel_um, shape, strict=True))


def bar_length_um(seen_um: float) -> float:
    """Longest of 1, 2, 5, 10, 20, … µm (or 0.1, 0.2, …) that takes no more than a quarter of what is seen."""
    most = seen_um * BAR_SHARE
    if not most > 0:
        return 0.0
    decade = 10.0 ** math.floor(math.log10(most))
    return max(step * decade for step in BAR_STEPS if step * decade <= most * (1 + 1e-9))


def outlines(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels (H, W) of cells whose neighbour to the left, right, above or below has another label."""
    edge = np.zeros(labels.shape, np.bool_)
    for one, other in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        differ = labels[one] != labels[other]
        edge[one] |= differ
        edge[other] |= differ
    return edge & (labels != 0)


def rim(labels: NDArray[Any], label: int, width: int = 2) -> NDArray[np.bool_]:
    """Pixels (H, W) of one cell that lie within `width` steps of its border."""
    inside = labels == label
    core = inside
    for _ in range(width):
        grown = np.pad(core, 1)
        core = core & grown[2:, 1:-1] & grown[:-2, 1:-1] & grown[1:-1, 2:] & grown[1:-1, :-2]
    return inside & ~core


def texture_steps(shape: Sequence[int], longest: int, most_voxels: int) -> tuple[int, int, int]:
    """Every how many voxels (z, y, x) to show so that a graphics card takes the volume."""
    steps = [max(1, math.ceil(size / longest)) for size in shape]
    while math.prod(math.ceil(size / step) for size, step in zip(shape, steps, strict=True)) > most_voxels:
        sizes = [size / step for size, step in zip(shape, steps, strict=True)]
        steps[sizes.index(max(sizes))] += 1
    z, y, x = steps
    return z, y, x


def moved_apart(centroids_um: NDArray[np.float64]) -> NDArray[np.float64]:
    """Way (N, 3) that each cell goes, away from the middle of all, when cells are moved apart by 1."""
    if not len(centroids_um):
        return centroids_um
    return np.asarray(centroids_um - centroids_um.mean(axis=0))


def along_ray(
    start_um: Sequence[float], way_um: Sequence[float], voxel_um: Sequence[float], shape: Sequence[int]
) -> NDArray[np.intp]:
    """Voxels that a line goes through, in order.

    Parameters
    ----------
    start_um, way_um : (z, y, x)
        Where the line starts, and from there to its end.
    voxel_um : (z, y, x)
        Size of a voxel.
    shape : (z, y, x)
        Size of the volume in voxels.

    Returns
    -------
    (N, 3) ndarray of int
        Voxels (z, y, x); none if the line misses the volume.
    """
    start, way = np.asarray(start_um, float) / voxel_um, np.asarray(way_um, float) / voxel_um
    # Between two crossings of walls of voxels the line is in one voxel: the one of the piece's middle.
    with np.errstate(over="ignore"):  # infinitely far: never reached
        crossings = [
            (np.arange(count + 1) - at) / step for at, step, count in zip(start, way, shape, strict=True) if step != 0
        ]
    if not crossings:
        return np.zeros((0, 3), np.intp)
    walls = np.unique(np.concatenate([[0.0, 1.0], *crossings]))
    walls = walls[(walls >= 0) & (walls <= 1)]
    middles = (walls[1:] + walls[:-1]) / 2
    voxels = np.floor(start + middles[:, None] * way).astype(np.intp)
    return voxels[((voxels >= 0) & (voxels < np.asarray(shape))).all(axis=1)]


def first_of(labels: NDArray[Any], voxels: NDArray[np.intp], label: int) -> tuple[int, int, int] | None:
    """First of the voxels (N, 3) that belongs to a cell."""
    hits = np.flatnonzero(labels[tuple(voxels.T)] == label)
    if not len(hits):
        return None
    z, y, x = (int(place) for place in voxels[hits[0]])
    return z, y, x


def innermost(labels: NDArray[Any], box: tuple[slice, ...], label: int) -> tuple[int, int, int]:
    """Voxel of a cell nearest to the middle of its voxels; `box` holds all of the cell."""
    voxels = np.argwhere(labels[box] == label)
    nearest = voxels[np.square(voxels - voxels.mean(axis=0)).sum(axis=1).argmin()]
    z, y, x = (int(place) + part.start for place, part in zip(nearest, box, strict=True))
    return z, y, x
