"""Joining the pieces of one cell: neighbours between which the network sees no membrane."""

from heapq import heapify, heappop, heappush

import numpy as np
from numpy.typing import NDArray

from cartocell_app.segmentation.boxes import neighbour_pairs

FloatArray = NDArray[np.float32]


class _Faces:
    """Sums over the faces between cells, which change as cells are joined.

    Parameters
    ----------
    pairs : (N, 2) ndarray of int
        Cells that touch, each pair once.
    sums : (N,) ndarray of float
        Of interior − contour over the voxels of the face.
    sizes : (N,) ndarray of int
        Those voxels.
    """

    def __init__(self, pairs: NDArray[np.int64], sums: NDArray[np.float64], sizes: NDArray[np.int64]) -> None:
        self._of: dict[int, dict[int, tuple[float, int]]] = {}
        for (one, other), total, size in zip(pairs.tolist(), sums.tolist(), sizes.tolist(), strict=True):
            self._put(one, other, total, size)

    def _put(self, one: int, other: int, total: float, size: int) -> None:
        self._of.setdefault(one, {})[other] = (total, size)
        self._of.setdefault(other, {})[one] = (total, size)

    def openness(self, one: int, other: int) -> float | None:
        """Mean of interior − contour between two cells; None where they do not touch, or one was joined."""
        total, size = self._of.get(one, {}).get(other, (0.0, 0))
        return total / size if size else None

    def join(self, into: int, other: int) -> list[int]:
        """Make `other` a part of `into`, and tell the cells that it now touches otherwise than before."""
        theirs = self._of.pop(other)
        changed = []
        for neighbour, (total, size) in theirs.items():
            del self._of[neighbour][other]
            if neighbour == into:
                continue
            had_total, had_size = self._of[into].get(neighbour, (0.0, 0))
            self._put(into, neighbour, had_total + total, had_size + size)
            changed.append(neighbour)
        return changed


def join_open(
    cells: NDArray[np.int32], interior: FloatArray, contour: FloatArray, open_by: float, count: int
) -> NDArray[np.int32]:
    """Number that each cell gets when neighbours without a membrane between them become one.

    Cells that are long or wide against those that a network knows best have several hills, and so several seeds. But
    between the pieces it sees interior, and between cells contour. The most open face is opened first; what is joined
    touches its neighbours with the faces of both.

    Against the middle face, and not a fixed value, since faint or blurred membranes are seen less surely everywhere.
    With it 154 cells are found in place of 293, of 137, in a sheet of columns 5 µm wide and 27 high, drawn by an author
    who did not know how ours are. How 0.7 was chosen is in the card of m2-fast.

    Parameters
    ----------
    cells : (Z, Y, X) ndarray of int32
        0 is background. Not changed.
    interior, contour : (Z, Y, X) ndarray of float32
        Maps B and C, probabilities. Not changed.
    open_by : float
        A face is no membrane where its mean of interior − contour (-1 … 1) is so much above that of the middle face,
        by area, as the cells are before any is joined. Of two voxels that touch across a face, the lower interior and
        the higher contour count.
    count : int
        Greatest number that there may be.

    Returns
    -------
    (1 + count,) ndarray of int32
        For each number, that of the cell that it belongs to, one of its pieces'; 0 for 0.
    """
    number = np.arange(count + 1, dtype=np.int32)
    pairs, sums, sizes = _faces(cells, interior, contour)
    faces = _Faces(pairs, sums, sizes)
    means = sums / sizes
    open_above = _middle(means, sizes) + open_by
    queue = [(-mean, *pair) for mean, pair in zip(means.tolist(), pairs.tolist(), strict=True) if mean > open_above]
    heapify(queue)
    while queue:
        closed, one, other = heappop(queue)
        if faces.openness(one, other) != -closed:
            continue  # of before they were joined with others
        number[number == other] = one
        for neighbour in faces.join(one, other):
            mean = faces.openness(one, neighbour)
            if mean is not None and mean > open_above:
                heappush(queue, (-mean, *sorted((one, neighbour))))
    return number


def _middle(values: NDArray[np.float64], weights: NDArray[np.int64]) -> float:
    """Value with half of the weight at and below it; infinity for none."""
    if not len(values):
        return np.inf
    order = np.argsort(values)
    heaped = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(heaped, heaped[-1] / 2)])


def _faces(
    cells: NDArray[np.int32], interior: FloatArray, contour: FloatArray
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int64]]:
    """Pairs (N, 2) of cells that touch, with the sum of interior − contour over their face, and its voxels."""
    count = int(cells.max(initial=0)) + 1
    codes, values = [], []
    for axis in range(cells.ndim):
        before, after = neighbour_pairs(axis)
        one, other = cells[before], cells[after]
        meet = (one != other) & (one > 0) & (other > 0)
        pair = np.sort(np.stack([one[meet], other[meet]]), axis=0).astype(np.int64)
        codes.append(pair[0] * count + pair[1])
        low = np.minimum(interior[before][meet], interior[after][meet])
        values.append(low - np.maximum(contour[before][meet], contour[after][meet]))
    code, face, sizes = np.unique(np.concatenate(codes), return_inverse=True, return_counts=True)
    sums = np.bincount(face.ravel(), np.concatenate(values), minlength=len(code))
    return np.stack(np.divmod(code, count), axis=1), sums.astype(np.float64), sizes.astype(np.int64)
