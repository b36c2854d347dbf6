"""Matching of two 110 × 130 × 130 label volumes of 100 cells, against cell by cell with masks. Run: ``make bench``."""

import time

import numpy as np
from scipy.spatial import KDTree

from cartocell_app.segmentation.evaluation import evaluate_pair, overlap_table

SHAPE = (110, 130, 130)
RADIUS_VOX = 52
CELLS, REFERENCE_CELLS = 100, 5
REPEATS = 5


def main() -> None:
    truth, predicted = tissue(0), tissue(1)
    seconds = [timed(lambda: evaluate_pair(truth, predicted)) for _ in range(REPEATS)]
    table_seconds = [timed(lambda: overlap_table(truth, predicted)) for _ in range(REPEATS)]
    start = time.perf_counter()
    reference = iou_by_masks(truth, predicted, range(1, REFERENCE_CELLS + 1))
    reference_seconds = (time.perf_counter() - start) * CELLS / REFERENCE_CELLS
    assert np.allclose(overlap_table(truth, predicted).iou[:REFERENCE_CELLS], reference)
    print(
        f"matching {CELLS} with {CELLS} cells: all scores {min(seconds):.3f} s "
        f"(table {min(table_seconds):.3f} s); "
        f"IoU of each pair with masks {reference_seconds:.0f} s (from {REFERENCE_CELLS} of {CELLS} true cells), "
        f"ratio {reference_seconds / min(seconds):.0f}"
    )


def tissue(seed: int) -> np.ndarray:
    """Voronoi cells of random points within a ball, as labels."""
    rng = np.random.default_rng(seed)
    directions = rng.normal(size=(CELLS, 3))
    radii = RADIUS_VOX * np.cbrt(rng.random((CELLS, 1)))
    points = np.array(SHAPE) / 2 + directions / np.linalg.norm(directions, axis=1, keepdims=True) * radii
    voxels = np.indices(SHAPE).reshape(3, -1).T
    labels = KDTree(points).query(voxels)[1] + 1
    labels[np.linalg.norm(voxels - np.array(SHAPE) / 2, axis=1) > RADIUS_VOX + 1] = 0
    return labels.reshape(SHAPE).astype(np.uint16)


def timed(work) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def iou_by_masks(truth: np.ndarray, predicted: np.ndarray, true_ids) -> np.ndarray:
    return np.array(
        [
            [
                np.count_nonzero((truth == true_id) & (predicted == predicted_id))
                / np.count_nonzero((truth == true_id) | (predicted == predicted_id))
                for predicted_id in range(1, CELLS + 1)
            ]
            for true_id in true_ids
        ]
    )


if __name__ == "__main__":
    main()
