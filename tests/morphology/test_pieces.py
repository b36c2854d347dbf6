"""Pieces of cells, against counting by hand."""

import numpy as np

from cartocell_app.morphology.pieces import pieces_of


def test_pieces_touch_by_corners_too():
    labels = np.zeros((2, 2, 4), np.uint8)
    labels[0, 0, 0] = labels[1, 1, 1] = labels[0, 0, 3] = 1
    pieces = pieces_of(labels)
    assert sorted(pieces.sizes_vox.tolist()) == [0, 1, 2]
    assert pieces.sizes_vox[pieces.is_largest].tolist() == [2]


def test_of_equal_pieces_the_first_is_the_largest():
    pieces = pieces_of(np.array([[[7, 0, 7, 0, 2]]], np.uint16))
    assert pieces.owners[1:].tolist() == [7, 7, 2]
    assert pieces.is_largest.tolist() == [False, True, False, True]


def test_no_cells_have_no_pieces():
    pieces = pieces_of(np.zeros((2, 3, 4), np.uint16))
    assert pieces.owners.tolist() == [0]
    assert not pieces.is_largest.any()
