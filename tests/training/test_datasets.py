"""Training sets on disk: what is read, what is refused, and what is remarked on."""

import numpy as np
import pytest

from cartocell_app.errors import UserError
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack
from training.datasets import examples, read_training_set, split
from training.settings import NORMALISATION

SIZE = VoxelSize(0.7, 0.6, 0.6, "test")


def two_cells(shape=(12, 20, 20)):
    labels = np.zeros(shape, np.uint16)
    labels[2:-2, 4:10, 4:-4], labels[2:-2, 10:16, 4:-4] = 1, 2
    return labels


def put(folder, name, labels, *, raw_shape=None, size=SIZE, truth_name=None):
    raw = np.random.default_rng(0).integers(0, 200, raw_shape or labels.shape, np.uint8)
    write_stack(folder / "x" / f"{name}.tif", raw, size)
    write_labels(folder / "y" / f"{truth_name or name}.tif", labels, size)


def test_pairs_are_read_by_name_whatever_is_in_it(tmp_path):
    names = ["7d.4C.8_2", "Cyst 4d, filt 2.1", "Größe"]
    for name in names:
        put(tmp_path, name, two_cells())
    (tmp_path / "x" / ".DS_Store").write_bytes(b"mac")
    (tmp_path / "x" / "notes.txt").write_text("mine")
    found = read_training_set(tmp_path)
    assert sorted(pair.name for pair in found.pairs) == sorted(names)
    assert found.remarks == ()
    assert found.middle_voxel_um == (0.7, 0.6, 0.6)


def test_everything_that_must_be_mended_is_said_at_once(tmp_path):
    put(tmp_path, "good", two_cells())
    put(tmp_path, "alone", two_cells(), truth_name="widow")
    put(tmp_path, "larger", two_cells(), raw_shape=(12, 20, 24))
    put(tmp_path, "empty", np.zeros((12, 20, 20), np.uint16))
    put(tmp_path, "unmeasured", two_cells(), size=None)
    (tmp_path / "x" / "torn.tif").write_bytes(b"II*\0")
    (tmp_path / "y" / "torn.tif").write_bytes(b"II*\0")
    with pytest.raises(UserError) as caught:
        read_training_set(tmp_path)
    text = str(caught.value)
    for words in (
        "alone: no labels in y",
        "widow: no raw stack in x",
        "larger: raw and labels differ in size",
        "empty: the labels hold no cell",
        "unmeasured: the file does not say its voxel size",
        "torn: ",
    ):
        assert words in text
    assert "good" not in text


def test_a_voxel_size_given_helps_those_without(tmp_path):
    put(tmp_path, "unmeasured", two_cells(), size=None)
    put(tmp_path, "measured", two_cells())
    found = {p.name: p for p in read_training_set(tmp_path, VoxelSize(1, 0.5, 0.5, "given by you")).pairs}
    assert found["unmeasured"].voxel_size.z_um == 1
    assert found["measured"].voxel_size.z_um == 0.7


def test_what_looks_odd_is_remarked_on(tmp_path):
    gaps = two_cells()
    gaps[gaps == 2] = 7
    pieces = two_cells()
    pieces[5:7, :, :] = 0
    put(tmp_path, "gaps", gaps)
    put(tmp_path, "pieces", pieces)
    put(tmp_path, "mask", (two_cells() > 0).astype(np.uint16))
    remarks = "\n".join(read_training_set(tmp_path).remarks)
    assert "gaps: the numbers of its 2 cells have gaps (the largest is 7)" in remarks
    assert "pieces: 2 cells are in several pieces (1, 2)" in remarks
    assert "mask: there is only one cell" in remarks
    assert remarks.count("\n") == 2


@pytest.mark.parametrize("missing", ["x", "y"])
def test_a_folder_without_x_or_y(tmp_path, missing):
    (tmp_path / ("y" if missing == "x" else "x")).mkdir()
    with pytest.raises(UserError, match=f"has no folder {missing}"):
        read_training_set(tmp_path)


def test_no_pairs_and_no_folder(tmp_path):
    with pytest.raises(UserError, match="There is no folder"):
        read_training_set(tmp_path / "nowhere")
    (tmp_path / "x").mkdir()
    (tmp_path / "y").mkdir()
    with pytest.raises(UserError, match="There are no pairs"):
        read_training_set(tmp_path)


def test_examples_are_brought_to_one_voxel_size(tmp_path):
    put(tmp_path, "fine", two_cells((24, 40, 40)), size=VoxelSize(0.35, 0.3, 0.3, "test"))
    put(tmp_path, "coarse", two_cells())
    fine, coarse = sorted(
        examples(read_training_set(tmp_path), (0.7, 0.6, 0.6), NORMALISATION), key=lambda e: e.labels.sum()
    )
    assert fine.raw.shape == coarse.raw.shape == fine.labels.shape == (12, 20, 20)
    assert set(np.unique(fine.labels)) == {0, 1, 2}
    assert np.array_equal(coarse.labels, two_cells())


def test_numbers_with_gaps_become_small_numbers(tmp_path):
    labels = two_cells().astype(np.uint32)
    labels[labels == 2] = 70_000
    put(tmp_path, "large", labels)
    (example,) = examples(read_training_set(tmp_path), (0.7, 0.6, 0.6), NORMALISATION)
    assert np.array_equal(example.labels, two_cells())


def test_a_split_keeps_all_pairs_and_depends_on_the_seed(tmp_path):
    for number in range(9):
        put(tmp_path, f"c{number}", two_cells())
    whole = read_training_set(tmp_path)
    known, unseen = split(whole, 0.2, 3)
    again = split(whole, 0.2, 3)
    assert [p.name for p in again[1].pairs] == [p.name for p in unseen.pairs]
    assert (len(known.pairs), len(unseen.pairs)) == (7, 2)
    assert {p.name for p in known.pairs + unseen.pairs} == {p.name for p in whole.pairs}
    with pytest.raises(UserError, match="too few"):
        split(known.__class__(known.pairs[:1], ()), 0.2, 3)
