"""Corrections of labelled cells: each is worked out first, small and reversible, and changes nothing until applied."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects

from cartocell_app.morphology.pieces import pieces_of
from cartocell_app.segmentation.boxes import Box, neighbour_pairs

Array = NDArray[Any]


class Cells:
    """Labelled cells that are being corrected, and where each lies.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of uint
        0 is background and lumen. Corrections change it in place.
    boxes : mapping of int to Box, optional
        Smallest box around each cell by label, if known already.
    """

    def __init__(self, labels: Array, boxes: Mapping[int, Box] | None = None) -> None:
        self.labels = labels
        self.boxes: dict[int, Box] = dict(boxes_of(labels) if boxes is None else boxes)


class Correction(Protocol):
    """Something that was found to be changed."""

    @property
    def words(self) -> str:
        """What it does: ``"delete cell 12"``."""

    def apply(self, cells: Cells) -> None:
        """Change the cells; they must be as they were when it was worked out."""

    def inverse(self) -> "Correction":
        """What takes it back."""


@dataclass(frozen=True, eq=False)
class Patch:
    """Some voxels of one label that get another.

    Attributes
    ----------
    box : Box
        Where they lie.
    where : ndarray of bool
        Which voxels of the box.
    before, after : int
        Their labels.
    """

    box: Box
    where: NDArray[np.bool_]
    before: int
    after: int

    def inverse(self) -> "Patch":
        """The way back."""
        return Patch(self.box, self.where, self.after, self.before)


@dataclass(frozen=True, eq=False)
class Step:
    """A correction of few cells.

    Attributes
    ----------
    words : str
        What it does.
    patches : tuple of Patch
        Voxels that change; no voxel is in two of them.
    before, after : mapping of int to Box or None
        Where each cell that changes lay and lies; None = there is no such cell.
    """

    words: str
    patches: tuple[Patch, ...]
    before: Mapping[int, Box | None]
    after: Mapping[int, Box | None]

    def apply(self, cells: Cells) -> None:
        """Change the cells."""
        for patch in self.patches:
            cells.labels[patch.box][patch.where] = patch.after
        for label, box in self.after.items():
            if box is None:
                cells.boxes.pop(label, None)
            else:
                cells.boxes[label] = box

    def inverse(self) -> "Step":
        """What takes it back."""
        return Step(self.words, tuple(patch.inverse() for patch in self.patches), self.after, self.before)


@dataclass(frozen=True, eq=False)
class Renumbering:
    """All cells get other numbers.

    Attributes
    ----------
    old, new : (N,) ndarray of int64
        Labels, those of one cell at the same place.
    words : str
        What it does.
    """

    old: NDArray[np.int64]
    new: NDArray[np.int64]
    words: str = field(default="number the cells anew")

    def apply(self, cells: Cells) -> None:
        """Change the cells, plane by plane."""
        labels = cells.labels
        new_of = np.zeros(int(self.old.max(initial=0)) + 1, labels.dtype)
        new_of[self.old] = self.new
        for plane in labels:
            plane[...] = new_of[plane]
        names = dict(zip(self.old.tolist(), self.new.tolist(), strict=True))
        cells.boxes = {names[label]: box for label, box in cells.boxes.items()}

    def inverse(self) -> "Renumbering":
        """What takes it back."""
        return Renumbering(self.new, self.old, self.words)


def boxes_of(labels: Array) -> dict[int, Box]:
    """Smallest box around each cell, by label."""
    return {label: box for label, box in enumerate(find_objects(labels), 1) if box is not None}


def delete(cells: Cells, label: int) -> Step:
    """Take a cell away: its voxels become background.

    Raises
    ------
    KeyError
        If there is no such cell; so do the others.
    """
    box = cells.boxes[label]
    patch = Patch(box, cells.labels[box] == label, label, 0)
    return Step(f"delete cell {label}", (patch,), {label: box}, {label: None})


def merge(cells: Cells, label: int, other: int) -> Step:
    """Make two cells one, which keeps the number `label`.

    Raises
    ------
    ValueError
        If they are one cell already.
    """
    if label == other:
        raise ValueError(f"cell {label} cannot be merged with itself")
    box, joined = cells.boxes[label], cells.boxes[other]
    patch = Patch(joined, cells.labels[joined] == other, other, label)
    both = tuple(
        slice(min(one.start, two.start), max(one.stop, two.stop)) for one, two in zip(box, joined, strict=True)
    )
    return Step(f"merge cell {other} into {label}", (patch,), {label: box, other: joined}, {label: both, other: None})


def keep_largest_piece(cells: Cells, label: int) -> Step | None:
    """Take away all pieces of a cell but its largest; None if it is in one piece."""
    box = cells.boxes[label]
    # As numbers: of masks one voxel thick the library sometimes cannot find the pieces.
    mask = (cells.labels[box] == label).view(np.uint8)
    step = _without_smaller_pieces(cells, mask, box)
    return None if step is None else Step(f"keep the largest piece of cell {label}", *step)


def keep_largest_pieces(cells: Cells) -> Step | None:
    """Take away all pieces of all cells but the largest of each; None if all are in one piece."""
    step = _without_smaller_pieces(cells, cells.labels, tuple(slice(0, size) for size in cells.labels.shape))
    return None if step is None else Step("keep the largest piece of each cell", *step)


def fill_holes(cells: Cells, label: int) -> Step | None:
    """Fill what is empty and all around enclosed by one cell alone; None if there is nothing."""
    box = cells.boxes[label]
    around = tuple(slice(max(0, side.start - 1), side.stop + 1) for side in box)
    patches = tuple(patch for patch in _hole_patches(cells.labels[around], around) if patch.after == label)
    return Step(f"fill the holes of cell {label}", patches, {}, {}) if patches else None


def fill_all_holes(cells: Cells) -> Step | None:
    """Fill what is empty and enclosed by one cell alone, in all cells; a lumen between cells stays. None if nothing."""
    patches = tuple(_hole_patches(cells.labels, tuple(slice(0, size) for size in cells.labels.shape)))
    return Step("fill the holes of all cells", patches, {}, {}) if patches else None


def renumber(cells: Cells) -> Renumbering | None:
    """Number the cells from 1 on without gaps, in the order that they have; None if they are numbered so."""
    old = np.array(sorted(cells.boxes), np.int64)
    new = np.arange(1, len(old) + 1, dtype=np.int64)
    return None if np.array_equal(old, new) else Renumbering(old, new)


_Change = tuple[tuple[Patch, ...], Mapping[int, Box | None], Mapping[int, Box | None]]


def _without_smaller_pieces(cells: Cells, labels: Array, box: Box) -> _Change | None:
    """Patches and boxes of a step; `labels`, a part of the cells or a mask of one of them, lies in `box`."""
    pieces = pieces_of(labels)
    places = find_objects(pieces.numbers)
    smaller = [int(number) for number in np.flatnonzero(~pieces.is_largest) if number]
    if not smaller:
        return None
    whole = {}
    patches = []
    for number in smaller:
        inner = places[number - 1]
        place = _moved(inner, box)
        where = pieces.numbers[inner] == number
        label = int(cells.labels[place][where][0])
        whole[label] = int(pieces.owners[number])
        patches.append(Patch(place, where, label, 0))
    largest = {int(pieces.owners[number]): number for number in np.flatnonzero(pieces.is_largest)}
    before = {label: cells.boxes[label] for label in whole}
    after = {label: _moved(places[largest[owner] - 1], box) for label, owner in whole.items()}
    return tuple(patches), before, after


def _hole_patches(labels: Array, box: Box) -> list[Patch]:
    """A patch for each hole in a part of the cells that lies in `box`."""
    empty, count = cc3d.connected_components(labels == 0, connectivity=6, return_N=True)
    lowest, highest = np.full(count + 1, np.iinfo(np.int64).max), np.zeros(count + 1, np.int64)
    for axis in range(labels.ndim):
        before, after = neighbour_pairs(axis)
        for here, there in ((before, after), (after, before)):
            walls = (labels[here] == 0) & (labels[there] != 0)
            numbers, around = empty[here][walls], labels[there][walls].astype(np.int64)
            np.minimum.at(lowest, numbers, around)
            np.maximum.at(highest, numbers, around)
    is_hole = lowest == highest
    for face in _faces(empty):
        is_hole[face] = False
    is_hole[0] = False
    places = find_objects(empty) if is_hole.any() else []
    return [
        Patch(_moved(places[number - 1], box), empty[places[number - 1]] == number, 0, int(highest[number]))
        for number in np.flatnonzero(is_hole)
    ]


def _faces(volume: Array) -> list[Array]:
    """The outermost planes on all sides."""
    return [volume.take(end, axis) for axis in range(volume.ndim) for end in (0, -1)]


def _moved(inner: Box, box: Box) -> Box:
    """Where a box within `box` lies in the whole."""
    return tuple(
        slice(outer.start + side.start, outer.start + side.stop) for side, outer in zip(inner, box, strict=True)
    )
