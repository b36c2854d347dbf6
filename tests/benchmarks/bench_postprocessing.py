"""How long everything after the network takes, and how much faster the 3D Voronoi is than the published way.

Run from the project's root: ``python -m tests.benchmarks.bench_postprocessing``
"""

import time

import numpy as np
from scipy import ndimage

from cartocell_app.segmentation.instances import instances_from_maps
from cartocell_app.segmentation.seeds import hills, peak_seeds
from cartocell_app.segmentation.settings import PROFILES, PublishedVoronoi
from cartocell_app.segmentation.voronoi import share_as_published, share_to_nearest
from tests.segmentation.toy_cysts import VOXEL_UM, f1, ideal_maps, shell

SHAPE = (110, 130, 130)
REPEATS = 5
SAMPLED_VOXELS = 2000


def soft_maps(labels):
    """Maps with smooth noise, as of a network that is not quite sure."""
    rng = np.random.default_rng(0)
    spread = [ndimage.gaussian_filter(rng.normal(size=labels.shape), 1.5) for _ in range(3)]
    logits = 8 * ideal_maps(labels, 0.8) - 4 + np.stack([field / field.std() for field in spread])
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def padded(labels):
    """The labels in the middle of a volume of `SHAPE`."""
    volume = np.zeros(SHAPE, labels.dtype)
    corner = [(whole - part) // 2 for whole, part in zip(SHAPE, labels.shape, strict=True)]
    volume[tuple(slice(start, start + part) for start, part in zip(corner, labels.shape, strict=True))] = labels
    return volume


def best_seconds(work):
    """Processor and wall-clock seconds of the fastest of some runs."""
    runs = []
    for _ in range(REPEATS):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        runs.append((time.process_time() - processor, time.perf_counter() - wall))
    return min(runs)


def row_per_voxel_seconds(instances, tissue):
    """The published way, a row of distances for each voxel: seconds for all, from a sample of the voxels."""
    cells = instances > 0
    rim = np.argwhere(cells & ~ndimage.binary_erosion(cells, iterations=2, border_value=1))
    fill = np.argwhere(tissue & ~cells)
    sample = fill[:: max(1, len(fill) // SAMPLED_VOXELS)]
    start = time.process_time()
    for voxel in sample:
        ((rim - voxel) ** 2).sum(axis=1).argmin()
    return (time.process_time() - start) * len(fill) / len(sample)


def main():
    labels = padded(shell(cells=100, inner_um=20.0, outer_um=33.0, margin_um=2.0))
    maps = soft_maps(labels)
    print(f"{'x'.join(map(str, SHAPE))} voxels, {labels.max()} cells, {np.mean(labels > 0):.0%} tissue")
    for name, profile in PROFILES.items():
        processor_s, wall_s = best_seconds(lambda profile=profile: instances_from_maps(maps, VOXEL_UM, profile))
        found = instances_from_maps(maps, VOXEL_UM, profile).labels
        score = f"F1 {f1(labels, found):.3f} at 0.5, {f1(labels, found, 0.75):.3f} at 0.75"
        print(f"{name:16} {processor_s:6.3f} s processor, {wall_s:6.3f} s in all; {score}")

    seeds = PROFILES["default"].seeds
    heights = hills(maps[0], maps[1], VOXEL_UM, seeds)
    hills_s, _ = best_seconds(lambda: hills(maps[0], maps[1], VOXEL_UM, seeds))
    peaks_s, _ = best_seconds(lambda: peak_seeds(heights, seeds.depth, seeds.floor, min_vox=40))
    print(f"seeds, default             {hills_s:8.3f} s for the hills and {peaks_s:.3f} s for their tops")

    default = instances_from_maps(maps, VOXEL_UM, PROFILES["default"])
    instances, tissue = default.before_voronoi.astype(np.int32), maps[2] > 0.5
    ours_s, _ = best_seconds(lambda: share_to_nearest(instances, tissue, VOXEL_UM, PROFILES["default"].voronoi))
    published_s, _ = best_seconds(lambda: share_as_published(instances, tissue, PublishedVoronoi(closing_vox=0)))
    rows_s = row_per_voxel_seconds(instances, tissue)
    transform_s, _ = best_seconds(
        lambda: ndimage.distance_transform_edt(instances == 0, VOXEL_UM, return_distances=False, return_indices=True)
    )
    print(f"Voronoi, default           {ours_s:8.3f} s (with pinholes, and cells made whole)")
    print(f"Voronoi, published         {published_s:8.3f} s (ties as published; without closing)")
    ratios = f"{rows_s / ours_s:.0f} and {rows_s / published_s:.0f} times as long"
    print(f"a row for each voxel       {rows_s:8.1f} s: {ratios}")
    print(f"SciPy's distance transform {transform_s:8.3f} s: {transform_s / ours_s:.1f} times as long as the default")


if __name__ == "__main__":
    main()
