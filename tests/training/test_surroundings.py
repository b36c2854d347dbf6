"""Cells that differ, and what is around them: as bright as asked for."""

from dataclasses import replace

import numpy as np
import pytest

from cartocell_app.stacks.voxel_size import VoxelSize
from tests.training.scenes_by_hand import COARSE, covering, scene_of
from training.painting import render
from training.surroundings import DARKEST_FACE, Mosaic, Surroundings, face_numbers, near_centres


def ordinary(preset="7d", **looks):
    """A picture of even stain and little noise, with these looks."""
    scene = scene_of(preset, 3, neighbours=0.0)
    stain = replace(scene.stain, apical=1, basal=1, gaps=0, texture=0, cytoplasm=0.1, bright_cells=0, debris=0)
    optics = replace(
        scene.optics, psf_xy_um=0.2, psf_z_um=0.5, depth_blur=0, attenuation_length_um=1e6, photons=400,
        read_noise=0.2, membrane_grey=100, background=0, offset_grey=20,
    )  # fmt: skip
    scene = replace(scene, stain=stain, optics=optics, **looks)
    return render(scene, covering(scene), COARSE)


def inside(cyst):
    """Voxels of cells that are no membrane, by their brightness in the truth: off every border by a voxel."""
    border = np.zeros(cyst.labels.shape, np.bool_)
    for axis in range(3):
        for shift in (-2, -1, 1, 2):
            border |= np.roll(cyst.labels, shift, axis) != cyst.labels
    return (cyst.labels > 0) & ~border


def test_medium_brighter_than_the_cells_when_asked_for():
    dark, bright = ordinary(), ordinary(surroundings=Surroundings(medium=0.6))
    assert np.median(bright.raw[bright.outside]) > 1.5 * np.median(bright.raw[inside(bright)])
    assert np.median(dark.raw[dark.outside]) < np.median(dark.raw[inside(dark)])
    assert np.array_equal(bright.labels, dark.labels)
    # The lumen stays as it was.
    assert np.median(bright.raw[bright.lumen]) == pytest.approx(20, abs=3)


def test_a_lumen_can_be_bright_alone():
    cyst = ordinary(surroundings=Surroundings(lumen=0.6))
    assert np.median(cyst.raw[cyst.lumen]) > 2 * np.median(cyst.raw[cyst.outside])


def test_structure_makes_the_medium_uneven():
    even, uneven = (ordinary(surroundings=Surroundings(medium=0.5, structure=s)) for s in (0.0, 0.5))
    assert uneven.raw[uneven.outside].std() > 1.5 * even.raw[even.outside].std()


def test_a_shell_lies_around_the_tissue_at_its_distance():
    plain, shelled = ordinary(), ordinary(surroundings=Surroundings(shell=1.0, shell_um=3.0))
    gained = shelled.raw.astype(int) - plain.raw.astype(int) > 30
    assert gained.sum() > 500
    assert shelled.outside[gained].mean() > 0.95


def test_faces_are_the_same_from_both_sides_and_differ_from_each_other():
    one, other = np.array([3, 7, 200], np.int32), np.array([7, 9, 4], np.int32)
    assert np.array_equal(face_numbers(one, other), face_numbers(other, one))
    pairs = np.array([(a, b) for a in range(1, 60) for b in range(a)], np.int32)
    assert len(np.unique(face_numbers(*pairs.T))) > 0.7 * len(pairs)


def test_levels_of_faces_spread_and_are_lost_as_asked_for():
    levels = Mosaic(faces=0.4, lost_faces=0.1).face_levels(np.random.default_rng(0))
    lost = levels == np.float32(DARKEST_FACE)
    assert lost.mean() == pytest.approx(0.1, abs=0.02)
    assert np.log(levels[~lost]).std() == pytest.approx(0.4, rel=0.05)
    assert (Mosaic().face_levels(np.random.default_rng(0)) == 1).all()


def test_nuclei_lie_around_the_middle_of_cells_and_nowhere_else():
    labels = np.zeros((30, 30, 60), np.uint16)
    labels[:, :, :30], labels[:, :, 30:] = 1, 2
    near = near_centres(labels, VoxelSize(1.0, 1.0, 1.0, "synthetic"))
    radius = 0.55 * np.cbrt(30**3 * 3 / (4 * np.pi))
    assert near.sum() == pytest.approx(2 * 4 / 3 * np.pi * radius**3, rel=0.05)
    assert near[15, 15, 15]
    assert near[15, 15, 45]
    assert not near[15, 15, 30]
    assert not near_centres(np.zeros((4, 4, 4), np.uint16), COARSE).any()


@pytest.mark.parametrize(("nuclei", "brighter"), [(0.4, True), (-0.3, False)])
def test_nuclei_are_brighter_or_darker_than_their_cells(nuclei, brighter):
    cyst = ordinary("clump", mosaic=Mosaic(nuclei=nuclei))
    near = near_centres(cyst.labels, cyst.voxel_size) & inside(cyst)
    beside = inside(cyst) & ~near_centres(cyst.labels, cyst.voxel_size)
    assert (cyst.raw[near].mean() > cyst.raw[beside].mean()) == brighter


def test_vesicles_are_bright_grains_in_cells_alone():
    plain, grainy = ordinary(mosaic=Mosaic()), ordinary(mosaic=Mosaic(vesicles=20.0))
    gained = grainy.raw.astype(int) - plain.raw.astype(int) > 40
    assert gained.any()
    assert (grainy.labels[gained] > 0).mean() > 0.9
