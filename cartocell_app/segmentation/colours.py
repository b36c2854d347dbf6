"""A colour for each cell, never that of a cell it touches."""

import heapq
from typing import Any

import cc3d
import fastremap
import numpy as np
from numpy.typing import NDArray

PALETTE = np.array(
    [
        (51, 119, 170),
        (238, 238, 51),
        (204, 68, 0),
        (119, 255, 187),
        (238, 153, 187),
        (34, 153, 136),
        (170, 153, 255),
        (221, 153, 85),
        (136, 238, 255),
        (204, 68, 102),
    ],
    np.uint8,
)
"""RGB, bright enough for a black background. Found by a search for ten colours that are far apart: any two differ by
22 (CIEDE2000), and by 15 to a person who sees no green or no red."""

SHADE = 0.7
"""Brightness of each further round of the palette, if ten colours do not suffice."""


def label_colours(labels: NDArray[Any]) -> NDArray[np.uint8]:
    """RGB colours of labels, such that face neighbours differ; the same labels always get the same colours.

    Parameters
    ----------
    labels : (Z, Y, X) or (Y, X) ndarray of int
        0 is background and lumen. Gaps are allowed, but cost three bytes each. Not changed.

    Returns
    -------
    (labels.max() + 1, 3) ndarray of uint8
        Row 0 is black. ``label_colours(labels)[labels]`` is the coloured picture.
    """
    ids = fastremap.unique(labels)
    ids = ids[ids > 0]
    if len(ids) and len(ids) < ids[-1]:
        labels = np.where(labels > 0, np.searchsorted(ids, labels) + 1, 0).astype(np.uint32)
    chosen = _graph_colours(len(ids), cc3d.region_graph(labels, connectivity=6 if labels.ndim == 3 else 4))
    rounds, base = np.divmod(chosen, len(PALETTE))
    colours = np.zeros((int(ids.max(initial=0)) + 1, 3), np.uint8)
    colours[ids] = np.rint(PALETTE[base] * SHADE ** rounds[:, None])
    return colours


def _graph_colours(highest: int, edges: set[tuple[int, int]]) -> NDArray[np.intp]:
    """Number from 0 for each of the labels 1 … `highest`, different where an edge joins two.

    Greedy, the labels with fewest neighbours last (Matula & Beck 1983): the cells of a tissue then need few
    colours. Among those allowed the least used is taken, so that the picture is varied.
    """
    neighbours: list[set[int]] = [set() for _ in range(highest + 1)]
    for one, other in edges:
        neighbours[one].add(other)
        neighbours[other].add(one)
    chosen = np.full(highest + 1, -1, np.intp)
    used = [0] * len(PALETTE)
    for label in reversed(_smallest_first(neighbours)):
        taken = {int(chosen[other]) for other in neighbours[label]}
        allowed = [colour for colour in range(len(used)) if colour not in taken]
        if not allowed:
            allowed = [len(used)]
            used.append(0)
        chosen[label] = min(allowed, key=used.__getitem__)
        used[chosen[label]] += 1
    return chosen[1:]


def _smallest_first(neighbours: list[set[int]]) -> list[int]:
    """Order in which labels go when the one with the fewest neighbours left is taken away again and again."""
    left = [len(others) for others in neighbours]
    heap = [(count, label) for label, count in enumerate(left) if label]
    heapq.heapify(heap)
    order: list[int] = []
    gone = [False] * len(neighbours)
    while heap:
        count, label = heapq.heappop(heap)
        if gone[label] or count != left[label]:
            continue  # an outdated entry
        gone[label] = True
        order.append(label)
        for other in neighbours[label]:
            left[other] -= 1
            heapq.heappush(heap, (left[other], other))
    return order
