"""Each mistake is found and told in words; good labels are left in peace."""

from pathlib import Path

import numpy as np
import pytest

from cartocell_app.morphology.label_checks import check_labels, check_pair
from cartocell_app.resources import SAMPLE_LABELS, SAMPLE_STACK
from cartocell_app.stacks.reading import read, read_labels
from cartocell_app.stacks.voxel_size import VoxelSize

REAL = Path(__file__).parents[3] / "shared" / "data"
needs_data = pytest.mark.skipif(not REAL.is_dir(), reason="the shared data are not here")


def tissue(planes=12):
    """6 cells side by side, all through the planes but the first and last."""
    labels = np.zeros((planes, 30, 40), np.uint16)
    for number, (y, x) in enumerate(np.ndindex(2, 3), 1):
        labels[1:-1, 3 + 12 * y : 15 + 12 * y, 2 + 12 * x : 14 + 12 * x] = number
    return labels


def outlined(labels):
    raw = np.full(labels.shape, 20, np.uint8)
    for axis in (1, 2):
        edge = np.diff(labels.astype(int), axis=axis) != 0
        raw[(slice(None),) * axis + (slice(None, -1),)][edge] = 200
        raw[(slice(None),) * axis + (slice(1, None),)][edge] = 200
    return raw


def test_good_labels_pass():
    assert check_labels(tissue()) == ()
    assert check_pair(outlined(tissue()), tissue()) == ()


@pytest.mark.parametrize("plane", [2, 6, 10])
def test_a_plane_with_numbers_of_its_own(plane):
    labels = tissue()
    labels[plane] += np.where(labels[plane] > 0, 100, 0).astype(np.uint16)
    wrong = [finding for finding in check_labels(labels) if finding.weight == "wrong"]
    assert [finding.plane for finding in wrong] == [plane]
    assert f"Slice {plane + 1} (of 12) has numbers of its own" in wrong[0].words


def test_numbers_that_change_half_way_and_an_empty_plane():
    labels = tissue()
    labels[6:] += np.where(labels[6:] > 0, 100, 0).astype(np.uint16)
    (finding, *_) = check_labels(labels)
    assert finding.words.startswith("Between slices 6 and 7")
    labels = tissue()
    labels[5] = 0
    (finding, *_) = check_labels(labels)
    assert finding.words.startswith("Slice 6 (of 12) is empty, although cells go on")
    labels = tissue()
    labels[:3], labels[0, 0, 0] = 0, 3
    (finding,) = check_labels(labels)
    assert "crumbs" in finding.words


def test_slices_labelled_one_by_one():
    labels = tissue().astype(np.uint32)
    labels += np.where(labels > 0, 10 * np.arange(12)[:, None, None], 0).astype(np.uint32)
    (finding, *_) = check_labels(labels)
    assert finding.words.startswith("Cells are not followed from slice to slice")


def test_pieces_crumbs_tiny_cells_and_gaps():
    labels = tissue()
    labels[:, 8, 2:14] = 0
    labels[0, 29, 39] = 5
    labels[0, 0, 0:2] = 60
    found = {finding.words: finding for finding in check_labels(labels)}
    assert list(found) == [
        "1 cell is in several pieces (1).",
        "1 cell is tiny, less than a fiftieth of the usual volume (60).",
        "1 cell has crumbs beside it (5).",
        "Numbers are missing: 7 cells are numbered up to 60.",
    ]
    assert [finding.remedy for finding in found.values()] == [
        "correct.all-largest", "", "correct.all-largest", "correct.renumber",
    ]  # fmt: skip


@pytest.mark.parametrize("offset", [100, 32768])
def test_an_offset_of_the_camera_is_no_fault_of_the_pair(offset):
    labels = tissue()
    raw = outlined(labels).astype(np.int64) + offset
    assert not [finding for finding in check_pair(raw, labels) if finding.weight != "harmless"]


@pytest.mark.parametrize(("labels", "words"), [(np.zeros((3, 4, 5), np.uint16), "no cells"), (tissue() > 0, "a mask")])
def test_what_is_no_labelling(labels, words):
    (finding,) = check_labels(labels.astype(np.uint16))
    assert finding.weight == "wrong"
    assert words in finding.words


def test_pairs_that_do_not_belong_together():
    labels = tissue()
    (finding,) = check_pair(outlined(labels)[:, :-1], labels)
    assert "12 × 29 × 40" in finding.words
    (finding,) = check_pair(np.moveaxis(outlined(labels), 0, 2), labels)
    assert "swapped" in finding.advice
    sizes = VoxelSize(1.0, 0.5, 0.5, "ImageJ tag"), VoxelSize(0.5, 0.5, 0.5, "ImageJ tag")
    (finding,) = check_pair(outlined(labels), labels, *sizes)
    assert "1 × 0.5 × 0.5 µm" in finding.words
    (finding,) = check_pair(np.roll(outlined(labels), 6, axis=2), np.roll(labels, 2, axis=1))
    assert "hardly brighter" in finding.words


def test_the_sample_cyst_passes():
    raw, (labels, voxel) = read(SAMPLE_STACK), read_labels(SAMPLE_LABELS)
    assert check_pair(raw.data, labels, raw.voxel_size, voxel) == ()
    assert check_pair(raw.data, labels[:, ::-1]) != ()


@needs_data
def test_real_labels():
    good, _ = read_labels(REAL / "real" / "embryo_manual_label.tif")
    assert check_labels(good) == ()
    raw, (labels, voxel) = read(REAL / "biapy" / "cyst_3_raw.tif"), read_labels(REAL / "biapy" / "cyst_3_label.tif")
    assert check_pair(raw.data, labels, raw.voxel_size, voxel) == ()
    bad, _ = read_labels(REAL / "real" / "lateralroot_bad_plane_label.tif")
    (finding, *_) = check_labels(bad)
    assert (finding.weight, finding.plane) == ("wrong", 31)
    assert "Slice 32 (of 64) has numbers of its own" in finding.words
