"""Cysts drawn in the simplest way, which shares nothing with the drawings that the models in the box learnt from.

A ball with a hollow, cut into the Voronoi regions of points on its middle shell; the borders of the labels, blurred,
are the picture. This is how most people would make cysts to try a program with.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from cartocell_app.stacks.voxel_size import VoxelSize

MARGIN_UM = 4.0


@dataclass(frozen=True)
class Simple:
    """One such cyst.

    Attributes
    ----------
    cells : int
        How many.
    radii_um : tuple of float
        Of the hollow and of the ball.
    voxel_um : tuple of float
        Voxel size (z, y, x).
    stretch : tuple of float
        Of the ball along z, y and x.
    thickness_um, blur_um : float, tuple of float
        Standard deviations: of the profile of a membrane, and of the blur along z, y and x.
    insides : float
        Brightness of cells where that of a membrane is 1.
    photons : float
        Of a membrane voxel; 0 is without noise.
    grey : tuple of int
        Values of darkness and of a membrane.
    """

    cells: int
    radii_um: tuple[float, float]
    voxel_um: tuple[float, float, float]
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)
    thickness_um: float = 0.0
    blur_um: tuple[float, float, float] = (0.0, 0.0, 0.0)
    insides: float = 0.0
    photons: float = 0.0
    grey: tuple[int, int] = (0, 200)


SIMPLE = {
    "black and white, no lumen": Simple(12, (0, 15.5), (0.5, 0.5, 0.5), grey=(0, 255)),
    "fat lines": Simple(30, (10, 22), (0.7, 0.6, 0.6), thickness_um=0.8, blur_um=(0.6, 0.3, 0.3), photons=60),
    "blurred along z": Simple(
        90, (14, 25), (1.0, 0.4, 0.4), (0.9, 1.0, 1.2), blur_um=(1.3, 0.35, 0.35), insides=0.05, photons=35
    ),
    "hardly brighter than the dark": Simple(
        60, (14, 24), (0.7, 0.6, 0.6), blur_um=(0.7, 0.3, 0.3), insides=0.1, photons=40, grey=(2000, 2150)
    ),
    "bright insides": Simple(30, (8, 22), (0.5, 0.5, 0.5), blur_um=(0.6, 0.4, 0.4), insides=0.4, photons=50),
    "noise": Simple(40, (8, 24), (0.7, 0.6, 0.6), blur_um=(0.4, 0.3, 0.3), insides=0.1, photons=6),
}


def simple_cyst(kind: Simple, seed: int) -> tuple[NDArray[np.uint16], NDArray[np.uint16], VoxelSize]:
    """Picture (Z, Y, X), labels (0 is no cell) and voxel size."""
    rng = np.random.default_rng(seed)
    inner_um, outer_um = kind.radii_um
    half_um = outer_um * np.array(kind.stretch) + MARGIN_UM
    shape = np.ceil(2 * half_um / kind.voxel_um).astype(int)
    axes = [(np.arange(size) + 0.5) * um - half for size, um, half in zip(shape, kind.voxel_um, half_um, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    radius_um = np.linalg.norm(points / kind.stretch, axis=-1)
    shell = (radius_um <= outer_um) & (radius_um >= inner_um)
    seeds = _even_directions(kind.cells, rng) * (inner_um + outer_um) / 2 * kind.stretch
    labels = np.zeros(shape, np.uint16)
    labels[shell] = cKDTree(seeds).query(points[shell])[1] + 1
    return _picture(labels, kind, rng), labels, VoxelSize(*kind.voxel_um, "made so")


def _picture(labels: NDArray[np.uint16], kind: Simple, rng: np.random.Generator) -> NDArray[np.uint16]:
    lines = (ndimage.maximum_filter(labels, 3) != ndimage.minimum_filter(labels, 3)).astype(np.float32)
    if kind.thickness_um:
        from_line_um = ndimage.distance_transform_edt(lines == 0, sampling=kind.voxel_um)
        lines = np.exp(-0.5 * (from_line_um / kind.thickness_um) ** 2)
    light = np.maximum(lines, kind.insides * (labels > 0))
    light = ndimage.gaussian_filter(light, np.divide(kind.blur_um, kind.voxel_um))
    if kind.photons:
        light = rng.poisson(light * kind.photons + 0.5) / kind.photons
    dark, bright = kind.grey
    return np.asarray(np.clip(np.rint(dark + light * (bright - dark)), 0, 65535), np.uint16)


def _even_directions(count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Unit vectors spread evenly (Lloyd), at random."""
    samples = rng.normal(size=(200 * count, 3))
    samples /= np.linalg.norm(samples, axis=1, keepdims=True)
    seeds = samples[:count]
    for _ in range(5):
        owner = cKDTree(seeds).query(samples)[1]
        sums = np.stack([np.bincount(owner, samples[:, axis], count) for axis in range(3)], axis=1)
        seeds = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return seeds
