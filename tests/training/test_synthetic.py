"""Synthetic cysts: repeatable, within what their presets say, and with a truth that holds."""

import hashlib

import cc3d
import numpy as np
import pytest

from cartocell_app.errors import UserError
from cartocell_app.stacks.voxel_size import VoxelSize
from tests.training.scenes_by_hand import COARSE_UM, assert_truth_holds
from training.specimens import PRESETS
from training.synthetic import synthesize


def digest(cyst):
    parts = (cyst.raw, cyst.labels, cyst.lumen, cyst.outside)
    return [hashlib.sha256(part.tobytes()).hexdigest() for part in parts]


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


@pytest.mark.parametrize("preset", ["4d", "7d", "10d", "high-resolution", "clump"])
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
    assert cyst.lumen.any() == (PRESETS[preset].kind == "cyst")


def test_16_bit_cysts_are_the_same_cyst_over_12_bits():
    eight, sixteen = (synthesize("4d", 6, voxel_um=COARSE_UM, dtype=dtype) for dtype in (np.uint8, np.uint16))
    assert np.array_equal(eight.labels, sixteen.labels)
    assert sixteen.raw.dtype == np.uint16
    assert 255 < sixteen.raw.max() <= 4095
    unsaturated = eight.raw < 255
    assert np.abs(sixteen.raw[unsaturated] / 16 - eight.raw[unsaturated]).max() <= 0.5


def test_an_unknown_preset_is_the_users_mistake():
    with pytest.raises(UserError, match=r"no preset '12d'\. Choose one of 4d, 7d, 10d"):
        synthesize("12d", 0)
