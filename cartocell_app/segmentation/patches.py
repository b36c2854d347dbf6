"""Networks that must run on patches of one size, because their output depends on the whole patch."""

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cartocell_app.progress import Progress

OVERLAP = 0.25
"""Share of a patch that the next one repeats."""


def predict_in_patches(
    volume: NDArray[np.float32],
    patch_vox: tuple[int, int, int],
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    progress: Progress,
) -> NDArray[np.float32]:
    """Mean of the outputs of evenly spread, overlapping patches.

    Parameters
    ----------
    volume : (Z, Y, X) ndarray of float32
        Where it is smaller than a patch, it is mirrored at its end.
    patch_vox : (z, y, x) of int
        The size that the network was trained on.
    run : callable
        The network: (Z, Y, X) float32 of the size of a patch to (3, Z, Y, X) float32.
    progress : callable
        Told the patches done.

    Returns
    -------
    (3, Z, Y, X) ndarray of float32
    """
    missing = [max(patch - size, 0) for size, patch in zip(volume.shape, patch_vox, strict=True)]
    padded = np.pad(volume, [(0, after) for after in missing], mode="reflect") if any(missing) else volume
    starts = [_starts(size, patch) for size, patch in zip(padded.shape, patch_vox, strict=True)]
    counts = [np.zeros((size, 1, 1)[: 3 - axis], np.float32) for axis, size in enumerate(padded.shape)]
    for axis, count in enumerate(counts):
        for start in starts[axis]:
            count[start : start + patch_vox[axis]] += 1
    maps = np.zeros((3, *padded.shape), np.float32)
    total = math.prod(len(axis) for axis in starts)
    for done, corner in enumerate(itertools.product(*starts)):
        progress("Network", done, total)
        box = tuple(slice(start, start + patch) for start, patch in zip(corner, patch_vox, strict=True))
        maps[(slice(None), *box)] += run(padded[box])
    for count in counts:  # a voxel lies in as many patches as the product of its counts along z, y and x
        maps /= count
    progress("Network", total, total)
    z, y, x = volume.shape
    return np.ascontiguousarray(maps[:, :z, :y, :x])


def _starts(size: int, patch: int) -> list[int]:
    """Where patches start along one axis: evenly, with `OVERLAP` or more, from one end to the other."""
    steps = math.ceil((size - patch) / max(int(patch * (1 - OVERLAP)), 1))
    return [round(step * (size - patch) / max(steps, 1)) for step in range(steps + 1)]
