"""Bringing stacks, maps and labels to another voxel size, and back to exactly the grid they came from.

Two grids share their outer extent: the new voxel size is the old extent over the new number of voxels. The centre
of output voxel i therefore lies at ``(i + 0.5) · n_in / n_out − 0.5`` in input voxels, and going back is the same
function with the input's shape.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from math import prod
from typing import Any, cast

import fastremap
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import expit, logit

from cartocell_app.stacks.voxel_size import VoxelSize

Shape = tuple[int, int, int]
FloatArray = NDArray[np.float32]
IntArray = NDArray[np.int64]

SLAB_VOX = 1_000_000
"""Voxels worked on at a time, so that a large field needs little more memory than its result."""

LEAST_PROBABILITY = 1e-4
"""Probabilities nearer to 0 or 1 count as this far from it: what a network is surer of says nothing of a surface."""

COARSER = 1.5
"""Maps that become coarser than by this factor are averaged, not interpolated."""

Weights = sparse.csr_matrix[np.float32] | None
Prepare = Callable[[FloatArray], FloatArray]


def resampled_shape(shape: Shape, voxel_size: VoxelSize, target_um: Sequence[float]) -> Shape:
    """Shape (z, y, x) of the grid over the same extent whose voxels are nearest to `target_um` (z, y, x) in size."""
    z, y, x = (
        max(1, round(count * length_um / wanted_um))
        for count, length_um, wanted_um in zip(shape, voxel_size, target_um, strict=True)
    )
    return z, y, x


def resampled_voxel_size(shape: Shape, voxel_size: VoxelSize, new_shape: Shape) -> VoxelSize:
    """Voxel size on the grid of `new_shape` over the same extent; its source stays what it was."""
    z_um, y_um, x_um = (n * um / m for n, um, m in zip(shape, voxel_size, new_shape, strict=True))
    return VoxelSize(z_um, y_um, x_um, voxel_size.source)


def resample_raw(data: NDArray[Any], shape: Shape) -> FloatArray:
    """Intensities on another grid over the same extent.

    Along an axis that grows this is linear interpolation; along one that shrinks the triangle of weights is as
    wide as two output voxels, which averages out what the coarser grid cannot show. Beyond its edge the stack
    goes on as it ends.

    Parameters
    ----------
    data : (Z, Y, X) ndarray
        Intensities of any real type; not changed.
    shape : tuple of int
        Wanted (z, y, x).

    Returns
    -------
    (z, y, x) ndarray of float32
        A new array; exactly `data` if the shape is the same.
    """
    if data.shape == tuple(shape):
        return data.astype(np.float32)
    return _resampled(data, shape, [_triangles(n, m) for n, m in zip(data.shape, shape, strict=True)])


def resample_maps(maps: NDArray[Any], shape: Shape) -> FloatArray:
    """Every channel of `maps` (C, Z, Y, X), probabilities, on another grid over the same extent.

    Across a surface the log-odds of a network change about evenly with the distance, its probabilities do not. So it
    is log-odds that are interpolated, by cubics through the four nearest voxels (Catmull and Rom 1974): on synthetic
    cysts cells are outlined more closely than by linear interpolation of probabilities. Axes that become much coarser
    are averaged as `resample_raw` does it.

    Parameters
    ----------
    maps : (C, Z, Y, X) ndarray of float
        Probabilities; not changed.
    shape : tuple of int
        Wanted (z, y, x).

    Returns
    -------
    (C, z, y, x) ndarray of float32
        A new array; exactly `maps` if the shape is the same, else between `LEAST_PROBABILITY` and 1 minus that, but
        for what interpolation adds.
    """
    if maps.shape[1:] == tuple(shape):
        return maps.astype(np.float32)
    weights = [
        _cubics(n, m) if n < COARSER * m else _triangles(n, m) for n, m in zip(maps.shape[1:], shape, strict=True)
    ]
    resampled = np.empty((len(maps), *shape), np.float32)
    for channel, values in zip(resampled, maps, strict=True):
        expit(_resampled(values, shape, weights, _log_odds), out=channel)
    return resampled


def _log_odds(probabilities: FloatArray) -> FloatArray:
    inside = np.clip(probabilities, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
    return logit(inside).astype(np.float32, copy=False)


def _as_they_are(values: FloatArray) -> FloatArray:
    return values


def _resampled(
    data: NDArray[Any], shape: Shape, weights: Sequence[Weights], first: Prepare = _as_they_are
) -> FloatArray:
    """Resample what `first` makes of the data, a part at a time; one of the weights at least is there."""
    weights_z, weights_y, weights_x = weights
    if weights_z is None:
        return _along_planes(data, weights_y, weights_x, first)
    if weights_y is None and weights_x is None:
        return _along_z(data, weights_z, first)
    # What lies between the two steps is smallest if the axes that shrink most go first.
    if shape[0] * data.shape[1] * data.shape[2] < data.shape[0] * shape[1] * shape[2]:
        return _along_planes(_along_z(data, weights_z, first), weights_y, weights_x, _as_they_are)
    return _along_z(_along_planes(data, weights_y, weights_x, first), weights_z, _as_they_are)


def _triangles(n_in: int, n_out: int) -> Weights:
    """Matrix (n_out, n_in) of triangle weights, rows summing to 1; None where nothing is to be done."""
    shrink = max(1.0, n_in / n_out)
    return _weights(n_in, n_out, shrink, lambda distance: np.maximum(0, 1 - distance / shrink))


def _cubics(n_in: int, n_out: int) -> Weights:
    """The same of the cubic of Catmull and Rom."""

    def cubic(distance: FloatArray) -> FloatArray:
        near = (1.5 * distance - 2.5) * distance**2 + 1
        far = ((2.5 - 0.5 * distance) * distance - 4) * distance + 2
        return np.where(distance < 1, near, np.where(distance < 2, far, 0))

    return _weights(n_in, n_out, 2.0, cubic)


def _weights(n_in: int, n_out: int, reach: float, kernel: Callable[[FloatArray], FloatArray]) -> Weights:
    if n_in == n_out:
        return None
    centre = (np.arange(n_out) + 0.5) * (n_in / n_out) - 0.5
    taps = np.floor(centre - reach)[:, None] + np.arange(1, int(np.ceil(2 * reach)) + 2)
    weight = kernel(np.abs(taps - centre[:, None]))
    weight /= weight.sum(axis=1, keepdims=True)
    rows = np.broadcast_to(np.arange(n_out)[:, None], taps.shape)
    columns = np.clip(taps, 0, n_in - 1).astype(np.int32)
    # Weights of taps beyond the edge are summed up on the edge voxel.
    matrix = sparse.csr_matrix((weight.ravel(), (rows.ravel(), columns.ravel())), shape=(n_out, n_in))
    matrix.eliminate_zeros()
    return matrix.astype(np.float32)


def _along_planes(data: NDArray[Any], weights_y: Weights, weights_x: Weights, first: Prepare) -> FloatArray:
    """Resample y and x of what `first` makes of (Z, Y, X) data, plane by plane."""
    height = data.shape[1] if weights_y is None else weights_y.shape[0]
    width = data.shape[2] if weights_x is None else weights_x.shape[0]
    resampled = np.empty((len(data), height, width), np.float32)
    for target, plane in zip(resampled, data, strict=True):
        values = first(plane.astype(np.float32, copy=False))
        if weights_y is not None:
            values = weights_y @ values
        target[:] = values if weights_x is None else (weights_x @ np.ascontiguousarray(values.T)).T
    return resampled


def _along_z(data: NDArray[Any], weights_z: sparse.csr_matrix[np.float32], first: Prepare) -> FloatArray:
    """Resample z of what `first` makes of (Z, Y, X) data, in slabs of y."""
    depth, height, width = data.shape
    resampled = np.empty((weights_z.shape[0], height, width), np.float32)
    for y in _slabs(height, depth * width):
        columns = first(data[:, y].astype(np.float32).reshape(depth, -1))
        resampled[:, y] = (weights_z @ columns).reshape(len(resampled), -1, width)
    return resampled


def _slabs(length: int, vox_each: int) -> Iterator[slice]:
    """Cut an axis of `length` into slices of about `SLAB_VOX` voxels, given how many lie at each position."""
    step = max(1, SLAB_VOX // max(1, vox_each))
    return (slice(start, min(start + step, length)) for start in range(0, length, step))


def resample_labels(labels: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Labels on another grid over the same extent, with smooth surfaces.

    Each voxel takes the label with the greatest trilinear weight among the eight input voxels around its centre:
    what one gets by interpolating every label's own mask linearly and taking the largest. Surfaces come out nearer
    to where they were than with the nearest voxel (a third fewer wrong voxels, measured on balls), and volumes stay.
    If only one axis changes, the nearest voxel is the heaviest and the two are the same.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of int
        0 is background and lumen and takes part like any label. Labels may have gaps. Not changed.
    shape : tuple of int
        Wanted (z, y, x). Where an axis shrinks, labels thinner than a voxel may vanish: see `vanished_labels`.

    Returns
    -------
    (z, y, x) ndarray
        A new array of the same type. Ties go to what lies at lower z, then y, then x: how cells are numbered has no
        influence.
    """
    if labels.shape == tuple(shape):
        return labels.copy()
    corners_z, corners_y, corners_x = (_corners(n, m) for n, m in zip(labels.shape, shape, strict=True))
    mixed = _mixed(labels)
    resampled = np.empty(shape, labels.dtype)
    for z in _slabs(shape[0], shape[1] * shape[2]):
        lower = np.ix_(corners_z[0][0][z], corners_y[0][0], corners_x[0][0])
        resampled[z] = labels[lower]
        at = np.nonzero(mixed[lower])
        vote_at = (at[0] + z.start, at[1], at[2])
        resampled[vote_at] = _vote(labels, (corners_z, corners_y, corners_x), vote_at)
    return resampled


def vanished_labels(before: NDArray[Any], after: NDArray[Any]) -> NDArray[Any]:
    """Labels other than 0 that occur in `before` but no longer in `after`, ascending."""
    gone = np.setdiff1d(fastremap.unique(before), fastremap.unique(after))
    return cast(NDArray[Any], gone[gone != 0])


Corner = tuple[IntArray, IntArray]


def _corners(n_in: int, n_out: int) -> tuple[Corner, Corner]:
    """Lower and upper input voxel around each output voxel's centre along an axis, each with its linear weight.

    Weights are whole numbers (of ``2 · n_out`` in all), so that ties are exact.
    """
    # The centre, ((2 i + 1) n_in − n_out) / (2 n_out), as a whole part and a remainder.
    lower, beyond = np.divmod((2 * np.arange(n_out, dtype=np.int64) + 1) * n_in - n_out, 2 * n_out)
    upper = np.minimum(lower + 1, n_in - 1)
    return (np.maximum(lower, 0), 2 * n_out - beyond), (upper, beyond)


def _mixed(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Where a voxel and its seven neighbours at higher z, y, x may not all be the same (Z, Y, X)."""
    mixed = np.zeros(labels.shape, np.bool_)
    for axis in range(3):
        lower, upper = _shifted(axis)
        mixed[lower] |= labels[lower] != labels[upper]
    # Two neighbours that differ concern all cubes that hold both.
    for axis in range(3):
        lower, upper = _shifted(axis)
        mixed[lower] |= mixed[upper]
    return mixed


def _shifted(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Index of all but the last, and of all but the first, along one of three axes."""
    whole = (slice(None),) * axis
    return (*whole, slice(None, -1)), (*whole, slice(1, None))


def _vote(labels: NDArray[Any], corners: Sequence[tuple[Corner, Corner]], at: Sequence[IntArray]) -> NDArray[Any]:
    """Label with the greatest weight around each of the output voxels whose indices (z, y, x) are `at`."""
    found: list[NDArray[Any]] = []
    weights: list[IntArray] = []
    for cube_corner in product((0, 1), repeat=3):
        along = [axis[side] for axis, side in zip(corners, cube_corner, strict=True)]
        found.append(labels[tuple(index[i] for (index, _), i in zip(along, at, strict=True))])
        weights.append(cast(IntArray, prod(weight[i] for (_, weight), i in zip(along, at, strict=True))))
    scores = [weight.copy() for weight in weights]
    for one, other in combinations(range(8), 2):
        same = found[one] == found[other]
        scores[one] += weights[other] * same
        scores[other] += weights[one] * same
    winner, best = found[0], scores[0]
    for label, score in zip(found[1:], scores[1:], strict=True):
        better = score > best
        winner = np.where(better, label, winner)
        best = np.where(better, score, best)
    return winner
