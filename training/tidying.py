"""Making labels whole: each cell one piece, none too small to be one, numbered without gaps."""

import cc3d
import fastremap
import numpy as np
from numpy.typing import NDArray

from cartocell_app.segmentation.boxes import neighbour_pairs
from cartocell_app.stacks.voxel_size import VoxelSize

SMALLEST_PIECE_UM3 = 40.0
"""A visible part of a cell smaller than this (a neighbour's corner at the frame) is given to the cell beside it."""


def tidy(labels: NDArray[np.uint16], voxel_size: VoxelSize) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Give stray pieces and slivers to the cell beside them, and number the cells without gaps.

    Each cell is one 6-connected piece afterwards. What touches no cell (the corner of a neighbour at the frame)
    becomes outside.

    Returns
    -------
    labels : (Z, Y, X) ndarray of uint16
        1 … n in the order of the numbers before.
    kept : (n,) ndarray of uint16
        The number that each cell had before.
    """
    pieces = cc3d.connected_components(labels, connectivity=6)
    size = np.bincount(pieces.ravel())
    owner = np.zeros(len(size), np.uint16)
    owner[pieces.ravel()] = labels.ravel()
    by_size = np.argsort(size, kind="stable")
    largest = np.zeros(int(labels.max()) + 1, np.int64)
    largest[owner[by_size]] = by_size  # the last assignment to a cell stays
    small = size * voxel_size.volume_um3 < SMALLEST_PIECE_UM3
    lost = (owner > 0) & (small | (largest[owner] != np.arange(len(size))))
    if lost.any():
        labels = _adopted(owner, lost, pieces)[pieces]
    kept = fastremap.unique(labels)
    kept = kept[kept > 0]
    # Numbers follow the drawing order, so that the main body's cells come first.
    table = np.zeros(int(labels.max()) + 1, np.uint16)
    table[kept] = np.arange(1, len(kept) + 1, dtype=np.uint16)
    return table[labels], kept


def _adopted(
    owner: NDArray[np.uint16], lost: NDArray[np.bool_], pieces: NDArray[np.unsignedinteger]
) -> NDArray[np.uint16]:
    """Cell of each piece once the `lost` ones have gone to the piece that they share most faces with; 0 if none."""
    touching = []
    for axis in range(pieces.ndim):
        before, after = neighbour_pairs(axis)
        for one, other in ((pieces[before], pieces[after]), (pieces[after], pieces[before])):
            meet = lost[one] & (one != other) & (other > 0)
            touching.append(np.stack([one[meet], other[meet]]))
    (piece, beside), faces = np.unique(np.concatenate(touching, axis=1), axis=1, return_counts=True)
    order = np.argsort(faces, kind="stable")
    piece, beside = piece[order], beside[order]
    owner = np.where(lost, 0, owner).astype(np.uint16)
    while (ready := (owner[piece] == 0) & (owner[beside] > 0)).any():
        # A piece that touches only lost ones waits until one of them has found its cell.
        owner[piece[ready]] = owner[beside[ready]]
    return owner
