"""Kinds of specimens beside cysts: each is what its name says, with a truth that holds."""

from dataclasses import replace

import cc3d
import numpy as np
import pytest

from cartocell_app.segmentation.boxes import neighbour_pairs
from tests.training.scenes_by_hand import COARSE, assert_truth_holds, covering, scene_of
from training.painting import render
from training.specimens import PRESETS

OTHERS = ("tube", "sheet", "lumens", "layers", "dense", "spheroid")


def drawn(preset, seed, **changes):
    scene = scene_of(preset, seed, neighbours=0.0, **changes)
    return render(scene, covering(scene), COARSE)


def sides(volume):
    """Whether each face of the frame (z, y, x; near, far) shows something of it."""
    return [[bool(np.take(volume, side, axis).any()) for side in (0, -1)] for axis in range(3)]


def contacts(labels):
    """Pairs of cells that share a face."""
    pairs = set()
    for axis in range(3):
        before, after = neighbour_pairs(axis)
        one, other = labels[before], labels[after]
        meet = (one != other) & (one > 0) & (other > 0)
        pairs |= set(zip(*np.sort([one[meet], other[meet]], axis=0).tolist(), strict=True))
    return pairs


def extents_um(labels, axis):
    """Size of each cell along an axis, in voxels of 1 µm."""
    others = tuple(other for other in range(3) if other != axis)
    return np.array([(labels == label).any(axis=others).sum() for label in range(1, labels.max() + 1)])


def grown(volume):
    """A volume with the voxels beside it."""
    wide = volume.copy()
    for axis in range(3):
        before, after = neighbour_pairs(axis)
        wide[before] |= volume[after]
        wide[after] |= volume[before]
    return wide


@pytest.mark.parametrize("preset", OTHERS)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_cell_is_one_piece_and_every_voxel_one_thing(preset, seed):
    scene = scene_of(preset, seed)
    assert_truth_holds(render(scene, covering(scene), COARSE))


@pytest.mark.parametrize("preset", OTHERS)
def test_about_as_many_cells_are_seen_as_the_preset_says(preset):
    fewest, most = PRESETS[preset].cells
    for seed in range(2):
        cyst = drawn(preset, seed)
        assert fewest * 0.6 <= cyst.cells <= most * 2.5  # those cut by the frame are counted too


def test_dense_tissue_leaves_nothing_out():
    cyst = drawn("dense", 4)
    assert (cyst.labels > 0).all()
    touching = {cell for pair in contacts(cyst.labels) for cell in pair}
    assert len(touching) == cyst.labels.max()


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_a_sheet_crosses_the_frame_and_its_cells_touch_in_one_piece(seed):
    cyst = drawn("sheet", seed, tilt=0.0)
    assert sides(cyst.labels)[1:] == [[True, True], [True, True]]
    assert not cyst.lumen.any()
    assert cc3d.connected_components(cyst.labels > 0, connectivity=6).max() == 1
    # Above and below lie apart.
    assert cc3d.connected_components(cyst.outside, connectivity=6).max() == 2


@pytest.mark.parametrize(("height", "flat"), [((0.35, 0.35), True), ((2.2, 2.2), False)])
def test_cells_of_a_sheet_are_as_flat_or_tall_as_asked_for(height, flat):
    cyst = drawn("sheet", 5, tilt=0.0, height_factor=height, cell_volume_um3=(1000, 1000), cells=(60, 60))
    tall_um, wide_um = (float(np.median(extents_um(cyst.labels, axis))) for axis in (0, 1))
    assert (wide_um > 2 * tall_um) if flat else (tall_um > 1.8 * wide_um)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_tube_has_one_lumen_from_end_to_end_with_cells_all_around(seed):
    cyst = drawn("tube", seed, tilt=0.0)
    lumens = cc3d.connected_components(cyst.lumen, connectivity=6)
    assert lumens.max() == 1
    assert sides(cyst.lumen) == [[False, False], [False, False], [True, True]]
    spaces = cc3d.connected_components(cyst.labels == 0, connectivity=6)
    assert not np.intersect1d(spaces[cyst.lumen], spaces[cyst.outside]).size


@pytest.mark.parametrize("seed", range(6))
def test_several_lumens_do_not_meet_each_other_or_the_outside(seed):
    scene = scene_of("lumens", seed, neighbours=0.0)
    cyst = render(scene, covering(scene), COARSE)
    hollows = cc3d.connected_components(cyst.labels == 0, connectivity=6)
    lumens = np.unique(hollows[cyst.lumen])
    assert len(lumens) == len(scene.bodies[0].lumens) >= 2
    assert not np.intersect1d(lumens, hollows[cyst.outside]).size


def test_layers_lie_over_each_other():
    cyst = drawn("layers", 2, layers=(3, 3), cells=(180, 180))
    assert cyst.lumen.any()
    # Cells of the innermost layer see the lumen, those of the outermost the outside, and others neither.
    inner, outer = (set(np.unique(cyst.labels[grown(part)]).tolist()) - {0} for part in (cyst.lumen, cyst.outside))
    assert len(inner & outer) <= 2
    assert len(set(range(1, cyst.labels.max() + 1)) - inner - outer) > 20


def test_a_spheroid_is_of_round_cells_with_spaces_between():
    cyst = drawn("spheroid", 1)
    ball = cyst.labels > 0
    assert not cyst.lumen.any()
    # Spaces: most cells have a free surface, and what a cell fills of its own box is what a ball fills (0.52) or less.
    voxels = np.bincount(cyst.labels.ravel())[1:]
    boxes = [
        np.prod([np.ptp(where) + 1 for where in np.nonzero(cyst.labels == label)]) for label in range(1, 1 + cyst.cells)
    ]
    assert 0.40 < np.median(voxels[: cyst.cells] / boxes) < 0.62
    free = set(np.unique(cyst.labels[grown(~ball)]).tolist()) - {0}
    assert len(free) > 0.9 * cyst.labels.max()


def test_tissues_with_neighbours_keep_their_cells_first():
    scene = scene_of("layers", 3, neighbours=4.0)
    assert len(scene.bodies) > 1
    cyst = render(scene, covering(scene), COARSE)
    alone = render(replace(scene, bodies=scene.bodies[:1]), covering(scene), COARSE)
    assert cyst.cells == alone.labels.max() < cyst.labels.max()
    assert np.array_equal(np.where(cyst.labels <= cyst.cells, cyst.labels, 0), alone.labels)
