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

START_S = 60.0
"""PyTorch is loaded in three processes, the cysts are made coarser, the model is written; measured 60 to 80 s on two
busy cores."""

BASE_BYTES, BYTES_PER_PIECE_VOXEL = 2.1e9, 2200
"""Memory of PyTorch and the processes that prepare pieces, and of learning from the pieces of a step.

Measured on two cores, all processes together (PSS), with CartoCell's network and the cysts of the sample project. The
most of a whole `cartocell train-model`: 1.6 to 2.3 GB for *trial* (pieces of 0.11 million voxels a step; forecast 2.4)
and 3.7 GB for three rounds of *quick* (0.82; 3.9). After the first steps it is less: 1.2, 2.3, and 4.0 GB with four
pieces a step (1.64), from which comes what a voxel takes. Writing the model takes 1.0 to 1.3 GB, which is less."""

LOADER_BYTES, MOST_LOADERS = 0.15e9, 8
"""A process that prepares pieces (measured), of which two for each two cores run; the first two are in `BASE_BYTES`."""

EXAMPLE_BYTES_PER_VOXEL = 12
"""A cyst in memory: as read, at the network's voxel size (4 bytes), and what making that takes."""

CHECKPOINT_BYTES, NETWORK_BYTES = 6.8e6, 2.3e6
"""Files of CartoCell's network: a state that a training goes on from; weights alone. Measured. All files of a training
were 23 MB for *trial* (forecast 37) and 33 MB for *quick* (50)."""

PICTURE_BYTES_PER_VOXEL, PICTURES = 4.2, 10
"""Pieces that are saved to be looked at."""

WIDER_MEMORY, WIDER_FILES = 2.3, 2.5
"""How much more the published network takes: measured 3.4 GB after two steps with one of its pieces each, and a state
of 16.4 MB."""

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
        loaders = max(1, min(MOST_LOADERS, (os.cpu_count() or 1) // 2))
        base = BASE_BYTES + 2 * LOADER_BYTES * (loaders - 1)
        return round(base + per_voxel * pieces + EXAMPLE_BYTES_PER_VOXEL * voxels)

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
