import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartocell_app.segmentation.receptive_field import receptive_field
from cartocell_app.segmentation.runtime import Session
from cartocell_app.segmentation.tiling import constant_tile, least_work, plan_tiles, smallest_tile_voxels
from tests.segmentation.onnx_graphs import resunet, save


def triples(low, high):
    return st.tuples(*[st.integers(low, high)] * 3)


@st.composite
def problems(draw):
    shape, halo, divisor = draw(triples(1, 40)), draw(triples(0, 6)), draw(triples(1, 4))
    largest = math.prod(-(-size // by) * by for size, by in zip(shape, divisor, strict=True))
    smallest = smallest_tile_voxels(shape, halo, divisor)
    least = max(smallest, largest // 50)  # thousands of tiny tiles only take time
    return shape, halo, divisor, draw(st.integers(least, max(least, largest)))


def check(tiles, shape, halo, divisor, max_voxels, region):
    """The rules that make tiled equal whole."""
    settled = np.zeros(shape, int)
    for tile in tiles:
        assert math.prod(tile.shape) <= max_voxels
        settled[tile.place] += 1
        for axis in range(3):
            size, by, reach = shape[axis], divisor[axis], halo[axis]
            read, keep, place, pad = tile.read[axis], tile.keep[axis], tile.place[axis], tile.pad_after[axis]
            assert read.start % by == 0
            assert tile.shape[axis] % by == 0
            assert pad == 0 or (read.stop == size and pad < by)
            assert 0 <= read.start <= place.start - min(reach, place.start)
            assert read.stop >= min(place.stop + reach, size)
            assert (keep.start, keep.stop) == (place.start - read.start, place.stop - read.start)
    expected = np.zeros(shape, int)
    expected[region] = 1
    np.testing.assert_array_equal(settled, expected)


@settings(deadline=None)
@given(problems())
def test_tiles_cover_everything_once_with_their_halo_within_the_limit(problem):
    shape, halo, divisor, max_voxels = problem
    tiles = plan_tiles(shape, halo, divisor, max_voxels)
    check(tiles, shape, halo, divisor, max_voxels, ...)


@settings(deadline=None)
@given(problems(), st.randoms(use_true_random=False))
def test_a_tile_can_be_settled_by_smaller_ones(problem, random):
    shape, halo, divisor, max_voxels = problem
    tile = random.choice(plan_tiles(shape, halo, divisor, max_voxels))
    smaller = max(math.prod(tile.shape) // 2, smallest_tile_voxels(shape, halo, divisor))
    parts = plan_tiles(shape, halo, divisor, smaller, tile.place)
    check(parts, shape, halo, divisor, smaller, tile.place)


def test_a_volume_that_fits_is_one_tile_without_waste():
    (tile,) = plan_tiles((110, 130, 130), (10, 23, 23), (1, 4, 4), 110 * 132 * 132)
    assert tile.shape == (110, 132, 132)
    assert tile.pad_after == (0, 2, 2)
    assert tile.read == tile.place == tile.keep == (slice(0, 110), slice(0, 130), slice(0, 130))


def test_the_cheapest_cut_is_taken():
    """Half a cyst at a time: cutting z costs 20 slices of 110, cutting y or x at least 46 rows of 132."""
    tiles = plan_tiles((110, 130, 130), (10, 23, 23), (1, 4, 4), 65 * 132 * 132)
    assert [tile.place[0] for tile in tiles] == [slice(0, 55), slice(55, 110)]
    assert [tile.read[0] for tile in tiles] == [slice(0, 65), slice(45, 110)]


def test_no_other_cut_computes_fewer_voxels():
    shape, halo, divisor, limit = (30, 40, 50), (3, 5, 4), (1, 2, 4), 20_000

    def computed(parts_per_axis):
        lengths = []
        for size, reach, by, parts in zip(shape, halo, divisor, parts_per_axis, strict=True):
            core = -(-size // (parts * by)) * by
            starts = range(0, size, core)
            ends = [min(start + core, size) for start in starts]
            firsts = [max(start - reach, 0) // by * by for start in starts]
            lasts = [min(-(-(end + reach) // by) * by, -(-size // by) * by) for end in ends]
            lengths.append([last - first for first, last in zip(firsts, lasts, strict=True)])
        return math.prod(map(sum, lengths)) if math.prod(map(max, lengths)) <= limit else math.inf

    best = min(computed((z, y, x)) for z in range(1, 31) for y in range(1, 21) for x in range(1, 14))
    assert sum(math.prod(tile.shape) for tile in plan_tiles(shape, halo, divisor, limit)) == best


def test_the_least_work_is_that_of_the_plan():
    shape, halo, by = (40, 61, 70), (3, 9, 5), (1, 4, 2)
    smallest = smallest_tile_voxels(shape, halo, by)
    limits = [smallest - 1, smallest, 2 * smallest, 1e9]
    never, *work = least_work(shape, halo, by, limits)
    assert never == math.inf
    plans = (plan_tiles(shape, halo, by, most) for most in limits[1:])
    assert work == [sum(math.prod(tile.shape) for tile in tiles) for tiles in plans]
    assert work[-1] == 40 * 64 * 70


def test_too_small_a_limit_is_refused():
    smallest = smallest_tile_voxels((40, 60, 60), (10, 23, 23), (1, 4, 4))
    assert smallest == 21 * 52 * 52
    assert plan_tiles((40, 60, 60), (10, 23, 23), (1, 4, 4), smallest)
    with pytest.raises(ValueError, match="halo"):
        plan_tiles((40, 60, 60), (10, 23, 23), (1, 4, 4), smallest - 1)


def test_a_whole_field_is_planned_at_once():
    start_s = time.perf_counter()
    tiles = plan_tiles((100, 2048, 2048), (10, 23, 23), (1, 4, 4), 3e6)
    assert time.perf_counter() - start_s < 2
    computed = sum(math.prod(tile.shape) for tile in tiles)
    assert computed < 2 * 100 * 2048 * 2048


def test_the_last_voxels_are_repeated_at_the_end():
    volume = np.arange(2 * 3 * 5, dtype=np.float32).reshape(2, 3, 5)
    (tile,) = plan_tiles((2, 3, 5), (1, 1, 1), (1, 2, 4), 1e9)
    piece = tile.cut(volume)
    assert piece.shape == tile.shape == (2, 4, 8)
    np.testing.assert_array_equal(piece[:, :3, :5], volume)
    np.testing.assert_array_equal(piece[:, 3], piece[:, 2])
    np.testing.assert_array_equal(piece[:, :, 5:], np.repeat(piece[:, :, 4:5], 3, axis=2))


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    path = save(tmp_path_factory.mktemp("model") / "m.onnx", resunet((4, 5, 6), [(1, 2, 2), (2, 2, 2)]))
    field = receptive_field(path)
    return Session(path, "CPUExecutionProvider", {}, 1, keeps_memory=True), field.halo_vox, field.divisor


@pytest.mark.parametrize("shape", [(60, 96, 120), (2, 4, 160), (30, 64, 8)])
@pytest.mark.parametrize("value", [0.0, 0.7])
def test_constant_tile_equals_running_it(network, shape, value):
    session, halo, divisor = network
    runs = []

    def run(piece):
        runs.append(piece.size)
        return session.run(piece)

    shortcut = constant_tile(shape, value, halo, divisor, run)
    expected = session.run(np.full(shape, value, np.float32))
    np.testing.assert_allclose(shortcut, expected, atol=1e-5)
    assert expected.std() > 1e-4, "faces and pooling must show, or this test says nothing"
    (computed,) = runs
    assert computed < math.prod(shape) or shape == (30, 64, 8)
