import tracemalloc
from fractions import Fraction
from itertools import product

import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import interpolate, ndimage, special

from cartocell_app.stacks.resampling import (
    resample_labels,
    resample_maps,
    resample_raw,
    resampled_shape,
    resampled_voxel_size,
    vanished_labels,
)
from cartocell_app.stacks.voxel_size import VoxelSize

Shape = tuple[int, int, int]

PAPER = VoxelSize(0.7, 0.6151658, 0.6151658, "test")
ISOTROPIC = (0.7, 0.7, 0.7)

shapes = st.tuples(*[st.integers(1, 9)] * 3)
label_volumes = npst.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int32]),
    npst.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=7),
    elements=st.integers(0, 4),
)


def centres_um(shape: Shape, voxel_um: tuple[float, float, float]) -> list[np.ndarray]:
    """Coordinates of voxel centres from the middle of the volume, one broadcastable array an axis."""
    axes = [(np.arange(n) + 0.5 - n / 2) * um for n, um in zip(shape, voxel_um, strict=True)]
    return list(np.meshgrid(*axes, indexing="ij", sparse=True))


def ball(shape: Shape, voxel_um: tuple[float, float, float], radius_um: float) -> np.ndarray:
    z, y, x = centres_um(shape, voxel_um)
    return z**2 + y**2 + x**2 <= radius_um**2


# --- grids ----------------------------------------------------------------------------------------------------------


def test_shape_covers_the_same_extent():
    assert resampled_shape((110, 130, 130), PAPER, ISOTROPIC) == (110, 114, 114)
    assert resampled_shape((1, 2, 3), VoxelSize(0.1, 0.1, 0.1, "test"), (2, 2, 2)) == (1, 1, 1)


@given(shape=shapes, new=shapes)
def test_voxel_size_covers_the_same_extent(shape: Shape, new: Shape):
    voxel_size = resampled_voxel_size(shape, PAPER, new)
    assert np.array(new) * voxel_size.zyx_um == pytest.approx(np.array(shape) * PAPER.zyx_um)
    assert voxel_size.source == PAPER.source
    assert resampled_shape(new, voxel_size, PAPER.zyx_um) == shape


# --- intensities ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, ">u2", np.float32, np.float64])
def test_same_shape_is_the_same_picture_in_a_new_array(dtype: str):
    data = np.random.default_rng(0).integers(0, 200, (3, 4, 5)).astype(dtype)
    same = resample_raw(data, data.shape)
    assert same.dtype == np.float32
    assert not np.shares_memory(same, data)
    np.testing.assert_array_equal(same, data)


@pytest.mark.parametrize("new", [(20, 33, 48), (11, 31, 29), (25, 17, 29), (11, 64, 30)])
def test_growing_is_linear_interpolation(new: Shape):
    data = np.random.default_rng(0).random((11, 17, 29), np.float32)
    expected = ndimage.zoom(
        data, [m / n for n, m in zip(data.shape, new, strict=True)], order=1, mode="nearest", grid_mode=True
    )
    np.testing.assert_allclose(resample_raw(data, new), expected, atol=1e-5)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_shrinking_by_two_weighs_four_voxels(axis: int):
    data = np.random.default_rng(0).integers(0, 255, (8, 10, 12)).astype(np.uint8)
    shape = [n // 2 if i == axis else n for i, n in enumerate(data.shape)]
    padded = np.pad(data.astype(float), [(1, 1) if i == axis else (0, 0) for i in range(3)], mode="edge")
    parts = [np.take(padded, np.arange(shift, shift + data.shape[axis], 2), axis) for shift in range(4)]
    expected = (parts[0] + 3 * parts[1] + 3 * parts[2] + parts[3]) / 8
    np.testing.assert_allclose(resample_raw(data, tuple(shape)), expected, rtol=1e-5)


def test_shrinking_hides_what_the_grid_cannot_show():
    x = np.arange(400) * 0.25
    fine = np.sin(2 * np.pi * x / 0.8)  # waves of 0.8 µm, on voxels of 2 µm
    coarse = np.sin(2 * np.pi * x / 40)
    data = np.broadcast_to((fine + coarse).astype(np.float32), (3, 4, 400))
    at = (np.arange(50) + 0.5) * 2 - 0.125
    resampled = resample_raw(data, (3, 4, 50))
    np.testing.assert_allclose(resampled[1, 1, 2:-2], np.sin(2 * np.pi * at / 40)[2:-2], atol=0.05)


@given(
    data=npst.arrays(np.uint16, npst.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=7)),
    new=shapes,
)
def test_no_ringing_and_constants_stay(data: np.ndarray, new: Shape):
    resampled = resample_raw(data, new)
    assert (resampled.shape, resampled.dtype) == (new, np.float32)
    slack = 1e-5 * float(data.max()) + 1e-6
    assert data.min() - slack <= resampled.min()
    assert resampled.max() <= data.max() + slack
    np.testing.assert_allclose(resample_raw(np.full_like(data, 40_000), new), 40_000, rtol=1e-5)


@given(shape=shapes, new=shapes)
def test_turning_the_volume_round_turns_the_result_round(shape: Shape, new: Shape):
    data = np.random.default_rng(0).random(shape, np.float32)
    flipped = resample_raw(data[::-1, ::-1, ::-1], new)
    np.testing.assert_allclose(flipped[::-1, ::-1, ::-1], resample_raw(data, new), atol=1e-5)


def test_positions_survive_going_there_and_back():
    z, y, x = centres_um((40, 50, 50), PAPER.zyx_um)
    blob = np.exp(-((z - 2) ** 2 + (y + 3) ** 2 + (x - 4) ** 2) / (2 * 4**2))
    shape = resampled_shape(blob.shape, PAPER, (2, 1, 1))
    there = resample_raw(blob, shape)
    for picture, voxel_size in (
        (there, resampled_voxel_size(blob.shape, PAPER, shape)),
        (resample_raw(there, blob.shape), PAPER),
    ):
        middle = (np.array(ndimage.center_of_mass(picture)) + 0.5 - np.array(picture.shape) / 2) * voxel_size.zyx_um
        np.testing.assert_allclose(middle, [2, -3, 4], atol=0.05)


def test_maps_channel_by_channel():
    maps = np.random.default_rng(0).random((3, 6, 7, 8), np.float32)
    resampled = resample_maps(maps, (12, 5, 9))
    for channel in range(3):
        np.testing.assert_array_equal(resampled[channel], resample_maps(maps[channel][None], (12, 5, 9))[0])
    np.testing.assert_array_equal(resample_maps(maps, (6, 7, 8)), maps)


def test_a_surface_between_voxels_keeps_its_place_in_maps():
    z, y, x = np.meshgrid(*(np.arange(n) + 0.5 for n in (20, 24, 28)), indexing="ij")
    radius = np.sqrt((z - 10) ** 2 + (y - 12) ** 2 + (x - 14) ** 2)
    ball = special.expit(3 * (7.3 - radius)).astype(np.float32)
    fine = (30, 24, 35)
    finer = np.meshgrid(
        *((np.arange(n) + 0.5) * old / n for n, old in zip(fine, (20, 24, 28), strict=True)), indexing="ij"
    )
    truth = sum((axis - middle) ** 2 for axis, middle in zip(finer, (10, 12, 14), strict=True)) < 7.3**2
    wrong = ((resample_maps(ball[None], fine)[0] > 0.5) != truth).sum()
    assert wrong <= ((resample_raw(ball, fine) > 0.5) != truth).sum() / 3
    assert wrong / truth.sum() < 0.005


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_log_odds_between_voxels_are_those_of_the_cubic_through_their_neighbours(axis):
    odds = np.array([-3, -1, 2, 4, 1, -2], np.float32)
    maps = special.expit(np.moveaxis(np.broadcast_to(odds, (1, 4, 4, 6)), 3, axis + 1))
    shape = [4, 4, 4]
    shape[axis] = 12
    got = np.moveaxis(special.logit(resample_maps(maps, tuple(shape))[0]), axis, 2)[1, 1]
    at = (np.arange(12) + 0.5) / 2 - 0.5
    slopes = np.gradient(odds)
    reference = interpolate.CubicHermiteSpline(np.arange(6), odds, slopes)(at)
    np.testing.assert_allclose(got[3:9], reference[3:9], atol=1e-4)


def test_maps_that_become_much_coarser_are_averaged():
    maps = np.full((1, 24, 3, 3), 0.2, np.float32)
    maps[:, ::2] = 0.8
    np.testing.assert_allclose(resample_maps(maps, (6, 3, 3))[:, 1:-1], 0.5, atol=1e-4)


def test_what_is_certain_stays_between_0_and_1():
    maps = np.zeros((1, 4, 4, 4), np.float32)
    maps[:, 2:] = 1
    resampled = resample_maps(maps, (6, 5, 5))
    assert resampled.min() >= 0
    assert resampled.max() <= 1
    assert resampled[0, 0].max() < 0.001


@pytest.mark.parametrize("new", [(9, 10, 11), (6, 10, 11), (9, 7, 8), (9, 7, 11), (6, 7, 8), (4, 20, 22), (18, 5, 5)])
def test_maps_are_resampled_along_each_axis_alike(new: Shape):
    maps = np.random.default_rng(1).random((1, 6, 7, 8), np.float32)
    turned = resample_maps(np.ascontiguousarray(maps.transpose(0, 3, 1, 2)), (new[2], new[0], new[1]))
    np.testing.assert_allclose(resample_maps(maps, new), turned.transpose(0, 2, 3, 1), atol=1e-5)


@pytest.mark.parametrize("new", [(20, 180, 180), (6, 60, 60), (8, 400, 400), (40, 400, 400)])
def test_large_maps_need_little_more_than_their_result(new: Shape):
    maps = np.zeros((1, 20, 400, 400), np.float32)
    tracemalloc.start()
    result = resample_maps(maps, new)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # besides the result: a copy of it, one between two steps, and slabs in and out
    assert peak < 3 * result.nbytes + 15e6


@pytest.mark.parametrize("new", [(20, 180, 180), (6, 60, 60), (8, 400, 400), (40, 400, 400)])
def test_a_large_field_needs_little_more_than_its_result(new: Shape):
    field = np.zeros((20, 400, 400), np.uint16)
    tracemalloc.start()
    result = resample_raw(field, new)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # besides the result: one copy of it between two steps, and a slab of at most a million voxels, in and out
    assert peak < 2 * result.nbytes + 5e6


# --- labels ---------------------------------------------------------------------------------------------------------


def labels_by_definition(labels: np.ndarray, new: Shape) -> tuple[np.ndarray, np.ndarray]:
    """Exact weight of every label at every new voxel (label, z, y, x), with its label numbers."""
    numbers = np.unique(labels)
    weights = np.zeros((len(numbers), *new), object)
    for at in product(*(range(m) for m in new)):
        around = []
        for i, n, m in zip(at, labels.shape, new, strict=True):
            centre = (i + Fraction(1, 2)) * Fraction(n, m) - Fraction(1, 2)
            lower = centre.numerator // centre.denominator
            part = centre - lower
            around.append([(min(max(lower, 0), n - 1), 1 - part), (min(lower + 1, n - 1), part)])
        for corner in product(*around):
            label = labels[tuple(index for index, _ in corner)]
            weight = corner[0][1] * corner[1][1] * corner[2][1]
            weights[(int(np.searchsorted(numbers, label)), *at)] += weight
    return numbers, weights


@settings(max_examples=40, deadline=None)
@given(labels=label_volumes, new=st.tuples(*[st.integers(1, 7)] * 3))
def test_each_voxel_takes_the_heaviest_label(labels: np.ndarray, new: Shape):
    resampled = resample_labels(labels, new)
    assert (resampled.shape, resampled.dtype) == (new, labels.dtype)
    numbers, weights = labels_by_definition(labels, new)
    chosen = np.searchsorted(numbers, resampled)
    assert (numbers[chosen] == resampled).all()  # no new labels
    taken = np.take_along_axis(weights, chosen[None], axis=0)[0]
    assert (taken == weights.max(axis=0)).all()


@given(labels=label_volumes)
def test_same_shape_is_the_same_labels(labels: np.ndarray):
    same = resample_labels(labels, labels.shape)
    assert not np.shares_memory(same, labels)
    np.testing.assert_array_equal(same, labels)


@given(labels=label_volumes, new=shapes)
def test_numbering_has_no_influence(labels: np.ndarray, new: Shape):
    renumbered = np.array([30, 7, 200, 0, 11], labels.dtype)
    np.testing.assert_array_equal(resample_labels(renumbered[labels], new), renumbered[resample_labels(labels, new)])


@given(number=st.integers(0, 255), shape=shapes, new=shapes)
def test_constant_labels_stay_constant(number: int, shape: Shape, new: Shape):
    assert (resample_labels(np.full(shape, number, np.uint8), new) == number).all()


@pytest.mark.parametrize("factor", [(3, 1, 1), (1, 3, 5), (3, 3, 3)])
def test_odd_factors_can_be_undone(factor: Shape):
    # voxel centres of the coarse grid are centres of the fine one
    labels = np.random.default_rng(0).integers(0, 5, (4, 5, 6)).astype(np.uint16)
    fine = resample_labels(labels, tuple(n * f for n, f in zip(labels.shape, factor, strict=True)))
    np.testing.assert_array_equal(resample_labels(fine, labels.shape), labels)


@pytest.mark.parametrize("number", [1, 70_000, 2**31 - 1])
def test_slabs_do_not_show(monkeypatch: pytest.MonkeyPatch, number: int):
    labels = np.random.default_rng(0).integers(0, 3, (5, 6, 7)) * number
    whole = resample_labels(labels, (13, 9, 8)), resample_raw(labels, (13, 9, 8))
    monkeypatch.setattr("cartocell_app.stacks.resampling.SLAB_VOX", 20)
    np.testing.assert_array_equal(resample_labels(labels, (13, 9, 8)), whole[0])
    np.testing.assert_array_equal(resample_raw(labels, (13, 9, 8)), whole[1])


def test_volumes_survive_going_there_and_back():
    shape = (60, 70, 70)
    halves = np.where(centres_um(shape, PAPER.zyx_um)[2] < 2, 4, 9) * ball(shape, PAPER.zyx_um, 18)
    labels = halves.astype(np.uint16)
    # a third cell at their side
    labels[:28, :30, :30] = np.where(ball((28, 30, 30), PAPER.zyx_um, 8), 2, labels[:28, :30, :30])
    there = resample_labels(labels, resampled_shape(shape, PAPER, ISOTROPIC))
    back = resample_labels(there, shape)
    before, after = np.bincount(labels.ravel()), np.bincount(back.ravel())
    assert list(np.flatnonzero(before)) == [0, 2, 4, 9]
    np.testing.assert_allclose(after[[2, 4, 9]], before[[2, 4, 9]], rtol=0.02)
    assert (back != labels).mean() < 0.01
    # the halves still touch: no background has come between them
    inside = ball(shape, PAPER.zyx_um, 16)
    assert (back[inside] > 0).all()


@pytest.mark.parametrize("voxel_um", [(2.5, 1.0, 1.0), (0.7, 0.7, 0.7), (1.0, 1.0, 2.5)])
def test_nearer_to_the_truth_than_the_nearest_voxel(voxel_um: tuple[float, float, float]):
    fine = (80, 80, 80)
    coarse = tuple(round(n * 0.5 / um) for n, um in zip(fine, voxel_um, strict=True))
    labels = ball(coarse, tuple(n * 0.5 / m for n, m in zip(fine, coarse, strict=True)), 15).astype(np.uint8)
    truth = ball(fine, (0.5, 0.5, 0.5), 15)
    factors = [n / m for n, m in zip(fine, coarse, strict=True)]
    nearest = ndimage.zoom(labels, factors, order=0, mode="nearest", grid_mode=True)
    ours = resample_labels(labels, fine)
    assert (ours != truth).sum() < 0.75 * (nearest != truth).sum()
    assert ours.sum() == pytest.approx(truth.sum(), rel=0.01)


def test_labels_that_vanish_are_named():
    labels = np.zeros((4, 9, 9), np.uint16)
    labels[:, 4:, :] = 300
    labels[1, 1, 1] = 7
    after = resample_labels(labels, (2, 4, 4))
    np.testing.assert_array_equal(vanished_labels(labels, after), [7])
    assert vanished_labels(labels, labels).size == 0
    assert vanished_labels(np.zeros((2, 2, 2), int), np.ones((1, 1, 1), int)).size == 0  # background is no label
