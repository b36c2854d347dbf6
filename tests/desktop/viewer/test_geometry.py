"""Where things are: known positions, lengths and rays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.desktop.viewer.geometry import (
    XY,
    XZ,
    YZ,
    along_ray,
    bar_length_um,
    first_of,
    innermost,
    is_inside,
    middle_of,
    moved_apart,
    outlines,
    rim,
    texture_steps,
    voxel_at,
)


def test_slices_lie_as_their_names_say():
    volume = np.arange(2 * 3 * 4).reshape(2, 3, 4)
    assert XY.slice_of(volume, 1)[2, 3] == volume[1, 2, 3]  # y down, x right
    assert XZ.slice_of(volume, 2)[1, 3] == volume[1, 2, 3]  # z down, x right
    assert YZ.slice_of(volume, 3)[1, 2] == volume[1, 2, 3]  # z down, y right
    assert np.shares_memory(YZ.slice_of(volume, 0), volume)


sizes = st.tuples(*[st.floats(0.05, 5)] * 3)


@given(sizes, st.tuples(*[st.integers(0, 8)] * 3))
def test_the_middle_of_a_voxel_lies_in_it(voxel_um, voxel):
    assert voxel_at(middle_of(voxel, voxel_um), voxel_um, (9, 9, 9)) == voxel


def test_outside_is_outside():
    assert voxel_at((-3, 2, 100), (1, 1, 1), (5, 5, 5)) == (0, 2, 4)
    assert not is_inside((-3, 2, 2), (1, 1, 1), (5, 5, 5))
    assert is_inside((4.99, 0, 0), (1, 1, 1), (5, 5, 5))


@pytest.mark.parametrize(("seen", "bar"), [(100, 20), (80, 20), (79, 10), (1000, 200), (4, 1), (0.9, 0.2), (0, 0)])
def test_scale_bars_have_round_lengths(seen, bar):
    assert bar_length_um(seen) == pytest.approx(bar)


def test_outlines_are_inside_cells_at_their_borders():
    labels = np.zeros((5, 7), int)
    labels[1:4, 1:4], labels[1:4, 4:6] = 1, 2
    expected = labels > 0
    expected[2, 2] = False  # the only pixel whose four neighbours are all of its cell
    np.testing.assert_array_equal(outlines(labels), expected)


def test_what_a_card_cannot_hold_is_thinned_out():
    assert texture_steps((100, 1024, 1024), 2048, 10**9) == (1, 1, 1)
    assert texture_steps((100, 4096, 1024), 2048, 10**9) == (1, 2, 1)
    z, y, x = texture_steps((100, 1024, 1024), 2048, 20_000_000)
    assert (100 // z) * (1024 // y) * (1024 // x) <= 20_000_000
    assert z == 1


def test_cells_move_away_from_the_middle():
    np.testing.assert_allclose(moved_apart(np.array([[0, 0, 0], [0, 0, 10.0]])), [[0, 0, -5], [0, 0, 5]])
    assert moved_apart(np.zeros((0, 3))).shape == (0, 3)


def test_a_line_goes_through_voxels_in_order():
    along = along_ray((-1, 0.5, 0.5), (6, 0, 0), (2, 1, 1), (2, 3, 3))
    assert along.tolist() == [[0, 0, 0], [1, 0, 0]]
    slanted = along_ray((0.5, 0.5, 0.2), (0, 2, 2), (1, 1, 1), (1, 3, 3))
    assert slanted.tolist() == [[0, 0, 0], [0, 1, 0], [0, 1, 1], [0, 2, 1], [0, 2, 2]]
    assert along_ray((9, 9, 9), (1, 0, 0), (1, 1, 1), (3, 3, 3)).shape == (0, 3)
    assert along_ray((0.5, 0.5, 0.5), (0, 0, 0), (1, 1, 1), (1, 1, 1)).shape == (0, 3)


coordinates = st.tuples(*[st.floats(-20, 20, allow_subnormal=False).map(lambda value: round(value, 3))] * 3)


@given(coordinates, coordinates)
def test_a_line_misses_no_voxel_that_many_points_of_it_find(start, way):
    shape = (5, 6, 7)
    found = {tuple(voxel) for voxel in along_ray(start, way, (1.0, 0.5, 2.0), shape)}
    points = np.asarray(start) + np.linspace(0.0005, 0.9995, 300)[:, None] * np.asarray(way)
    inside = [point for point in points if is_inside(point, (1.0, 0.5, 2.0), shape)]
    if any(way):
        assert {voxel_at(point, (1.0, 0.5, 2.0), shape) for point in inside} <= found


def test_the_first_voxel_of_a_cell_along_a_line():
    labels = np.array([[[0, 4, 7, 7, 4]]])
    along = along_ray((0.5, 0.5, 0), (0, 0, 5), (1, 1, 1), labels.shape)
    assert first_of(labels, along, 7) == (0, 0, 2)
    assert first_of(labels, along, 4) == (0, 0, 1)
    assert first_of(labels, along, 5) is None


def test_the_innermost_voxel_of_a_bent_cell_lies_in_it():
    labels = np.zeros((1, 9, 9), int)
    labels[0, 1:8, 1], labels[0, 7, 1:8] = 5, 5
    z, y, x = innermost(labels, np.s_[0:1, 1:8, 1:8], 5)
    assert labels[z, y, x] == 5


def test_the_rim_of_a_cell_is_two_pixels_wide():
    labels = np.zeros((9, 9), int)
    labels[1:8, 1:8] = 3
    expected = labels > 0
    expected[3:6, 3:6] = False
    np.testing.assert_array_equal(rim(labels, 3), expected)
