"""Colours of cells: neighbours differ, and so do all colours to people who confuse red and green."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.color import deltaE_ciede2000, rgb2lab

from cartocell_app.segmentation.colours import PALETTE, label_colours

# What a dichromat sees, for linear RGB (Machado, Oliveira & Fernandes 2009, severity 1).
SIGHTS = {
    "all": np.eye(3),
    "no green": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "no red": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
}


@pytest.mark.parametrize(("sight", "least"), [("all", 22), ("no green", 15), ("no red", 15)])
def test_any_two_colours_are_far_apart(sight, least):
    values = np.vstack([PALETTE, [(0, 0, 0)]]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    seen = (linear @ np.transpose(SIGHTS[sight])).clip(0, 1)
    lab = rgb2lab(np.where(seen <= 0.0031308, seen * 12.92, 1.055 * seen ** (1 / 2.4) - 0.055))
    apart = deltaE_ciede2000(lab[:, None], lab[None])
    assert apart[~np.eye(len(apart), dtype=bool)].min() > least


@settings(max_examples=80, deadline=None)
@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=3, max_side=6), elements=st.integers(0, 14)))
def test_neighbours_differ(labels):
    colours = label_colours(labels)
    assert colours.shape == (labels.max() + 1, 3)
    assert not colours[0].any()
    assert colours[np.unique(labels[labels > 0])].any(axis=1).all()
    assert np.array_equal(colours, label_colours(labels.copy()))
    shown = colours[labels].astype(int)
    for axis in range(labels.ndim):
        touch = np.diff(labels.astype(int), axis=axis) != 0
        assert (np.abs(np.diff(shown, axis=axis)).sum(axis=-1) > 0)[touch].all()


def test_large_numbers_with_gaps_cost_no_more_than_their_cells():
    labels = np.zeros((4, 5, 6), np.uint32)
    labels[:, :2], labels[:, 2:4] = 5, 20_000_000
    colours = label_colours(labels)
    assert len(colours) == 20_000_001
    assert not np.array_equal(colours[5], colours[20_000_000])
    compact = label_colours(np.minimum(labels, 6))
    np.testing.assert_array_equal(colours[[5, 20_000_000]], compact[[5, 6]])


def test_more_cells_that_all_touch_each_other_than_colours():
    # Cell i is row i of one plane and column i of the next.
    numbers = np.arange(1, 15)
    labels = np.stack([np.repeat(numbers[:, None], 14, axis=1), np.repeat(numbers[None], 14, axis=0)])
    assert len(np.unique(label_colours(labels)[1:], axis=0)) == 14


def test_a_tissue_is_varied():
    """A sheet of hundreds of cells uses all colours about equally, none of the darker second round."""
    rows, columns = np.indices((120, 120))
    labels = rows // 6 * 20 + (columns + rows // 6 % 2 * 3) // 6 % 20 + 1
    colours, counts = np.unique(label_colours(labels)[1:], axis=0, return_counts=True)
    assert {tuple(colour) for colour in colours} == {tuple(colour) for colour in PALETTE}
    assert counts.max() < 2 * counts.min()
