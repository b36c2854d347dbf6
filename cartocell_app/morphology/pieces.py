"""Pieces of cells that hang together."""

from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Pieces:
    """Pieces of cells that hang together.

    Attributes
    ----------
    numbers : (Z, Y, X) ndarray of uint
        Which piece each voxel belongs to, from 1; 0 = no cell.
    owners, sizes_vox : (N + 1,) ndarray of int64
        Label and number of voxels of each piece; place 0 counts for nothing.
    is_largest : (N + 1,) ndarray of bool
        Whether it is the largest of its cell (the first of equals).
    """

    numbers: Array
    owners: NDArray[np.int64]
    sizes_vox: NDArray[np.int64]
    is_largest: NDArray[np.bool_]


def pieces_of(labels: Array) -> Pieces:
    """Find the pieces of all cells; voxels that touch by a face, an edge or a corner are one piece."""
    numbers, count = cc3d.connected_components(np.ascontiguousarray(labels), connectivity=26, return_N=True)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    owners = np.zeros(count + 1, np.int64)
    owners[numbers.ravel()] = labels.ravel()
    sizes[0] = 0
    # By cell, the largest first; of equals the one that comes first.
    order = np.lexsort((np.arange(count + 1), -sizes, owners))
    first = np.ones(count + 1, bool)
    first[1:] = owners[order][1:] != owners[order][:-1]
    is_largest = np.zeros(count + 1, bool)
    is_largest[order] = first
    is_largest[0] = False
    return Pieces(numbers, owners, sizes, is_largest)
