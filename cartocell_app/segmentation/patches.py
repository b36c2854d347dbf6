"""Networks that must run on patches of one size, because their output depends on the whole patch."""

import itertools
import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cartocell_app.progress import Progress

Triple = tuple[int, int, int]


def predict_in_patches(
    volume: NDArray[np.float32],
    patch_vox: Triple,
    margin_vox: Triple,
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    progress: Progress,
) -> NDArray[np.float32]:
    """Outputs of the fewest patches that cover a volume, faded into each other where they overlap.

    Parameters
    ----------
    volume : (Z, Y, X) ndarray of float32
        Where it is smaller than a patch it is mirrored at its start, and then by the margin on all sides.
    patch_vox : (z, y, x) of int
        The size that the network was trained on.
    margin_vox : (z, y, x) of int
        So many voxels at each face of a patch serve as surroundings only: their outputs are not used.
    run : callable
        The network: (Z, Y, X) float32 of the size of a patch to (3, Z, Y, X) float32.
    progress : callable
        Told the patches done.

    Returns
    -------
    (3, Z, Y, X) ndarray of float32

    Notes
    -----
    Grid, mirroring and fading are those of BiaPy 3.7 (specification §3.3 to §3.5), so that the maps of its models
    come out as there. Its overlaps are what the grid leaves over; a voxel that only one patch covers has its output.
    A volume of just the size of a patch is run once, without margin, as there.
    """
    missing = [max(patch - size, 0) for size, patch in zip(volume.shape, patch_vox, strict=True)]
    whole = np.pad(volume, [(before, 0) for before in missing], mode="reflect")
    if whole.shape == patch_vox:
        return _single(whole, run, missing, progress)
    padded = np.pad(whole, [(margin, margin) for margin in margin_vox], mode="reflect")
    kept_vox = [patch - 2 * margin for patch, margin in zip(patch_vox, margin_vox, strict=True)]
    starts = [_starts(size, kept) for size, kept in zip(whole.shape, kept_vox, strict=True)]
    fades = [_fade(kept, places) for kept, places in zip(kept_vox, starts, strict=True)]
    fade = fades[0][:, None, None] * fades[1][:, None] * fades[2]
    inner = tuple(slice(margin, margin + kept) for margin, kept in zip(margin_vox, kept_vox, strict=True))
    maps, weights = np.zeros((3, *whole.shape), np.float32), np.zeros(whole.shape, np.float32)
    total = math.prod(len(axis) for axis in starts)
    for done, corner in enumerate(itertools.product(*starts)):
        progress("Network", done, total)
        seen = tuple(slice(start, start + patch) for start, patch in zip(corner, patch_vox, strict=True))
        place = tuple(slice(start, start + kept) for start, kept in zip(corner, kept_vox, strict=True))
        maps[(slice(None), *place)] += run(padded[seen])[(slice(None), *inner)] * fade
        weights[place] += fade
    progress("Network", total, total)
    maps /= weights
    return _without(maps, missing)


def _single(
    whole: NDArray[np.float32],
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    missing: list[int],
    progress: Progress,
) -> NDArray[np.float32]:
    progress("Network", 0, 1)
    maps = run(whole)
    progress("Network", 1, 1)
    return _without(maps, missing)


def _without(maps: NDArray[np.float32], missing: list[int]) -> NDArray[np.float32]:
    """Maps without the mirrored voxels at the start of each axis."""
    z, y, x = missing
    return np.ascontiguousarray(maps[:, z:, y:, x:])


def _starts(size: int, kept: int) -> list[int]:
    """Where the kept parts of patches start along one axis: as few as cover it, what they overlap shared evenly.

    What cannot be shared evenly is put into the last overlap.
    """
    steps = math.ceil(size / kept) - 1
    if steps == 0:
        return [0]
    step = kept - (steps * kept + kept - size) // steps
    return [min(i * step, size - kept) for i in range(steps + 1)]


def _fade(kept: int, starts: list[int]) -> NDArray[np.float32]:
    """Weight of a patch's outputs along one axis: 1, and down towards its ends over the usual overlap."""
    overlap = min(kept - (starts[1] - starts[0]), kept // 2) if len(starts) > 1 else 0
    rise = np.linspace(0, 1, overlap + 2)[1:-1]
    rise = rise**2 / (rise**2 + (1 - rise) ** 2)
    return np.concatenate([rise, np.ones(kept - 2 * overlap), rise[::-1]]).astype(np.float32)
