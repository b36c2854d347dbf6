"""Pieces of one cell become one; cells with a membrane between them stay two."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartocell_app.segmentation.instances import instances_from_maps
from cartocell_app.segmentation.joining import join_open
from cartocell_app.segmentation.settings import PROFILES, SegmentationSettings

NEVER = SegmentationSettings(open_by=None)


def row_of_cells(widths, wall=0.9):
    """Cells of these widths side by side, their borders, and maps B and C with a wall on each border."""
    cells = np.repeat(np.arange(1, len(widths) + 1, dtype=np.int32), widths)
    volume = np.broadcast_to(cells, (6, 6, cells.size)).copy()
    contour = np.full(volume.shape, 0.05, np.float32)
    for border in np.cumsum(widths)[:-1]:
        contour[:, :, border - 1 : border + 1] = wall
    return volume, 1 - contour, contour


def same_cells(number, cells):
    """Sets of cells that became one."""
    return {frozenset(np.flatnonzero(number == own).tolist()) - {0} for own in np.unique(number[cells])}


def test_pieces_without_a_wall_between_them_become_one_cell_and_walled_cells_stay():
    cells, interior, contour = row_of_cells([8, 8, 8, 8, 8])
    pieces = cells.copy()
    pieces[:, :, 20:] += 1  # the third cell in two, across its middle
    number = join_open(pieces, interior, contour, 0.7, count=9)
    assert same_cells(number, pieces) == {frozenset(s) for s in ({1}, {2}, {3, 4}, {5}, {6})}
    assert number[0] == 0
    assert number.size == 10


def test_faint_walls_are_walls_where_all_are_faint():
    cells, interior, contour = row_of_cells([8, 8, 8, 8], wall=0.45)
    assert np.array_equal(join_open(cells, interior, contour, 0.7, count=4), np.arange(5))


def test_a_wall_with_a_hole_is_a_wall():
    cells, interior, contour = row_of_cells([8, 8, 8, 8])
    contour[:2, :, 15:17], interior[:2, :, 15:17] = 0, 1  # a third of one face
    assert np.array_equal(join_open(cells, interior, contour, 0.7, count=4), np.arange(5))


@pytest.mark.parametrize("cells", [np.zeros((3, 4, 5), np.int32), np.ones((3, 4, 5), np.int32)], ids=["none", "one"])
def test_without_neighbours_nothing_is_joined(cells):
    maps = np.zeros((2, *cells.shape), np.float32)
    assert join_open(cells, *maps, 0.7, count=1).tolist() == [0, 1]


def joined_by_hand(cells, interior, contour, open_by):
    """The same from all voxels anew for each face that is opened."""
    cells = cells.copy()
    border = None
    while True:
        faces = {}
        for place in np.ndindex(cells.shape):
            for axis in range(3):
                beside = tuple(at + (axis == along) for along, at in enumerate(place))
                if beside[axis] == cells.shape[axis] or not cells[place] or not cells[beside]:
                    continue
                pair = tuple(sorted((int(cells[place]), int(cells[beside]))))
                if pair[0] != pair[1]:
                    value = min(interior[place], interior[beside]) - max(contour[place], contour[beside])
                    faces.setdefault(pair, []).append(float(value))
        if not faces:
            return cells
        if border is None:
            each_value = np.sort(np.concatenate([np.full(len(v), np.mean(v)) for v in faces.values()]))
            border = each_value[(len(each_value) - 1) // 2] + open_by
        pair = max(faces, key=lambda each: np.mean(faces[each]))
        if np.mean(faces[pair]) <= border:
            return cells
        cells[cells == pair[1]] = pair[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from([0.05, 0.2, 0.6]))
def test_the_most_open_face_goes_first_and_faces_add_up(seed, count, open_by):
    rng = np.random.default_rng(seed)
    cells = np.kron(rng.integers(0, count + 1, (2, 3, 3)), np.ones((2, 2, 2), int)).astype(np.int32)
    interior, contour = rng.random((2, *cells.shape), np.float32)
    number = join_open(cells, interior, contour, open_by, count)
    by_hand = joined_by_hand(cells, interior, contour, open_by)
    pairs = np.unique(np.stack([number[cells].ravel(), by_hand.ravel()]), axis=1)
    assert len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


def test_a_long_cell_with_several_hills_is_one_cell_with_one_number_everywhere():
    cells, interior, contour = row_of_cells([12, 36, 12, 12, 12])
    # The network is less sure in the narrow places of the long cell, but sees no membrane there.
    for waist in (23, 35):
        interior[:, :, waist - 1 : waist + 2] = 0.6
        contour[:, :, waist - 1 : waist + 2] = 0.3
    maps = np.stack([interior, contour, np.ones_like(interior)]).astype(np.float32)
    split = instances_from_maps(maps, (1, 1, 1), NEVER)
    found = instances_from_maps(maps, (1, 1, 1), SegmentationSettings())
    assert split.labels.max() > 5
    assert found.labels.max() == 5
    for volume in (found.seeds, found.before_voronoi):
        inside = volume > 0
        np.testing.assert_array_equal(volume[inside], found.labels[inside])
    assert len(np.unique(found.labels[cells == 2])) == 1


@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"default"}))
def test_published_profiles_join_nothing(name):
    assert PROFILES[name].open_by is None
