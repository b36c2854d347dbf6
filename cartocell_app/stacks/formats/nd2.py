"""Nikon ND2 by the nd2 library: stage positions are pictures of their own."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.stacks.formats.base import StackFile, StoredImage, judge_voxel_size
from cartocell_app.stacks.voxel_size import VoxelSize

SOURCE = "ND2 metadata"

SAME = 0.01
"""Two steps that differ by less than this share are the same one, rounded."""


class Nd2Stacks(StackFile):
    """An ND2 file: one picture, with positions as an axis to choose from."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        import nd2

        self._nd2 = nd2.ND2File(path)

    def close(self) -> None:
        self._nd2.close()

    def _describe(self) -> list[StoredImage]:
        sizes = self._nd2.sizes
        channels = self._nd2.metadata.channels or []
        voxel_size, notes = self._voxel_size()
        image = StoredImage(
            name="",
            axes=tuple(sizes),
            shape=tuple(sizes.values()),
            dtype=np.dtype(self._nd2.dtype),
            channels=tuple(channel.channel.name for channel in channels),
            voxel_size=voxel_size,
            notes=notes,
            rgb=self._nd2.components_per_channel > 1,
        )
        return [image]

    def _voxel_size(self) -> tuple[VoxelSize | None, tuple[str, ...]]:
        """Voxel size; the file itself marks axes that were never calibrated, and gives 1.0 for them."""
        channels = self._nd2.metadata.channels or []
        steps_um = [loop.parameters.stepUm for loop in self._nd2.experiment if loop.type == "ZStackLoop"]
        if not channels:
            return judge_voxel_size((steps_um[0] if steps_um else None, None, None), SOURCE)
        volume = channels[0].volume
        x_um, y_um, z_um = (
            length if known else None
            for length, known in zip(volume.axesCalibration, volume.axesCalibrated, strict=True)
        )
        conflict = []
        if steps_um and steps_um[0]:
            if z_um and abs(z_um - steps_um[0]) > SAME * steps_um[0]:
                conflict.append(
                    f"The file gives two distances between slices: {steps_um[0]:.4g} µm, and {z_um:.4g} µm."
                )
            z_um = steps_um[0]
        voxel_size, notes = judge_voxel_size((z_um, y_um, x_um), SOURCE)
        return voxel_size, (*notes, *conflict)

    def volume(self, image: int, at: Mapping[str, int]) -> NDArray[Any]:
        """See `StackFile.volume`: reads the frames of the volume one by one."""
        stored = self.images[image]
        frames = [
            frame
            for frame, loops in enumerate(self._nd2.loop_indices)
            if all(loops.get(axis, 0) == at.get(axis, 0) for axis in stored.axes if axis not in "CZYX")
        ]
        taken = self._nd2.attributes.sequenceCount
        missing = sum(frame >= taken for frame in frames)
        if missing or len(frames) != stored.size("Z"):
            raise UserError(
                f"{self.path.name} lacks {missing} of the {stored.size('Z')} slices.",
                "The recording was stopped before they were taken. Choose another time point or position.",
            )
        shape = (stored.size("C"), stored.size("Y"), stored.size("X"))
        # Frames are views of the mapped file, which is closed before the stack is used.
        return np.stack([self._nd2.read_frame(frame).reshape(shape)[at.get("C", 0)] for frame in frames])
