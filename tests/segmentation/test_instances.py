import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.filters import threshold_otsu

from cartocell_app.segmentation.instances import instances_from_maps
from cartocell_app.segmentation.settings import (
    PROFILES,
    FixedThreshold,
    NearestCell,
    OtsuThreshold,
    PeakSeeds,
    PublishedVoronoi,
    SegmentationSettings,
    ThresholdSeeds,
)
from tests.segmentation.published_by_hand import instances_by_hand, shared_by_hand, tissue_by_hand
from tests.segmentation.toy_cysts import VOXEL_UM, f1, ideal_maps, shell

DEFAULT = PROFILES["default"]
PUBLISHED = ["paper-2022", "biapy-cartocell", "biapy-3.5", "biapy-3.7"]


def noisy_maps(labels, seed, noise=0.8):
    """Maps of a network that is unsure here and there: correlated noise on the logits."""
    rng = np.random.default_rng(seed)
    maps = ideal_maps(labels, blur_vox=0.8)
    spread = [ndimage.gaussian_filter(rng.normal(size=labels.shape), 1.2) for _ in maps]
    logits = 8 * maps - 4 + noise * np.stack([field / field.std() for field in spread])
    return (1 / (1 + np.exp(-logits))).astype(np.float32)


def numbered_alike(one, other):
    """Whether two volumes are the same but for the numbers, 0 being 0 in both."""
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    same_zero = ((pairs[0] == 0) == (pairs[1] == 0)).all()
    return same_zero and np.unique(pairs[0]).size == np.unique(pairs[1]).size == pairs.shape[1]


# --- cysts of known geometry


@pytest.mark.parametrize(
    ("cells", "inner_um", "outer_um"),
    [(12, 6, 15), (40, 12, 20), (30, 16, 20.5), (6, 2.5, 9)],
    ids=["few", "usual", "flat cells", "small lumen"],
)
def test_finds_every_cell_of_a_cyst_and_nothing_else(cells, inner_um, outer_um):
    labels = shell(cells, inner_um, outer_um)
    found = instances_from_maps(ideal_maps(labels), VOXEL_UM, DEFAULT)
    assert f1(labels, found.labels) == 1
    assert f1(labels, found.labels, iou=0.75) == 1
    assert np.unique(found.labels).tolist() == list(range(cells + 1))
    # tissue is shared out wholly, lumen and outside stay empty
    np.testing.assert_array_equal(found.labels > 0, ideal_maps(labels)[2] > 0.5)


def test_finds_the_cells_in_noisy_maps():
    labels = shell(30, 10, 18)
    assert f1(labels, instances_from_maps(noisy_maps(labels, 0), VOXEL_UM, DEFAULT).labels) > 0.95


def test_finds_most_cells_in_maps_of_a_hardly_trained_network(shared_data):
    """BiaPy's own maps after one epoch; its post-processing found none of these cells."""
    maps = np.moveaxis(tifffile.imread(shared_data / "biapy/cyst_3_per_image_3.7.1.tif").squeeze(), 1, 0)
    labels = tifffile.imread(shared_data / "biapy/cyst_3_label.tif").squeeze().astype(np.int64)
    voxel_um = (0.7, 0.615, 0.615)
    assert f1(labels, instances_from_maps(maps, voxel_um, DEFAULT).labels) > 0.85
    assert f1(labels, instances_from_maps(maps, voxel_um, PROFILES["biapy-3.5"]).labels) < 0.1


def test_voxels_need_not_be_cubes():
    voxel_um = (1.4, 0.5, 0.7)
    labels = shell(20, 9, 17, voxel_um)
    assert f1(labels, instances_from_maps(ideal_maps(labels), voxel_um, DEFAULT).labels) == 1


def test_cells_reach_the_faces_of_a_cut_cyst():
    labels = shell(20, 9, 17)[12:-14, :-20, 25:]
    cut_off = np.bincount(labels.ravel()) * np.prod(VOXEL_UM) < 100  # slivers of cells
    labels[cut_off[labels]] = 0
    found = instances_from_maps(ideal_maps(labels), VOXEL_UM, DEFAULT)
    assert f1(labels, found.labels) == 1
    assert (found.labels[0] > 0).any()


def test_two_cells_in_one_slice():
    labels = np.zeros((1, 20, 34), np.uint16)
    labels[:, 3:17, 3:17], labels[:, 3:17, 17:31] = 1, 2
    flat = SegmentationSettings(seeds=PeakSeeds(min_um3=1), voronoi=NearestCell(min_cell_um3=5))
    found = instances_from_maps(ideal_maps(labels, blur_vox=0.5), VOXEL_UM, flat)
    np.testing.assert_array_equal(found.labels, labels)


# --- what every profile promises


@pytest.mark.parametrize("profile", PROFILES)
def test_a_cell_has_the_same_number_everywhere(profile):
    labels = shell(20, 8, 16)
    found = instances_from_maps(noisy_maps(labels, 3), VOXEL_UM, PROFILES[profile])
    count = int(found.labels.max())
    assert np.unique(found.labels).tolist() == list(range(count + 1))
    assert found.labels.dtype == found.before_voronoi.dtype == np.uint16
    assert found.seeds.dtype == np.int32
    assert found.landscape.dtype == np.float32
    assert np.isfinite(found.landscape).all()
    grown = found.before_voronoi > 0
    assert not grown[~found.foreground].any()
    seeded = (found.seeds > 0) & found.foreground
    np.testing.assert_array_equal(found.before_voronoi[seeded], found.seeds[seeded])
    for cell in range(1, count + 1):
        assert (found.labels[found.before_voronoi == cell] == cell).any()


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 9), (9, 1, 9), (7, 8, 9)])
@pytest.mark.parametrize("values", [(0, 0, 0), (1, 1, 1), (1, 0, 1), (0.3, 0.3, 0.3), (0, 0, 1), (1, 0, 0)])
def test_maps_of_a_single_value(profile, shape, values):
    maps = np.array(values, np.float32)[:, None, None, None] * np.ones((3, *shape), np.float32)
    found = instances_from_maps(maps, (5.0, 5.0, 5.0), PROFILES[profile])
    assert found.labels.shape == shape
    # only the default, which has no threshold of Otsu's, can see that a stack is all interior of one cell
    assert found.labels.max() == (profile == "default" and values == (1, 0, 1))
    assert np.isfinite(found.landscape).all()


@pytest.mark.parametrize("profile", PROFILES)
def test_one_cell(profile):
    z, y, x = np.ogrid[-14:15, -14:15, -14:15]  # room for the published closing
    labels = (z**2 + y**2 + x**2 <= 49).astype(np.uint16)
    maps = ideal_maps(labels)
    found = instances_from_maps(maps, VOXEL_UM, PROFILES[profile])
    np.testing.assert_array_equal(found.labels, maps[2] > found.thresholds["tissue"])


def test_maps_are_not_changed():
    maps = noisy_maps(shell(8, 3, 8), 0)
    maps.flags.writeable = False
    for profile in PROFILES.values():
        instances_from_maps(maps, VOXEL_UM, profile)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.5, 3))
def test_noise_of_any_kind(seed, blur_vox):
    rng = np.random.default_rng(seed)
    noise = ndimage.gaussian_filter(rng.normal(size=(3, 12, 14, 16)), (0, blur_vox, blur_vox, blur_vox))
    maps = (1 / (1 + np.exp(-4 * noise / noise.std()))).astype(np.float32)
    found = instances_from_maps(maps, VOXEL_UM, DEFAULT)
    assert np.unique(found.labels).tolist() == list(range(found.labels.max() + 1))
    sizes_um3 = np.bincount(found.labels.ravel())[1:] * np.prod(VOXEL_UM)
    assert (sizes_um3 >= DEFAULT.voronoi.min_cell_um3).all()
    for cell in range(1, found.labels.max() + 1):
        assert ndimage.label(found.labels == cell)[1] == 1


# --- thresholds


def test_thresholds_that_were_used_are_told():
    maps = noisy_maps(shell(12, 6, 13), 1)
    interior, contour, tissue = maps
    assert instances_from_maps(maps, VOXEL_UM, DEFAULT).thresholds == {"foreground": 0.4, "tissue": 0.5}
    told = instances_from_maps(maps, VOXEL_UM, PROFILES["biapy-3.5"]).thresholds
    assert told == {
        "foreground": pytest.approx(threshold_otsu(interior) / 2),
        "tissue": pytest.approx(threshold_otsu(tissue)),
        "seed interior": pytest.approx(threshold_otsu(interior)),
        "seed contour": pytest.approx(threshold_otsu(contour)),
    }
    told = instances_from_maps(maps, VOXEL_UM, PROFILES["paper-2022"]).thresholds
    assert (told["seed interior"], told["seed contour"], told["foreground"]) == (51 / 255, 51 / 255, 63 / 255)


def test_voxels_exactly_at_a_threshold_do_not_belong():
    maps = np.zeros((3, 5, 5, 14), np.float32)
    maps[0, 1:4, 1:4, 1:4], maps[0, 1:4, 1:4, 9:12] = 0.6, 0.9  # interior: at and above the seeds' threshold
    maps[0, 2, 2, 12] = 0.5  # at the foreground's threshold
    maps[2] = 0.9
    rules = SegmentationSettings(
        seeds=ThresholdSeeds(interior=FixedThreshold(value=0.6), contour=FixedThreshold(value=0.2)),
        foreground=FixedThreshold(value=0.5),
        tissue=FixedThreshold(value=0.9),
    )
    found = instances_from_maps(maps, (1, 1, 1), rules)
    np.testing.assert_array_equal(found.seeds > 0, maps[0] == np.float32(0.9))
    np.testing.assert_array_equal(found.foreground, maps[0] > 0.5)
    assert not found.labels.any()  # no tissue: it is exactly at its threshold
    maps[1, :, :, 9:12] = 0.2  # the contour at the seeds' threshold: no longer below it
    assert not instances_from_maps(maps, (1, 1, 1), rules).seeds.any()


# --- landscapes


def test_landscapes():
    maps = noisy_maps(shell(8, 3, 8), 2)
    interior, contour, _ = maps

    def landscape(kind):
        rules = SegmentationSettings(landscape=kind, foreground=FixedThreshold(value=0.25))
        return instances_from_maps(maps, VOXEL_UM, rules).landscape

    inside = interior > 0.25
    np.testing.assert_allclose(landscape("interior without contour"), -interior * (1 - contour), atol=1e-7)
    np.testing.assert_array_equal(landscape("interior"), -interior)
    np.testing.assert_array_equal(landscape("interior 8-bit"), -(255 * interior))
    np.testing.assert_allclose(
        landscape("distance µm"), -ndimage.distance_transform_edt(inside, sampling=VOXEL_UM), rtol=1e-5
    )
    np.testing.assert_allclose(landscape("distance voxels"), -ndimage.distance_transform_edt(inside), rtol=1e-6)


# --- the published profiles, step by step


@pytest.mark.parametrize("profile", PUBLISHED)
@pytest.mark.parametrize("seed", range(4))
def test_published_profiles_agree_with_the_specification_step_by_step(profile, seed):
    labels = shell(10, 3.0, 8.0, VOXEL_UM, margin_um=1.5, seed=seed)
    maps = noisy_maps(labels, seed, noise=1.2)
    found = instances_from_maps(maps, VOXEL_UM, PROFILES[profile])
    instances = instances_by_hand(profile, maps[0], maps[1])
    shared = shared_by_hand(instances, tissue_by_hand(maps[2], profile))
    assert instances.max() > 3
    # together, so that a cell has one number before and after
    assert numbered_alike(np.stack([found.before_voronoi, found.labels]), np.stack([instances, shared]))


def test_published_instances_outside_the_tissue_vanish_but_keep_a_number_of_their_own():
    maps = np.zeros((3, 9, 9, 40), np.float32)
    maps[0, 3:6, 3:6, 3:8] = maps[0, 3:6, 3:6, 30:36] = 0.9
    maps[2, 2:7, 2:7, 29:37] = 0.9
    rules = PROFILES["biapy-cartocell"]
    assert rules.tissue == OtsuThreshold()
    assert rules.voronoi == PublishedVoronoi()
    found = instances_from_maps(maps, VOXEL_UM, rules)
    assert found.labels.max() == 1
    assert (found.labels[4, 4, 30:36] == 1).all()
    assert (found.before_voronoi[4, 4, 3:8] == 2).all()
    assert (found.seeds[4, 4, 3:8] == 2).all()
