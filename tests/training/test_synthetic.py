"""Synthetic cysts: repeatable, within what their presets say, and with a truth that holds."""

import hashlib
from dataclasses import replace

import cc3d
import numpy as np
import pytest

from cartocell_app.errors import UserError
from cartocell_app.stacks.voxel_size import VoxelSize
from training.synthetic import PRESETS, SMALLEST_PIECE_UM3, draw_field, draw_scene, render, synthesize, truth_labels

COARSE_UM = (1.0, 1.0, 1.0)
COARSE = VoxelSize(*COARSE_UM, source="synthetic")


def digest(cyst):
    parts = (cyst.raw, cyst.labels, cyst.lumen, cyst.outside)
    return [hashlib.sha256(part.tobytes()).hexdigest() for part in parts]


def scene_of(preset, seed, extent_um=None, **changes):
    extent = None if extent_um is None else np.array(extent_um, np.float32)
    return draw_scene(replace(PRESETS[preset], **changes), np.random.default_rng(seed), extent)


def covering(scene, voxel_size=COARSE):
    z, y, x = np.rint(scene.extent_um / voxel_size.zyx_um).astype(int).tolist()
    return z, y, x


def bodies_at_voxels(scene, shape, voxel_size=COARSE):
    """How many bodies claim each voxel (Z, Y, X), by their geometry alone."""
    axes = [(np.arange(count) + 0.5) * step for count, step in zip(shape, voxel_size, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
    painted = [body.paint(points) for body in scene.bodies]
    return sum((one.cell > 0) | one.lumen for one in painted).reshape(shape)


def assert_truth_holds(cyst):
    labels = cyst.labels
    count = int(labels.max())
    assert labels.dtype == np.uint16
    assert np.array_equal(np.unique(labels), np.arange(count + 1))
    assert int(cc3d.connected_components(labels, connectivity=6).max()) == count
    assert np.bincount(labels.ravel())[1:].min() * cyst.voxel_size.volume_um3 >= SMALLEST_PIECE_UM3
    assert ((labels > 0).astype(int) + cyst.lumen + cyst.outside == 1).all()
    assert 1 <= cyst.cells <= count


@pytest.mark.parametrize("preset", PRESETS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(preset):
    one, again, other = (synthesize(preset, seed, voxel_um=COARSE_UM) for seed in (11, 11, 12))
    assert digest(one) == digest(again)
    assert one.cells == again.cells
    assert digest(one)[0] != digest(other)[0]
    assert digest(one)[1] != digest(other)[1]


def test_presets_with_the_same_seed_are_different_cysts():
    assert digest(synthesize("7d", 11, voxel_um=COARSE_UM)) != digest(synthesize("10d", 11, voxel_um=COARSE_UM))


@pytest.mark.parametrize(
    ("preset", "voxel_um"),
    [
        ("4d", (0.7, 0.6151658, 0.6151658)),
        ("7d", (0.7, 0.6151658, 0.6151658)),
        ("10d", (0.7, 0.6151658, 0.6151658)),
        ("clump", (0.7, 0.6151658, 0.6151658)),
        ("high-resolution", (0.5, 0.0672858, 0.0672858)),
    ],
)
def test_voxel_sizes_are_those_of_the_data_set(preset, voxel_um):
    cyst = synthesize(preset, 0, shape=(8, 20, 24))
    assert cyst.voxel_size == VoxelSize(*voxel_um, source="synthetic")
    assert cyst.raw.shape == cyst.labels.shape == cyst.lumen.shape == cyst.outside.shape == (8, 20, 24)


@pytest.mark.parametrize("preset", PRESETS)
def test_numbers_and_volumes_of_cells_are_in_the_range_of_the_preset(preset):
    (fewest, most), (least_um3, most_um3) = PRESETS[preset].cells, PRESETS[preset].cell_volume_um3
    for seed in range(4):
        cyst = synthesize(preset, seed, voxel_um=COARSE_UM)
        main_um3 = ((cyst.labels > 0) & (cyst.labels <= cyst.cells)).sum() * cyst.voxel_size.volume_um3
        assert fewest <= cyst.cells <= most
        # The relief of the surfaces adds to the volume that was drawn, or takes from it.
        assert 0.95 * least_um3 < main_um3 / cyst.cells < 1.08 * most_um3


@pytest.mark.parametrize("preset", ["4d", "7d", "10d", "clump"])
@pytest.mark.parametrize("seed", [1, 2])
def test_the_truth_of_a_whole_cyst_holds(preset, seed):
    cyst = synthesize(preset, seed)
    assert_truth_holds(cyst)
    # No way leads from the lumen to the outside but through a cell.
    spaces = cc3d.connected_components(cyst.labels == 0, connectivity=6)
    assert not np.intersect1d(spaces[cyst.lumen], spaces[cyst.outside]).size
    main = (cyst.labels > 0) & (cyst.labels <= cyst.cells)
    assert not any(np.take(main, side, axis).any() for axis in range(3) for side in (0, -1))
    assert cyst.lumen.any() != PRESETS[preset].solid


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


def test_neighbours_cut_by_the_frame_do_not_overlap_the_cyst():
    cut = 0
    coarse = VoxelSize(1.5, 1.5, 1.5, "synthetic")
    for seed in range(8):
        scene = scene_of("7d", seed, neighbours=2.0)
        claims = bodies_at_voxels(scene, covering(scene, coarse), coarse)
        assert claims.max() == 1
        cut += sum((body.centre_um - body.reach_um() < 0).any() for body in scene.bodies[1:])
    assert cut >= 3


def test_a_field_holds_a_dozen_cysts_apart_from_each_other():
    scene = draw_field(PRESETS["4d"], 12, (42, 280, 280), np.random.default_rng(1))
    coarse = VoxelSize(1.5, 1.5, 1.5, "synthetic")
    assert len(scene.bodies) == 12
    shape = covering(scene, coarse)
    claims = bodies_at_voxels(scene, shape, coarse)
    assert claims.max() == 1
    assert cc3d.connected_components(claims > 0, connectivity=26).max() == 12
    # In the plane every cyst is whole.
    assert not any(np.take(claims, side, axis).any() for axis in (1, 2) for side in (0, -1))


def test_a_field_too_small_for_all_holds_those_that_fit():
    scene = draw_field(PRESETS["4d"], 4, (50, 64, 64), np.random.default_rng(1))
    assert 1 <= len(scene.bodies) < 4


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


def test_16_bit_cysts_are_the_same_cyst_over_12_bits():
    eight, sixteen = (synthesize("4d", 6, voxel_um=COARSE_UM, dtype=dtype) for dtype in (np.uint8, np.uint16))
    assert np.array_equal(eight.labels, sixteen.labels)
    assert sixteen.raw.dtype == np.uint16
    assert 255 < sixteen.raw.max() <= 4095
    unsaturated = eight.raw < 255
    assert np.abs(sixteen.raw[unsaturated] / 16 - eight.raw[unsaturated]).max() <= 0.5


def test_a_frame_without_any_cell_is_empty_and_no_crash():
    scene = scene_of("4d", 1, extent_um=(60, 60, 60), neighbours=0.0)
    far = replace(scene, bodies=(replace(scene.bodies[0], centre_um=np.full(3, 500.0, np.float32)),))
    cyst = render(far, (20, 20, 20), COARSE)
    assert not cyst.labels.any()
    assert not cyst.lumen.any()
    assert cyst.outside.all()
    assert cyst.cells == 0


def test_an_unknown_preset_is_the_users_mistake():
    with pytest.raises(UserError, match=r"no preset '12d'\. Choose one of 4d, 7d, 10d"):
        synthesize("12d", 0)
