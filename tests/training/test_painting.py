"""Scenes on a grid: labels that hold whatever is cut, and pictures that show them."""

from dataclasses import replace

import numpy as np
import pytest

from cartocell_app.stacks.voxel_size import VoxelSize
from tests.training.scenes_by_hand import COARSE, assert_truth_holds, covering, scene_of
from training.painting import render, truth_labels


@pytest.mark.parametrize(
    ("preset", "seed"), [("4d", 0), ("4d", 1), ("7d", 2), ("7d", 3), ("10d", 4), ("10d", 5), ("clump", 6), ("clump", 7)]
)
def test_the_truth_holds_where_the_frame_cuts_cysts_and_neighbours(preset, seed):
    scene = scene_of(preset, seed, extent_um=(30, 40, 44), neighbours=2.0)
    assert_truth_holds(render(scene, (30, 40, 44), COARSE))


def test_cells_of_the_main_body_come_first_and_are_counted_in_the_frame():
    scene = scene_of("7d", 1, extent_um=(30, 60, 80), neighbours=3.0)
    cyst = render(scene, (30, 60, 80), COARSE)
    alone = truth_labels(replace(scene, bodies=scene.bodies[:1]), (30, 60, 80), COARSE)
    assert cyst.cells < scene.bodies[0].cells
    assert cyst.cells < cyst.labels.max()
    assert cyst.cells == alone.max()
    assert np.array_equal(np.where(cyst.labels <= cyst.cells, cyst.labels, 0), alone)


def test_labels_do_not_depend_on_the_grid():
    # The centre of every coarse voxel is the centre of a voxel on the grid that is three times finer.
    scene = scene_of("4d", 5, extent_um=(57, 63, 60), cells=(15, 15))
    fine_size = VoxelSize(0.5, 0.5, 0.5, "synthetic")
    coarse = truth_labels(scene, (38, 42, 40), VoxelSize(1.5, 1.5, 1.5, "synthetic"))
    fine = truth_labels(scene, (114, 126, 120), fine_size)
    assert coarse.max() == fine.max() >= 15
    assert (coarse == fine[1::3, 1::3, 1::3]).mean() > 0.9999
    assert np.array_equal(render(scene, (114, 126, 120), fine_size).labels, fine)


def test_the_picture_shows_membranes_brighter_than_cells_and_cells_than_nothing():
    scene = scene_of("7d", 3, neighbours=0.0)
    # An ordinary picture: even stain, light from near by, little blur.
    stain = replace(scene.stain, apical=1.0, basal=1.0, gaps=0.0, cytoplasm=0.1, bright_cells=0.0, debris=0.0)
    optics = replace(
        scene.optics, depth_blur=0.0, attenuation_length_um=500.0, photons=100.0, membrane_grey=150.0, background=0.02
    )
    cyst = render(replace(scene, stain=stain, optics=optics), covering(scene), COARSE)
    boundary = np.zeros(cyst.labels.shape, np.bool_)
    for axis in range(3):
        boundary |= np.roll(cyst.labels, 1, axis) != cyst.labels
    tissue = cyst.labels > 0
    membranes, cells = cyst.raw[boundary & tissue].mean(), cyst.raw[tissue & ~boundary].mean()
    assert membranes > 1.5 * cells
    assert cells > 1.5 * cyst.raw[cyst.outside & ~boundary].mean()


def test_a_frame_without_any_cell_is_empty_and_no_crash():
    scene = scene_of("4d", 1, extent_um=(60, 60, 60), neighbours=0.0)
    far = replace(scene, bodies=(replace(scene.bodies[0], centre_um=np.full(3, 500.0, np.float32)),))
    cyst = render(far, (20, 20, 20), COARSE)
    assert not cyst.labels.any()
    assert not cyst.lumen.any()
    assert cyst.outside.all()
    assert cyst.cells == 0
