"""How much memory a network takes, and how much it is given."""

import math
from dataclasses import dataclass
from typing import NamedTuple

from cartocell_app.segmentation.tiling import Shape, least_work

USUAL_BYTES, MOST_BYTES = 2.0e9, 5.5e9
"""The network takes the first, or more where tiles would cost too much, up to the second with its maps: then all of
`cartocell segment` stays below 6 GB. Only where it cannot do with so little does it take what is free."""

BUDGET_STEP = 1.25
"""Each memory that is considered is so many times the one before."""

GOOD_ENOUGH = 1.3
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


@dataclass(frozen=True)
class Budget:
    """Memory of one network.

    Parameters
    ----------
    bytes_per_voxel : float
        Of its feature maps, the most at a time; see `footprint.bytes_per_voxel`.
    """

    bytes_per_voxel: float

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

    def worth_bytes(
        self, least_bytes: float, most_bytes: float, shape: Shape, halo_vox: Shape, divisor: Shape
    ) -> float:
        """Memory from where on more would make the network hardly faster, on a volume of this shape (z, y, x).

        Parameters
        ----------
        least_bytes, most_bytes : float
            It is between these.
        shape, halo_vox, divisor : (z, y, x) of int
            See `plan_tiles`.
        """
        usual_bytes = max(min(USUAL_BYTES, most_bytes), least_bytes)
        steps = math.ceil(math.log(most_bytes / usual_bytes, BUDGET_STEP))
        budgets = [usual_bytes * BUDGET_STEP**step for step in range(steps)] + [most_bytes]
        rooms = [max(self.room_voxels(budget, mode) for mode in (FAST, FRUGAL)) for budget in budgets]
        work = least_work(shape, halo_vox, divisor, rooms)
        return next(budget for budget, its in zip(budgets, work, strict=True) if its <= GOOD_ENOUGH * work[-1])
