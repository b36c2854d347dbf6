"""What the work of a phase costs on this computer: time, memory and disk, before it begins.

Computed from what is known without reading a stack: sizes of stacks in voxels, the model's file, this computer. Trying
how fast a network runs takes seconds the first time, so `Work.cost` is for a worker thread.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from cartocell_app.errors import UserError, plainly
from cartocell_app.jobs import forecast
from cartocell_app.jobs.forecast import Subject
from cartocell_app.models import find_model
from cartocell_app.segmentation import machine
from cartocell_app.stacks.voxel_size import VoxelSize

if TYPE_CHECKING:
    from cartocell_app.segmentation.devices import DeviceName
    from cartocell_app.segmentation.settings import Views

Shape = tuple[int, int, int]

USUAL_CYST = Subject("", (110, 130, 130), VoxelSize(0.7, 0.62, 0.62, source="usual"))
"""In place of cysts that are not there yet: one like the published ones."""

RESULT_BYTES_PER_VOXEL = 9.5
"""Maps, labels before and after Voronoi, seeds, foreground and watershed on disk, for a voxel of the stack.

Measured with `cartocell segment`: 6.8 for the sample cyst (maps 6.6, the label stacks 0.05 each), which fills its
frame and is noisy. Where the stack's voxels are the network's own, maps say how sure it is to the last digit and take
more; as they are they would be 12."""

RESULT_BYTES_PER_STACK = 0.7e6
"""The picture of a stack, and records; measured 0.3 to 0.7 MB."""

LABEL_BYTES_PER_VOXEL = 0.1
"""A compressed label stack; measured 0.04 to 0.09 (the sample cyst and the sample project)."""

CHECK_S_PER_MVOXEL, CHECK_BYTES_PER_VOXEL, CHECK_BASE_BYTES = 0.3, 20, 0.1e9
"""Reading and checking a pair. Measured with the sample cyst: 0.1 s a million voxels without its pictures; with one of
eight times its voxels, 14 bytes a voxel over the 90 MB of the program."""


@dataclass(frozen=True)
class Room:
    """What this computer has.

    Attributes
    ----------
    memory_bytes : int
        Free memory.
    disk_bytes : int or None
        Free on the disk of the project; None if it does not say.
    """

    memory_bytes: int
    disk_bytes: int | None


@dataclass(frozen=True)
class Cost:
    """What a piece of work costs, as far as that is known.

    Attributes
    ----------
    what : str
        The work in words, the beginning of a line: ``"Labelling 12 cysts"``.
    seconds : float or None
        How long it takes.
    memory_bytes : int or None
        At most, at one time.
    disk_bytes : int or None
        At most, of what it leaves behind.
    least_memory_bytes : int or None
        Without which it cannot be done at all, where that is less.
    in_pieces : bool
        Whether stacks are cut into pieces, since memory does not suffice for the largest at once.
    is_rough : bool
        Whether the time is a guess: so it is of a training.
    way_out : str
        What else helps where memory does not suffice.
    """

    what: str
    seconds: float | None = None
    memory_bytes: int | None = None
    disk_bytes: int | None = None
    least_memory_bytes: int | None = None
    in_pieces: bool = False
    is_rough: bool = False
    way_out: str = "use a computer with more memory"


class Work(Protocol):
    """Work that can say what it costs; equal works cost the same."""

    @property
    def what(self) -> str:
        """The work in words, see `Cost`."""
        ...

    def cost(self) -> Cost:
        """Work it out, on a worker thread.

        Raises
        ------
        UserError
            If a model that it needs cannot be used.
        """
        ...


def room_of(folder: Path) -> Room:
    """Free memory, and what is free on the disk of `folder`."""
    try:
        disk = shutil.disk_usage(folder).free
    except OSError:  # a disk that was taken out
        disk = None
    return Room(machine.free_memory_bytes(), disk)


@dataclass(frozen=True)
class SegmentWork:
    """Segmenting stacks, for phases 1, 3 and 5.

    Attributes
    ----------
    what : str
        See `Cost`.
    model : str
        That it is done with, as the command line takes it: ``"auto"``, a name, or a path.
    subjects : tuple of Subject
        The stacks.
    device : str
        Where the network runs.
    views : 1, 2 or "as the model says"
        How often it looks at each.
    """

    what: str
    model: str
    subjects: tuple[Subject, ...]
    device: DeviceName = "auto"
    views: Views = "as the model says"

    def cost(self) -> Cost:
        """See `Work`; what `forecast` says, and what lies on disk afterwards."""
        try:
            facts = forecast.find_out(find_model(self.model, self.device), self.subjects)
        except UserError as error:
            raise UserError(plainly(error, Path(self.model))) from error
        expected = forecast.forecast(facts, self.device, self.subjects, self.views)
        shapes = [subject.shape for subject in self.subjects if subject.shape is not None]
        return Cost(
            self.what,
            expected.seconds,
            expected.memory_bytes,
            results_bytes(shapes) if shapes else None,
            facts.least_bytes or None,
            expected.in_tiles,
            way_out="crop the largest stack to one cyst",
        )


@dataclass(frozen=True)
class CheckWork:
    """Looking through pairs of stacks and labels, for phase 1: each is read and checked, and may be corrected.

    Attributes
    ----------
    what : str
        See `Cost`.
    shapes : tuple of (z, y, x)
        Sizes of the pairs in voxels.
    """

    what: str
    shapes: tuple[Shape, ...]

    def cost(self) -> Cost:
        """See `Work`; on disk is one corrected version of all labels."""
        if not self.shapes:
            return Cost(self.what)
        voxels = [math.prod(shape) for shape in self.shapes]
        memory = CHECK_BASE_BYTES + CHECK_BYTES_PER_VOXEL * max(voxels)
        seconds = CHECK_S_PER_MVOXEL * sum(voxels) / 1e6
        return Cost(self.what, seconds, round(memory), round(LABEL_BYTES_PER_VOXEL * sum(voxels)))


def results_bytes(shapes: Sequence[Shape]) -> int:
    """Of the files that a segmentation of stacks of these sizes leaves behind, at most."""
    return round(sum(RESULT_BYTES_PER_VOXEL * math.prod(shape) + RESULT_BYTES_PER_STACK for shape in shapes))
