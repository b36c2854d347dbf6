"""One stack and its labels, made coarser: how they look then, and which cells suffer."""

from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from cartocell_app.stacks.resampling import (
    resample_labels,
    resample_raw,
    resampled_shape,
    resampled_voxel_size,
    vanished_labels,
)
from cartocell_app.stacks.voxel_size import VoxelSize

FEW_VOX = 10
"""Cells with fewer voxels can hardly be learnt from."""

LISTED = 8

VoxelUm = tuple[float, float, float]
Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Coarse:
    """A stack that was made coarser.

    Attributes
    ----------
    raw : (Z, Y, X) ndarray
        Intensities, of the type that they had.
    labels : (Z, Y, X) ndarray of int or None
        Cells, 0 is lumen and outside; None if there are none.
    voxel_size : VoxelSize
        Of both.
    """

    raw: NDArray[Any]
    labels: NDArray[Any] | None
    voxel_size: VoxelSize


def coarsen(raw: NDArray[Any], labels: NDArray[Any] | None, before: VoxelSize, voxel_um: VoxelUm) -> Coarse:
    """Bring a stack (Z, Y, X) and its labels to the nearest possible voxel size; no axis is made finer.

    Parameters
    ----------
    raw, labels : (Z, Y, X) ndarray
        Intensities and cells on one grid; not changed.
    before : VoxelSize
        Of both.
    voxel_um : (z, y, x)
        Wanted, in µm.
    """
    z, y, x = raw.shape
    shape = _coarser_shape((z, y, x), before, voxel_um)
    return Coarse(
        _coarser(raw, shape),
        None if labels is None else resample_labels(labels, shape),
        resampled_voxel_size((z, y, x), before, shape),
    )


def what_became(before: NDArray[Any], after: NDArray[Any]) -> dict[str, Any]:
    """Cells of labels (Z, Y, X) before and after, and what happened to small and thin ones.

    Returns
    -------
    dict
        ``cells_before``, ``cells_after``, ``cells_vanished``, ``cells_tiny``, ``cells_broken``; in words, ``remark``.
    """
    ids, pieces_before = _pieces(before)
    ids_after, pieces_after = _pieces(after)
    sizes = np.bincount(np.searchsorted(ids_after, after[after > 0]), minlength=len(ids_after))
    gone = vanished_labels(before, after)
    tiny = ids_after[sizes < FEW_VOX]
    broken = ids_after[pieces_after > pieces_before[np.searchsorted(ids, ids_after)]]
    words = [
        _words(gone, "vanished"),
        _words(tiny, f"left with fewer than {FEW_VOX} voxels"),
        _words(broken, "broken into pieces"),
    ]
    return {
        "cells_before": len(ids),
        "cells_after": len(ids_after),
        "cells_vanished": len(gone),
        "cells_tiny": len(tiny),
        "cells_broken": len(broken),
        "remark": "; ".join(word for word in words if word),
    }


def _pieces(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Labels above 0, ascending, and the number of pieces of each, which do not even touch at corners."""
    pieces = cc3d.connected_components(labels, connectivity=26)
    label_of_piece = np.zeros(int(pieces.max(initial=0)) + 1, labels.dtype)
    label_of_piece[pieces] = labels
    return np.unique(label_of_piece[label_of_piece > 0], return_counts=True)


def _words(ids: NDArray[Any], words: str) -> str:
    if not len(ids):
        return ""
    more = " …" if len(ids) > LISTED else ""
    return f"{len(ids)} cell{'s' * (len(ids) != 1)} {words} ({', '.join(map(str, ids[:LISTED]))}{more})"


def _coarser_shape(shape: Shape, before: VoxelSize, voxel_um: VoxelUm) -> Shape:
    """Shape nearest to the wanted voxel size, with no axis made finer."""
    z, y, x = (min(have, new) for have, new in zip(shape, resampled_shape(shape, before, voxel_um), strict=True))
    return z, y, x


def _coarser(data: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """Intensities on the coarser grid, in their own type; means cannot leave its range."""
    averaged = resample_raw(data, shape)
    return averaged if data.dtype.kind == "f" else np.rint(averaged).astype(data.dtype)
