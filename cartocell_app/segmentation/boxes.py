"""The part of a volume that matters: most of a stack around a cyst is empty."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Box = tuple[slice, ...]


def bounding_box(mask: NDArray[np.bool_], margin_vox: int | tuple[int, ...] = 0) -> Box | None:
    """Smallest box around the True voxels.

    Parameters
    ----------
    mask : (Z, Y, X) ndarray of bool
        Not changed.
    margin_vox : int or tuple of int
        The box is made larger by this many voxels on each side (of each axis), as far as the volume goes.

    Returns
    -------
    tuple of slice or None
        None if nothing is True.
    """
    found = ndimage.find_objects(np.ascontiguousarray(mask).view(np.uint8))
    if not found:
        return None
    margins = np.broadcast_to(margin_vox, mask.ndim)
    return tuple(
        slice(max(0, side.start - int(margin)), min(size, side.stop + int(margin)))
        for side, margin, size in zip(found[0], margins, mask.shape, strict=True)
    )


def neighbour_pairs(axis: int) -> tuple[Box, Box]:
    """Indices of all voxels but the last, and all but the first, along `axis`: face neighbours, pair by pair."""
    whole = (slice(None),) * axis
    return (*whole, slice(None, -1)), (*whole, slice(1, None))


def face_neighbours_differ(volume: NDArray[Any]) -> NDArray[np.bool_]:
    """Where some of the six face neighbours has another value; the faces of the volume are no difference."""
    differ = np.zeros(volume.shape, bool)
    for axis in range(volume.ndim):
        before, after = neighbour_pairs(axis)
        change = volume[before] != volume[after]
        differ[before] |= change
        differ[after] |= change
    return differ
