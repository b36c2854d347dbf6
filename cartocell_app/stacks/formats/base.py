"""What every format adapter gives: the pictures of a file as they are stored, and one volume out of one of them."""

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from cartocell_app.stacks.voxel_size import VoxelSize, known_voxel_size

SPATIAL = ("Z", "Y", "X")

SAVE_FROM_FIJI = "Open it in Fiji, put its slices in order with Image > Hyperstacks, and save it as TIFF."

NOT_NAMED = "Its {count} pictures are not named in the file; they were taken as slices, one above the other."


@dataclass(frozen=True)
class StoredImage:
    """One picture as a file holds it, before a time point or channel is chosen.

    Parameters
    ----------
    name : str
        Empty if the file gives none.
    axes : tuple of str
        One different label for each axis in stored order: T, C, Z, Y, X, S (the samples of a colour pixel); any
        other label is something to choose from (tile, position, angle).
    shape : tuple of int
        Size along each axis.
    dtype : numpy.dtype
        Type of the voxels.
    channels : tuple of str
        Names of the channels; empty or too short where the file has none.
    voxel_size : VoxelSize or None
        None if the file does not say, or says what cannot be true.
    notes : tuple of str
        What the user should know, a sentence each.
    rgb : bool
        Whether it is a colour picture instead of channels.
    problem : str
        Why this picture cannot be read, and what to do about it, in sentences; empty if it can.
    """

    name: str
    axes: tuple[str, ...]
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    channels: tuple[str, ...] = ()
    voxel_size: VoxelSize | None = None
    notes: tuple[str, ...] = ()
    rgb: bool = False
    problem: str = ""

    def size(self, axis: str) -> int:
        """Size along `axis`, 1 if it has no such axis."""
        return self.shape[self.axes.index(axis)] if axis in self.axes else 1


class StackFile(ABC):
    """An open file of some format; to be closed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @cached_property
    def images(self) -> tuple[StoredImage, ...]:
        """Its pictures, in the order of the file. Reads no voxels."""
        return tuple(self._describe())

    @abstractmethod
    def _describe(self) -> Sequence[StoredImage]: ...

    @abstractmethod
    def volume(self, image: int, at: Mapping[str, int]) -> NDArray[Any]:
        """Read one volume, and no more of the file than it takes.

        Parameters
        ----------
        image : int
            Which of `images`.
        at : mapping of str to int
            Where along each axis that is not z, y or x; an axis that is left out counts as 0.

        Returns
        -------
        (Z, Y, X) ndarray
            As stored, in memory of its own.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the file."""


def pick_volume(data: Any, axes: Sequence[str], at: Mapping[str, int]) -> NDArray[Any]:
    """Take the volume at `at` out of an array or array-like of named axes.

    Parameters
    ----------
    data : array-like
        Anything that takes a tuple of ints and slices, so that only the volume is read from disk.
    axes : sequence of str
        Names of its axes; they are put in order by name, never by size.
    at : mapping of str to int
        Where along the axes that are not z, y or x; 0 where left out.

    Returns
    -------
    (Z, Y, X) ndarray
        In memory, independent of any file. An axis that is missing has size 1.
    """
    index = tuple(slice(None) if axis in SPATIAL else at.get(axis, 0) for axis in axes)
    present = [axis for axis in axes if axis in SPATIAL]
    picked = np.asarray(data[index]).transpose([present.index(axis) for axis in SPATIAL if axis in present])
    missing = tuple(number for number, axis in enumerate(SPATIAL) if axis not in present)
    # Only a mapped file has to be copied: it is closed before the volume is used.
    copy = True if isinstance(data, np.memmap) else None
    return np.array(np.expand_dims(picked, missing), order="C", copy=copy)


def name_axes(shape: Sequence[int], known: Sequence[str | None]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Complete the names of axes of which the file names only some.

    A single axis without a name is z, and a note says so; of two or more nothing is guessed.

    Parameters
    ----------
    shape : sequence of int
        Size along each axis.
    known : sequence of str or None
        Name of each axis, None where the file gives none.

    Returns
    -------
    axes : tuple of str
        A name for each.
    notes : tuple of str
    problem : str
        As in `StoredImage`.
    """
    unnamed = [number for number, axis in enumerate(known) if axis is None and shape[number] > 1]
    axes = [axis or f"?{number}" for number, axis in enumerate(known)]
    has_z = any(axis == "Z" and size > 1 for axis, size in zip(known, shape, strict=True))
    if not unnamed:
        return tuple(axes), (), ""
    if len(unnamed) > 1 or has_z:
        sizes = " × ".join(str(shape[number]) for number in unnamed)
        return (
            tuple(axes),
            (),
            f"It does not say which of its axes ({sizes}) are slices, channels or time points. {SAVE_FROM_FIJI}",
        )
    axes = ["?z" if axis == "Z" else axis for axis in axes]
    axes[unnamed[0]] = "Z"
    return tuple(axes), (NOT_NAMED.format(count=shape[unnamed[0]]),), ""


def plain_axes(shape: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """Name the axes of an array of which the file says nothing: the last two are y and x, see `name_axes`."""
    if len(shape) > 2 and 1 < shape[-1] <= 4:
        every = " × ".join(map(str, shape))
        axes = tuple(f"?{number}" for number in range(len(shape)))
        return axes, (), f"It does not name its axes, and {every} looks as if channels came last. {SAVE_FROM_FIJI}"
    return name_axes(shape, [None] * (len(shape) - 2) + ["Y", "X"])


def number(value: Any) -> float | None:
    """Read a number that a file gives as a number or text; None if it is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def judge_voxel_size(
    lengths_um: tuple[float | None, float | None, float | None], source: str
) -> tuple[VoxelSize | None, tuple[str, ...]]:
    """Voxel size from what a file claims, and in words why it is not believed.

    Parameters
    ----------
    lengths_um : tuple of float or None
        Claimed (z, y, x) in µm; None where the file says nothing.
    source : str
        Where the claims come from.

    Returns
    -------
    VoxelSize or None
        None unless all three lengths can be true.
    tuple of str
        A sentence if there is no voxel size.
    """
    known = known_voxel_size(*lengths_um, source)
    if known is not None:
        return known, ()
    if all(length_um is None for length_um in lengths_um):
        return None, ("The file states no voxel size.",)
    if lengths_um == (1.0, 1.0, 1.0):
        return None, ("The file claims 1 × 1 × 1 µm, which programs write when they do not know the voxel size.",)
    claimed = dict(zip("zyx", lengths_um, strict=True))
    claims = ", ".join(f"{axis} {_words(um)}" for axis, um in claimed.items() if um is not None)
    missing = [axis for axis, um in claimed.items() if um is None]
    wrong = [axis for axis, um in claimed.items() if um is not None and not possible_length(um)]
    if wrong:
        return None, (f"The voxel size in the file cannot be right along {_and(wrong)} ({claims}).",)
    if missing == ["z"]:
        return None, (f"The file does not say how far apart the slices are, only {claims}.",)
    return None, (f"The file does not give the voxel size along {_and(missing)}, only {claims}.",)


def possible_length(length_um: float | None) -> bool:
    """Whether a voxel of a light microscope can be that long."""
    # The two other lengths are a voxel's, so that only this one decides.
    return length_um is not None and known_voxel_size(length_um, 0.5, 0.5, "") is not None


def _words(length_um: float) -> str:
    return f"{length_um:.4g} µm" if math.isfinite(length_um) else "not a number"


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
