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


def texture_steps(shape: Sequence[int], longest: int, most_voxels: int) -> tuple[int, int, int]:
    """Every how many voxels (z, y, x) to show so that a graphics card takes the volume."""
    steps = [max(1, math.ceil(size / longest)) for size in shape]
    while math.prod(math.ceil(size / step) for size, step in zip(shape, steps, strict=True)) > most_voxels:
        sizes = [size / step for size, step in zip(shape, steps, strict=True)]
        steps[sizes.index(max(sizes))] += 1
    z, y, x = steps
    return z, y, x


def exploded(
    vertices_um: NDArray[np.float32], vertex_cells: NDArray[np.int32], centroids_um: NDArray[np.float64], amount: float
) -> NDArray[np.float32]:
    """Vertices (N, 3) with each cell moved away from the middle of all, by `amount` times its distance from there."""
    if not amount or not len(centroids_um):
        return vertices_um
    away = amount * (centroids_um - centroids_um.mean(axis=0))
    return np.asarray(vertices_um + away[vertex_cells], np.float32)


def first_hit(
    origin: Sequence[float],
    direction: Sequence[float],
    corners: NDArray[Any],
    kept: tuple[int, float] | None = None,
) -> int | None:
    """Triangle that a ray meets first (Möller & Trumbore 1997).

    Parameters
    ----------
    origin, direction : (3,)
        Of the ray, which only goes forward.
    corners : (M, 3, 3) ndarray
        Triangles: corners, then coordinates.
    kept : (axis, value), optional
        Only hits whose coordinate along `axis` is at least `value` count: what a clipping plane leaves.

    Returns
    -------
    int or None
        Row of `corners`.
    """
    start, towards = np.asarray(origin, float), np.asarray(direction, float)
    first = corners[:, 0].astype(float)
    side, other = corners[:, 1] - first, corners[:, 2] - first
    across = np.cross(towards, other)
    scale = np.einsum("ij,ij->i", side, across)
    with np.errstate(divide="ignore", invalid="ignore"):
        to_start = start - first
        u = np.einsum("ij,ij->i", to_start, across) / scale
        turned = np.cross(to_start, side)
        v = turned @ towards / scale
        distance = np.einsum("ij,ij->i", other, turned) / scale
        hit = (np.abs(scale) > 1e-12) & (u >= 0) & (v >= 0) & (u + v <= 1) & (distance > 0)
        if kept is not None:
            axis, value = kept
            hit &= start[axis] + distance * towards[axis] >= value
    if not hit.any():
        return None
    return int(np.flatnonzero(hit)[distance[hit].argmin()])
