"""Finding the cells: one seed for each, before any of them is outlined."""

from collections.abc import Sequence

import cc3d
import fastremap
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cartocell_app.segmentation.boxes import bounding_box, neighbour_pairs
from cartocell_app.segmentation.settings import PeakSeeds
from cartocell_app.segmentation.watershed import inner_distance

BLUR_REACH = 3.0
"""The Gaussian is cut off at this many standard deviations."""

CORE_PROBABILITY = 0.6
"""Where interior × (1 − contour) is above this it surely is interior, of which the thickness is measured."""

FULL_DEPTH_UM = 4.0
"""Voxels this deep inside the interior, about half the width of an epithelial cell, count as wholly inside."""


def hills(
    interior: NDArray[np.float32], contour: NDArray[np.float32], voxel_size_um: Sequence[float], settings: PeakSeeds
) -> NDArray[np.float32]:
    """Heights that have one hill for each cell, whatever the network's confidence.

    Parameters
    ----------
    interior, contour : (Z, Y, X) ndarray of float32
        Maps B and C, probabilities. Not changed.
    voxel_size_um : (z, y, x)
        In µm.
    settings : PeakSeeds
        How much to blur, and how much thickness counts.

    Returns
    -------
    (Z, Y, X) ndarray of float32
        Between 0 and 1.

    Notes
    -----
    Probabilities alone have several hilltops in a large cell and none in the notch between two that the network
    runs together; the depth inside the interior has it the other way round. Their mean was better than either on
    blurred and noisy maps of synthetic cysts, and on maps of a hardly trained BiaPy network (F1 at IoU 0.5 from
    0.77 to 0.93).
    """
    height = interior * (1 - contour)
    if settings.thickness_weight > 0:
        core = height > CORE_PROBABILITY
        height *= 1 - settings.thickness_weight
        box = bounding_box(core, margin_vox=1)
        if box is not None:
            depth = np.minimum(inner_distance(core[box], voxel_size_um), np.float32(FULL_DEPTH_UM))
            height[box] += depth * np.float32(settings.thickness_weight / FULL_DEPTH_UM)
    blur_vox = [settings.smoothing_um / edge_um for edge_um in voxel_size_um]
    ndimage.gaussian_filter(height, blur_vox, output=height, mode="nearest", truncate=BLUR_REACH)
    return height


def piece_seeds(core: NDArray[np.bool_], min_vox: int) -> NDArray[np.int32]:
    """Connected pieces, as published (specification §6.1, steps 5 and 6).

    Parameters
    ----------
    core : (Z, Y, X) ndarray of bool
        Interior without contour. Not changed.
    min_vox : int
        Pieces with fewer voxels are left out.

    Returns
    -------
    (Z, Y, X) ndarray of int32
        Pieces connected through voxel faces, numbered without gaps in the order of their first voxels; 0 elsewhere.
    """
    pieces = cc3d.connected_components(core, connectivity=6).astype(np.int32, copy=False)
    return _numbered(pieces, np.bincount(pieces.ravel()) >= min_vox)


def peak_seeds(height: NDArray[np.float32], depth: float, floor: float, min_vox: float) -> NDArray[np.int32]:
    """One seed for each peak that stands out by `depth` above all valleys that lead to a higher one (h-maxima).

    Parameters
    ----------
    height : (Z, Y, X) ndarray of float32
        What the peaks are of, usually from `hills`. Not changed.
    depth : float
        Least height of a peak above its highest pass to a higher peak, and above `floor`.
    floor : float
        Everything up to this height, at least 0, is flat ground.
    min_vox : float
        Peaks with less of their hill above the floor, in voxels, are left out.

    Returns
    -------
    (Z, Y, X) ndarray of int32
        Of each hill the part that is less than `depth` below its peak, numbered without gaps in the order of the
        first voxels; 0 elsewhere.

    Notes
    -----
    Instead of reconstructing the heights (the usual way to h-maxima, which passes over the volume again and again)
    every voxel is sent up its steepest path to a local peak. The regions of the local peaks then form a small
    graph, whose edges are the passes between them, and regions are joined across passes from the highest down as
    long as the lower of the two peaks does not stand out. Each region holds one peak, to which a rising path leads
    from every voxel, so the pieces of the graph above any height are those of the volume: the result is exact.
    """
    seeds = np.zeros(height.shape, np.int32)
    box = bounding_box(height > floor)
    if box is None:
        return seeds
    inside = np.ascontiguousarray(height[box])
    regions, peaks = _regions_of_local_peaks(inside, floor)
    hill_of_region = _join_across_passes(peaks, *_passes(inside, regions, peaks, depth), depth)
    hill = hill_of_region[regions]
    stands_out = (peaks - floor >= depth) & (np.bincount(hill.ravel(), minlength=peaks.size) >= min_vox)
    top = (hill > 0) & (inside > (peaks - np.float32(depth))[hill])
    seeds[box] = _numbered(np.where(top, hill, 0), stands_out)
    return seeds


def _regions_of_local_peaks(height: NDArray[np.float32], floor: float) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Number each voxel above the floor after the local peak above it (0 below), with the heights of the peaks.

    Equal heights are ranked by position, so that a plateau has its peaks too; `_join_across_passes` joins them.
    """
    above = np.flatnonzero(height > floor)
    # Non-negative floats are ordered like their bits: height and position in one integer, comparable at once.
    ranks = np.zeros(height.shape, np.int64)
    ranks.ravel()[above] = (height.ravel()[above].view(np.int32).astype(np.int64) << 32) | np.arange(above.size)
    highest = ranks.copy()
    for axis in range(height.ndim):
        before, after = neighbour_pairs(axis)
        np.maximum(highest[before], ranks[after], out=highest[before])
        np.maximum(highest[after], ranks[before], out=highest[after])
    uphill = highest.ravel()[above] & 0xFFFFFFFF
    while True:  # each round doubles the length of the path: a dozen rounds
        further = uphill[uphill]
        if np.array_equal(further, uphill):
            break
        uphill = further
    summits, number = np.unique(uphill, return_inverse=True)
    regions = np.zeros(height.shape, np.int32)
    regions.ravel()[above] = number + 1
    peaks = np.concatenate([np.zeros(1, np.float32), height.ravel()[above[summits]]])
    return regions, peaks


def _passes(
    height: NDArray[np.float32], regions: NDArray[np.int32], peaks: NDArray[np.float32], depth: float
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pairs (N, 2) of regions and the heights (N,) of the passes between them, highest first.

    Passes across which the lower peak stands out are left out: a peak only gets higher when it is joined.
    """
    pairs, heights = [], []
    for axis in range(height.ndim):
        before, after = neighbour_pairs(axis)
        meet = (regions[before] != regions[after]) & (regions[before] > 0) & (regions[after] > 0)
        pairs.append(np.stack([regions[before][meet], regions[after][meet]], axis=1))
        heights.append(np.minimum(height[before][meet], height[after][meet]))
    pair, pass_height = np.concatenate(pairs).astype(np.int64), np.concatenate(heights)
    shallow = peaks[pair].min(axis=1) - pass_height < depth
    pair, pass_height = np.sort(pair[shallow], axis=1), pass_height[shallow]
    highest_first = np.argsort(-pass_height, kind="stable")
    _, first = np.unique(pair[highest_first] @ np.array([peaks.size, 1]), return_index=True)
    chosen = highest_first[np.sort(first)]
    return pair[chosen], pass_height[chosen]


def _join_across_passes(
    peaks: NDArray[np.float32], pairs: NDArray[np.int64], pass_heights: NDArray[np.float32], depth: float
) -> NDArray[np.int32]:
    """Number of the region with the highest peak of the hill that each region belongs to; 0 for region 0."""
    hill = list(range(peaks.size))

    def top_of(region: int) -> int:
        while hill[region] != region:
            hill[region] = region = hill[hill[region]]
        return region

    height = peaks.tolist()
    for (one, other), pass_height in zip(pairs.tolist(), pass_heights.tolist(), strict=True):
        lower, higher = sorted((top_of(one), top_of(other)), key=height.__getitem__)
        if lower != higher and height[lower] - pass_height < depth:
            hill[lower] = higher
    return np.array([top_of(region) for region in range(peaks.size)], np.int32)


def _numbered(labels: NDArray[np.int32], keep: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Labels k with ``keep[k]``, renumbered 1, 2, … in the order of their first voxels; the others become 0."""
    kept = np.where(keep, np.arange(keep.size), 0).astype(np.int32)
    kept[0] = 0
    renumbered, _ = fastremap.renumber(kept[labels], in_place=True)
    return renumbered.astype(np.int32, copy=False)
