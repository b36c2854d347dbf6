import numpy as np
import pytest

from cartocell_app.segmentation.patches import predict_in_patches

PATCH = (4, 8, 8)


def predict(volume, run, margin=(0, 0, 0)):
    return predict_in_patches(volume, PATCH, margin, run, lambda *_: None)


@pytest.mark.parametrize("margin", [(0, 0, 0), (1, 2, 2)])
@pytest.mark.parametrize("shape", [(4, 8, 8), (9, 8, 17), (13, 30, 21), (2, 3, 40), (3, 9, 9)])
def test_an_identity_comes_back_exactly(shape, margin):
    volume = np.random.default_rng(0).random(shape, np.float32)

    def run(patch):
        assert patch.shape == PATCH
        return np.stack([patch, 2 * patch, 3 * patch])

    maps = predict(volume, run, margin)
    np.testing.assert_allclose(maps, [volume, 2 * volume, 3 * volume], rtol=1e-6)


def test_overlapping_patches_fade_into_each_other():
    """Two patches along x, of 0 and 1, that overlap by 4: x² / (x² + (1 - x)²) of x = 0.2, 0.4, 0.6, 0.8 (by hand)."""
    answers = iter([0.0, 1.0])
    maps = predict(np.zeros((4, 8, 12), np.float32), lambda patch: np.full((3, *patch.shape), next(answers), "f4"))
    rising = [0.04 / 0.68, 0.16 / 0.52, 0.36 / 0.52, 0.64 / 0.68]
    np.testing.assert_allclose(maps[0, 0, 0], [0] * 4 + rising + [1] * 4, atol=1e-6)


def test_the_margin_of_a_patch_is_not_used():
    """Outputs at the faces of each patch are wrong; none of them is seen."""

    def run(patch):
        wrong = np.full(patch.shape, 9, np.float32)
        wrong[1:-1, 2:-2, 2:-2] = patch[1:-1, 2:-2, 2:-2]
        return np.stack([wrong] * 3)

    volume = np.random.default_rng(0).random((9, 20, 17), np.float32)
    np.testing.assert_allclose(predict(volume, run, (1, 2, 2))[0], volume, rtol=1e-6)


def test_small_volumes_are_mirrored_to_the_size_of_a_patch():
    seen = []
    volume = np.arange(4, dtype=np.float32).reshape(1, 1, 4)
    predict(volume, lambda patch: seen.append(patch) or np.stack([patch] * 3))
    np.testing.assert_array_equal(seen[0][0, 0], [2, 3, 2, 1, 0, 1, 2, 3])


def test_progress_counts_patches():
    seen = []
    volume = np.zeros((4, 8, 14), np.float32)
    run = lambda patch: np.stack([patch] * 3)  # noqa: E731
    predict_in_patches(volume, PATCH, (0, 0, 0), run, lambda *report: seen.append(report))
    assert seen == [("Network", 0, 2), ("Network", 1, 2), ("Network", 2, 2)]
