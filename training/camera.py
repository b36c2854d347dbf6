"""What scanners, cameras and software add to a picture: haze, shading, lines, flicker, seams, smoothing."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cartocell_app.stacks.voxel_size import VoxelSize
from training.microscope import smooth_noise

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Camera:
    """Faults of one instrument; 0 is none.

    Attributes
    ----------
    haze, haze_um : float
        Share of the light that is out of focus, and over how far (µm, in the plane; twice as far along z).
    shading : float
        Spread of slow differences of brightness over the field.
    lines, flicker : float
        Spread of the gain from scan line to scan line, and from slice to slice.
    seams, tile_um : float
        Spread of the gain from tile to tile of a mosaic, and the side of a tile.
    smoothing_vox : float
        Standard deviation in the plane of a smoothing after recording.
    """

    haze: float = 0.0
    haze_um: float = 4.0
    shading: float = 0.0
    lines: float = 0.0
    flicker: float = 0.0
    seams: float = 0.0
    tile_um: float = 40.0
    smoothing_vox: float = 0.0

    def hazed(self, signal: FloatArray, voxel_size: VoxelSize) -> FloatArray:
        """Spread a share of the `signal` (Z, Y, X) over `haze_um`."""
        if self.haze <= 0:
            return signal
        # Two box filters are near enough to a Gaussian, and cost the same at any width.
        wide = signal
        box_vox = np.maximum(self.haze_um * np.array([2, 1, 1]) * 2.4 / voxel_size.zyx_um, 1).astype(int).tolist()
        for _ in range(2):
            wide = ndimage.uniform_filter(wide, box_vox, mode="nearest")
        return np.asarray(signal * np.float32(1 - self.haze) + wide * np.float32(self.haze), np.float32)

    def gain(self, shape: tuple[int, int, int], voxel_size: VoxelSize, rng: np.random.Generator) -> FloatArray:
        """Draw what the light is multiplied by, broadcastable to `shape` (Z, Y, X)."""
        gain = np.ones((1, 1, 1), np.float32)
        if self.shading > 0:
            flat = smooth_noise((1, *shape[1:]), float(max(shape[1:]) * voxel_size.y_um / 1.5), voxel_size, rng)
            gain = gain * np.exp(np.float32(self.shading) * flat)
        if self.lines > 0:
            gain = gain * rng.lognormal(0, self.lines, (*shape[:2], 1)).astype(np.float32)
        if self.flicker > 0:
            gain = gain * rng.lognormal(0, self.flicker, (shape[0], 1, 1)).astype(np.float32)
        if self.seams > 0:
            tiles = [
                ((np.arange(size) * step + rng.uniform(0, self.tile_um)) // self.tile_um).astype(int)
                for size, step in zip(shape[1:], (voxel_size.y_um, voxel_size.x_um), strict=True)
            ]
            levels = rng.lognormal(0, self.seams, (tiles[0].max() + 1, tiles[1].max() + 1)).astype(np.float32)
            gain = gain * levels[np.ix_(*tiles)]
        return np.asarray(gain, np.float32)

    def smoothed(self, raw: NDArray[Any]) -> NDArray[Any]:
        """Smooth what was recorded, in its own kind of numbers."""
        if self.smoothing_vox <= 0:
            return raw
        sigma = (self.smoothing_vox / 2, self.smoothing_vox, self.smoothing_vox)
        smooth = ndimage.gaussian_filter(raw.astype(np.float32), sigma, truncate=3)
        return np.rint(smooth).astype(raw.dtype)
