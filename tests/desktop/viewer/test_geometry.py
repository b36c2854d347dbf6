"""Where things are: known positions, lengths and rays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.desktop.viewer.geometry import (
    XY,
    XZ,
    YZ,
    bar_length_um,
    exploded,
    first_hit,
    is_inside,
    middle_of,
    outlines,
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
    vertices = np.array([[0, 0, 0], [0, 0, 10]], np.float32)
    moved = exploded(vertices, np.array([0, 1], np.int32), vertices.astype(float), 0.5)
    np.testing.assert_allclose(moved, [[0, 0, -2.5], [0, 0, 12.5]])


TRIANGLES = np.array([[[z, -1, -1], [z, 3, -1], [z, -1, 3]] for z in (5.0, 2.0, 8.0)])


def test_a_ray_meets_the_nearest_triangle_ahead():
    assert first_hit((0, 0, 0), (1, 0, 0), TRIANGLES) == 1
    assert first_hit((3, 0, 0), (1, 0, 0), TRIANGLES) == 0
    assert first_hit((9, 0, 0), (1, 0, 0), TRIANGLES) is None
    assert first_hit((9, 0, 0), (-1, 0, 0), TRIANGLES) == 2
    assert first_hit((0, 50, 0), (1, 0, 0), TRIANGLES) is None


def test_what_is_cut_away_is_not_hit():
    assert first_hit((0, 0, 0), (1, 0, 0), TRIANGLES, kept=(0, 4.0)) == 0
