"""What a training costs on this computer, before it begins."""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass

from cartocell_app.jobs.costs import Cost, Shape
from cartocell_app.presets import Preset

CORE_VOX_S = 70_000
"""Voxels that one core of a processor learns from in a second; measured with the preset quick on two busy cores."""

MOST_CORES = 8
"""More cores do not help as much."""

START_S = 40.0
"""PyTorch is loaded, the cysts are made coarser, the model is written; measured."""

BASE_BYTES, BYTES_PER_PIECE_VOXEL = 1.0e9, 2200
"""Memory of PyTorch and the processes that prepare pieces, and of learning from the pieces of a step.

Measured with `cartocell train … --steps 2` on two cores, all processes together (PSS), with CartoCell's network and the
cysts of the sample project: 1.2 GB for the pieces of *trial* (0.11 million voxels a step), 2.3 GB for *quick* (0.82),
4.0 GB for four pieces in place of its two (1.64); forecast 1.3, 2.8 and 4.6."""

WRITING_BYTES = 2.4e9
"""Memory that writing the model takes at the end, after the training; measured with `cartocell train-model`, whose most
was 2.0 to 2.3 GB with *trial*."""

EXAMPLE_BYTES_PER_VOXEL = 12
"""A cyst in memory: as read, at the network's voxel size (4 bytes), and what making that takes."""

CHECKPOINT_BYTES, NETWORK_BYTES = 6.8e6, 2.3e6
"""Files of CartoCell's network: a state that a training goes on from; weights alone. Measured."""

PICTURE_BYTES_PER_VOXEL, PICTURES = 4.2, 10
"""Pieces that are saved to be looked at."""

WIDER_MEMORY, WIDER_FILES = 3.0, 2.5
"""How much more the published network takes."""

ROUND_BYTES = 20e3
"""What a round adds: its picture and its row."""

COARSE_BYTES_PER_VOXEL = 2.1
"""A coarser copy of a cyst and its labels, compressed."""


@dataclass(frozen=True)
class TrainingWork:
    """Training a model, for phases 2 and 4.

    Attributes
    ----------
    what : str
        See `Cost`.
    preset : Preset
        How it is trained.
    shapes : tuple of (z, y, x)
        Sizes in voxels of the cysts that it learns from, as coarse as they are then.
    watching : tuple of (z, y, x)
        The same of those that watch.
    is_published : bool
        Whether it takes the network of the publication, and not that of CartoCell.
    """

    what: str
    preset: Preset
    shapes: tuple[Shape, ...]
    watching: tuple[Shape, ...] = ()
    is_published: bool = False

    def cost(self) -> Cost:
        """See `Work`."""
        voxels = sum(math.prod(shape) for shape in (*self.shapes, *self.watching))
        return Cost(
            self.what,
            self._seconds(),
            self._memory_bytes(voxels),
            self._disk_bytes(voxels),
            is_rough=True,
            way_out="train on another computer: the project can be saved as one file (File menu)",
        )

    @property
    def _times(self) -> float:
        """How much larger the network is than CartoCell's."""
        return self.preset.work if self.is_published else 1.0

    def _seconds(self) -> float | None:
        if not self.shapes and self.preset.steps is None:
            return None  # a round is as long as there are cysts
        return START_S + seconds_of(self.preset, self.shapes, self._times)

    def _memory_bytes(self, voxels: int) -> int:
        pieces = self.preset.batch * math.prod(self.preset.patch_vox)
        per_voxel = BYTES_PER_PIECE_VOXEL * (WIDER_MEMORY if self._times > 1 else 1)
        learning = BASE_BYTES + per_voxel * pieces
        return round(max(learning, WRITING_BYTES) + EXAMPLE_BYTES_PER_VOXEL * voxels)

    def _disk_bytes(self, voxels: int) -> int:
        # Two states and a third while it is written; weights beside them, and as a model in three places.
        network = (3 * CHECKPOINT_BYTES + 4 * NETWORK_BYTES) * (WIDER_FILES if self._times > 1 else 1)
        pictures = PICTURES * PICTURE_BYTES_PER_VOXEL * math.prod(self.preset.patch_vox)
        return round(network + pictures + ROUND_BYTES * self.preset.rounds + COARSE_BYTES_PER_VOXEL * voxels)


def seconds_of(preset: Preset, shapes: Iterable[Shape], work: float | None = None) -> float:
    """How long the rounds of a training take on this computer's processor, at most.

    Parameters
    ----------
    preset : Preset
        How it is trained.
    shapes : iterable of (z, y, x)
        Sizes in voxels of the cysts that it learns from, as coarse as they are then.
    work : float, optional
        How long a step takes, against the network of CartoCell; the preset's own by default.
    """
    patch, batch = preset.patch_vox, preset.batch
    patches = sum(
        math.prod(math.ceil(size / side) for size, side in zip(shape, patch, strict=True)) for shape in shapes
    )
    steps = preset.rounds * (preset.steps or math.ceil(patches / batch))
    rate_vox_s = CORE_VOX_S * min(MOST_CORES, os.cpu_count() or 1)
    return steps * batch * math.prod(patch) * (preset.work if work is None else work) / rate_vox_s
