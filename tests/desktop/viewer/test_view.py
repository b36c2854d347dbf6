"""How a stack is to be shown: colours, opacity, brightness."""

import numpy as np
import pytest

from cartocell_app.desktop.viewer.view import VolumeView, automatic_levels, notes, sampled


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


def test_nothing_is_said_where_all_is_drawn_as_it_is():
    assert notes((1, 1, 1), 2048, (10, 20, 30), (1, 1, 1)) == ""


def test_what_is_thinned_out_is_said_with_the_reason():
    assert "takes up to 256 along a side" in notes((1, 2, 2), 256, (10, 400, 400), (1, 1, 1))
    words = notes((1, 2, 2), 2048, (100, 1500, 1500), (3, 3, 3))
    assert "one voxel of 1 × 2 × 2 (z, y, x): more would fill the graphics card's memory." in words
    assert "Surfaces are made from one voxel of 3 × 3 × 3" in words


def test_the_middle_of_a_cell_lies_in_it():
    labels = np.zeros((5, 6, 7), np.uint8)
    labels[1:4, 2:5, 3:6] = 4
    view = VolumeView("a", None, labels)
    assert view.middle_of_cell(4) == (2, 3, 4)
    assert [view.middle_of_cell(label) for label in (0, 1, 9)] == [None, None, None]


def test_other_cells_in_the_same_colours():
    view = VolumeView("a", np.ones((2, 2, 2)), np.full((2, 2, 2), 3))
    other = view.with_labels(np.ones((2, 2, 2), int), view.colours)
    assert other.colours is view.colours
    assert other.sample is view.sample
    assert view.with_labels(np.ones((2, 2, 2), int)).colours.shape == (2, 3)
