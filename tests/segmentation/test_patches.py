import numpy as np
import pytest

from cartocell_app.segmentation.patches import predict_in_patches

PATCH = (4, 8, 8)


def predict(volume, run):
    return predict_in_patches(volume, PATCH, run, lambda *_: None)


@pytest.mark.parametrize("shape", [(4, 8, 8), (9, 8, 17), (13, 30, 21), (2, 3, 40), (1, 1, 1)])
def test_an_identity_comes_back_exactly(shape):
    volume = np.random.default_rng(0).random(shape, np.float32)

    def run(patch):
        assert patch.shape == PATCH
        return np.stack([patch, 2 * patch, 3 * patch])

    maps = predict(volume, run)
    np.testing.assert_allclose(maps, [volume, 2 * volume, 3 * volume], rtol=1e-6)


def test_where_patches_overlap_the_mean_is_taken():
    """Two patches along x, of 0 and 1."""
    answers = iter([0.0, 1.0])
    maps = predict(np.zeros((4, 8, 12), np.float32), lambda patch: np.full((3, *patch.shape), next(answers), "f4"))
    np.testing.assert_array_equal(maps[0, 0, 0], [0] * 4 + [0.5] * 4 + [1] * 4)


def test_every_patch_overlaps_the_next_by_a_quarter():
    """Each voxel of a line lies in a patch, and the ends of neighbours lie in two."""
    counted = np.zeros(50, int)
    line = np.broadcast_to(np.arange(50, dtype=np.float32), (4, 8, 50))

    def run(patch):
        counted[patch[0, 0].astype(int)] += 1
        return np.stack([patch] * 3)

    predict(line, run)
    assert counted.min() == 1
    assert (counted >= 2).sum() >= 0.2 * 50


def test_small_volumes_are_mirrored_to_the_size_of_a_patch():
    volume = np.arange(3, dtype=np.float32).reshape(1, 1, 3)
    seen = []
    predict(volume, lambda patch: seen.append(patch) or np.stack([patch] * 3))
    np.testing.assert_array_equal(seen[0][0, 0], [0, 1, 2, 1, 0, 1, 2, 1])


def test_progress_counts_patches():
    seen = []
    volume = np.zeros((4, 8, 14), np.float32)
    predict_in_patches(volume, PATCH, lambda patch: np.stack([patch] * 3), lambda *report: seen.append(report))
    assert seen == [("Network", 0, 2), ("Network", 1, 2), ("Network", 2, 2)]
