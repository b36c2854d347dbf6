"""The picture and its colours."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from cartocell_app.segmentation.colours import PALETTE, contacts, label_colours
from cartocell_app.segmentation.overview import GROUND, write_overview
from cartocell_app.stacks.voxel_size import VoxelSize


def test_cells_that_touch_have_different_colours(small_cyst):
    colours = label_colours(small_cyst.labels)
    pairs = contacts(small_cyst.labels)
    assert len(pairs) > small_cyst.cells
    assert (colours[pairs[:, 0]] != colours[pairs[:, 1]]).any(axis=1).all()
    assert (colours[0] == 0).all()
    assert len({tuple(colour) for colour in colours[1:]}) > 4


@settings(max_examples=50, deadline=None)
@given(arrays(np.uint16, (3, 4, 5), elements=st.integers(0, 6)))
def test_contacts_against_looking_at_every_pair_of_voxels(labels):
    expected = set()
    for point in np.ndindex(labels.shape):
        for axis in range(3):
            other = tuple(np.add(point, np.eye(3, dtype=int)[axis]))
            if all(np.less(other, labels.shape)):
                pair = sorted((int(labels[point]), int(labels[other])))
                if pair[0] > 0 and pair[0] != pair[1]:
                    expected.add(tuple(pair))
    assert {tuple(pair) for pair in contacts(labels).tolist()} == expected


def test_more_neighbours_than_colours_still_gives_colours():
    labels = np.zeros((1, 3, 40), np.uint8)
    labels[0, 1] = 1
    labels[0, 0, ::2], labels[0, 2, ::2] = np.arange(2, 22), np.arange(22, 42)
    assert label_colours(labels).shape == (42, 3)
    assert {tuple(colour) for colour in label_colours(labels)[1:]} <= {tuple(colour) for colour in PALETTE}


@pytest.mark.parametrize("voxel", [VoxelSize(2.0, 0.5, 0.5, "test"), None])
@pytest.mark.parametrize("shape", [(20, 60, 80), (1, 9, 7), (90, 30, 30)])
def test_has_true_proportions(tmp_path, voxel, shape):
    raw = np.full(shape, 200, np.uint8)
    raw[:, : shape[1] // 2] = 90
    labels = np.zeros(shape, np.uint16)
    write_overview(tmp_path / "o.png", raw, labels, voxel, "A very long name " * 20, None)
    picture = np.asarray(Image.open(tmp_path / "o.png").convert("RGB"))
    inside = (picture != GROUND).any(axis=2)
    # The first pane starts at (64, 24): walk right and down from a voxel's inside until the ground shows.
    width = int(np.argmin(inside[66, 24:]))
    height = int(np.argmin(inside[64:, 26]))
    assert width / height == pytest.approx(shape[2] / shape[1], rel=0.05)
    depth = int(np.argmin(inside[64 + height + 4 :, 26]))
    step = 4.0 if voxel else 1.0
    assert depth / height == pytest.approx(shape[0] * step / shape[1], rel=0.05)


def test_labels_show_only_on_the_right(tmp_path, small_cyst):
    write_overview(tmp_path / "o.png", small_cyst.raw, small_cyst.labels, small_cyst.voxel_size, "cyst", "F1 1.000")
    picture = np.asarray(Image.open(tmp_path / "o.png").convert("RGB")).astype(int)[64:-40]
    coloured = np.ptp(picture, axis=2) > 40
    middle = picture.shape[1] // 2
    assert coloured[:, :middle].sum() == 0
    assert coloured[:, middle:].mean() > 0.02
