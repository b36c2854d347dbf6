"""The training draw: repeatable, of every kind, wider than what is ordinary, and not impossible."""

from typing import get_args

import numpy as np
import pytest

from cartocell_app.stacks.voxel_size import VoxelSize
from tests.training.scenes_by_hand import assert_truth_holds
from training.microscope import OPTICS_RANGES, STAIN_RANGES
from training.painting import render, truth_labels
from training.settings import TrainingSettings
from training.specimens import PRESETS
from training.tissue import Tissue
from training.varied import (
    CYSTS,
    LARGEST_FRAME_UM,
    LARGEST_VOXEL_UM,
    MIXES,
    SMALLEST_FRAME_UM,
    SMALLEST_VOXEL_UM,
    SMALLEST_VOXEL_UM3,
    TISSUES,
    WIDER_OPTICS,
    WIDER_STAIN,
    draw_specimen,
)

KINDS = {preset.kind for preset in PRESETS.values()}
COARSE = VoxelSize(2.0, 2.0, 2.0, "synthetic")


@pytest.fixture(scope="module")
def drawn():
    return [draw_specimen(seed) for seed in range(32)]


@pytest.mark.parametrize("mix", MIXES.values(), ids=MIXES)
def test_all_kinds_are_drawn_and_no_other_as_often_as_cysts(mix):
    shares = {kind: sum(share for preset, share in mix if preset.kind == kind) for kind in KINDS}
    assert sum(share for _, share in mix) == pytest.approx(1)
    assert min(shares.values()) > 0
    assert shares.pop("cyst") > 2 * max(shares.values())


def test_tissues_have_smaller_and_larger_cells_than_cysts():
    for mix, smallest, largest in ((CYSTS, 300, 3000), (TISSUES, 130, 12000)):
        volumes = np.array([preset.cell_volume_um3 for preset, _ in mix])
        assert (volumes.min(), volumes.max()) == (smallest, largest)


@pytest.mark.parametrize("seed", range(8))
def test_other_tissues_hold_too(seed):
    one = draw_specimen(7_700_000 + seed, TISSUES)
    assert_truth_holds(render(one.scene, one.shape, one.voxel_size, one.dtype))


def test_gaps_between_small_cells_are_narrow():
    bodies = [draw_specimen(seed, TISSUES).scene.bodies[0] for seed in range(40)]
    tissues = [body for body in bodies if isinstance(body, Tissue) and body.radii_um is None]
    widths_um = np.array([body.gap_um for body in tissues])
    assert (widths_um > 0).sum() > 2
    assert (widths_um <= [0.15 * np.median(body.apart_um()) for body in tissues]).all()


def test_a_training_can_ask_for_every_mix():
    assert get_args(TrainingSettings.model_fields["specimens"].annotation) == tuple(MIXES)


def test_wider_ranges_hold_the_ordinary_ones():
    for ordinary, wider in ((OPTICS_RANGES, WIDER_OPTICS), (STAIN_RANGES, WIDER_STAIN)):
        assert ordinary.keys() == wider.keys()
        for name, (low, high) in ordinary.items():
            assert wider[name][0] <= low < high <= wider[name][1], name


@pytest.mark.parametrize("seed", [4])
def test_a_seed_is_one_picture(seed):
    first, again, other = (draw_specimen(number) for number in (seed, seed, seed + 100))
    one, same = (render(d.scene, d.shape, d.voxel_size, d.dtype) for d in (first, again))
    assert np.array_equal(one.raw, same.raw)
    assert np.array_equal(one.labels, same.labels)
    assert other.scene.seed != first.scene.seed


@pytest.mark.parametrize("seed", range(6))
def test_labels_hold_and_are_seen_in_the_picture(seed):
    one = draw_specimen(seed)
    cyst = render(one.scene, one.shape, one.voxel_size, one.dtype)
    assert cyst.raw.dtype == one.dtype
    assert cyst.raw.max() > cyst.raw.min()
    assert_truth_holds(cyst)


def test_voxel_sizes_and_frames_reach_as_far_as_said(drawn):
    z_um, yx_um = (np.array([getattr(one.voxel_size, axis) for one in drawn]) for axis in ("z_um", "y_um"))
    assert z_um.min() >= SMALLEST_VOXEL_UM[0]
    assert yx_um.min() >= SMALLEST_VOXEL_UM[1]
    assert yx_um.max() <= LARGEST_VOXEL_UM[1] * 1.001
    assert (z_um * yx_um**2).min() >= SMALLEST_VOXEL_UM3 * 0.999
    assert z_um.min() < 0.6 < 1.2 < z_um.max()
    for one in drawn:
        assert (one.scene.extent_um >= SMALLEST_FRAME_UM - 1e-3).all()
        assert (one.scene.extent_um <= LARGEST_FRAME_UM + 1e-3).all()


def test_looks_are_odd_in_some_ways_and_ordinary_in_others(drawn):
    assert {one.dtype for one in drawn} == {np.uint8, np.uint16}
    medium = np.array([one.scene.surroundings.medium for one in drawn])
    assert 0.2 < (medium > 0).mean() < 0.7
    assert any(one.scene.surroundings.medium > one.scene.stain.cytoplasm for one in drawn)
    assert any(one.scene.optics.offset_grey < 0 for one in drawn)
    assert any(one.scene.optics.offset_grey > 30 for one in drawn)
    assert any(one.scene.optics.membrane_grey < 20 for one in drawn)
    assert any(one.scene.optics.membrane_grey > 255 for one in drawn)
    assert any(not one.scene.warp for one in drawn)
    assert any(one.scene.camera.lines > 0 for one in drawn)


def test_frames_cut_what_is_larger(drawn):
    cut = 0
    for one in drawn:
        shape = tuple(np.rint(one.scene.extent_um / 2).astype(int).tolist())
        labels = truth_labels(one.scene, shape, COARSE)
        cut += any(np.take(labels, side, axis).any() for axis in range(3) for side in (0, -1))
        assert labels.any()
    assert 8 < cut < 32
