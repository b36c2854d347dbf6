"""Bodies whose volumes, distances and neighbours are known."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import KDTree

from training.cyst_geometry import (
    CHUNK_POINTS,
    Body,
    RadialShape,
    draw_clump,
    draw_cyst,
    draw_stretch,
    relax,
    sphere_points,
    unit,
)

STEP_UM = 0.6


def sphere(radius_um):
    return RadialShape(radius_um, np.eye(1, 3, dtype=np.float32), np.array([2]), np.zeros(1, np.float32))


def body(apical_seeds, basal_seeds=None, inner_um=10.0, outer_um=18.0, weights=None, stretch=None):
    apical = np.asarray(apical_seeds, np.float32)
    return Body(
        centre_um=np.array([3.0, -2.0, 5.0], np.float32),
        stretch=np.eye(3, dtype=np.float32) if stretch is None else stretch,
        inner=None if inner_um is None else sphere(inner_um),
        outer=sphere(outer_um),
        apical_seeds=apical,
        basal_seeds=apical if basal_seeds is None else np.asarray(basal_seeds, np.float32),
        weights=np.zeros(len(apical), np.float32) if weights is None else np.asarray(weights, np.float32),
    )


def grid_around(one, step_um=STEP_UM):
    """Points of a cubic lattice that covers the body."""
    axes = [np.arange(-reach, reach, step_um) for reach in one.reach_um()]
    return (np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3) + one.centre_um).astype(np.float32)


def random_points(one, count, least_um, most_um, seed=0):
    """Points at known radii from the centre, and those radii."""
    rng = np.random.default_rng(seed)
    radius_um = rng.uniform(least_um, most_um, count)
    return (unit(rng.normal(size=(count, 3))) * radius_um[:, None] + one.centre_um).astype(np.float32), radius_um


def contacts(one, depth):
    """Pairs of cells that touch at one depth: 0 is the apical surface, 1 the basal one."""
    directions = sphere_points(20_000)
    outer_um = one.outer.radius_um(directions)
    inner_um = np.minimum(one.inner.radius_um(directions), outer_um - 3.5)
    points = (directions * (inner_um + depth * (outer_um - inner_um))[:, None]) @ one.stretch.T + one.centre_um
    cell = one.paint(points.astype(np.float32)).cell
    pairs = cell[KDTree(directions).query_pairs(0.03, output_type="ndarray")]
    return {tuple(sorted(pair)) for pair in pairs.tolist() if pair[0] != pair[1]}


@pytest.mark.parametrize("stretched", [False, True])
def test_volumes_of_shell_and_lumen_are_those_of_spheres(stretched):
    # A stretch keeps volumes.
    stretch = draw_stretch(1.4, np.random.default_rng(1)) if stretched else None
    one = body(sphere_points(12), stretch=stretch)
    painted = one.paint(grid_around(one))
    lumen_um3, shell_um3 = painted.lumen.sum() * STEP_UM**3, (painted.cell > 0).sum() * STEP_UM**3
    assert lumen_um3 == pytest.approx(4 / 3 * np.pi * 10**3, rel=0.02)
    assert shell_um3 == pytest.approx(4 / 3 * np.pi * (18**3 - 10**3), rel=0.02)
    assert not (painted.lumen & (painted.cell > 0)).any()


def test_distances_to_apical_and_basal_membranes_are_exact():
    one = body(sphere_points(12))
    points, radius_um = random_points(one, 2000, 0.5, 25)
    painted = one.paint(points)
    assert painted.apical_um == pytest.approx(np.abs(radius_um - 10), abs=1e-4)
    assert painted.basal_um == pytest.approx(np.abs(radius_um - 18), abs=1e-4)
    assert np.array_equal(painted.lumen, radius_um <= 10)
    assert np.array_equal(painted.cell > 0, (radius_um > 10) & (radius_um <= 18))


def test_two_cells_part_at_the_plane_between_their_seeds():
    seeds = unit(np.array([[1.0, 0.2, 0.0], [0.1, 1.0, 0.4]]))
    one = body(seeds)
    points, _ = random_points(one, 2000, 10.1, 17.9)
    painted = one.paint(points)
    normal = unit((seeds[0] - seeds[1])[None])[0]
    signed_um = (points - one.centre_um) @ normal
    clear = np.abs(signed_um) > 1e-3
    assert np.array_equal(painted.cell[clear], np.where(signed_um[clear] > 0, 1, 2))
    assert painted.lateral_um == pytest.approx(np.abs(signed_um), abs=1e-3)


def test_a_heavier_cell_takes_more_of_the_shell():
    # |p − s|² − w of two opposite seeds is the same where the cosine to the first is (w2 − w1) / 4.
    one = body([[1, 0, 0], [-1, 0, 0]], weights=[0.4, 0])
    points, radius_um = random_points(one, 2000, 10.1, 17.9)
    cosine = (points - one.centre_um)[:, 0] / radius_um
    clear = np.abs(cosine + 0.1) > 1e-4
    assert np.array_equal(one.paint(points).cell[clear], np.where(cosine[clear] > -0.1, 1, 2))


def test_a_cell_moves_with_depth_from_its_apical_to_its_basal_seed():
    apical = unit(np.array([[1.0, 0, 0], [-1, 0, 0], [0, 1, 0]]))
    basal = np.roll(apical, 1, axis=0)
    one = body(apical, basal)
    for seeds, radius_um in ((apical, 10.01), (basal, 17.99)):
        points = (seeds * radius_um + one.centre_um).astype(np.float32)
        assert one.paint(points).cell.tolist() == [1, 2, 3]


@pytest.mark.parametrize("seed", range(3))
def test_scutoids_come_from_the_apico_basal_shift_and_from_nothing_else(seed):
    drawn = draw_cyst(40, 900, 1.0, 0.05, 1.2, np.random.default_rng(seed))
    straight = replace(drawn, basal_seeds=drawn.apical_seeds)
    assert contacts(drawn, 0.02) != contacts(drawn, 0.98)
    assert contacts(straight, 0.02) == contacts(straight, 0.98)


def test_a_clump_has_no_lumen_and_parts_at_planes_in_space():
    one = body([[-4, 0, 0], [4, 2, 0]], inner_um=None)
    points, radius_um = random_points(one, 2000, 0.5, 22)
    painted = one.paint(points)
    assert not painted.lumen.any()
    assert np.isinf(painted.apical_um).all()
    inside = radius_um <= 18
    assert np.array_equal(painted.cell > 0, inside)
    normal = unit(np.array([[8.0, 2.0, 0.0]]))[0]
    signed_um = (points - one.centre_um - [0, 1, 0])[inside] @ normal
    assert painted.lateral_um[inside] == pytest.approx(np.abs(signed_um), abs=1e-3)
    assert np.array_equal(painted.cell[inside][np.abs(signed_um) > 1e-3] == 2, signed_um[np.abs(signed_um) > 1e-3] > 0)


def test_one_cell_alone_has_no_lateral_membrane():
    one = body([[0, 0, 1]])
    points, _ = random_points(one, 100, 10.5, 17.5)
    painted = one.paint(points)
    assert (painted.cell == 1).all()
    assert np.isinf(painted.lateral_um).all()


def test_a_cell_is_never_thinner_than_it_can_be():
    one = replace(body(sphere_points(12)), inner=sphere(17.5))
    points, radius_um = random_points(one, 2000, 12, 18)
    assert np.array_equal(one.paint(points).cell > 0, radius_um > 18 - 3.5)


def test_many_points_are_painted_like_few():
    one = draw_cyst(20, 900, 1.0, 0.08, 1.3, np.random.default_rng(3))
    points, _ = random_points(one, CHUNK_POINTS + 500, 1, 30)
    whole, end = one.paint(points), one.paint(points[-600:])
    for name in ("cell", "lumen", "lateral_um", "apical_um", "basal_um"):
        assert getattr(whole, name)[-600:] == pytest.approx(getattr(end, name), abs=1e-3)


def test_the_reach_holds_the_whole_body():
    one = draw_cyst(30, 900, 1.2, 0.1, 1.45, np.random.default_rng(8))
    points, _ = random_points(one, 100_000, 1, 60)
    taken = one.paint(points).cell > 0
    assert taken.any()
    assert (np.abs(points[taken] - one.centre_um) < one.reach_um()).all()


@pytest.mark.parametrize(("cells", "ratio"), [(8, 2.45), (30, 1.52), (100, 1.40)])
def test_a_drawn_cyst_has_the_volume_and_the_surface_ratio_asked_for(cells, ratio):
    one = draw_cyst(cells, 900, 1.0, 0.0, 1.3, np.random.default_rng(0))
    assert one.cells == cells
    assert one.outer.mean_um / one.inner.mean_um == pytest.approx(ratio, rel=1e-4)
    painted = one.paint(grid_around(one, 0.9))
    assert (painted.cell > 0).sum() * 0.9**3 / cells == pytest.approx(900, rel=0.02)
    assert len(np.unique(painted.cell[painted.cell > 0])) == cells


def test_a_taller_cyst_has_a_smaller_lumen():
    lumens_um = [
        draw_cyst(30, 900, height, 0.0, 1.0, np.random.default_rng(0)).inner.mean_um for height in (0.7, 1.0, 1.5)
    ]
    assert lumens_um == sorted(lumens_um, reverse=True)


def test_a_drawn_clump_has_the_volume_asked_for():
    one = draw_clump(25, 1200, 0.0, 1.2, np.random.default_rng(0))
    painted = one.paint(grid_around(one, 0.9))
    assert (painted.cell > 0).sum() * 0.9**3 / 25 == pytest.approx(1200, rel=0.02)


def test_the_relief_is_as_rough_as_asked_and_keeps_the_mean_radius():
    directions = sphere_points(4000)
    reliefs = [
        RadialShape.draw(20.0, 0.05, np.random.default_rng(seed)).radius_um(directions) / 20 for seed in range(60)
    ]
    assert np.mean(reliefs) == pytest.approx(1, abs=0.01)
    assert [relief.mean() for relief in reliefs] == pytest.approx(np.ones(60), abs=0.01)
    assert 0.025 < np.mean([relief.std() for relief in reliefs]) < 0.1


def test_a_radius_never_falls_under_30_percent_of_the_mean():
    deep = RadialShape(20.0, np.eye(1, 3, dtype=np.float32), np.array([4]), np.array([-5.0], np.float32))
    assert deep.radius_um(sphere_points(1000)).min() == pytest.approx(6.0)


@pytest.mark.parametrize("seed", range(4))
def test_a_stretch_keeps_volumes_and_the_ratio_of_axes(seed):
    stretch = draw_stretch(1.45, np.random.default_rng(seed)).astype(float)
    axes = np.linalg.eigvalsh(stretch)
    assert np.linalg.det(stretch) == pytest.approx(1, abs=1e-5)
    assert axes.max() / axes.min() <= 1.45 + 1e-5
    assert stretch == pytest.approx(stretch.T, abs=1e-6)


def test_relaxing_evens_out_the_seeds():
    seeds = unit(np.random.default_rng(0).normal(size=(40, 3)))
    relaxed = relax(seeds, sphere_points(2400), 8, on_sphere=True)

    def nearest(points):
        return KDTree(points).query(points, k=2)[0][:, 1].min()

    assert np.linalg.norm(relaxed, axis=1) == pytest.approx(np.ones(40), abs=1e-5)
    assert nearest(relaxed) > 2 * nearest(seeds)


def test_sphere_points_are_even():
    points = sphere_points(500)
    assert np.linalg.norm(points, axis=1) == pytest.approx(np.ones(500), abs=1e-5)
    assert points.mean(axis=0) == pytest.approx(np.zeros(3), abs=0.01)
    spacing = KDTree(points).query(points, k=2)[0][:, 1]
    assert spacing.min() > 0.6 * spacing.max()
