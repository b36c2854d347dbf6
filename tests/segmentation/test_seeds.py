import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from skimage.morphology import local_maxima, reconstruction

from cartocell_app.segmentation.seeds import hills, peak_seeds, piece_seeds
from cartocell_app.segmentation.settings import PeakSeeds
from tests.segmentation.toy_cysts import VOXEL_UM, ideal_maps, shell

FACES = ndimage.generate_binary_structure(3, 1)


def profile(*heights):
    """A ridge along x, low on all sides of it."""
    volume = np.zeros((3, 3, len(heights)), np.float32)
    volume[1, 1] = heights
    return volume


# --- published seeds


def test_pieces_are_connected_through_faces_and_numbered_in_order():
    core = np.zeros((2, 3, 7), bool)
    core[1, 0, 0:2] = True  # starts later than the others: z = 1
    core[0, 1, 3:5] = True
    core[0, 2, 5:7] = True  # touches the one before along an edge only
    seeds = piece_seeds(core, min_vox=0)
    assert seeds.dtype == np.int32
    assert seeds[0, 1, 3] == 1
    assert seeds[0, 2, 5] == 2
    assert seeds[1, 0, 0] == 3
    assert seeds.max() == 3


def test_pieces_with_fewer_voxels_are_left_out():
    core = np.zeros((1, 3, 20), bool)
    core[0, 0, :4] = True
    core[0, 2, 2:7] = True
    seeds = piece_seeds(core, min_vox=5)
    assert np.unique(seeds).tolist() == [0, 1]
    assert (seeds > 0).sum() == 5


@settings(max_examples=40, deadline=None)
@given(npst.arrays(bool, npst.array_shapes(min_dims=3, max_dims=3, max_side=6)), st.integers(0, 4))
def test_pieces_agree_with_scipy(core, min_vox):
    seeds = piece_seeds(core, min_vox)
    reference, count = ndimage.label(core, FACES)
    expected = [
        component for k in range(1, count + 1) if (component := reference == k).sum() >= min_vox
    ]  # scipy numbers in raster order as well
    assert seeds.max() == len(expected)
    for number, component in enumerate(expected, start=1):
        np.testing.assert_array_equal(seeds == number, component)


# --- h-maxima


def test_a_shallow_valley_joins_and_a_deep_one_parts():
    ridge = profile(0, 0.5, 0.9, 0.87, 1.0, 0.5, 0.8, 0.5, 0)
    seeds = peak_seeds(ridge, depth=0.05, floor=0.1, min_vox=0)
    # 0.9 is only 0.03 above its valley and belongs to 1.0; 0.8 stands 0.3 above its own
    assert seeds[1, 1].tolist() == [0, 0, 0, 0, 1, 0, 2, 0, 0]
    assert np.unique(peak_seeds(ridge, depth=0.02, floor=0.1, min_vox=0)).size == 4
    assert np.unique(peak_seeds(ridge, depth=0.4, floor=0.1, min_vox=0)).size == 2


def test_a_seed_is_the_top_of_its_hill():
    seeds = peak_seeds(profile(0, 0.7, 0.96, 1.0, 0.97, 0.94, 0.3), depth=0.05, floor=0.1, min_vox=0)
    assert seeds[1, 1].tolist() == [0, 0, 1, 1, 1, 0, 0]


def test_hills_in_the_background_or_too_small_are_no_seeds():
    ridge = profile(0.1, 0.24, 0.1, 0.9, 0.8, 0.7, 0, 0.6, 0)
    assert peak_seeds(ridge, 0.05, floor=0.2, min_vox=0)[1, 1].tolist() == [0, 0, 0, 1, 0, 0, 0, 2, 0]  # 0.24 < 0.25
    assert peak_seeds(ridge, 0.05, floor=0.2, min_vox=2)[1, 1].tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_a_plateau_is_one_seed():
    volume = np.zeros((4, 9, 9), np.float32)
    volume[1:3, 1:8, 1:8] = 1
    volume[1:3, 3:8, 4] = 0  # a U, whose arms meet far from their ends
    seeds = peak_seeds(volume, 0.05, 0.2, 0)
    np.testing.assert_array_equal(seeds, volume > 0)


@pytest.mark.parametrize("value", [0.0, 0.2, 1.0])
def test_flat_ground(value):
    seeds = peak_seeds(np.full((3, 4, 5), value, np.float32), 0.05, floor=0.2, min_vox=0)
    assert (seeds == (value > 0.2)).all()


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(1, 11)] * 3),
    st.floats(0.0, 1.5),
    st.integers(1, 20),
    st.integers(0, 20),
)
def test_same_as_h_maxima_by_reconstruction(seed, shape, blur_vox, depth_steps, floor_steps):
    """Heights in steps of 1/64 and a depth between two steps: nothing hangs on rounding."""
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), blur_vox)
    spread = noise.max() - noise.min()
    height = (np.round(64 * (noise - noise.min()) / (spread or 1)) / 64).astype(np.float32)
    depth, floor = (depth_steps + 0.5) / 64, floor_steps / 64

    ground = np.maximum(height, np.float32(floor)).astype(np.float64)
    lowered = reconstruction(ground - depth, ground, footprint=FACES)
    # A border of -1 makes a flat volume a maximum too (scikit-image says it has none).
    tops = local_maxima(np.pad(lowered, 1, constant_values=-1), footprint=FACES)[1:-1, 1:-1, 1:-1]
    reference, count = ndimage.label(tops, FACES)
    on_hills = [k for k in range(1, count + 1) if (height[reference == k] > floor).all()]

    seeds = peak_seeds(height, depth, floor, min_vox=0)
    assert seeds.max() == len(on_hills)
    found = [np.unique(seeds[reference == k]).tolist() for k in on_hills]
    assert sorted(found) == [[k] for k in range(1, len(on_hills) + 1)]


# --- hills


def test_every_cell_of_a_cyst_has_one_hill():
    labels = shell(cells=20)
    interior, contour, _ = ideal_maps(labels)
    height = hills(interior, contour, VOXEL_UM, PeakSeeds())
    assert height.dtype == np.float32
    assert height.min() >= 0
    assert height.max() <= 1
    seeds = peak_seeds(height, 0.05, 0.15, 0)
    assert [np.unique(labels[seeds == k]).size for k in range(1, 21)] == [1] * 20
    assert sorted(np.unique(labels[seeds > 0])) == list(range(1, 21))
    assert seeds.max() == 20


def test_a_notch_parts_what_the_probabilities_join():
    """Two balls that have run together: equally sure everywhere, but thin between them."""
    z, y, x = np.ogrid[-9:10, -9:10, -9:26]
    interior = ((z**2 + y**2 + x**2 <= 64) | (z**2 + y**2 + (x - 15) ** 2 <= 64)).astype(np.float32)
    contour = np.zeros_like(interior)
    voxel_um = (0.6, 0.6, 0.6)
    by_shape = peak_seeds(hills(interior, contour, voxel_um, PeakSeeds()), 0.05, 0.15, 0)
    assert by_shape.max() == 2
    assert by_shape[9, 9, 9] != by_shape[9, 9, 24]
    by_probability = PeakSeeds(thickness_weight=0, smoothing_um=0.5)
    assert peak_seeds(hills(interior, contour, voxel_um, by_probability), 0.05, 0.15, 0).max() == 1


def test_without_blur_and_thickness_the_hills_are_interior_without_contour():
    rng = np.random.default_rng(0)
    interior, contour = rng.random((2, 4, 5, 6), dtype=np.float32)
    before = interior.copy()
    height = hills(interior, contour, (1.0, 0.5, 0.5), PeakSeeds(smoothing_um=0, thickness_weight=0))
    np.testing.assert_array_equal(height, interior * (1 - contour))
    np.testing.assert_array_equal(interior, before)


def test_the_blur_is_round_in_micrometres():
    interior = np.zeros((41, 81, 81), np.float32)
    interior[20, 40, 40] = 1
    height = hills(interior, np.zeros_like(interior), (1.0, 0.5, 0.5), PeakSeeds(smoothing_um=2, thickness_weight=0))
    assert height[23, 40, 40] == pytest.approx(height[20, 46, 40], rel=0.02)  # 3 µm away in z and in y
    assert height[20, 46, 40] == pytest.approx(height[20, 40, 46], rel=1e-5)


def test_a_volume_that_is_all_interior_is_one_flat_hill():
    interior = np.ones((5, 6, 7), np.float32)
    height = hills(interior, np.zeros_like(interior), (1, 1, 1), PeakSeeds())
    np.testing.assert_allclose(height, 1, rtol=1e-6)
