import heapq

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.segmentation import watershed

from cartocell_app.segmentation.settings import EightBitThreshold, FixedThreshold, OtsuThreshold
from cartocell_app.segmentation.watershed import Cut, flood, inner_distance

STEPS = [(1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1)]
volumes = npst.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=6)


def as_map(*values):
    return np.array(values, np.float32).reshape(1, 1, -1)


# --- thresholds


@pytest.mark.parametrize("value", [0.2, 0.25, 0.5])
def test_a_voxel_at_the_threshold_is_neither_above_nor_below(value):
    at = np.float32(value)
    probability = as_map(np.nextafter(at, np.float32(0)), at, np.nextafter(at, np.float32(1)))
    cut = Cut.set(FixedThreshold(value=value), probability)
    assert cut.probability == value
    assert cut.above(probability).ravel().tolist() == [False, False, True]
    assert cut.below(probability).ravel().tolist() == [True, False, False]


def test_the_papers_threshold_is_a_whole_number_of_255():
    probability = as_map(51 / 255, 51.01 / 255, 62.9 / 255, 63 / 255, 63.5 / 255)
    seeds = Cut.set(EightBitThreshold(value=0.2), probability)
    foreground = Cut.set(EightBitThreshold(value=0.25), probability)
    assert seeds.above(probability).ravel().tolist() == [False, True, True, True, True]
    assert foreground.above(probability).ravel().tolist() == [False, False, False, False, True]
    assert seeds.below(as_map(50.9 / 255, 51 / 255)).ravel().tolist() == [True, False]
    assert foreground.probability == 63 / 255  # 255 × 0.25 is 63.75


def otsu_by_hand(probability):
    """Threshold that maximises the variance between the two classes, over the centres of 256 bins."""
    counts, edges = np.histogram(probability, 256)
    centres = (edges[1:] + edges[:-1]) / 2
    variances = []
    for k in range(255):
        low, high = counts[: k + 1], counts[k + 1 :]
        mean_low, mean_high = (low @ centres[: k + 1]) / low.sum(), (high @ centres[k + 1 :]) / high.sum()
        variances.append(low.sum() * high.sum() * (mean_low - mean_high) ** 2)
    return centres[int(np.argmax(variances))]


def test_otsus_threshold_is_from_the_whole_map():
    rng = np.random.default_rng(0)
    probability = np.clip(np.concatenate([rng.normal(0.15, 0.05, 3000), rng.normal(0.8, 0.1, 1000)]), 0, 1).astype(
        np.float32
    )
    expected = otsu_by_hand(probability)
    volume = probability.reshape(10, 20, 20)
    assert Cut.set(OtsuThreshold(), volume).probability == pytest.approx(expected, abs=1e-6)
    assert Cut.set(OtsuThreshold(factor=0.5), volume).probability == pytest.approx(expected / 2, abs=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_otsus_threshold_of_a_single_value_selects_nothing(value):
    probability = np.full((3, 4, 5), value, np.float32)
    cut = Cut.set(OtsuThreshold(), probability)
    assert not cut.above(probability).any()
    assert not cut.below(probability).any()


# --- distances


@settings(max_examples=40, deadline=None)
@given(npst.arrays(bool, volumes), st.tuples(*[st.sampled_from([0.3, 0.615, 1.0, 2.0])] * 3))
def test_distance_to_the_outside(mask, voxel_size):
    distance = inner_distance(mask, voxel_size)
    outside = np.argwhere(~mask) * voxel_size
    for voxel in np.ndindex(mask.shape):
        away = np.linalg.norm(outside - np.multiply(voxel, voxel_size), axis=1)
        assert distance[voxel] == pytest.approx(away.min(initial=np.inf), rel=1e-5)


def test_distances_take_strided_masks_and_integer_sizes():
    mask = np.ones((4, 6, 8), bool)[::2, ::3, ::-2]
    assert np.isinf(inner_distance(mask, (1, 1, 1))).all()


# --- flooding


def flooded_by_hand(landscape, seeds, foreground):
    """Again and again, the lowest voxel whose neighbours have not been looked at takes those that are free."""
    cells = np.where(foreground, seeds, 0)
    front = [(landscape[tuple(voxel)], tuple(voxel)) for voxel in np.argwhere(cells)]
    heapq.heapify(front)
    while front:
        _, voxel = heapq.heappop(front)
        for step in STEPS:
            other = tuple(int(at) for at in np.add(voxel, step))
            inside = all(0 <= at < size for at, size in zip(other, cells.shape, strict=True))
            if inside and foreground[other] and cells[other] == 0:
                cells[other] = cells[voxel]
                heapq.heappush(front, (landscape[other], other))
    return cells


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), volumes)
def test_flooding_agrees_with_doing_it_by_hand(seed, shape):
    rng = np.random.default_rng(seed)
    foreground = rng.random(shape) < 0.8
    seeds = np.where(rng.random(shape) < 0.06, rng.integers(1, 9, shape), 0).astype(np.int32)
    landscape = rng.permutation(foreground.size).reshape(shape).astype(np.float32)  # no two voxels equally low
    np.testing.assert_array_equal(flood(landscape, seeds, foreground), flooded_by_hand(landscape, seeds, foreground))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_flooding_the_box_is_flooding_the_volume(seed):
    """Equally low voxels are taken in the same order as well, wherever the foreground lies in the volume."""
    rng = np.random.default_rng(seed)
    foreground = np.zeros((9, 10, 11), bool)
    foreground[2:7, 3:9, 1:6] = rng.random((5, 6, 5)) < 0.9
    seeds = np.where(rng.random(foreground.shape) < 0.05, rng.integers(1, 9, foreground.shape), 0).astype(np.int32)
    landscape = rng.integers(0, 3, foreground.shape).astype(np.float32)
    whole = watershed(landscape, seeds, connectivity=1, mask=foreground)
    np.testing.assert_array_equal(flood(landscape, seeds, foreground), whole)


def test_cells_meet_on_the_ridge():
    landscape = np.array([-9, -7, -5, -2, -6, -8, -9], np.float32).reshape(1, 1, 7)
    seeds = np.array([1, 0, 0, 0, 0, 0, 2], np.int32).reshape(1, 1, 7)
    cells = flood(landscape, seeds, np.ones(seeds.shape, bool))
    assert cells.ravel().tolist() == [1, 1, 1, 2, 2, 2, 2]  # the ridge itself goes to the lower of its sides


def test_seeds_outside_the_foreground_vanish_and_pieces_without_a_seed_stay_empty():
    foreground = np.array([1, 1, 0, 0, 1, 1, 0, 1], bool).reshape(1, 1, 8)
    seeds = np.array([5, 0, 3, 3, 0, 0, 0, 7], np.int32).reshape(1, 1, 8)
    cells = flood(np.zeros(seeds.shape, np.float32), seeds, foreground)
    assert cells.ravel().tolist() == [5, 5, 0, 0, 0, 0, 0, 7]


def test_no_foreground_no_cells():
    empty = np.zeros((2, 3, 4), bool)
    cells = flood(np.zeros(empty.shape, np.float32), np.ones(empty.shape, np.int32), empty)
    assert not cells.any()
    assert cells.shape == empty.shape
