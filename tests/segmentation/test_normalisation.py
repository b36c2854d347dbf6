import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pydantic import ValidationError

from cartocell_app.segmentation import normalisation as module
from cartocell_app.segmentation.normalisation import Normalisation, normalise

DIVIDE, PERCENTILE, ZSCORE = (Normalisation(kind=kind) for kind in ("divide", "percentile", "zscore"))


@pytest.fixture
def picture():
    """A noisy picture between 10 and about 250."""
    rng = np.random.default_rng(1)
    return (10 + 200 * rng.random((20, 30, 40)) ** 3 + rng.normal(0, 2, (20, 30, 40)).clip(-5, 5)).astype(np.uint8)


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        ([0, 51, 255], np.uint8, [0, 0.2, 1]),
        ([0, 1, 2], np.uint8, [0, 1 / 255, 2 / 255]),
        ([0, 300, 65535], np.uint16, [0, 300 / 65535, 1]),
        ([0, 51, 255], np.uint16, [0, 0.2, 1]),
        ([0, 51, 255], np.float32, [0, 0.2, 1]),
        ([0, 1, 2], np.float32, [0, 1, 2]),
        ([-1, 0, 0.5], np.float32, [-1, 0, 0.5]),
    ],
)
def test_divide_follows_biapy(values, dtype, expected):
    result = normalise(np.array(values, dtype).reshape(1, 1, 3), DIVIDE)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result.ravel(), expected, rtol=1e-6)


def test_given_divisor_wins_over_the_rule(picture):
    result = normalise(picture, Normalisation(kind="divide", divisor=100))
    np.testing.assert_allclose(result, picture / 100, rtol=1e-6)


def test_zscore_equals_the_formula(picture):
    expected = (picture - picture.mean()) / (picture.std() + 1e-6)
    np.testing.assert_allclose(normalise(picture, ZSCORE), expected, atol=1e-5)


def test_percentile_puts_the_two_percentiles_at_0_and_1(picture):
    low, high = np.percentile(picture, (1, 99.8))
    expected = ((picture - low) / (high - low)).clip(0, 1.5)
    np.testing.assert_allclose(normalise(picture, PERCENTILE), expected, atol=1e-6)
    unclipped = normalise(picture, Normalisation(kind="percentile", clip=None))
    assert unclipped.min() < 0
    assert unclipped.max() > 1


def test_percentile_is_the_same_for_8_bit_16_bit_and_any_offset(picture):
    expected = normalise(picture, PERCENTILE)
    for other in (picture.astype(np.uint16) * 200 + 3000, picture.astype(np.float32) * 1e-4 - 7, picture.astype("i2")):
        np.testing.assert_allclose(normalise(other, PERCENTILE), expected, atol=2e-3)


def test_hot_pixels_do_not_set_the_scale(picture):
    expected = normalise(picture, PERCENTILE)
    hot = picture.astype(np.uint16)
    hot[3, 4, 5] = hot[6, 7, 8] = 65535
    result = normalise(hot, PERCENTILE)
    assert result.max() == 1.5
    assert np.median(np.abs(result - expected)) < 0.02


@pytest.mark.parametrize("kind", ["percentile", "zscore"])
@pytest.mark.parametrize("value", [0, 7, 255, 0.1])
def test_constant_stack_becomes_zero(kind, value):
    flat = np.full((5, 6, 7), value, np.float32 if value == 0.1 else np.uint8)
    np.testing.assert_allclose(normalise(flat, Normalisation(kind=kind)), 0, atol=1e-3)


def test_small_cyst_in_an_empty_field_is_scaled_by_itself():
    field = np.full((20, 100, 100), 4, np.uint8)
    field[10, 40:44, 40:44] = 104  # 0.008 % of the voxels
    result = normalise(field, PERCENTILE)
    np.testing.assert_allclose(np.unique(result), [0, 1])


@pytest.mark.parametrize("spread", [2, 10])
def test_small_cyst_in_a_noisy_field_is_scaled_by_itself_and_not_by_noise(spread):
    field = np.random.default_rng(5).normal(100, spread, (30, 300, 300))
    field[8:20, 140:152, 140:152] += 40  # 0.06 % of the voxels
    field[8:20, 140:152, 140:142] += 260
    result = normalise(field.astype(np.uint16), PERCENTILE)
    assert result[8:20, 140:152, 140:142].mean() == pytest.approx(1, abs=0.1)
    assert result[8:20, 140:152, 142:152].mean() == pytest.approx(0.2, abs=0.1)


def test_hot_pixels_in_noise_are_no_cyst():
    field = np.random.default_rng(6).normal(100, 5, (30, 300, 300)).astype(np.uint16)
    expected = normalise(field, PERCENTILE)
    field.ravel()[:: field.size // 1000] = 4000
    np.testing.assert_allclose(np.median(normalise(field, PERCENTILE)), np.median(expected), atol=0.02)


def test_large_stacks_are_sampled_evenly_and_the_same_each_time(monkeypatch):
    rng = np.random.default_rng(2)
    stripes = np.tile(np.arange(64, dtype=np.float32), (40, 64, 1)) + rng.random((40, 64, 64), dtype=np.float32)
    exact = normalise(stripes, PERCENTILE)
    monkeypatch.setattr(module, "SAMPLED_VOXELS", stripes.size // 8)
    sampled = normalise(stripes, PERCENTILE)
    np.testing.assert_allclose(sampled, exact, atol=0.01)
    np.testing.assert_array_equal(normalise(stripes, PERCENTILE), sampled)


@pytest.mark.parametrize("settings", [DIVIDE, PERCENTILE, ZSCORE])
def test_input_is_untouched_and_memory_stays_near_one_float32_copy(settings, monkeypatch):
    monkeypatch.setattr(module, "SAMPLED_VOXELS", 1 << 16)
    rng = np.random.default_rng(3)
    raw = rng.integers(0, 4000, (64, 128, 128)).astype(np.uint16)
    before = raw.copy()
    tracemalloc.start()
    normalise(raw, settings)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(raw, before)
    assert peak < 1.5 * raw.size * 4


def test_views_that_are_not_contiguous_give_the_same(picture):
    mirrored = picture[:, ::-1, ::2]
    np.testing.assert_array_equal(normalise(mirrored, PERCENTILE), normalise(mirrored.copy(), PERCENTILE))


@given(
    hnp.arrays(
        st.sampled_from([np.uint8, np.uint16, np.float32]),
        hnp.array_shapes(min_dims=3, max_dims=3, max_side=5),
        elements=st.integers(0, 255),
    )
)
def test_percentile_is_finite_within_the_clip_and_keeps_order(raw):
    result = normalise(raw, PERCENTILE)
    assert result.shape == raw.shape
    assert (result >= 0).all()
    assert (result <= 1.5).all()
    order = np.argsort(raw, axis=None, kind="stable")
    assert (np.diff(result.ravel()[order]) >= 0).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "magic"},
        {"kind": "divide", "divisor": 0},
        {"kind": "percentile", "low_percent": 60, "high_percent": 50},
        {"kind": "percentile", "clip": (1, 0)},
        {"kind": "percentile", "gain": 2},
    ],
)
def test_impossible_settings_cannot_be_made(wrong):
    with pytest.raises(ValidationError):
        Normalisation(**wrong)
