"""The boxes of a field while they are corrected, with a way back; no window in here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import median

from cartocell_app.stacks.boxes import Box, Shape, box_in

USUAL_SHARE = 6
"""Where there is no box yet whose size could be taken, a new one is this part of the field wide and high."""

LEAST_VOX = 4
"""No edge is made shorter by hand."""

Boxes = tuple[Box, ...]


class BoxEdits:
    """Boxes of one field; those whose cysts were cut out already stay as they are.

    Parameters
    ----------
    field : (z, y, x)
        Size of the field in voxels.
    boxes : iterable of Box
        As they are at first.
    cut_out : iterable of int
        Numbers of the boxes whose cysts were cut out.
    """

    def __init__(self, field: Shape, boxes: Iterable[Box] = (), cut_out: Iterable[int] = ()) -> None:
        self.field = field
        self.boxes: Boxes = tuple(sorted(boxes, key=lambda box: box.number))
        self.cut_out = frozenset(cut_out)
        self._before: list[Boxes] = []
        self._after: list[Boxes] = []

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._before)

    @property
    def due(self) -> Boxes:
        """Boxes whose cysts are still to be cut out."""
        return tuple(box for box in self.boxes if box.number not in self.cut_out)

    def box(self, number: int) -> Box | None:
        """The box of that number; None if there is none."""
        return next((box for box in self.boxes if box.number == number), None)

    def may_change(self, number: int) -> bool:
        """Whether there is such a box, and its cyst was not cut out yet."""
        return number not in self.cut_out and self.box(number) is not None

    def add(self, middle_vox: Sequence[float], depth_vox: tuple[int, int]) -> int:
        """Add a box of the usual size around a place.

        Parameters
        ----------
        middle_vox : (y, x)
            Its middle.
        depth_vox : (start, stop)
            Its slices.

        Returns
        -------
        int
            Its number.
        """
        height, width = self._usual()
        number = self._next_number()
        start = (depth_vox[0], round(middle_vox[0] - height / 2), round(middle_vox[1] - width / 2))
        stop = (depth_vox[1], start[1] + height, start[2] + width)
        self._change((*self.boxes, box_in(self.field, number, start, stop)))
        return number

    def remove(self, number: int) -> bool:
        """Remove a box; says whether it could be."""
        return self.may_change(number) and self._change(box for box in self.boxes if box.number != number)

    def move(self, number: int, by_vox: Shape) -> bool:
        """Move a box as far as the frame allows; says whether it moved."""

        def moved(box: Box) -> Box:
            by = [
                max(-start, min(step, edge - stop))
                for step, start, stop, edge in zip(by_vox, box.start_vox, box.stop_vox, self.field, strict=True)
            ]
            start = [first + step for first, step in zip(box.start_vox, by, strict=True)]
            stop = [last + step for last, step in zip(box.stop_vox, by, strict=True)]
            return box_in(self.field, number, start, stop)

        return self._replace(number, moved)

    def grow(self, number: int, by_vox: Shape) -> bool:
        """Make a box larger on all sides, or smaller where `by_vox` is negative; says whether it changed."""

        def grown(box: Box) -> Box:
            edges = zip(box.start_vox, box.stop_vox, by_vox, strict=True)
            pairs = [(a - by, b + by) if b - a + 2 * by >= LEAST_VOX else (a, b) for a, b, by in edges]
            return box_in(self.field, number, [a for a, _ in pairs], [b for _, b in pairs])

        return self._replace(number, grown)

    def put(self, number: int, start_vox: Sequence[int], stop_vox: Sequence[int]) -> bool:
        """Give a box another place and size; says whether it changed."""
        return self._replace(number, lambda _: box_in(self.field, number, start_vox, stop_vox))

    def take_found(self, found: Iterable[Box]) -> None:
        """Take boxes that were found for those that are still due, without such as lie on a cyst that was cut out."""
        kept = tuple(box for box in self.boxes if box.number in self.cut_out)
        new = as_read([box for box in found if not any(_is_around(box, other) for other in kept)])
        first = max((box.number for box in kept), default=0) + 1
        numbered = [
            Box(number, box.start_vox, box.stop_vox, box.touches_border) for number, box in enumerate(new, start=first)
        ]
        self._change((*kept, *numbered))

    def undo(self) -> bool:
        """Take the last change back; says whether there was one."""
        return self._go(self._before, self._after)

    def redo(self) -> bool:
        """Make again what was taken back; says whether there was something."""
        return self._go(self._after, self._before)

    def _go(self, source: list[Boxes], target: list[Boxes]) -> bool:
        if not source:
            return False
        target.append(self.boxes)
        self.boxes = source.pop()
        return True

    def _replace(self, number: int, changed: Callable[[Box], Box]) -> bool:
        if not self.may_change(number):
            return False
        return self._change(changed(box) if box.number == number else box for box in self.boxes)

    def _change(self, boxes: Iterable[Box]) -> bool:
        new = tuple(boxes)
        if new == self.boxes:
            return False
        self._before.append(self.boxes)
        self._after.clear()
        self.boxes = new
        return True

    def _usual(self) -> tuple[int, int]:
        """Height and width of a new box."""
        if not self.boxes:
            return max(LEAST_VOX, self.field[1] // USUAL_SHARE), max(LEAST_VOX, self.field[2] // USUAL_SHARE)
        return round(median(box.shape[1] for box in self.boxes)), round(median(box.shape[2] for box in self.boxes))

    def _next_number(self) -> int:
        # Higher than that of any cyst that was cut out, also of those whose boxes are gone.
        return max((*(box.number for box in self.boxes), *self.cut_out), default=0) + 1


def as_read(boxes: Iterable[Box]) -> list[Box]:
    """Boxes in the order in which a page is read: row by row, from left to right."""
    by_height = sorted(boxes, key=lambda box: box.start_vox[1] + box.stop_vox[1])
    rows: list[list[Box]] = []
    for box in by_height:
        # Still in the row if its upper edge lies above the middle of the row's first box.
        if rows and 2 * box.start_vox[1] < rows[-1][0].start_vox[1] + rows[-1][0].stop_vox[1]:
            rows[-1].append(box)
        else:
            rows.append([box])
    return [box for row in rows for box in sorted(row, key=lambda box: box.start_vox[2])]


def _is_around(box: Box, other: Box) -> bool:
    """Whether the middle of `other` lies in `box`."""
    middle = [(start + stop) / 2 for start, stop in zip(other.start_vox, other.stop_vox, strict=True)]
    return all(start <= at < stop for start, stop, at in zip(box.start_vox, box.stop_vox, middle, strict=True))
