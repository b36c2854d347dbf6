import hypothesis.extra.numpy as npst
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.segmentation import find_boundaries

from cartocell_app.segmentation.targets import CHANNELS, bcm_from_labels

label_volumes = npst.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int32]),
    npst.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=7),
    elements=st.integers(0, 3),
)


def test_channel_order():
    assert CHANNELS == ("B", "C", "M")


def test_two_touching_cells_worked_by_hand():
    labels = np.zeros((5, 5, 12), np.uint16)
    labels[:, :, 2:6] = 7
    labels[:, :, 6:10] = 9
    interior, contour, tissue = bcm_from_labels(labels)
    # along x:                 0  1  2  3  4  5  6  7  8  9 10 11
    expected_contour = [0, 1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0]  # both sides of each change of label
    expected_interior = [0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0]
    expected_tissue = [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]  # the contour outside the cells is not added
    # the cells reach the z and y faces, which mark nothing
    assert (contour == expected_contour).all()
    assert (interior == expected_interior).all()
    assert (tissue == expected_tissue).all()


def test_one_voxel_is_a_cross_of_contour():
    labels = np.zeros((3, 3, 3), np.uint8)
    labels[1, 1, 1] = 1
    interior, contour, tissue = bcm_from_labels(labels)
    assert contour.sum() == 7  # the voxel and its six face neighbours, no diagonal one
    assert contour[1].tolist() == [[0, 1, 0], [1, 1, 1], [0, 1, 0]]
    assert not interior.any()
    assert tissue.sum() == 1


@pytest.mark.parametrize("value", [0, 5])
def test_a_single_value_gives_nothing(value):
    assert not bcm_from_labels(np.full((4, 5, 6), value, np.uint16)).any()


def test_result_is_uint8_and_input_is_untouched():
    labels = np.arange(8, dtype=np.int64).reshape(2, 2, 2)
    labels.flags.writeable = False
    bcm = bcm_from_labels(labels)
    assert bcm.dtype == np.uint8
    assert bcm.shape == (3, 2, 2, 2)


@settings(max_examples=80, deadline=None)
@given(label_volumes)
def test_agrees_with_scikit_image(labels):
    interior, contour, tissue = bcm = bcm_from_labels(labels)
    if np.unique(labels).size == 1:
        assert not bcm.any()
        return
    boundaries = find_boundaries(labels.astype(np.int64), mode="thick")
    np.testing.assert_array_equal(contour, boundaries)
    np.testing.assert_array_equal(interior, (labels > 0) & ~boundaries)
    np.testing.assert_array_equal(tissue, labels > 0)


@settings(max_examples=40, deadline=None)
@given(label_volumes, st.permutations([1, 2, 3]))
def test_renumbered_cells_give_the_same_channels(labels, new_numbers):
    renumbered = np.array([0, *new_numbers], labels.dtype)[labels]
    np.testing.assert_array_equal(bcm_from_labels(renumbered), bcm_from_labels(labels))
