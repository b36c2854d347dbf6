import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.distance import cdist
from skimage.morphology import ball, closing

from cartocell_app.segmentation.settings import NearestCell, PublishedVoronoi
from cartocell_app.segmentation.voronoi import (
    closed,
    share_as_published,
    share_to_nearest,
    whole_cells,
    without_doubtful,
    without_pinholes,
)
from tests.segmentation.published_by_hand import shared_by_hand
from tests.segmentation.toy_cysts import VOXEL_UM, shell

CUBES = (1.0, 1.0, 1.0)
PLAIN = NearestCell(closing_um=0, pinhole_um3=0, min_cell_um3=0)
random_seeds = st.integers(0, 2**32 - 1)


def random_tissue(seed, shape, blur_vox=1.0, share=0.7):
    noise = ndimage.gaussian_filter(np.random.default_rng(seed).normal(size=shape), blur_vox)
    return noise > np.quantile(noise, 1 - share)


def row(*values):
    return np.array(values, np.int32).reshape(1, 1, -1)


def scattered_cells(seed, shape, count):
    """Single voxels as cells, numbered in random order."""
    rng = np.random.default_rng(seed)
    cells = np.zeros(shape, np.int32)
    cells.ravel()[rng.choice(cells.size, count, replace=False)] = rng.permutation(count) + 1
    return cells


# --- closing


@settings(max_examples=25, deadline=None)
@given(random_seeds, st.tuples(*[st.integers(1, 16)] * 3), st.sampled_from([1, 2, 5]), st.floats(0.05, 0.6))
def test_mirrored_closing_agrees_with_the_balls_voxels(seed, shape, radius, share):
    mask = random_tissue(seed, shape, 0.6, share)
    expected = closing(mask.astype(np.uint8), ball(radius), mode="reflect") > 0
    np.testing.assert_array_equal(closed(mask, radius, CUBES, faces="symmetric"), expected)


@settings(max_examples=25, deadline=None)
@given(random_seeds, st.tuples(*[st.integers(1, 8)] * 3), st.floats(0.05, 0.6))
def test_closing_continued_at_the_faces_in_micrometres(seed, shape, share):
    mask, radius_um = random_tissue(seed, shape, 0.6, share), 1.5
    z, y, x = np.ogrid[-3:4, -3:4, -3:4]
    footprint = (z * VOXEL_UM[0]) ** 2 + (y * VOXEL_UM[1]) ** 2 + (x * VOXEL_UM[2]) ** 2 <= radius_um**2
    continued = np.pad(mask, 12, mode="edge")
    expected = ndimage.binary_erosion(ndimage.binary_dilation(continued, footprint), footprint)[12:-12, 12:-12, 12:-12]
    np.testing.assert_array_equal(closed(mask, radius_um, VOXEL_UM, faces="edge"), expected)


@pytest.mark.parametrize(("gap", "bridged"), [(1, True), (5, True), (6, False)])
def test_gap_to_a_face(gap, bridged):
    mask = np.zeros((20, 31, 32), bool)
    mask[gap:12, 6:25, 6:25] = True
    assert closed(mask, 5, CUBES, faces="symmetric")[0, 15, 15] == bridged
    np.testing.assert_array_equal(closed(mask, 5, CUBES, faces="edge"), mask)


def test_a_notch_at_a_face_is_closed_like_one_inside():
    mask = np.ones((8, 12, 12), bool)
    mask[:, :, 5] = False  # a slit of one voxel from face to face
    assert closed(mask, 1, CUBES, faces="edge").all()


@pytest.mark.parametrize("faces", ["edge", "symmetric"])
@pytest.mark.parametrize("value", [False, True])
def test_closing_nothing_or_everything(faces, value):
    mask = np.full((1, 4, 5), value)
    np.testing.assert_array_equal(closed(mask, 5, CUBES, faces), mask)


# --- pinholes


def test_pinholes_are_filled_but_lumen_and_what_reaches_a_face_are_not():
    mask = np.ones((9, 12, 12), bool)
    mask[4, 4, 4:6] = False  # closed, 2 voxels
    mask[2:5, 8:10, 8] = False  # closed, 6 voxels
    mask[0, 2, 2] = False  # perhaps the end of something larger
    filled = without_pinholes(mask, max_vox=2)
    assert filled[4, 4, 4:6].all()
    assert not filled[2:5, 8:10, 8].any()
    assert not filled[0, 2, 2]
    assert without_pinholes(mask, max_vox=6).sum() == mask.size - 1
    np.testing.assert_array_equal(without_pinholes(mask, max_vox=0), mask)


# --- cells of one piece


def test_pieces_cut_off_go_to_the_neighbour_that_touches_them():
    cells = row(1, 1, 2, 1, 0, 3, 0, 2)
    cores = row(1, 0, 1, 0, 0, 1, 0, 0) > 0
    # the 1 behind the 2 becomes 2; the 2 at the end touches nobody
    assert whole_cells(cells, cores, min_vox=0).ravel().tolist() == [1, 1, 2, 2, 0, 3, 0, 0]


def test_the_piece_with_the_core_is_the_cell_even_if_another_is_larger():
    cells = row(1, 1, 0, 1, 1, 1, 1, 1)
    cores = row(1, 1, 0, 0, 0, 0, 0, 0) > 0
    assert whole_cells(cells, cores, min_vox=0).ravel().tolist() == [1, 1, 0, 0, 0, 0, 0, 0]


def test_cells_that_are_too_small_go_to_their_neighbours():
    cells = row(1, 1, 1, 2, 2, 3, 3, 3, 0, 4)
    assert whole_cells(cells, cells > 0, min_vox=3).ravel().tolist() == [1, 1, 1, 1, 3, 3, 3, 3, 0, 0]
    assert not whole_cells(cells, cells > 0, min_vox=4).any()


# --- Voronoi, default


@settings(max_examples=40, deadline=None)
@given(random_seeds, st.tuples(*[st.integers(2, 8)] * 3), st.integers(1, 6))
def test_every_voxel_goes_to_the_nearest_cell(seed, shape, count):
    cells = scattered_cells(seed, shape, min(count, np.prod(shape)))
    tissue = np.ones(shape, bool)
    shared = share_to_nearest(cells, tissue, VOXEL_UM, PLAIN)
    assert (shared > 0).all()
    distance = cdist(np.argwhere(tissue) * VOXEL_UM, np.argwhere(cells) * VOXEL_UM)
    alone_nearest = np.isclose(distance, distance.min(axis=1, keepdims=True)).sum(axis=1) == 1
    nearest = np.where(alone_nearest, cells[cells > 0][distance.argmin(axis=1)], 0).reshape(shape)
    for cell in cells[cells > 0]:
        # A sharp corner of a region may hang on by an edge only; then it may be its neighbour's.
        pieces, _ = ndimage.label(nearest == cell)
        assert (shared[pieces == pieces[cells == cell]] == cell).all()


@settings(max_examples=40, deadline=None)
@given(random_seeds, st.integers(1, 8))
def test_what_sharing_out_keeps(seed, count):
    shape = (7, 9, 11)
    cells, tissue = scattered_cells(seed, shape, count), random_tissue(seed + 1, shape)
    shared = share_to_nearest(cells, tissue, VOXEL_UM, PLAIN)
    assert not shared[~tissue].any()
    kept = (cells > 0) & tissue
    np.testing.assert_array_equal(shared[kept], cells[kept])
    # tissue gets a cell exactly if its piece holds one
    pieces, number = ndimage.label(tissue)
    for piece in range(1, number + 1):
        assert (shared[pieces == piece] > 0).all() == kept[pieces == piece].any()
    for cell in np.unique(shared[shared > 0]):
        assert ndimage.label(shared == cell)[1] == 1
    # the numbers themselves mean nothing
    renumber = np.concatenate([[0], np.random.default_rng(seed).permutation(count) + 1]).astype(np.int32)
    np.testing.assert_array_equal(share_to_nearest(renumber[cells], tissue, VOXEL_UM, PLAIN), renumber[shared])


def test_cells_meet_at_the_ridge_and_not_halfway():
    cells = row(1, 0, 0, 0, 0, 0, 0, 2)
    ridge = row(0, 1, 2, 3, 4, 9, 3, 0).astype(np.float32)
    everywhere = np.ones(cells.shape, bool)
    along = share_to_nearest(cells, everywhere, CUBES, PLAIN, ridge).ravel().tolist()
    assert along[:5] == [1] * 5  # the top of the ridge is anyone's
    assert along[6:] == [2] * 2
    assert share_to_nearest(cells, everywhere, CUBES, PLAIN).ravel().tolist() == [1, 1, 1, 1, 2, 2, 2, 2]


@settings(max_examples=40, deadline=None)
@given(random_seeds, st.integers(1, 8))
def test_what_sharing_out_along_ridges_keeps(seed, count):
    shape = (7, 9, 11)
    cells, tissue = scattered_cells(seed, shape, count), random_tissue(seed + 1, shape)
    valleys = np.random.default_rng(seed).random(shape).astype(np.float32)
    shared = share_to_nearest(cells, tissue, VOXEL_UM, PLAIN, valleys)
    halfway = share_to_nearest(cells, tissue, VOXEL_UM, PLAIN)
    np.testing.assert_array_equal(shared > 0, halfway > 0)
    kept = (cells > 0) & tissue
    np.testing.assert_array_equal(shared[kept], cells[kept])
    for cell in np.unique(shared[shared > 0]):
        assert ndimage.label(shared == cell)[1] == 1


def test_cells_of_which_the_network_is_much_less_sure_are_left_out():
    cells, tissue = row(1, 1, 3, 3, 7, 7, 0, 0), np.array([0.9, 1, 1, 0.9, 0.8, 0.7, 0.2, 0], np.float32)[None, None]
    # the middle cell's certainty is 0.95, and 0.75 is 0.79 of it
    assert without_doubtful(cells, tissue, 0.8).ravel().tolist() == [1, 1, 3, 3, 0, 0, 0, 0]
    for nothing_lost in (0.78, 0.0):
        np.testing.assert_array_equal(without_doubtful(cells, tissue, nothing_lost), cells)
    assert not without_doubtful(np.zeros_like(cells), tissue, 0.8).any()


def test_a_stack_whose_cells_are_all_unsure_keeps_them():
    cells = row(1, 1, 2, 2, 3, 3)
    unsure = np.full(cells.shape, 0.55, np.float32)
    np.testing.assert_array_equal(without_doubtful(cells, unsure, 1.0), cells)


def test_distance_is_in_micrometres():
    cells = np.zeros((6, 1, 9), np.int32)
    cells[0, 0, 0], cells[5, 0, 8] = 1, 2
    cells[0, 0, 8] = 3
    shared = share_to_nearest(cells, np.ones(cells.shape, bool), (2.0, 0.5, 0.5), PLAIN)
    assert shared[1, 0, 8] == 3
    # 8 µm below the first and 4 µm from the second, though four voxels from the one and eight from the other
    assert shared[4, 0, 0] == 2


def test_the_lumen_of_a_hollow_sphere_stays_empty():
    labels = shell(cells=12)
    tissue = labels > 0
    lumen = ndimage.binary_fill_holes(tissue) & ~tissue
    assert lumen.sum() * np.prod(VOXEL_UM) > 1000
    cores = np.where(ndimage.binary_erosion(tissue, iterations=2), labels, 0).astype(np.int32)
    shared = share_to_nearest(cores, tissue, VOXEL_UM, NearestCell())
    np.testing.assert_array_equal(shared > 0, tissue)
    # the published closing rounds off the lumen's digital corners, no more
    published = share_as_published(cores, tissue, PublishedVoronoi())
    assert (published[tissue] > 0).all()
    assert not published[ndimage.binary_erosion(lumen)].any()


def test_a_cell_does_not_jump_to_tissue_without_cells():
    cells, tissue = row(1, 0, 0, 0, 0, 0, 0, 0), row(1, 1, 0, 1, 1, 1, 1, 1) > 0
    assert share_to_nearest(cells, tissue, CUBES, PLAIN).ravel().tolist() == [1, 1, 0, 0, 0, 0, 0, 0]


def test_pinholes_go_to_cells_and_debris_to_none():
    tissue = np.zeros((9, 9, 14), bool)
    tissue[1:8, 1:8, 1:8] = True
    tissue[4, 4, 4] = False
    tissue[3:5, 3:5, 11:13] = True
    cells = np.zeros(tissue.shape, np.int32)
    cells[2, 2, 2], cells[4, 4, 11] = 1, 2
    settings_ = NearestCell(pinhole_um3=1, min_cell_um3=10)
    shared = share_to_nearest(cells, tissue, CUBES, settings_)
    assert (shared[1:8, 1:8, 1:8] == 1).all()
    assert (shared > 0).sum() == 343


def test_closing_bridges_gaps_between_cells_but_not_to_the_faces():
    tissue = np.zeros((12, 20, 20), bool)
    tissue[2:, :, :] = True
    tissue[:, :, 9:11] = False
    cells = np.zeros(tissue.shape, np.int32)
    cells[6, 10, 4], cells[6, 10, 15] = 1, 2
    apart = share_to_nearest(cells, tissue, CUBES, PLAIN)
    joined = share_to_nearest(cells, tissue, CUBES, PLAIN.model_copy(update={"closing_um": 2.0}))
    np.testing.assert_array_equal(apart > 0, tissue)
    assert (joined[4:] > 0).all()
    assert not joined[:2].any()


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 6, 7), (5, 6, 7)])
@pytest.mark.parametrize("share", [share_to_nearest, share_as_published])
def test_no_cells_no_tissue_or_all_one_cell(shape, share):
    def shared(cells, tissue):
        rules = (VOXEL_UM, NearestCell(min_cell_um3=0)) if share is share_to_nearest else (PublishedVoronoi(),)
        return share(np.full(shape, cells, np.int32), np.full(shape, tissue), *rules)

    assert not shared(0, True).any()
    assert not shared(3, False).any()
    assert (shared(3, True) == 3).all()


# --- Voronoi, published


@settings(max_examples=25, deadline=None)
@given(random_seeds, st.tuples(*[st.integers(1, 14)] * 3), st.floats(0.05, 0.5), st.integers(1, 5))
def test_published_sharing_agrees_with_the_specification_step_by_step(seed, shape, share, count):
    tissue = random_tissue(seed, shape, 1.5, share)
    cells = scattered_cells(seed, shape, min(count, np.prod(shape)))
    cells = ndimage.grey_dilation(cells, footprint=ball(2))
    mask = closing(tissue.astype(np.uint8), ball(5)) > 0
    np.testing.assert_array_equal(share_as_published(cells, tissue, PublishedVoronoi()), shared_by_hand(cells, mask))


def test_ties_go_to_the_first_rim_voxel_however_many_there_are():
    """The middle of a ball is equally far from all voxels of a sphere around it."""
    z, y, x = np.ogrid[-9:10, -9:10, -9:10]
    at_distance = z**2 + y**2 + x**2 == 41  # 96 of them: 6, 2, 1 and 5, 4, 0 and 4, 4, 3
    cells = np.zeros((19, 19, 19), np.int32)
    cells[at_distance] = np.random.default_rng(0).permutation(at_distance.sum()) + 1
    shared = share_as_published(cells, np.ones(cells.shape, bool), PublishedVoronoi())
    assert shared[9, 9, 9] == cells[at_distance][0]


def test_newer_published_sharing_fills_the_lumen_but_nothing_that_is_open():
    z, y, x = np.ogrid[-14:15, -14:15, -14:15]
    radius = np.sqrt(z**2 + y**2 + x**2)
    lumen, dent = radius < 8, (radius >= 10) & (abs(z) < 3) & (abs(y) < 3) & (x > 0)
    tissue = (radius < 13) & ~lumen & ~dent
    rules = PublishedVoronoi(closing_vox=0, fill_holes=True)
    np.testing.assert_array_equal(share_as_published(tissue.astype(np.int32), tissue, rules) > 0, tissue | lumen)


def test_inputs_are_not_changed():
    cells, tissue = scattered_cells(0, (5, 6, 7), 3), random_tissue(0, (5, 6, 7))
    cells.flags.writeable = tissue.flags.writeable = False
    share_to_nearest(cells, tissue, VOXEL_UM, NearestCell(closing_um=1))
    share_as_published(cells, tissue, PublishedVoronoi())
