"""Outlining the cells: thresholds, landscapes, and the watershed that floods them from the seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import edt
import numpy as np
from numpy.typing import NDArray
from skimage.filters import threshold_otsu
from skimage.segmentation import watershed

from cartocell_app.segmentation.boxes import bounding_box
from cartocell_app.segmentation.settings import EightBitThreshold, FixedThreshold, Threshold


@dataclass(frozen=True)
class Cut:
    """A threshold set for one map. Voxels exactly at it are neither above nor below.

    Attributes
    ----------
    value : float
        On the map times `scale`.
    scale : int
        1, or 255 where the published software compared maps spread to 0…255.
    """

    value: float
    scale: int = 1

    @classmethod
    def set(cls, threshold: Threshold, probability: NDArray[np.float32]) -> Self:
        """Set the threshold for a map (Z, Y, X), of which Otsu's needs the whole.

        Otsu's threshold of a map with a single value is that value, so that nothing is above or below it.
        """
        if isinstance(threshold, FixedThreshold):
            return cls(threshold.value)
        if isinstance(threshold, EightBitThreshold):
            return cls(int(255 * threshold.value), 255)
        return cls(float(threshold_otsu(probability, nbins=256)) * threshold.factor)  # type: ignore[no-untyped-call]

    @property
    def probability(self) -> float:
        """The threshold as a probability."""
        return self.value / self.scale

    def above(self, probability: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Voxels strictly above it."""
        return self._scaled(probability) > self.value

    def below(self, probability: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Voxels strictly below it."""
        return self._scaled(probability) < self.value

    def _scaled(self, probability: NDArray[np.float32]) -> NDArray[np.float32]:
        return probability if self.scale == 1 else probability * np.float32(self.scale)


def inner_distance(mask: NDArray[np.bool_], voxel_size: Sequence[float] = (1, 1, 1)) -> NDArray[np.float32]:
    """Distance of each voxel of a mask to the nearest voxel outside it; 0 outside.

    Parameters
    ----------
    mask : (Z, Y, X) ndarray of bool
        Not changed. The faces of the volume are no outside.
    voxel_size : (z, y, x)
        The unit of the distances: µm, or 1 for voxels.

    Returns
    -------
    (Z, Y, X) ndarray of float32
        Infinite if there is no outside.
    """
    distance: NDArray[np.float32] = edt.edt(
        np.ascontiguousarray(mask), anisotropy=tuple(float(edge) for edge in voxel_size), black_border=False
    )
    return distance


def flood(landscape: NDArray[np.float32], seeds: NDArray[np.int32], foreground: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Grow the seeds over the foreground, lowest ground first, through voxel faces.

    Parameters
    ----------
    landscape : (Z, Y, X) ndarray of float32
        Low inside cells. Not changed.
    seeds : (Z, Y, X) ndarray of int32
        One number per cell, 0 elsewhere. Seeds outside the foreground vanish. Not changed.
    foreground : (Z, Y, X) ndarray of bool
        Where cells may grow; its pieces without a seed stay 0. Not changed.

    Returns
    -------
    (Z, Y, X) ndarray of int32
        Cells by the numbers of their seeds, without a line between them; 0 elsewhere.
    """
    cells = np.zeros(seeds.shape, np.int32)
    box = bounding_box(foreground)
    if box is not None:
        cells[box] = watershed(  # type: ignore[no-untyped-call]
            landscape[box], seeds[box], connectivity=1, mask=foreground[box]
        )
    return cells
