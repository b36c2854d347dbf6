"""`cartocell label` as its users call it, with the model in the box."""

import csv
import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from cartocell_app.jobs.tables import read_table
from cartocell_app.stacks.reading import read, read_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

NAME = "cyst 7d filt 3po pha, bcat dapi 15.07.19 40x z4.5 4a"


def rows(folder):
    return read_table(folder / "curation.csv")


def row(folder, name=NAME):
    return next(each for each in rows(folder) if each["name"] == name)


def decide(folder, name, word):
    """Write a verdict as Excel in German does."""
    table = rows(folder)
    for each in table:
        if each["name"] == name:
            each["accept"] = word
    with (folder / "curation.csv").open("w", encoding="cp1252", newline="") as file:
        writer = csv.DictWriter(file, table[0], delimiter=";")
        writer.writeheader()
        writer.writerows(table)


@pytest.fixture
def raws(tmp_path, small_cyst):
    """A cyst, and a stack with nothing in it."""
    write_stack(tmp_path / "raw stacks" / f"{NAME}.tif", small_cyst.raw, small_cyst.voxel_size)
    write_stack(tmp_path / "raw stacks" / "dark.tif", np.zeros((16, 30, 30), np.uint8), small_cyst.voxel_size)
    return tmp_path / "raw stacks"


@pytest.fixture
def labelled(raws, tmp_path, cartocell):
    answer = cartocell("label", raws, "-o", tmp_path / "set", "--progress", "none")
    assert answer.code == 0, answer.err
    return tmp_path / "set"


def test_makes_a_training_set_and_a_list(labelled, raws, small_cyst):
    assert (labelled / "x" / f"{NAME}.tif").samefile(raws / f"{NAME}.tif")
    labels, size = read_labels(labelled / "y" / f"{NAME}.tif")
    cells = labelled / "segmentation" / "per_image_instances_voronoi" / f"{NAME}.tif"
    assert np.array_equal(labels, tifffile.imread(cells))
    assert size.zyx_um == pytest.approx(small_cyst.voxel_size.zyx_um, rel=1e-4)
    assert not (labelled / "y" / f"{NAME}.tif").samefile(cells)
    dark, cyst = rows(labelled)  # the most doubtful first
    assert (dark["name"], dark["accept"], dark["doubt"], dark["reasons"]) == ("dark", "no", "1", "there is no cell")
    assert (cyst["name"], cyst["accept"], cyst["lumen"]) == (NAME, "yes", "closed")
    assert int(cyst["cells"]) == len(np.unique(labels)) - 1
    assert float(cyst["doubt"]) < 0.5


def test_running_again_keeps_all(labelled, raws, cartocell):
    before = {path: path.stat().st_mtime_ns for path in labelled.rglob("*.tif")}
    list_before = (labelled / "curation.csv").stat().st_mtime_ns
    answer = cartocell("label", raws, "-o", labelled)
    assert answer.code == 0
    assert "2 of 2 stacks were done before" in answer.err
    assert {path: path.stat().st_mtime_ns for path in labelled.rglob("*.tif")} == before
    assert (labelled / "curation.csv").stat().st_mtime_ns == list_before
    (labelled / "y" / f"{NAME}.tif").unlink()
    (labelled / "x" / f"{NAME}.tif").unlink()
    assert cartocell("label", raws, "-o", labelled).code == 0
    assert (labelled / "x" / f"{NAME}.tif").exists()
    assert (labelled / "y" / f"{NAME}.tif").exists()


def test_what_a_person_decided_stays(labelled, raws, cartocell):
    decide(labelled, NAME, "nein")
    assert cartocell("label", raws, "-o", labelled, "--progress", "none").code == 0
    assert row(labelled)["accept"] == "no"
    # Stricter: the undecided follow, the decided do not.
    decide(labelled, NAME, "ja")
    decide(labelled, "dark", "yes")
    assert cartocell("label", raws, "-o", labelled, "--leave-out", 0, "--progress", "none").code == 0
    assert row(labelled, "dark")["accept"] == "yes"


def test_corrected_labels_are_kept_and_judged_anew(labelled, raws, cartocell):
    path = labelled / "y" / f"{NAME}.tif"
    labels, size = read_labels(path)
    largest = np.bincount(labels.ravel())[1:].argmax() + 1
    labels[labels == largest] = 0
    write_labels(path, labels, size)
    answer = cartocell("label", raws, "-o", labelled)
    assert answer.code == 0
    assert "no closed lumen" in row(labelled)["reasons"]
    assert row(labelled)["corrected_by_hand"] == "yes"
    # Even if the cyst is segmented anew, with other settings.
    answer = cartocell("label", raws, "-o", labelled, "--profile", "biapy-cartocell")
    assert "corrected by hand and are kept" in answer.err
    assert np.array_equal(tifffile.imread(path), labels)
    # Deleted, they are made anew.
    path.unlink()
    assert cartocell("label", raws, "-o", labelled, "--profile", "biapy-cartocell").code == 0
    cells = labelled / "segmentation" / "per_image_instances_voronoi" / f"{NAME}.tif"
    assert np.array_equal(tifffile.imread(path), tifffile.imread(cells))
    assert row(labelled)["corrected_by_hand"] == "no"


def test_a_list_that_cannot_be_understood_is_said_before_the_work(labelled, raws, cartocell):
    decide(labelled, NAME, "maybe")
    answer = cartocell("label", raws, "-o", labelled)
    assert answer.code == 2
    assert "'maybe'" in answer.err


def test_a_chosen_voxel_size_goes_into_the_set(tmp_path, small_cyst, cartocell):
    (tmp_path / "raw").mkdir()
    tifffile.imwrite(tmp_path / "raw" / "a.b.tif", small_cyst.raw)
    assert cartocell("label", tmp_path / "raw", "-o", tmp_path / "set").code == 1
    (failed,) = rows(tmp_path / "set")
    assert failed["accept"] == "no"
    assert "--voxel-size" in failed["reasons"]
    answer = cartocell("label", tmp_path / "raw", "-o", tmp_path / "set", "--voxel-size", *small_cyst.voxel_size)
    assert answer.code == 0, answer.err
    raw = read(tmp_path / "set" / "x" / "a.b.tif")
    assert np.array_equal(raw.data, small_cyst.raw)
    assert raw.voxel_size.zyx_um == pytest.approx(small_cyst.voxel_size.zyx_um, rel=1e-4)
    assert row(tmp_path / "set", "a.b")["accept"] == "yes"


def test_one_bad_stack_does_not_stop_the_others(raws, tmp_path, cartocell):
    (raws / "broken.tif").write_bytes(b"II*\0 nothing")
    answer = cartocell("label", raws, "-o", tmp_path / "set")
    assert answer.code == 1
    assert "1 of 3 stacks" in answer.err
    assert row(tmp_path / "set", "broken")["reasons"].startswith("not labelled: broken.tif")
    assert row(tmp_path / "set")["accept"] == "yes"
    assert not list((tmp_path / "set" / "y").glob("broken*"))


def test_originals_are_never_touched(raws, tmp_path, cartocell):
    shutil.move(raws, tmp_path / "set" / "x")
    answer = cartocell("label", tmp_path / "set" / "x", "-o", tmp_path / "set")
    assert answer.code == 2
    assert "Choose another folder" in answer.err
    assert len(list((tmp_path / "set" / "x").iterdir())) == 2


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_killed_it_goes_on_and_nothing_is_lost(raws, tmp_path, small_cyst, cartocell):
    for number in (1, 2):  # after the others, in the order of names
        write_stack(raws / f"z{number}.tif", small_cyst.raw[:, ::-1].copy(), small_cyst.voxel_size)
    out = tmp_path / "set"
    words = ["label", str(raws), "-o", str(out), "--progress", "json"]
    with subprocess.Popen(
        [sys.executable, "-m", "cartocell_app.cli", *words], stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            event = json.loads(line)
            if event.get("stack") == "z1" and event.get("stage") == "Network":
                process.kill()
                break
        process.communicate(timeout=60)
    cells = out / "segmentation" / "per_image_instances_voronoi" / f"{NAME}.tif"
    before = cells.stat().st_mtime_ns
    answer = cartocell(*words[:-2])
    assert answer.code == 0, answer.err
    assert "2 of 4 stacks were done before" in answer.err
    assert cells.stat().st_mtime_ns == before
    assert {each["name"] for each in rows(out)} == {NAME, "dark", "z1", "z2"}
    assert len(list((out / "y").glob("*.tif"))) == len(list((out / "x").glob("*.tif"))) == 4
    assert not list(out.rglob(".partial-*"))


def test_a_voxel_size_lost_in_a_correction_is_said(labelled, raws, cartocell):
    path = labelled / "y" / f"{NAME}.tif"
    tifffile.imwrite(path, read_labels(path)[0])
    answer = cartocell("label", raws, "-o", labelled)
    assert answer.code == 2
    assert "does not say its voxel size any more" in answer.err
    write_labels(path, read_labels(path)[0], VoxelSize(0.7, 0.6, 0.6, "test"))
    assert cartocell("label", raws, "-o", labelled).code == 0
