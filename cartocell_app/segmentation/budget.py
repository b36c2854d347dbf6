"""How much memory a network takes, and how much it is given."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cartocell_app.segmentation.footprint import FLOAT_BYTES, bytes_per_voxel
from cartocell_app.segmentation.model_card import ModelCard
from cartocell_app.segmentation.targets import CHANNELS
from cartocell_app.segmentation.tiling import Shape, least_work, smallest_tile_voxels

OUTPUT_BYTES = len(CHANNELS) * FLOAT_BYTES
"""Of the maps, per voxel."""

USUAL_BYTES, MOST_BYTES = 2.0e9, 5.5e9
"""The network takes the first, or more where tiles would cost too much, up to the second with its maps: then all of
`cartocell segment` stays below 6 GB. Only where it cannot do with so little does it take what is free."""

MOST_NUMBERS = 2**31
"""In one feature map on a graphics card: ONNX Runtime's CUDA kernels count them in 32 bits."""

BUDGET_STEP = 1.25
"""Each memory that is considered is so many times the one before."""

GOOD_ENOUGH = 1.4
"""Work of the tiles, as a multiple of what the most memory would leave, with which no more memory is taken."""


class Mode(NamedTuple):
    """A way to run, and its memory: `base_bytes` and a multiple of the feature maps, the greatest ever measured.

    Measured on Linux with ONNX Runtime 1.32 (ResU-Nets 16/32/64 and 52/68/84, 0.1 to 1.9 million voxels, first and
    later runs).
    """

    keeps_memory: bool
    factor: float
    base_bytes: float


FAST = Mode(keeps_memory=True, factor=2.0, base_bytes=64e6)
FRUGAL = Mode(keeps_memory=False, factor=1.4, base_bytes=220e6)
"""A tenth slower (more where the system hands out memory slowly), but larger tiles fit. Small pieces that were given
back stay with the process for a while; hence the base."""


@dataclass(frozen=True, eq=False)
class Budget:
    """Memory of one network.

    Parameters
    ----------
    card : ModelCard
        Of the model.
    bytes_per_voxel : float
        Of its feature maps, the most at a time; see `footprint.bytes_per_voxel`.
    """

    card: ModelCard
    bytes_per_voxel: float

    @classmethod
    def of(cls, path: Path, card: ModelCard) -> "Budget":
        """That of the model at `path`."""
        return cls(card, bytes_per_voxel(path, card.size_divisor))

    def needed_bytes(self, voxels: int, mode: Mode) -> float:
        """Memory for a tile."""
        return mode.base_bytes + mode.factor * self.bytes_per_voxel * voxels

    def least_bytes(self, voxels: int) -> float:
        """Memory for a tile in the way that takes least."""
        return min(self.needed_bytes(voxels, mode) for mode in (FAST, FRUGAL))

    def room_voxels(self, limit_bytes: float, mode: Mode) -> float:
        """Voxels of the largest tile that fits."""
        return (limit_bytes - mode.base_bytes) / (mode.factor * self.bytes_per_voxel)

    def mode_for(self, voxels: int, limit_bytes: float) -> Mode:
        """The fastest way to run a volume that memory allows."""
        if self.needed_bytes(voxels, FAST) <= limit_bytes:
            return FAST
        return max((FAST, FRUGAL), key=lambda mode: self.room_voxels(limit_bytes, mode))

    @property
    def countable_voxels(self) -> float:
        """Voxels of the largest tile for a graphics card; a bound, since not all maps that are held are the largest."""
        return MOST_NUMBERS / (self.bytes_per_voxel / FLOAT_BYTES)

    def padded_voxels(self, shape: Shape) -> int:
        """Voxels of a volume (z, y, x) once it is as long as the network needs it; of a patch, if it runs on those."""
        if self.card.halo_vox is None:
            return math.prod(self.card.patch_vox or shape)
        return math.prod(-(-size // by) * by for size, by in zip(shape, self.card.size_divisor, strict=True))

    def smallest_voxels(self, shape: Shape) -> int:
        """Voxels of the smallest piece of a volume that it can run on."""
        if self.card.halo_vox is None:
            return self.padded_voxels(shape)
        return smallest_tile_voxels(shape, self.card.halo_vox, self.card.size_divisor)

    def given_bytes(self, shape: Shape, free_bytes: float = math.inf) -> float:
        """Memory that it gets on a processor for a volume, beside the maps, if so much is free.

        It is that from where on more would make it hardly faster, and no less than the smallest piece needs.

        Parameters
        ----------
        shape : (z, y, x) of int
            Of the volume, in voxels.
        free_bytes : float
            What it may take, its maps included.
        """
        output_bytes, least_bytes = math.prod(shape) * OUTPUT_BYTES, self.least_bytes(self.smallest_voxels(shape))
        most_bytes = max(min(max(MOST_BYTES - output_bytes, USUAL_BYTES), free_bytes - output_bytes), least_bytes)
        usual_bytes = max(min(USUAL_BYTES, most_bytes), least_bytes)
        if self.card.halo_vox is None:
            return usual_bytes
        steps = math.ceil(math.log(most_bytes / usual_bytes, BUDGET_STEP))
        budgets = [usual_bytes * BUDGET_STEP**step for step in range(steps)] + [most_bytes]
        work = self._work_voxels(shape, budgets)
        return next(budget for budget, its in zip(budgets, work, strict=True) if its <= GOOD_ENOUGH * work[-1])

    def work_voxels(self, shape: Shape, free_bytes: float = math.inf) -> float:
        """Voxels that it computes for a volume on a processor: those of its tiles, which overlap.

        Parameters as of `given_bytes`.
        """
        if self.card.halo_vox is None:
            return math.prod(shape)
        return self._work_voxels(shape, [self.given_bytes(shape, free_bytes)])[0]

    def _work_voxels(self, shape: Shape, budgets: Sequence[float]) -> list[float]:
        assert self.card.halo_vox is not None
        rooms = [max(self.room_voxels(its, mode) for mode in (FAST, FRUGAL)) for its in budgets]
        return least_work(shape, self.card.halo_vox, self.card.size_divisor, rooms)
