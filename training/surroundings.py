"""What differs from cell to cell, and what surrounds tissue: looks that an ordinary picture does not have."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cartocell_app.stacks.voxel_size import VoxelSize
from training.microscope import draw_blobs, smooth_noise

FloatArray = NDArray[np.float32]

FACES = 8191
"""Number of different brightnesses of faces; prime, so that pairs of cells spread over them."""

DARKEST_FACE = 0.08


@dataclass(frozen=True)
class Mosaic:
    """How cells, and faces between them, differ from each other in brightness.

    Attributes
    ----------
    faces : float
        Spread of the brightness of lateral faces (standard deviation of its logarithm).
    lost_faces : float
        Share of lateral faces that are hardly stained.
    grain : float
        Relative unevenness of the inside of cells.
    nuclei : float
        Signal that nuclei have more (or, under 0, less) than the cell, relative to a membrane.
    vesicles : float
        Bright grains per 10⁴ µm³ of cell.
    """

    faces: float = 0.0
    lost_faces: float = 0.0
    grain: float = 0.0
    nuclei: float = 0.0
    vesicles: float = 0.0

    def face_levels(self, rng: np.random.Generator) -> FloatArray:
        """Draw a table of brightnesses, to be read with `face_numbers`."""
        levels = rng.lognormal(0, self.faces, FACES)
        levels[rng.random(FACES) < self.lost_faces] = DARKEST_FACE
        return levels.astype(np.float32)

    def fill_cells(
        self, signal: FloatArray, labels: NDArray[np.uint16], voxel_size: VoxelSize, rng: np.random.Generator
    ) -> None:
        """Add nuclei, grain and vesicles to the `signal` (Z, Y, X) of the cells in `labels`, in place."""
        cells = labels > 0
        if not cells.any():
            return
        if self.nuclei:
            near = near_centres(labels, voxel_size) & (signal < 0.5)
            signal[near] = np.maximum(signal[near] + np.float32(self.nuclei), 0)
        if self.grain:
            noise = smooth_noise(signal.shape, float(rng.uniform(0.7, 2.5)), voxel_size, rng)
            signal[cells] *= np.maximum(1 + np.float32(self.grain) * noise[cells], 0)
        draw_blobs(signal, cells, self.vesicles, (0.25, 0.7), (0.3, 2.5), voxel_size, rng)


@dataclass(frozen=True)
class Surroundings:
    """Signal where no cell is, relative to a membrane.

    Attributes
    ----------
    medium, lumen : float
        Around the tissue, and in lumens.
    structure, grain_um : float
        Relative strength and grain of its unevenness.
    shell, shell_um : float
        Brightness of a layer around the tissue (a matrix, an eggshell), and its distance from it in µm.
    """

    medium: float = 0.0
    lumen: float = 0.0
    structure: float = 0.0
    grain_um: float = 5.0
    shell: float = 0.0
    shell_um: float = 1.0

    def fill(
        self,
        signal: FloatArray,
        lumen: NDArray[np.bool_],
        outside: NDArray[np.bool_],
        voxel_size: VoxelSize,
        rng: np.random.Generator,
    ) -> None:
        """Add medium to the `signal` (Z, Y, X), in place."""
        level = np.float32(self.medium) * outside + np.float32(self.lumen) * lumen
        if self.structure > 0:
            noise = smooth_noise(signal.shape, self.grain_um, voxel_size, rng)
            level *= np.maximum(1 + np.float32(self.structure) * noise, 0)
        signal += level


def face_numbers(cell: NDArray[np.int32], beside: NDArray[np.int32]) -> NDArray[np.int64]:
    """Number under which the face of two cells stands in a table of `FACES`; the same from both sides."""
    one, other = np.minimum(cell, beside).astype(np.int64), np.maximum(cell, beside)
    numbers: NDArray[np.int64] = (one * 65_537 + other * 31) % FACES
    return numbers


def near_centres(labels: NDArray[np.uint16], voxel_size: VoxelSize) -> NDArray[np.bool_]:
    """Where (Z, Y, X) a nucleus would lie: within 55 % of the radius of a ball of the cell's volume."""
    flat = labels.ravel()
    count = np.maximum(np.bincount(flat), 1)
    squared_um2 = np.zeros(labels.shape, np.float32)
    for axis, step_um in enumerate(voxel_size):
        sides = [-1 if axis == other else 1 for other in range(3)]
        place_um = (np.arange(labels.shape[axis], dtype=np.float32) * step_um).reshape(sides)
        sums = np.bincount(flat, np.broadcast_to(place_um, labels.shape).ravel())
        squared_um2 += (place_um - (sums / count).astype(np.float32)[labels]) ** 2
    radius_um = 0.55 * np.cbrt(count * voxel_size.volume_um3 * 3 / (4 * np.pi))
    near: NDArray[np.bool_] = (squared_um2 < (radius_um**2).astype(np.float32)[labels]) & (labels > 0)
    return near
