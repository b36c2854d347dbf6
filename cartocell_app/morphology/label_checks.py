"""Whether labels can be learnt from: what is wrong with them or looks odd, in words, with what to do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cartocell_app.morphology.pieces import pieces_of
from cartocell_app.segmentation.boxes import face_neighbours_differ
from cartocell_app.stacks.voxel_size import VoxelSize

Array = NDArray[Any]
Weight = Literal["wrong", "doubtful", "harmless"]
Remedy = Literal["", "correct.all-largest", "correct.renumber"]

AGREE = 0.5
"""Share of the voxels of two neighbouring planes that are the same cell in both; in good labels it is over 0.8."""

SEEN_VOX = 20
"""Planes that share fewer labelled voxels say nothing about each other."""

TINY = 0.02
"""Of the median volume: smaller cells are no cells."""

CRUMB = 0.01
"""Of its cell's volume: smaller pieces are crumbs, to be swept up."""

DARK_PERCENT = 1
"""Brightness is counted from this percentile of the stack."""

BRIGHTER = 1.3
"""How much brighter stained outlines are at the cells' borders than inside them; usually about 2."""

UNLIKE = 0.05
"""Share by which two voxel sizes differ that are not the same."""

LISTED = 5

RELABEL = "Leave this pair out, or label that slice again so that each cell keeps its number."


@dataclass(frozen=True)
class Finding:
    """Something that is wrong, or odd.

    Attributes
    ----------
    weight : {"wrong", "doubtful", "harmless"}
        wrong: nothing good can be learnt from this; doubtful: look at it; harmless: good to know.
    words : str
        What was found, a sentence.
    advice : str
        What to do about it.
    cells : tuple of int
        Labels of the cells that are meant, the worst first.
    plane : int or None
        The plane (from 0) that is meant, if one is.
    remedy : str
        Key of the correction that mends it at once, if there is one.
    """

    weight: Weight
    words: str
    advice: str
    cells: tuple[int, ...] = ()
    plane: int | None = None
    remedy: Remedy = ""


def check_pair(
    raw: Array, labels: Array, raw_voxel: VoxelSize | None = None, label_voxel: VoxelSize | None = None
) -> tuple[Finding, ...]:
    """Check labels against the stack that they belong to.

    Parameters
    ----------
    raw : (Z, Y, X) ndarray
        Cell outlines.
    labels : (Z, Y, X) ndarray of uint
        0 is background and lumen. Neither is changed.
    raw_voxel, label_voxel : VoxelSize, optional
        What the files say.

    Returns
    -------
    tuple of Finding
        The gravest first; empty if all is well.
    """
    if raw.shape != labels.shape:
        return (_other_size(raw.shape, labels.shape),)
    found = list(check_labels(labels))
    found += _other_voxels(raw_voxel, label_voxel)
    if not any(finding.weight == "wrong" for finding in found):
        found += _dark_borders(raw, labels)
    return _sorted(found)


def check_labels(labels: Array) -> tuple[Finding, ...]:
    """Check labels by themselves; parameters and outcome as of `check_pair`."""
    pieces = pieces_of(labels)
    there = pieces.sizes_vox > 0
    every, row = np.unique(pieces.owners, return_inverse=True)
    ids, volumes = every[1:], np.bincount(row, pieces.sizes_vox)[1:]
    if not len(ids):
        return (Finding("wrong", "There are no cells in it: all is 0.", "Choose the file that holds the labels."),)
    if len(ids) == 1:
        words = f"It holds one cell only, number {ids[0]}: a mask of the tissue rather than labelled cells."
        return (Finding("wrong", words, "Labels give each cell a number of its own. Choose the file that does."),)
    planes = _odd_planes(labels)
    found = [*planes]
    # A plane that is wrong breaks cells too; it is told once.
    smaller = there & ~pieces.is_largest
    if not planes and smaller.any():
        whole = dict(zip(ids.tolist(), volumes.tolist(), strict=True))
        found += _in_pieces(pieces.owners[smaller], pieces.sizes_vox[smaller], whole)
    found += _tiny(ids, volumes)
    gaps = int(ids[-1]) - len(ids)
    if gaps:
        words = f"Numbers are missing: {len(ids)} cells are numbered up to {ids[-1]}."
        advice = "This is harmless. Number the cells anew if you want them without gaps."
        found.append(Finding("harmless", words, advice, remedy="correct.renumber"))
    return _sorted(found)


def _odd_planes(labels: Array) -> list[Finding]:
    """Planes whose cells are none of their neighbours'."""
    before, after = labels[:-1], labels[1:]
    both = (before > 0) & (after > 0)
    shared = both.sum(axis=(1, 2))
    seen = shared >= SEEN_VOX
    agree = np.where(seen, ((before == after) & both).sum(axis=(1, 2)) / np.maximum(shared, 1), 1.0)
    broken = agree < AGREE
    if seen.any() and broken[seen].mean() > AGREE:
        words = "Cells are not followed from slice to slice: each slice has numbers of its own."
        advice = (
            "Label the cells in 3D: a cell keeps its number in all slices. Fiji's MorphoLibJ and Cellpose 3D do so."
        )
        return [Finding("wrong", words, advice)]
    gaps = np.flatnonzero(seen)
    found = [_odd_plane(*odd, len(labels)) for odd in _breaks(broken, int(gaps[0]), int(gaps[-1]))] if len(gaps) else []
    filled = np.flatnonzero(labels.any(axis=(1, 2)))
    for last, first in pairwise(filled.tolist()):
        # A crumb far from the cells leaves empty slices too; what counts is that cells go on behind them.
        goes_on = first > last + 1 and bool(((labels[last] == labels[first]) & (labels[last] > 0)).any())
        for plane in range(last + 1, first) if goes_on else ():
            words = f"Slice {plane + 1} (of {len(labels)}) is empty, although cells go on above and below."
            found.append(Finding("wrong", words, RELABEL, plane=plane))
    return found


def _breaks(broken: NDArray[np.bool_], first: int, last: int) -> list[tuple[int, bool]]:
    """Planes that differ from those on both sides (True), and those after which all is different (False).

    `broken` says it of the gap after each plane; cells are seen on both sides of the gaps from `first` to `last`.
    """
    found = []
    gap = first
    while gap <= last:
        if broken[gap]:
            on_both_sides = gap < last and bool(broken[gap + 1])
            if gap == first and not on_both_sides:
                found.append((gap, True))
            else:
                found.append((gap + 1, True) if on_both_sides or gap == last else (gap, False))
            gap += on_both_sides
        gap += 1
    return found


def _odd_plane(plane: int, alone: bool, planes: int) -> Finding:
    words = f"Between slices {plane + 1} and {plane + 2} (of {planes}) all cells change their numbers."
    if alone:
        words = f"Slice {plane + 1} (of {planes}) has numbers of its own: none of its cells go on above or below."
    return Finding("wrong", words, RELABEL, plane=plane)


def _in_pieces(owners: NDArray[np.int64], sizes: NDArray[np.int64], whole: dict[int, float]) -> list[Finding]:
    shares = np.array([size / whole[int(owner)] for owner, size in zip(owners, sizes, strict=True)])
    order = np.argsort(-shares)
    broken = tuple(dict.fromkeys(int(owner) for owner in owners[order][shares[order] >= CRUMB]))
    crumbs = tuple(dict.fromkeys(int(owner) for owner in owners[order] if int(owner) not in broken))
    found = []
    if broken:
        words = f"{_cells(broken)} in several pieces{_listed(broken)}."
        advice = "Look at each: two cells with one number are to be told apart, crumbs to be taken away."
        found.append(Finding("doubtful", words, advice, broken, remedy="correct.all-largest"))
    if crumbs:
        words = f"{_cells(crumbs)} crumbs beside {'it' if len(crumbs) == 1 else 'them'}{_listed(crumbs)}."
        words = words.replace(" is crumbs", " has crumbs").replace(" are crumbs", " have crumbs")
        advice = "Keep the largest piece of each cell."
        found.append(Finding("harmless", words, advice, crumbs, remedy="correct.all-largest"))
    return found


def _tiny(ids: NDArray[np.int64], volumes: NDArray[Any]) -> list[Finding]:
    small = np.flatnonzero(volumes < TINY * np.median(volumes))
    tiny = tuple(int(label) for label in ids[small][np.argsort(volumes[small])])
    if not tiny:
        return []
    words = f"{_cells(tiny)} tiny, less than a fiftieth of the usual volume{_listed(tiny)}."
    return [Finding("doubtful", words, "Look at each: delete it, or merge it with the cell that it belongs to.", tiny)]


def _other_size(raw: Sequence[int], labels: Sequence[int]) -> Finding:
    words = f"Its stack is {_by(raw)} voxels (z × y × x), its labels are {_by(labels)}."
    advice = "Both must lie on the same grid: choose the labels of this very stack, neither cropped nor resampled."
    if sorted(raw) == sorted(labels):
        advice = "The axes seem to be swapped: save the labels again with z first, as in the stack."
    return Finding("wrong", words, advice)


def _other_voxels(raw: VoxelSize | None, labels: VoxelSize | None) -> list[Finding]:
    if raw is None or labels is None or np.allclose(raw.zyx_um, labels.zyx_um, rtol=UNLIKE):
        return []
    words = f"The stack says {_by(raw.zyx_um)} µm a voxel, its labels say {_by(labels.zyx_um)} µm."
    return [
        Finding("doubtful", words, "The stack's is used. Give the right one if that is wrong: Sample, Give voxel size.")
    ]


def _dark_borders(raw: Array, labels: Array) -> list[Finding]:
    cells = labels > 0
    border = face_neighbours_differ(labels) & cells
    inside = cells & ~border
    if not inside.any():
        return []
    dark = np.percentile(raw, DARK_PERCENT)  # a camera's offset says nothing
    if raw[border].mean() - dark >= BRIGHTER * (raw[inside].mean() - dark):
        return []
    words = "The stack is hardly brighter at the borders of the labelled cells than inside them."
    advice = (
        "Look at the picture: the labels may be those of another stack, shifted or flipped, or the channel another."
    )
    return [Finding("doubtful", words, advice)]


def _sorted(found: Sequence[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(found, key=lambda finding: ("wrong", "doubtful", "harmless").index(finding.weight)))


def _cells(labels: Sequence[int]) -> str:
    return "1 cell is" if len(labels) == 1 else f"{len(labels)} cells are"


def _listed(labels: Sequence[int]) -> str:
    """Numbers of the first of them, in brackets."""
    more = ", …" if len(labels) > LISTED else ""
    return f" ({', '.join(map(str, labels[:LISTED]))}{more})"


def _by(values: Sequence[float]) -> str:
    return " × ".join(f"{value:.4g}" for value in values)
