"""Image formation: from membranes to what a confocal microscope would have recorded of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cartocell_app.stacks.resampling import resample_raw
from cartocell_app.stacks.voxel_size import VoxelSize

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Optics:
    """One microscope setting; each number is drawn from `OPTICS_RANGES`.

    Attributes
    ----------
    psf_xy_um, psf_z_um : float
        Standard deviation of the point spread function in the plane and along the optical axis, µm.
    depth_blur : float
        Further blur of the deepest plane, relative to the PSF.
    attenuation_length_um : float
        Depth at which the signal has dropped to 1/e, µm.
    from_below : float
        Under 0.5, the first slice is the brightest; else the last.
    photons : float
        Photons from a typical membrane voxel at the brightest depth.
    read_noise : float
        Standard deviation of the read noise in photons.
    background : float
        Unspecific signal relative to a membrane.
    offset_grey : float
        Grey value of darkness, of 255.
    membrane_grey : float
        Grey value of a typical membrane, of 255; far brighter ones saturate.
    """

    psf_xy_um: float
    psf_z_um: float
    depth_blur: float
    attenuation_length_um: float
    from_below: float
    photons: float
    read_noise: float
    background: float
    offset_grey: float
    membrane_grey: float


OPTICS_RANGES: dict[str, tuple[float, float]] = {
    "psf_xy_um": (0.15, 0.50),
    "psf_z_um": (0.45, 1.5),
    "depth_blur": (0.0, 1.0),
    "attenuation_length_um": (60.0, 500.0),
    "from_below": (0.0, 1.0),
    "photons": (15.0, 160.0),
    "read_noise": (0.2, 2.0),
    "background": (0.005, 0.12),
    "offset_grey": (0.0, 25.0),
    "membrane_grey": (45.0, 210.0),
}
"""Smallest and greatest value of an ordinary picture; those that span more than a decade are drawn evenly on a
logarithmic scale."""


@dataclass(frozen=True)
class Stain:
    """How the membranes of one specimen took up the stain; drawn from `STAIN_RANGES`.

    Attributes
    ----------
    apical, basal : float
        Brightness of these membranes relative to the lateral ones.
    thickness_um : float
        Standard deviation of the stained layer across the membrane, µm.
    texture, texture_um : float
        Relative strength and grain (µm) of the unevenness along the membrane.
    gaps : float
        Share of the membrane without stain.
    cytoplasm : float
        Signal inside cells relative to a membrane.
    bright_cells : float
        Share of cells with a strongly stained inside.
    debris : float
        Blobs per 10⁴ µm³ in the lumen and around the tissue.
    """

    apical: float
    basal: float
    thickness_um: float
    texture: float
    texture_um: float
    gaps: float
    cytoplasm: float
    bright_cells: float
    debris: float


STAIN_RANGES: dict[str, tuple[float, float]] = {
    "apical": (0.9, 3.5),
    "basal": (0.45, 1.2),
    "thickness_um": (0.10, 0.30),
    "texture": (0.10, 0.50),
    "texture_um": (0.8, 4.0),
    "gaps": (0.0, 0.08),
    "cytoplasm": (0.01, 0.22),
    "bright_cells": (0.0, 0.12),
    "debris": (0.0, 1.2),
}


def draw_from(ranges: dict[str, tuple[float, float]], rng: np.random.Generator) -> dict[str, float]:
    """Draw one value for each range, evenly on a logarithmic scale where it spans more than a decade."""
    return {
        name: float(np.exp(rng.uniform(np.log(low), np.log(high))) if 0 < low < high / 10 else rng.uniform(low, high))
        for name, (low, high) in ranges.items()
    }


def smooth_noise(
    shape: tuple[int, int, int], grain_um: float, voxel_size: VoxelSize, rng: np.random.Generator
) -> FloatArray:
    """Draw a random field of zero mean and unit variance that varies over `grain_um`.

    The noise is drawn on a grid as coarse as the grain and interpolated, which costs the same for any grain.
    """
    coarse = tuple(max(2, int(np.ceil(size * step / grain_um))) for size, step in zip(shape, voxel_size, strict=True))
    field = resample_raw(rng.standard_normal(coarse).astype(np.float32), shape)
    return np.asarray((field - field.mean()) / max(float(field.std()), 1e-6), np.float32)


def stained(signal: FloatArray, stain: Stain, voxel_size: VoxelSize, rng: np.random.Generator) -> FloatArray:
    """Give the smooth membrane `signal` (Z, Y, X) its texture and gaps."""
    texture = smooth_noise(signal.shape, stain.texture_um, voxel_size, rng)
    textured = signal * np.exp(stain.texture * texture - stain.texture**2 / 2)
    if stain.gaps <= 0:
        return np.asarray(textured, np.float32)
    holes = smooth_noise(signal.shape, 2.0, voxel_size, rng)
    threshold = np.quantile(holes[:: max(1, len(holes) // 16)], stain.gaps)
    return np.asarray(textured * np.clip((holes - threshold) * 4 + 0.5, 0.1, 1), np.float32)


def add_debris(
    signal: FloatArray, allowed: NDArray[np.bool_], stain: Stain, voxel_size: VoxelSize, rng: np.random.Generator
) -> None:
    """Put blurred blobs of 0.5 to 2.5 µm into the voxels `allowed`, in place."""
    draw_blobs(signal, allowed, stain.debris, (0.5, 2.5), (0.2, 1.3), voxel_size, rng)


def draw_blobs(
    signal: FloatArray,
    allowed: NDArray[np.bool_],
    per_1e4_um3: float,
    sizes_um: tuple[float, float],
    heights: tuple[float, float],
    voxel_size: VoxelSize,
    rng: np.random.Generator,
) -> None:
    """Add blurred blobs to the voxels `allowed` of `signal` (Z, Y, X), in place.

    Parameters
    ----------
    signal, allowed : (Z, Y, X) ndarray
        What is added to, and where.
    per_1e4_um3 : float
        Mean number in 10⁴ µm³; never more than 400 in all.
    sizes_um, heights : tuple of float
        Ranges of their standard deviation in µm and of their peak.
    voxel_size, rng
        Of the grid; source of all randomness.
    """
    candidates = np.flatnonzero(allowed)
    count = rng.poisson(per_1e4_um3 * len(candidates) * voxel_size.volume_um3 / 1e4)
    if not count or not len(candidates):
        return
    centres = np.stack(np.unravel_index(rng.choice(candidates, min(count, 400)), signal.shape), axis=1)
    for centre, sigma_um, height in zip(
        centres, rng.uniform(*sizes_um, len(centres)), rng.uniform(*heights, len(centres)), strict=True
    ):
        window, squared = [], np.zeros((1, 1, 1), np.float32)
        for axis, (middle, step) in enumerate(zip(centre, voxel_size, strict=True)):
            reach = int(np.ceil(3 * sigma_um / step))
            start, stop = max(0, middle - reach), min(signal.shape[axis], middle + reach + 1)
            window.append(slice(start, stop))
            line = ((np.arange(start, stop) - middle) * step / sigma_um) ** 2
            squared = squared + line.reshape([-1 if other == axis else 1 for other in range(3)])
        box = tuple(window)
        signal[box] += allowed[box] * (height * np.exp(-squared / 2)).astype(np.float32)


def blurred(signal: FloatArray, optics: Optics, voxel_size: VoxelSize) -> FloatArray:
    """Blur with an anisotropic Gaussian PSF that widens with depth."""
    sigma_um = np.array([optics.psf_z_um, optics.psf_xy_um, optics.psf_xy_um])
    sharp = ndimage.gaussian_filter(signal, sigma_um / voxel_size.zyx_um, mode="nearest", truncate=3)
    if optics.depth_blur < 0.05:
        return np.asarray(sharp, np.float32)
    wide = ndimage.gaussian_filter(sharp, sigma_um * optics.depth_blur / voxel_size.zyx_um, mode="nearest", truncate=3)
    share = depth_profile(len(signal), optics)[:, None, None]
    return (sharp * (1 - share) + wide * share).astype(np.float32)


def depth_profile(slices: int, optics: Optics) -> FloatArray:
    """Relative depth (0 at the objective's side, 1 farthest) of each of `slices` planes."""
    depth = np.linspace(0, 1, slices, dtype=np.float32)
    return depth if optics.from_below < 0.5 else depth[::-1]


def photographed(
    signal: FloatArray, optics: Optics, voxel_size: VoxelSize, dtype: type[Any], rng: np.random.Generator
) -> NDArray[Any]:
    """Turn `signal` (1 = a typical membrane after blur) into grey values.

    Attenuation with depth, background, Poisson and read noise, gain, offset and saturation, in that order.

    Returns
    -------
    (Z, Y, X) ndarray of `dtype`
        uint8 as recorded, or uint16 with the same picture over 12 bits.
    """
    depth_um = depth_profile(len(signal), optics)[:, None, None] * (len(signal) * voxel_size.z_um)
    light = (signal + optics.background) * np.exp(-depth_um / optics.attenuation_length_um)
    photons = rng.poisson(light * optics.photons).astype(np.float32)
    photons += rng.standard_normal(photons.shape, dtype=np.float32) * np.float32(optics.read_noise)
    grey = photons * (optics.membrane_grey / optics.photons) + optics.offset_grey
    scale, top = (1, 255) if dtype is np.uint8 else (16, 4095)
    return np.asarray(np.clip(np.rint(grey * scale), 0, top), dtype)
