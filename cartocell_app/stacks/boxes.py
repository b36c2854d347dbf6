"""Boxes around single cysts in a field of several, and cutting them out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

from cartocell_app.stacks.stack import Stack

Shape = tuple[int, int, int]


@dataclass(frozen=True)
class Box:
    """A box in a field.

    Attributes
    ----------
    number : int
        From 1; the cyst that is cut out with it bears it in its name.
    start_vox, stop_vox : tuple of int
        First voxel and the one after the last, (z, y, x).
    touches_border : bool
        The frame of the field cuts the cyst or touches it.
    """

    number: int
    start_vox: Shape
    stop_vox: Shape
    touches_border: bool

    @property
    def slices(self) -> tuple[slice, slice, slice]:
        """Index of the box in an array (Z, Y, X) of the field."""
        z, y, x = (slice(start, stop) for start, stop in zip(self.start_vox, self.stop_vox, strict=True))
        return z, y, x

    @property
    def shape(self) -> Shape:
        """Its edges in voxels, (z, y, x)."""
        z, y, x = (stop - start for start, stop in zip(self.start_vox, self.stop_vox, strict=True))
        return z, y, x


def box_in(field: Shape, number: int, start_vox: Sequence[int], stop_vox: Sequence[int]) -> Box:
    """A box that somebody drew: what lies beyond the frame is left out, and no edge is shorter than a voxel.

    Parameters
    ----------
    field : (z, y, x)
        Size of the field in voxels.
    number : int
        Of the box.
    start_vox, stop_vox : (z, y, x)
        First voxel and the one after the last.

    Returns
    -------
    Box
        Whether the frame cuts the cyst cannot be known; it is told so if the box reaches the frame.
    """
    start = tuple(min(max(0, first), edge - 1) for first, edge in zip(start_vox, field, strict=True))
    stop = tuple(min(max(first + 1, last), edge) for first, last, edge in zip(start, stop_vox, field, strict=True))
    reaches = any(first == 0 or last == edge for first, last, edge in zip(start, stop, field, strict=True))
    return Box(number, cast("Shape", start), cast("Shape", stop), reaches)


def crop(stack: Stack, box: Box) -> Stack:
    """Cut one cyst out of its field: a copy, named after the field and the cyst's number, that notes its place."""
    z, y, x = box.start_vox
    cut = " The frame of the field cuts this cyst." if box.touches_border else ""
    note = f"Cut out of {stack.name} from voxel z {z}, y {y}, x {x} on, counted from 0.{cut}"
    name = f"{stack.name}_cyst{box.number:02d}"
    return replace(stack, data=stack.data[box.slices].copy(), name=name, notes=(*stack.notes, note))
