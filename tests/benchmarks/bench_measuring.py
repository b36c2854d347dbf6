"""Measuring a 110 × 130 × 130 cyst of 100 cells, against scikit-image's table of regions. Run: ``make bench``."""

import time

import numpy as np
from scipy.spatial import KDTree
from skimage.measure import marching_cubes, mesh_surface_area, regionprops, regionprops_table

from cartocell_app.jobs.measurements import measure
from cartocell_app.morphology.cells import measure_cells
from cartocell_app.morphology.contacts import find_contacts

SHAPE, VOXEL_UM = (110, 130, 130), (0.7, 0.615, 0.615)
OUTER_VOX, INNER_VOX, CELLS = 52, 34, 100
REPEATS = 5
WITH_SURFACES = 5


def main() -> None:
    labels = cyst()
    contacts_s = fastest(lambda: find_contacts(labels, VOXEL_UM))
    cells_s = fastest(lambda: measure_cells(labels, VOXEL_UM))
    all_s = fastest(lambda: measure(labels, VOXEL_UM))
    properties = ("label", "area", "equivalent_diameter_area", "centroid")
    table_s = fastest(lambda: regionprops_table(labels, properties=properties, spacing=VOXEL_UM))
    regions = regionprops(labels)[:WITH_SURFACES]
    surfaces_s = fastest(lambda: [surface_um2(region.image) for region in regions]) * CELLS / WITH_SURFACES
    print(
        f"{CELLS} cells: all measures {cells_s:.3f} s (surfaces and contacts {contacts_s:.3f} s), "
        f"with lumen and cyst {all_s:.3f} s; regionprops_table (volume, diameter, centroid only) {table_s:.3f} s, "
        f"ratio {table_s / cells_s:.1f}; with marching cubes for the surfaces {table_s + surfaces_s:.2f} s, "
        f"ratio {(table_s + surfaces_s) / cells_s:.1f}"
    )


def cyst() -> np.ndarray:
    """Cones of a hollow ball, as labels."""
    number = np.arange(CELLS) + 0.5
    height, turn = 1 - 2 * number / CELLS, np.pi * (1 + 5**0.5) * number
    ring = np.sqrt(1 - height**2)
    axes = np.stack([height, ring * np.sin(turn), ring * np.cos(turn)], axis=1)
    points = np.indices(SHAPE).reshape(3, -1).T - np.array(SHAPE) / 2
    radius = np.linalg.norm(points, axis=1)
    labels = KDTree(axes).query(points / np.maximum(radius, 1e-9)[:, None])[1] + 1
    labels[(radius > OUTER_VOX) | (radius < INNER_VOX)] = 0
    return labels.reshape(SHAPE).astype(np.uint16)


def fastest(work) -> float:
    return min(timed(work) for _ in range(REPEATS))


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def surface_um2(mask: np.ndarray) -> float:
    corners, faces, *_ = marching_cubes(np.pad(mask, 1).astype(np.float32), 0.5, spacing=VOXEL_UM)
    return mesh_surface_area(corners, faces)


if __name__ == "__main__":
    main()
