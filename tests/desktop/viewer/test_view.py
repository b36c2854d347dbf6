"""How a stack is to be shown: colours, opacity, brightness."""

import numpy as np
import pytest

from cartocell_app.desktop.viewer.view import DIMMED, Display, VolumeView, automatic_levels, label_lut, sampled

COLOURS = np.array([[0, 0, 0], [10, 20, 30], [40, 50, 60], [70, 80, 90]], np.uint8)


def test_cells_are_see_through_and_background_is_clear():
    lut = label_lut(COLOURS, Display(opacity=0.5))
    assert lut[:, 3].tolist() == [0, 128, 128, 128]
    np.testing.assert_array_equal(lut[:, :3], COLOURS)


def test_the_selected_cell_stands_out():
    lut = label_lut(COLOURS, Display(opacity=0.8, cell=2))
    assert lut[2, 3] == 204
    assert lut[1, 3] == round(204 * DIMMED)


def test_only_some_cells():
    lut = label_lut(COLOURS, Display(only=frozenset({3, 99})))
    assert (lut[:, 3] > 0).tolist() == [False, False, False, True]


def test_an_unknown_voxel_size_draws_cubes():
    view = VolumeView("a", np.zeros((2, 3, 4), np.uint8))
    assert view.drawn_um == (1, 1, 1)
    assert VolumeView("a", view.raw, voxel_um=(2, 1, 0.5)).extent_um == (4, 3, 2)


def test_brightness_leaves_out_hot_pixels():
    data = np.random.default_rng(0).integers(100, 200, (20, 40, 40)).astype(np.uint16)
    data[3, 3, 3] = 60_000
    low, high = automatic_levels(sampled(data))
    assert 100 <= low < 105
    assert 195 < high <= 200


@pytest.mark.parametrize("value", [0, 7])
def test_a_constant_picture_has_levels_too(value):
    low, high = automatic_levels(np.full(10, value))
    assert high > low
