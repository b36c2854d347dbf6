"""From the network's probability maps to numbered cells that touch."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cartocell_app.segmentation.joining import join_open
from cartocell_app.segmentation.seeds import hills, peak_seeds, piece_seeds
from cartocell_app.segmentation.settings import Landscape, NearestCell, PeakSeeds, SegmentationSettings
from cartocell_app.segmentation.voronoi import share_as_published, share_to_nearest, without_doubtful
from cartocell_app.segmentation.watershed import Cut, flood, inner_distance

FloatArray = NDArray[np.float32]

BLUR_VOX = 1.0
"""Standard deviation of the Gaussian, cut off at once that, of the landscape that BiaPy floods since 3.7."""

RIDGE_BLUR_UM = 0.35
"""Standard deviation of the Gaussian that makes one ridge of a contour."""


@dataclass(frozen=True)
class Instances:
    """Cells found in probability maps, with the steps on the way; all on the grid of the maps.

    A cell has the same number in `seeds`, `before_voronoi` and `labels`.

    Attributes
    ----------
    seeds : (Z, Y, X) ndarray of int32
        What each cell was grown from, one piece or several; 0 elsewhere. Seeds that became no cell have the numbers
        after the last cell.
    foreground : (Z, Y, X) ndarray of bool
        Where the watershed could grow.
    landscape : (Z, Y, X) ndarray of float32
        What the watershed flooded, low inside cells.
    before_voronoi : (Z, Y, X) ndarray of uint16 or uint32
        Cells after the watershed, which do not fill the tissue; 0 elsewhere.
    labels : (Z, Y, X) ndarray of uint16 or uint32
        The cells, numbered 1 to n without gaps; 0 is background and lumen.
    thresholds : dict of str to float
        Probabilities that were used, by what for ("foreground", "tissue", …): Otsu's are known only now.
    """

    seeds: NDArray[np.int32]
    foreground: NDArray[np.bool_]
    landscape: FloatArray
    before_voronoi: NDArray[Any]
    labels: NDArray[Any]
    thresholds: dict[str, float]


def instances_from_maps(maps: FloatArray, voxel_size_um: Sequence[float], settings: SegmentationSettings) -> Instances:
    """Turn the network's three maps into cells.

    Parameters
    ----------
    maps : (3, Z, Y, X) ndarray of float32
        Probabilities, finite: interior B, contour C, tissue M. Not changed.
    voxel_size_um : (z, y, x)
        Of the maps, in µm.
    settings : SegmentationSettings
        How; `PROFILES` has ready-made ones.

    Returns
    -------
    Instances
        Without any cell if there is nothing to find.
    """
    interior, contour, tissue = maps
    cuts = _cuts(maps, settings)
    seeds = _seeds(maps, cuts, voxel_size_um, settings)
    foreground = cuts["foreground"].above(interior)
    landscape = _landscape(settings.landscape, maps, foreground, voxel_size_um)
    grown = flood(landscape, seeds, foreground)
    mask = cuts["tissue"].above(tissue)
    if isinstance(settings.voronoi, NearestCell):
        valleys = _valleys(maps, voxel_size_um) if settings.voronoi.meet == "at the contour" else None
        cells = share_to_nearest(grown, mask, voxel_size_um, settings.voronoi, valleys)
        cells = without_doubtful(cells, tissue, settings.voronoi.least_certainty)
    else:
        cells = share_as_published(grown, mask, settings.voronoi)
    seed_count = int(seeds.max(initial=0))
    if settings.open_by is None:
        number = _numbers(cells, seed_count)
    else:
        joined = join_open(cells, interior, contour, settings.open_by, seed_count)
        number = _numbers(joined[cells], seed_count)[joined]
    thresholds = {name: cut.probability for name, cut in cuts.items()}
    return Instances(number[seeds].astype(np.int32), foreground, landscape, number[grown], number[cells], thresholds)


def _cuts(maps: FloatArray, settings: SegmentationSettings) -> dict[str, Cut]:
    """Thresholds set for these maps, by name."""
    interior, contour, tissue = maps
    cuts = {
        "foreground": Cut.set(settings.foreground, interior),
        "tissue": Cut.set(settings.tissue, tissue),
    }
    if not isinstance(settings.seeds, PeakSeeds):
        cuts["seed interior"] = Cut.set(settings.seeds.interior, interior)
        cuts["seed contour"] = Cut.set(settings.seeds.contour, contour)
    return cuts


def _seeds(
    maps: FloatArray, cuts: dict[str, Cut], voxel_size_um: Sequence[float], settings: SegmentationSettings
) -> NDArray[np.int32]:
    """Seeds of the kind that the settings ask for."""
    interior, contour, _ = maps
    rules = settings.seeds
    if isinstance(rules, PeakSeeds):
        heights = hills(interior, contour, voxel_size_um, rules)
        return peak_seeds(heights, rules.depth, rules.floor, rules.min_um3 / prod(voxel_size_um))
    core = cuts["seed interior"].above(interior) & cuts["seed contour"].below(contour)
    return piece_seeds(core, rules.min_vox)


def _landscape(
    kind: Landscape, maps: FloatArray, foreground: NDArray[np.bool_], voxel_size_um: Sequence[float]
) -> FloatArray:
    """What the watershed floods: low inside cells, finite."""
    interior, contour, _ = maps
    landscape: FloatArray
    match kind:
        case "interior without contour":
            landscape = interior * (contour - 1)
        case "interior":
            landscape = -interior
        case "interior blurred":
            landscape = ndimage.gaussian_filter(-interior, BLUR_VOX, mode="nearest", truncate=1)
        case "interior 8-bit":
            landscape = interior * np.float32(-255)
        case "distance µm" | "distance voxels":
            distance = inner_distance(foreground, voxel_size_um if kind == "distance µm" else (1, 1, 1))
            # A foreground without an outside is infinitely far from it everywhere: flat ground.
            landscape = -np.nan_to_num(distance, copy=False, posinf=0)
    return landscape


def _valleys(maps: FloatArray, voxel_size_um: Sequence[float]) -> FloatArray:
    """Low inside cells, with a smooth ridge along the contour between them."""
    interior, contour, _ = maps
    blur_vox = [RIDGE_BLUR_UM / edge_um for edge_um in voxel_size_um]
    valleys: FloatArray = ndimage.gaussian_filter(contour - interior, blur_vox, mode="nearest", truncate=3)
    return valleys


def _numbers(cells: NDArray[np.int32], seed_count: int) -> NDArray[Any]:
    """New number of each seed's number: cells 1 to n in their old order, then the seeds that became none."""
    is_cell = np.bincount(cells.ravel(), minlength=seed_count + 1) > 0
    is_cell[0] = True  # 0 stays 0
    old_numbers = np.concatenate([np.flatnonzero(is_cell), np.flatnonzero(~is_cell)])
    number = np.empty(seed_count + 1, np.uint16 if seed_count < 1 << 16 else np.uint32)
    number[old_numbers] = np.arange(seed_count + 1)
    return number
