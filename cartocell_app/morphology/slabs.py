"""Going through a label volume slab by slab, with its cells numbered without gaps."""

from collections.abc import Iterator
from typing import Any

import fastremap
import numpy as np
from numpy.typing import NDArray

SLAB_VOXELS = 4_000_000
"""Voxels that are worked on at a time: a large field needs no copies of its own size."""

LONGEST_LIST = 1 << 22
"""Up to this highest label, a list of all numbers is the fastest way from label to number."""


def cell_ids(labels: NDArray[Any]) -> NDArray[np.int64]:
    """List the labels above 0, in rising order.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of int
        0 is background and lumen; there may be gaps. Not changed.

    Raises
    ------
    ValueError
        If it has not three axes, no whole numbers or negative ones.
    """
    if labels.ndim != 3 or labels.dtype.kind not in "ui":
        raise ValueError(f"labels are a volume of whole numbers, not {labels.ndim}D {labels.dtype}")
    ids = np.unique(np.concatenate([fastremap.unique(slab) for slab, _ in _slabs(labels)] or [np.zeros(0, np.int64)]))
    if len(ids) and ids[0] < 0:
        raise ValueError("a label is negative")
    return ids[ids > 0].astype(np.int64)


def numbered_slabs(
    labels: NDArray[Any], ids: NDArray[np.int64], more: int = 0
) -> Iterator[tuple[int, int, NDArray[np.int32]]]:
    """Yield slabs of `labels` along z.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of int
        Not changed.
    ids : (n,) ndarray of int64
        From `cell_ids`.
    more : int
        Each slab comes with so many planes of the next, as far as there are any.

    Yields
    ------
    start : int
        First plane of the slab.
    planes : int
        Its number of planes, without those of the next slab.
    codes : (planes + `more` or fewer, Y, X) ndarray of int32
        1 + the place in `ids` of each voxel's label; 0 is no cell.
    """
    highest = int(ids[-1]) if len(ids) else 0
    number = np.zeros(highest + 1, np.int32) if highest <= LONGEST_LIST else None
    if number is not None:
        number[ids] = np.arange(1, len(ids) + 1)
    for slab, start in _slabs(labels):
        codes = labels[start : start + len(slab) + more]
        if number is not None:
            yield start, len(slab), number[codes]
        else:
            place = np.searchsorted(ids, codes.astype(np.int64)) + 1
            yield start, len(slab), np.where(codes > 0, place, 0).astype(np.int32)


def _slabs(labels: NDArray[Any]) -> Iterator[tuple[NDArray[Any], int]]:
    planes = max(1, SLAB_VOXELS * len(labels) // max(1, labels.size))
    for start in range(0, len(labels), planes):
        # The machine's own byte order; the counting library knows no other.
        yield np.asarray(labels[start : start + planes], labels.dtype.newbyteorder("=")), start
