"""Doubts about labels of known geometry: each fault alone, and its name."""

import numpy as np
import pytest
from scipy import ndimage

from cartocell_app.jobs.curation import curate
from cartocell_app.segmentation.cyst_faces import face_areas, find_lumen, lateral_surface, numbered
from tests.segmentation.toy_cysts import VOXEL_UM, shell
from training.synthetic import synthesize

CELLS = 20


@pytest.fixture(scope="module")
def cyst():
    return shell(CELLS)


def radius_um(labels):
    middle = [(size - 1) / 2 for size in labels.shape]
    steps = [(np.arange(n) - m) * um for n, m, um in zip(labels.shape, middle, VOXEL_UM, strict=True)]
    return np.linalg.norm(np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1), axis=-1)


def test_nothing_is_odd_about_a_hollow_ball_of_equal_cells(cyst):
    found = curate(cyst, VOXEL_UM)
    assert found.cells == CELLS
    assert found.lumen == "closed"
    assert found.doubt == 0
    assert found.reasons == ()


def test_numbers_and_gaps_in_them_do_not_matter(cyst):
    other = np.where(cyst > 0, 70_000 - 7 * cyst.astype(np.uint32), 0)
    other[cyst == 3] = 0
    mine = cyst.copy()
    mine[cyst == 3] = 0
    found, same = curate(other, VOXEL_UM), curate(mine, VOXEL_UM)
    assert found.doubt == same.doubt > 0
    assert found.lumen == same.lumen


@pytest.mark.parametrize("seed", [21, 22])
def test_synthetic_cysts_are_hardly_doubted(seed):
    made = synthesize("7d", seed)
    assert curate(made.labels, made.voxel_size.zyx_um).doubt <= 0.2


def test_a_missing_cell_opens_the_lumen(cyst):
    holed = np.where(cyst == 5, 0, cyst)
    found = curate(holed, VOXEL_UM)
    assert found.lumen == "open"
    assert found.no_lumen == ()
    assert "lumen is open" in found.reasons[0]
    # Voxels of the bridged lumen: nearly all of the ball inside.
    inside = radius_um(cyst) < 6.5
    assert find_lumen(holed > 0, VOXEL_UM).mask[inside].mean() > 0.98


def test_a_ball_without_a_lumen(cyst):
    full = shell(CELLS, inner_um=0.0)
    found = curate(full, VOXEL_UM)
    assert found.lumen == "none"
    assert found.no_lumen == ()
    assert "it has no closed lumen" in found.reasons


def test_a_cell_that_does_not_reach_the_lumen_and_one_that_does_not_reach_the_outside(cyst):
    radius = radius_um(cyst)
    layered = cyst.copy()
    # A neighbour takes the apical part of cell 4 and the basal part of cell 9.
    neighbours = face_areas(cyst.astype(np.int32), CELLS + 1, VOXEL_UM).toarray()[:, 1:]
    layered[(cyst == 4) & (radius < 10)] = neighbours[4].argmax() + 1
    layered[(cyst == 9) & (radius > 12)] = neighbours[9].argmax() + 1
    found = curate(layered, VOXEL_UM)
    assert found.no_lumen == (4,)
    assert found.no_outside == (9,)
    assert found.doubt == pytest.approx(2 / CELLS)
    assert any("without contact to the lumen (4)" in words for words in found.reasons)


def test_a_cell_cut_in_two(cyst):
    radius = radius_um(cyst)
    cut = cyst.copy()
    # A slab of its neighbour goes through it.
    neighbours = face_areas(cyst.astype(np.int32), CELLS + 1, VOXEL_UM).toarray()[:, 1:]
    cut[(cyst == 7) & (radius > 10) & (radius < 12)] = neighbours[7].argmax() + 1
    assert curate(cut, VOXEL_UM).in_pieces == (7,)


def test_a_crumb_is_no_piece(cyst):
    crumbed = cyst.copy()
    crumbed[0, 0, 0] = 7
    assert curate(crumbed, VOXEL_UM).in_pieces == ()


def test_a_tiny_cell_and_two_cells_in_one(cyst):
    odd = cyst.copy()
    inside = ndimage.binary_erosion(cyst == 2, iterations=3)
    z, y, x = (round(c) for c in ndimage.center_of_mass(inside))
    odd[z - 1 : z + 2, y - 1 : y + 2, x - 1 : x + 2] = 77
    neighbours = face_areas(cyst.astype(np.int32), CELLS + 1, VOXEL_UM).toarray()[:, 1:]
    odd[odd == 11] = neighbours[11].argmax() + 1
    found = curate(odd, VOXEL_UM)
    assert found.small == (77,)
    assert found.large == (int(neighbours[11].argmax() + 1),)
    assert 77 in found.no_lumen
    assert 77 in found.no_outside


def test_the_frame_cuts_the_cyst(cyst):
    found = curate(cyst[12:], VOXEL_UM)
    assert found.cut
    assert any("the frame cuts" in words for words in found.reasons)
    # What was cut away cannot be missed: no cell is blamed for it.
    assert not set(found.no_lumen) & set(found.cut)
    assert found.small == ()


def test_strangers_at_the_frame_are_passed_over_and_debris_is_not(cyst):
    crowded = np.pad(cyst, 12)
    crowded[0:5, 0:12, 0:12] = 90
    crowded[8:12, -20:-12, -20:-12] = 91
    found = curate(crowded, VOXEL_UM)
    assert found.apart == (91,)
    assert found.odd_cells == 1
    assert found.cut == ()


def test_two_cells_and_none(cyst):
    assert any("only 2 cells" in words for words in curate(np.where(cyst <= 2, cyst, 0), VOXEL_UM).reasons)
    nothing = curate(np.zeros((5, 6, 7), np.uint16), VOXEL_UM)
    assert (nothing.cells, nothing.doubt) == (0, 1.0)


def test_a_volume_of_one_cell_only():
    found = curate(np.ones((4, 5, 6), np.uint16), VOXEL_UM)
    assert (found.cells, found.lumen) == (1, "none")
    assert found.cut == (1,)
    assert 0 < found.doubt < 1


def test_more_faults_give_more_doubt(cyst):
    one = np.where(cyst == 5, 0, cyst)
    two = np.where((one == 9) & (radius_um(cyst) > 12), 90, one)
    assert 0 < curate(one, VOXEL_UM).doubt < curate(two, VOXEL_UM).doubt < 1


def test_face_areas_of_two_boxes():
    codes = np.zeros((4, 5, 6), np.int32)
    codes[1:3, 1:4, 1:3] = 1
    codes[1:3, 1:4, 3:5] = 2
    areas = face_areas(codes, 3, (2.0, 3.0, 5.0)).toarray()
    wall = 2 * 2 * 3 * 3  # two slices of 2 µm, three rows of 3 µm
    assert areas[1, 2] == areas[2, 1] == wall
    # The box is 4 × 9 × 10 µm.
    assert areas[0, 1] == 2 * (4 * 9 + 4 * 10 + 9 * 10) - wall
    assert not areas.diagonal().any()


def test_numbered_is_in_rising_order():
    labels = np.array([[[0, 9, 4], [70_000, 4, 0]]], np.uint32)
    ids, cells = numbered(labels)
    assert ids.tolist() == [4, 9, 70_000]
    assert cells.tolist() == [[[0, 2, 1], [3, 1, 0]]]


def test_walls_in_contact_before_and_after(cyst):
    touching = lateral_surface(cyst, VOXEL_UM)
    assert touching.share_in_contact > 0.97
    # All walls of a shell of cones, twice: the faces' area as counted, since nothing else is lateral.
    walls = face_areas(cyst.astype(np.int32), CELLS + 1, VOXEL_UM).toarray()[1:, 1:].sum()
    assert touching.contact_um2 == pytest.approx(walls)
    eroded = np.where(ndimage.grey_erosion(cyst, 3) == ndimage.grey_dilation(cyst, 3), cyst, 0)
    apart = lateral_surface(eroded, VOXEL_UM)
    assert apart.contact_um2 == 0
    assert apart.gap_um2 > 0.5 * walls
    half = np.where(np.arange(cyst.shape[0])[:, None, None] < cyst.shape[0] // 2, cyst, eroded)
    assert 0.3 < lateral_surface(half, VOXEL_UM).share_in_contact < 0.7


def test_no_cells_have_no_walls():
    nothing = lateral_surface(np.zeros((4, 4, 4), np.uint16), VOXEL_UM)
    assert nothing.share_in_contact == 0
    assert (nothing + nothing).contact_um2 == 0
