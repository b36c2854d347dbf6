"""Boxes that somebody drew lie in the field, and cysts are cut out with them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.stacks.boxes import Box, box_in, crop
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize

VOXEL = VoxelSize(1.4, 0.7, 0.7, "test")
triples = st.tuples(*[st.integers(-50, 50)] * 3)


def test_a_cyst_is_cut_out_and_notes_its_place():
    box = Box(12, (1, 2, 3), (4, 6, 8), touches_border=True)
    field = np.arange(10 * 10 * 10, dtype=np.uint16).reshape(10, 10, 10)
    cyst = crop(Stack(field, VOXEL, "field", notes=("First.",)), box)
    np.testing.assert_array_equal(cyst.data, field[1:4, 2:6, 3:8])
    assert cyst.name == "field_cyst12"
    assert cyst.data.shape == box.shape == (3, 4, 5)
    assert cyst.notes[0] == "First."
    assert cyst.notes[1].endswith("The frame of the field cuts this cyst.")


@given(st.tuples(*[st.integers(1, 40)] * 3), triples, triples)
def test_whatever_is_drawn_holds_a_voxel_and_stays_in_the_field(field, start, stop):
    box = box_in(field, 1, start, stop)
    for axis in range(3):
        assert 0 <= box.start_vox[axis] < box.stop_vox[axis] <= field[axis]
        if 0 <= start[axis] < stop[axis] <= field[axis]:
            assert (box.start_vox[axis], box.stop_vox[axis]) == (start[axis], stop[axis])
    reaches = any(a == 0 or b == n for a, b, n in zip(box.start_vox, box.stop_vox, field, strict=True))
    assert box.touches_border == reaches
