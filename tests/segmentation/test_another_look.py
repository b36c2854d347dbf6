"""How wide cells came out, and whether the network should look at them again."""

import numpy as np
import pytest

from cartocell_app.segmentation.another_look import found_width_um, wants_another_look
from cartocell_app.stacks.voxel_size import VoxelSize


def test_the_width_is_that_of_a_ball_of_the_middle_cell_s_volume():
    labels = np.zeros((20, 60, 60), np.uint16)
    for number, place in enumerate(((10, 10), (10, 40), (40, 10)), start=1):
        labels[4:14, place[0] : place[0] + 10, place[1] : place[1] + 10] = number
    voxel_size = VoxelSize(2.0, 1.0, 0.5, source="test")
    assert found_width_um(labels, voxel_size) == pytest.approx((6 * 1000 / np.pi) ** (1 / 3))


def test_crumbs_do_not_count_however_many():
    labels = np.zeros((20, 60, 60), np.uint32)
    labels[2:12, 2:12, 2:12] = 70_000
    labels[15, ::2, ::2] = np.arange(1, 901).reshape(30, 30)
    assert found_width_um(labels, VoxelSize(1.0, 1.0, 1.0, source="test")) == pytest.approx(12.4, abs=0.1)


def test_without_cells_there_is_no_width():
    assert found_width_um(np.zeros((4, 4, 4), np.uint16), VoxelSize(1.0, 1.0, 1.0, source="test")) is None


@pytest.mark.parametrize(
    ("width_um", "again"), [(1, False), (6, True), (10, False), (13, False), (20, True), (90, False)]
)
def test_cells_far_from_what_the_model_knows_want_another_look(width_um, again):
    assert wants_another_look(width_um, usual_um=11.0) == again
