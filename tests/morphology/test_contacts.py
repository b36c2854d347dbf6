"""Surfaces and shared walls: against solids of known surface, and against counting by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cartocell_app.morphology import slabs
from cartocell_app.morphology.contacts import areas_of_a_crossing, find_contacts
from tests.morphology.solids import ball, crossings_by_hand, polyhedra, turned_box

CUBIC, USUAL, LONG = (0.6, 0.6, 0.6), (0.7, 0.615, 0.615), (2.0, 0.615, 0.615)


@pytest.mark.parametrize(("voxel_um", "error"), [(CUBIC, 0.01), (USUAL, 0.01), (LONG, 0.025)])
@pytest.mark.parametrize("radius_um", [6.0, 12.0])
def test_surface_of_balls(voxel_um, radius_um, error):
    surfaces_um2 = [find_contacts(ball(voxel_um, radius_um, seed), voxel_um).surface_um2[0] for seed in range(4)]
    assert np.mean(surfaces_um2) == pytest.approx(4 * np.pi * radius_um**2, rel=error)
    assert np.std(surfaces_um2) < error * np.mean(surfaces_um2)


@pytest.mark.parametrize("voxel_um", [CUBIC, USUAL])
def test_surface_of_turned_boxes(voxel_um):
    edges_um = (9.0, 12.0, 20.0)
    true_um2 = 2 * (9 * 12 + 12 * 20 + 9 * 20)
    shares = [find_contacts(turned_box(voxel_um, edges_um, seed), voxel_um).surface_um2[0] for seed in range(6)]
    assert np.mean(shares) / true_um2 == pytest.approx(0.965, abs=0.02)


@pytest.mark.parametrize(("voxel_um", "bias", "spread"), [(USUAL, 0.976, 0.01), (LONG, 0.94, 0.02)])
def test_polyhedral_cells_and_their_walls(voxel_um, bias, spread):
    labels, walls, inner = polyhedra(voxel_um)
    contacts = find_contacts(labels, voxel_um)
    shares = [
        contacts.surface_um2[cell - 1] / sum(area for pair, area in walls.items() if cell in pair) for cell in inner
    ]
    assert np.mean(shares) == pytest.approx(bias, abs=0.01)
    assert np.std(shares) < spread
    found = {(one, other): area for one, other, area in zip(*contacts.pairs(), strict=True)}
    known = {pair: area for pair, area in walls.items() if inner.issuperset(pair) and area > 2}
    assert known.keys() <= found.keys()
    errors = np.array([found[pair] - area for pair, area in known.items()])
    assert abs(errors.mean()) < 5
    assert errors.std() < 7


def test_a_flat_wall_along_the_voxels_is_the_worst_case():
    labels = np.repeat(np.array([1, 2], np.uint8), 10)[:, None, None] * np.ones((1, 40, 40), np.uint8)
    (_,), (_,), (area_um2,) = find_contacts(labels, (0.5, 0.5, 0.5)).pairs()
    assert area_um2 == pytest.approx(20 * 20, rel=0.1)
    assert area_um2 < 20 * 20


def test_neighbours_share_a_face_not_an_edge():
    labels = np.zeros((3, 4, 4), np.uint8)
    labels[1, 1, 1], labels[1, 1, 2], labels[1, 2, 2] = 1, 2, 3
    contacts = find_contacts(labels, CUBIC)
    assert list(zip(*contacts.pairs()[:2], strict=True)) == [(1, 2), (2, 3)]
    assert contacts.between_um2[1, 3] > 0


def test_whole_surface_is_walls_and_what_faces_no_cell():
    labels, _, _ = polyhedra(USUAL, cells=20, size_um=20.0)
    labels[:5] = 0
    contacts = find_contacts(labels, USUAL)
    between = contacts.between_um2.toarray()
    assert np.array_equal(between, between.T)
    assert not between.diagonal().any()
    assert contacts.surface_um2 == pytest.approx(between[1:].sum(axis=1))


SMALL = arrays(np.uint16, st.tuples(*[st.integers(1, 4)] * 3), elements=st.integers(0, 3))
LENGTHS = st.tuples(*[st.floats(0.05, 5)] * 3)


@given(SMALL, LENGTHS)
@settings(max_examples=40, deadline=None)
def test_the_same_as_counting_by_hand(labels, voxel_um):
    crossings = areas_of_a_crossing(*voxel_um)
    by_hand = crossings_by_hand(labels, crossings)
    contacts = find_contacts(labels, voxel_um)
    row = {0: 0} | {int(label): number for number, label in enumerate(contacts.ids, start=1)}
    expected = np.zeros(contacts.between_um2.shape)
    for (one, other), area in by_hand.items():
        expected[row[one], row[other]] = expected[row[other], row[one]] = area
    assert contacts.between_um2.toarray() == pytest.approx(expected)
    walls = crossings_by_hand(labels, {step: 1 for step in crossings if sum(map(abs, step)) == 1})
    neighbours = sorted(pair for pair in walls if 0 not in pair)
    assert list(zip(*contacts.pairs()[:2], strict=True)) == neighbours


@given(SMALL, LENGTHS, st.floats(0.5, 4))
@settings(max_examples=25, deadline=None)
def test_areas_grow_with_the_square_of_the_voxel(labels, voxel_um, times):
    small = find_contacts(labels, voxel_um).between_um2.toarray()
    large = find_contacts(labels, [times * edge for edge in voxel_um]).between_um2.toarray()
    assert large == pytest.approx(times**2 * small, rel=1e-3, abs=1e-9)


def test_slabs_make_no_difference(monkeypatch):
    labels, _, _ = polyhedra(USUAL, cells=20, size_um=15.0)
    whole = find_contacts(labels, USUAL)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", labels[0].size * 4)
    sliced = find_contacts(labels, USUAL)
    assert sliced.between_um2.toarray() == pytest.approx(whole.between_um2.toarray())
    assert (sliced.share_wall != whole.share_wall).nnz == 0


@pytest.mark.parametrize("voxel_um", [CUBIC, USUAL, LONG, (0.3, 0.6, 0.6), (0.5, 0.067, 0.067), (2, 0.067, 0.5)])
def test_planes_of_all_orientations_come_out_alike(voxel_um):
    crossings = areas_of_a_crossing(*voxel_um)
    normals = np.random.default_rng(0).normal(size=(2000, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    # Of a plane of 1 µm², a line every (voxel / step) µm² of its shadow is cut.
    steps_um = np.array(list(crossings)) * voxel_um
    areas_um2 = np.abs(normals @ steps_um.T) @ np.array(list(crossings.values())) / np.prod(voxel_um)
    assert areas_um2.mean() == pytest.approx(1, abs=0.003)
    assert areas_um2.std() < 0.025
    assert areas_um2.min() > 0.91
