"""Finding the single cysts in a field of several.

A cyst is a shell of bright thin outlines around dark cells and a dark lumen. Blurred over a few µm the shell is
brighter than what surrounds it; closed and filled, it is a solid body, whether a slice of it is cut by the frame
or not. All of this runs on a copy with voxels of about 2 µm, so that a large field takes seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

import cc3d
import edt
import fill_voids
import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field
from scipy import ndimage
from skimage.morphology import h_maxima
from skimage.segmentation import watershed

from cartocell_app.errors import UserError
from cartocell_app.stacks.boxes import Box, Shape
from cartocell_app.stacks.resampling import resample_raw, resampled_shape, resampled_voxel_size
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize

FloatArray = NDArray[np.float32]
Mask = NDArray[np.bool_]

GRID_UM = 2.0
"""Voxels are brought to at least this size, µm."""

DEPTH_SMOOTHING_UM = 10.0
"""Brightness changes slowly with depth: standard deviation, µm, over which slices share what they know of it."""

NOISE_FACTOR = 6.0
"""Tissue is at least this many standard deviations of the noise above the background."""

FAINTEST_DEPTH = 0.2
"""Tissue at any depth is taken to have at least this share of the brightest depth's light: less is haze, not tissue."""

SEPARATION = 5.0
"""Tissue is at least this many spreads of the background above it: half of pure noise has 3, cysts have 100."""

MIRROR_UM = 64.0
"""Lumens that the frame cuts open are closed by this much of the mirror image beyond it, µm."""


class CystFinderSettings(BaseModel):
    """How single cysts are told apart in a field; the defaults suit cysts of 4 to 10 days."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    smoothing_um: float = Field(
        2.0, gt=0, description="Blur (standard deviation, µm) that joins cell outlines into a continuous shell."
    )
    brightness: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="Tissue is brighter than this share of the mean tissue at its depth. Less makes boxes looser.",
    )
    closing_um: float = Field(3.0, ge=0, description="Gaps in a shell up to twice this wide are closed (µm).")
    opening_um: float = Field(4.0, ge=0, description="Debris up to twice this thick is left out (µm).")
    neck: float = Field(
        0.8,
        gt=0,
        lt=1,
        description="Bodies that touch are two cysts if the neck between them is thinner than this share of the "
        "thinner one. More splits more.",
    )
    smallest_diameter_um: float = Field(15.0, gt=0, description="Smaller bodies are debris, not cysts (µm).")
    largest_diameter_um: float = Field(250.0, gt=0, description="Larger bodies are not single cysts (µm).")
    margin_um: float = Field(6.0, ge=0, description="Room left around each cyst where the frame allows (µm).")
    keep_cut: bool = Field(True, description="Keep cysts that the frame cuts; they are marked in any case.")


@dataclass(frozen=True)
class CystBox(Box):
    """Where one cyst lies in its field: the attributes of `Box`, with the margin, and these.

    Boxes are numbered 1, 2, … in the order of `start_vox`; the frame cuts or touches the cyst itself, not its margin.

    Attributes
    ----------
    centre_um : tuple of float
        Middle of the cyst's volume, lumen included, (z, y, x) in µm from the outer corner of the field.
    diameter_um : float
        Of the ball of the same volume, lumen included; of what is visible if the frame cuts the cyst.
    """

    centre_um: tuple[float, float, float]
    diameter_um: float


def find_cysts(stack: Stack, settings: CystFinderSettings | None = None) -> list[CystBox]:
    """Boxes around the single cysts of a field.

    Parameters
    ----------
    stack : Stack
        Cell outlines. A field without cysts gives an empty list.
    settings : CystFinderSettings, optional
        The defaults if not given.

    Returns
    -------
    list of CystBox
        Ordered by where the boxes start along z, then y, then x. Boxes of close neighbours overlap.

    Raises
    ------
    UserError
        If the voxel size is unknown: cysts are told by their size in µm.
    """
    if stack.voxel_size is None:
        raise UserError(
            f"The voxel size of {stack.name} is not known.",
            "Cysts are told from debris by their size in µm: give the voxel size (z, y, x).",
        )
    settings = settings or CystFinderSettings()
    shape = resampled_shape(stack.shape, stack.voxel_size, [max(GRID_UM, step_um) for step_um in stack.voxel_size])
    grid = resampled_voxel_size(stack.shape, stack.voxel_size, shape)
    bodies = _split(_tissue(resample_raw(stack.data, shape), grid, settings), grid, settings)
    found = (_measure(bodies, number, box, grid) for number, box in _numbered(bodies))
    kept = [
        _on_input(body, grid, stack, settings.margin_um)
        for body in found
        if settings.smallest_diameter_um <= body.diameter_um <= settings.largest_diameter_um
        and (settings.keep_cut or not body.touches_border)
    ]
    kept.sort(key=lambda box: (box.start_vox, box.stop_vox))
    return [replace(box, number=number) for number, box in enumerate(kept, start=1)]


def _tissue(coarse: FloatArray, grid: VoxelSize, settings: CystFinderSettings) -> Mask:
    """Solid bodies (Z, Y, X): cells, lumen and all, without thin debris."""
    light = ndimage.gaussian_filter(coarse, settings.smoothing_um / np.array(grid.zyx_um), mode="nearest")
    noise = _noise(coarse, light, grid, settings.smoothing_um)
    light -= np.percentile(light, 5, axis=(1, 2), keepdims=True)
    threshold = _threshold(light, noise, grid, settings.brightness)
    mask = light > threshold[:, None, None]
    if not _stands_out(light, mask, threshold):
        return np.zeros(mask.shape, np.bool_)
    mask = _closed(mask, grid, settings.closing_um)
    mirror = int(np.ceil(MIRROR_UM / grid.x_um))
    for plane in mask:
        mirrored = np.pad(plane, mirror, mode="symmetric")
        plane[:] = fill_voids.fill(mirrored)[mirror:-mirror, mirror:-mirror]
    return _opened(mask, grid, settings.opening_um)


def _noise(coarse: FloatArray, light: FloatArray, grid: VoxelSize, smoothing_um: float) -> NDArray[np.float64]:
    """Standard deviation of the noise that is left in `light`, the blurred `coarse`, in each slice (Z,).

    From differences in `coarse` between voxels two apart, where next neighbours share light from resampling, in
    the darkest quarter of `light`.
    """
    if coarse.shape[2] < 3:
        return np.zeros(len(coarse))
    middle, difference = light[:, :, 1:-1], np.abs(coarse[:, :, 2:] - coarse[:, :, :-2])
    dark = middle <= np.percentile(middle, 25, axis=(1, 2), keepdims=True)
    spread = difference.mean(axis=(1, 2), dtype=np.float64, where=dark) * np.sqrt(np.pi) / 2
    # The blur leaves this share of white noise along an axis, and up to √1.5 of that where neighbours share light.
    left = [min(1.0, step_um / (2 * np.sqrt(np.pi) * smoothing_um)) * 1.5 for step_um in grid]
    return np.asarray(spread * np.sqrt(np.prod(left)), np.float64)


def _stands_out(light: FloatArray, tissue: Mask, threshold: NDArray[np.float64]) -> bool:
    """Whether tissue is set apart from the rest, and not just the upper part of noise or of uneven illumination."""
    if not tissue.any() or tissue.all():
        return False
    relative = light / threshold[:, None, None]
    rest = relative[~tissue]
    middle = np.median(rest)
    spread = 1.4826 * np.median(np.abs(rest - middle))
    return bool(relative.mean(where=tissue) - middle > SEPARATION * spread)


def _threshold(
    light: FloatArray, noise: NDArray[np.float64], grid: VoxelSize, brightness: float
) -> NDArray[np.float64]:
    """Threshold of each slice (Z,) on its light above the background.

    The share `brightness` of the mean tissue, which is what lies above the threshold, and so on until it settles
    (Ridler and Calvard 1978, https://doi.org/10.1109/TSMC.1978.4310039); slices share the mean with their
    neighbours in depth, so that attenuation is followed but a slice without tissue has no say.
    """
    floor = NOISE_FACTOR * noise
    threshold = floor

    def shared(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(
            ndimage.gaussian_filter1d(values.astype(np.float64), DEPTH_SMOOTHING_UM / grid.z_um, mode="nearest")
        )

    for _ in range(20):
        tissue = light > threshold[:, None, None]
        total = shared(light.sum(axis=(1, 2), dtype=np.float64, where=tissue))
        mean = total / np.maximum(shared(tissue.sum(axis=(1, 2))), 1e-9)
        mean = np.maximum(mean, FAINTEST_DEPTH * mean.max())
        before, threshold = threshold, np.maximum(floor, brightness * mean)
        if np.allclose(threshold, before, rtol=0.01):
            break
    return threshold


def _distance(mask: Mask, grid: VoxelSize) -> FloatArray:
    """Distance in µm to the nearest voxel outside `mask`; the tissue is taken to go on beyond the frame."""
    return cast(FloatArray, edt.edt(mask, anisotropy=grid.zyx_um, black_border=False))


def _closed(mask: Mask, grid: VoxelSize, radius_um: float) -> Mask:
    return ~_opened(~mask, grid, radius_um)


def _opened(mask: Mask, grid: VoxelSize, radius_um: float) -> Mask:
    """Morphological opening with a ball of `radius_um`."""
    if mask.all():
        return mask
    core = _distance(mask, grid) > radius_um
    return _distance(~core, grid) <= radius_um if core.any() else core


def _split(mask: Mask, grid: VoxelSize, settings: CystFinderSettings) -> NDArray[np.uint32]:
    """Number the bodies (Z, Y, X) of `mask`, cutting those that hang together at thin necks.

    Cores are the peaks of the distance to the surface. Two peaks are one where the way between them stays above
    `neck` times the lower one: on the logarithm of the distance, an h-maxima transform.
    """
    if mask.all():
        return mask.astype(np.uint32)
    pieces = cast(NDArray[np.uint32], cc3d.connected_components(mask, connectivity=6, out_dtype=np.uint32))
    distance = ndimage.gaussian_filter(_distance(mask, grid), 1.0, mode="nearest")
    bodies = np.zeros_like(pieces)
    count = 0
    # Peaks under a fraction of the smallest cyst are bumps of the surface.
    flat_um = 0.3 * settings.smallest_diameter_um
    depth = -np.log(settings.neck)
    for number, box in _numbered(pieces):
        piece = pieces[box] == number
        inside = distance[box] * piece
        height = np.log(np.maximum(inside / flat_um, 1)).astype(np.float32)
        if height.max() == 0:
            continue
        peaks = inside == inside.max()
        if height.max() > depth:
            peaks = h_maxima(height, depth)  # type: ignore[no-untyped-call]
        cores = cc3d.connected_components(peaks.astype(np.uint8), connectivity=26)
        parts = watershed(-inside, cores, mask=piece)  # type: ignore[no-untyped-call]
        bodies[box][piece] = parts[piece] + count
        count += int(parts.max())
    return bodies


def _numbered(labels: NDArray[Any]) -> Iterator[tuple[int, tuple[slice, ...]]]:
    """Each label and its bounding box."""
    return ((number, box) for number, box in enumerate(ndimage.find_objects(labels), start=1) if box is not None)


def _measure(bodies: NDArray[np.uint32], number: int, box: tuple[slice, ...], grid: VoxelSize) -> CystBox:
    """Place and size of one body, its box tight and in voxels of `grid`."""
    inside = np.nonzero(bodies[box] == number)
    z, y, x = ((part.start + at.mean() + 0.5) * um for part, at, um in zip(box, inside, grid, strict=True))
    start, stop = tuple(part.start for part in box), tuple(part.stop for part in box)
    return CystBox(
        number=number,
        start_vox=cast(Shape, start),
        stop_vox=cast(Shape, stop),
        centre_um=(float(z), float(y), float(x)),
        diameter_um=float((6 / np.pi * len(inside[0]) * grid.volume_um3) ** (1 / 3)),
        touches_border=any(a == 0 or b == n for a, b, n in zip(start, stop, bodies.shape, strict=True)),
    )


def _on_input(body: CystBox, grid: VoxelSize, stack: Stack, margin_um: float) -> CystBox:
    """Bring a box from `grid` to the voxels of the stack and widen it by the margin, as far as the frame allows."""
    assert stack.voxel_size is not None
    start, stop = [], []
    for first, last, coarse_um, step_um, count in zip(
        body.start_vox, body.stop_vox, grid, stack.voxel_size, stack.shape, strict=True
    ):
        # Half a thousandth of a voxel is rounding, not extent.
        start.append(max(0, int(np.floor((first * coarse_um - margin_um) / step_um + 5e-4))))
        stop.append(min(count, int(np.ceil((last * coarse_um + margin_um) / step_um - 5e-4))))
    return replace(body, start_vox=cast(Shape, tuple(start)), stop_vox=cast(Shape, tuple(stop)))
