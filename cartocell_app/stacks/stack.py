"""One membrane channel of one confocal stack, with its voxel size and where it came from."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.stacks.voxel_size import VoxelSize


@dataclass(frozen=True)
class Stack:
    """A volume to segment.

    Parameters
    ----------
    data : (Z, Y, X) ndarray of uint8, uint16 or float32
        Intensities, finite. Not to be changed in place.
    voxel_size : VoxelSize or None
        None if nobody said; it must be given before anything is measured.
    name : str
        The input's file name without its ending (and its scene, if the file holds several).
    channel : str or None
        Name of the channel that was read, if the file has one.
    origin : Path or None
        The file that was read.
    notes : tuple of str
        What the user should know about how the file was understood, a sentence each.
    """

    data: NDArray[Any]
    voxel_size: VoxelSize | None
    name: str
    channel: str | None = None
    origin: Path | None = None
    notes: tuple[str, ...] = field(default=())

    @property
    def shape(self) -> tuple[int, int, int]:
        """Size (z, y, x) in voxels."""
        z, y, x = self.data.shape
        return z, y, x

    @cached_property
    def content_hash(self) -> str:
        """SHA-256 of type, shape and voxels (not of the voxel size): the same picture has the same hash."""
        digest = hashlib.sha256(f"{self.data.dtype.str} {self.data.shape}".encode())
        for plane in self.data:
            digest.update(np.ascontiguousarray(plane).data)
        return digest.hexdigest()
