"""How many voxels each true cell and each predicted cell share: one table, from which all scores follow."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import fastremap
import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError

SLAB_VOXELS = 4_000_000
"""Voxels that are counted at a time: a large field needs no copies of its own size."""


@dataclass(frozen=True)
class OverlapTable:
    """Shared voxels of every true and every predicted cell.

    Attributes
    ----------
    counts : (T + 1, P + 1) ndarray of int64
        Voxels; row and column 0 are background (and lumen).
    true_ids, predicted_ids : (T,), (P,) ndarray of int64
        Labels of rows 1 … T and columns 1 … P, in rising order.
    """

    counts: NDArray[np.int64]
    true_ids: NDArray[np.int64]
    predicted_ids: NDArray[np.int64]

    @cached_property
    def iou(self) -> NDArray[np.float64]:
        """Intersection over union of each true with each predicted cell, (T, P)."""
        shared = self.counts[1:, 1:]
        true_size = self.counts[1:].sum(axis=1, keepdims=True)
        predicted_size = self.counts[:, 1:].sum(axis=0, keepdims=True)
        return np.asarray(shared / (true_size + predicted_size - shared), np.float64)


def overlap_table(truth: NDArray[Any], predicted: NDArray[Any]) -> OverlapTable:
    """Count the voxels that each pair of labels shares.

    Parameters
    ----------
    truth, predicted : (Z, Y, X) ndarray of int
        Labels on the same grid, with or without gaps; 0 is background. Not changed.

    Raises
    ------
    UserError
        If the shapes differ, or labels are negative or no whole numbers.
    """
    check_same_grid(truth.shape, predicted.shape)
    true_ids, predicted_ids = _ids(truth, "true labels"), _ids(predicted, "labels to score")
    rows, columns = len(true_ids) + 1, len(predicted_ids) + 1
    counts = np.zeros(rows * columns, np.int64)
    for true_slab, predicted_slab in zip(_slabs(truth), _slabs(predicted), strict=True):
        pairs = _numbered(true_slab, true_ids) * columns
        pairs += _numbered(predicted_slab, predicted_ids)
        counts += np.bincount(pairs.ravel(), minlength=rows * columns)
    return OverlapTable(counts.reshape(rows, columns), true_ids, predicted_ids)


def check_same_grid(truth: tuple[int, ...], scored: tuple[int, ...]) -> None:
    """Raise a `UserError` that names both shapes if they differ."""
    if truth != scored:
        sizes = (" × ".join(map(str, shape)) for shape in (truth, scored))
        raise UserError(
            "The true labels are {} voxels, what is to be scored {}.".format(*sizes),
            "Both must lie on the same grid: the same stack, neither cropped nor resampled.",
        )


def _slabs(labels: NDArray[Any]) -> Iterator[NDArray[Any]]:
    planes = max(1, SLAB_VOXELS * len(labels) // max(1, labels.size))
    for start in range(0, len(labels), planes):
        # The machine's own byte order; the counting library knows no other.
        yield np.asarray(labels[start : start + planes], labels.dtype.newbyteorder("="))


def _ids(labels: NDArray[Any], words: str) -> NDArray[np.int64]:
    """Labels above 0, in rising order."""
    if labels.dtype.kind not in "bui":
        raise UserError(f"The {words} are no whole numbers.", "Save them as 8, 16 or 32 bit labels.")
    found = [fastremap.unique(slab.view(np.uint8) if slab.dtype == bool else slab) for slab in _slabs(labels)]
    ids = np.unique(np.concatenate([each.astype(np.int64) for each in found] or [np.zeros(0, np.int64)]))
    if (ids < 0).any():
        raise UserError(f"The {words} hold negative numbers.", "Cells are numbered from 1; 0 is background.")
    return ids[ids > 0]


def _numbered(slab: NDArray[Any], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """Renumber the labels in `slab` 1 … n in the order of `ids`."""
    if not len(ids) or ids[-1] == len(ids):
        return slab.astype(np.int64)
    numbers = {0: 0} | {label: number for number, label in enumerate(ids.tolist(), start=1)}
    return np.asarray(fastremap.remap(slab, numbers, in_place=False), np.int64)
