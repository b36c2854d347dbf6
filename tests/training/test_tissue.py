"""Tissue whose cells, membranes and spaces are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from training.surfaces import Cylinder, HalfSpace
from training.tissue import Tissue
from training.waves import Waves

FLAT = Waves.draw(0.0, (10, 20), 1, np.random.default_rng(0))


def cubes(**further):
    """Cells of 10 µm cubes around the centre (50, 50, 50)."""
    places = np.arange(-40, 41, 10)
    seeds = np.stack(np.meshgrid(places, places, places, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
    half = np.full(3, 45, np.float32)
    return Tissue(np.full(3, 50, np.float32), half, seeds, np.zeros(len(seeds), np.float32), **further)


def around(offsets_um):
    """Points at offsets (z, y, x) from the middle cell's centre."""
    return (np.asarray(offsets_um, np.float32) + 50).astype(np.float32)


def test_cells_of_a_lattice_are_cubes_and_their_walls_where_cubes_have_them():
    tissue = cubes()
    painted = tissue.paint(around([[0, 0, 0], [0, 0, 4], [0, 4.5, 3], [6, 0, 0]]))
    middle = 365
    assert painted.cell.tolist()[:3] == [middle] * 3
    assert painted.cell[3] == middle + 81
    assert painted.lateral_um == pytest.approx([5, 1, 0.5, 1], abs=1e-3)
    assert painted.beside.tolist()[1:] == [middle + 1, middle + 9, middle]
    assert np.isinf(painted.apical_um).all()
    assert np.isinf(painted.basal_um).all()
    assert not painted.lumen.any()


def test_the_nearest_cell_is_found_among_thousands_whatever_the_cubes():
    rng = np.random.default_rng(1)
    seeds = rng.uniform(-60, 60, (2000, 3)).astype(np.float32)
    tissue = Tissue(np.zeros(3, np.float32), np.full(3, 60, np.float32), seeds, np.zeros(2000, np.float32))
    points = rng.uniform(-55, 55, (5000, 3)).astype(np.float32)
    painted = tissue.paint(points)
    distances, nearest = cKDTree(seeds).query(points, 2)
    clear = distances[:, 1] - distances[:, 0] > 1e-3
    assert np.array_equal(painted.cell[clear], nearest[clear, 0] + 1)


def test_a_heavier_cell_pushes_its_walls_out_by_the_law_of_power_diagrams():
    tissue = cubes()
    weights = tissue.weights.copy()
    weights[364] = 40.0  # walls move by weight / (2 · distance of the points) = 2 µm
    painted = replace(tissue, weights=weights).paint(around([[0, 0, 6.5], [0, 0, 7.5]]))
    assert painted.cell.tolist() == [365, 366]
    assert painted.lateral_um == pytest.approx([0.5, 0.5], abs=1e-3)


def test_a_gap_parts_cells_and_belongs_to_none():
    painted = cubes(gap_um=2.0).paint(around([[0, 0, 3.5], [0, 0, 4.5], [0, 0, 5.5], [0, 0, 6.5]]))
    assert painted.cell.tolist() == [365, 0, 0, 366]
    assert painted.lateral_um == pytest.approx([0.5] * 4, abs=1e-3)


def test_round_cells_end_at_their_radius():
    tissue = cubes(radii_um=np.full(729, 4.0, np.float32))
    painted = tissue.paint(around([[0, 0, 3], [0, 0, 4.5], [3.5, 3.5, 0]]))
    assert painted.cell.tolist() == [365, 0, 0]
    assert painted.basal_um[:2] == pytest.approx([1, 0.5], abs=1e-3)


def test_a_hollow_is_a_lumen_with_an_apical_wall_only_where_it_is_enclosed():
    hole = Cylinder(np.array([0, 0, 1], np.float32), 12.0, FLAT)
    points = around([[0, 0, 0], [0, 11, 3], [0, 13, 3]])
    for enclosed in (True, False):
        painted = cubes(lumens=(hole,), enclosed=enclosed).paint(points)
        assert (painted.cell > 0).tolist() == [False, False, True]
        assert painted.lumen.tolist() == [enclosed, enclosed, False]
        assert painted.apical_um[1:] == pytest.approx([1, 1], abs=1e-3)


def test_grooves_lie_between_cells_and_not_over_them():
    below = HalfSpace(np.array([1, 0, 0], np.float32), 1.0, FLAT)
    smooth, grooved = cubes(outer=below), cubes(outer=below, groove_um=2.0, groove_width_um=0.8)
    over_the_cell, over_the_wall = around([[0.5, 0, 0]]), around([[0.0, 0, 4.9]])
    assert smooth.paint(over_the_cell).cell == grooved.paint(over_the_cell).cell == 365
    assert smooth.paint(over_the_wall).cell == 365
    assert grooved.paint(over_the_wall).cell == 0
    # The membrane follows the groove: none is left where the surface was.
    assert grooved.paint(around([[1.0, 0, 5.0]])).basal_um > 1.5


def test_a_single_cell_has_no_walls():
    at, half = np.zeros((1, 3), np.float32), np.full(3, 9, np.float32)
    alone = Tissue(at[0], half, at, np.zeros(1, np.float32))
    painted = alone.paint(np.array([[1, 2, 3]], np.float32))
    assert painted.cell.tolist() == [1]
    assert np.isinf(painted.lateral_um).all()
