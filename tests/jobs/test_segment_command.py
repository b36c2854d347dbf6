"""`cartocell segment` as its users call it, with the model in the box."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation.evaluation import evaluate_pair
from cartocell_app.segmentation.model_card import read_card, write_card
from cartocell_app.stacks.reading import read_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_stack

NAME = "7d.4C.8_2"
FILES = (
    f"per_image/{NAME}.tif",
    f"per_image_instances/{NAME}.tif",
    f"per_image_instances_voronoi/{NAME}.tif",
    f"watershed/{NAME}/seed_map.tif",
    f"watershed/{NAME}/foreground.tif",
    f"watershed/{NAME}/watershed.tif",
    f"overview/{NAME}.png",
)


def rows(folder):
    with (folder / "summary.csv").open(encoding="utf-8-sig", newline="") as table:
        return {row["name"]: row for row in csv.DictReader(table)}


@pytest.fixture
def segmented(cyst_folder, cartocell):
    out = cyst_folder / "results"
    answer = cartocell(
        "segment", cyst_folder / "x", "-o", out, "--ground-truth", cyst_folder / "y", "--progress", "none"
    )
    assert answer.code == 0, answer.err
    return out


def test_writes_every_file_on_the_grid_of_the_input(segmented, small_cyst):
    for file in FILES:
        assert (segmented / file).stat().st_size > 0
    for file in FILES[1:6]:
        assert tifffile.imread(segmented / file).shape == small_cyst.raw.shape
    maps = tifffile.imread(segmented / FILES[0])
    assert maps.shape == (len(small_cyst.raw), 3, *small_cyst.raw.shape[1:])
    assert maps.dtype == np.float32
    assert maps.min() >= 0
    assert maps.max() <= 1


def test_finds_the_cells_and_leaves_the_lumen_empty(segmented, small_cyst):
    row = rows(segmented)[NAME]
    assert float(row["f1_0.5"]) >= 0.9
    assert int(row["cells"]) == len(np.unique(tifffile.imread(segmented / FILES[2]))) - 1
    cells = tifffile.imread(segmented / FILES[2])
    assert (cells[small_cyst.lumen] > 0).mean() < 0.25
    # Voronoi lets cells touch: more tissue is labelled after it than before, and none is taken away.
    before = tifffile.imread(segmented / FILES[1])
    assert (cells > 0).sum() > (before > 0).sum()


def test_labels_are_integers_calibrated_for_fiji(segmented, small_cyst):
    with tifffile.TiffFile(segmented / FILES[2]) as tif:
        assert tif.is_imagej
        assert tif.pages[0].dtype == np.uint16
        assert tif.imagej_metadata["spacing"] == pytest.approx(small_cyst.voxel_size.z_um)
        count, per = tif.pages[0].tags["XResolution"].value
        assert per / count == pytest.approx(small_cyst.voxel_size.x_um, rel=1e-4)


def test_remembers_what_it_did(segmented):
    run = json.loads((segmented / "run.json").read_text(encoding="utf-8"))
    assert run["profile"] == "default"
    assert len(run["model"]["sha256"]) == 64
    assert len(run["stacks"][NAME]["sha256_of_voxels"]) == 64
    assert run["settings"]["seeds"]["kind"] == "h-maxima"
    row = rows(segmented)[NAME]
    assert row["voxel_size_source"]
    assert float(row["s_network"]) > 0


def test_a_second_run_does_only_what_is_missing(segmented, cyst_folder, cartocell):
    cells = segmented / FILES[2]
    before = cells.stat().st_mtime_ns
    again = ("segment", cyst_folder / "x", "-o", segmented, "--ground-truth", cyst_folder / "y", "--progress", "json")
    assert cartocell(*again).code == 0
    assert cells.stat().st_mtime_ns == before
    cells.unlink()
    assert cartocell(*again).code == 0
    assert cells.exists()


def test_other_choices_are_done_anew(segmented, cyst_folder, cartocell):
    answer = cartocell(
        "segment", cyst_folder / "x", "-o", segmented, "--profile", "biapy-cartocell", "--progress", "none"
    )
    assert answer.code == 0
    assert rows(segmented)[NAME]["profile"] == "biapy-cartocell"


def test_a_model_that_goes_with_a_profile_is_used_with_it(cyst_folder, cartocell):
    model = cyst_folder / "theirs.onnx"
    shutil.copy(CPU_MODEL, model)
    write_card(model, read_card(model).model_copy(update={"profile": "biapy-3.5"}))
    words = ("segment", cyst_folder / "x", "--model", model, "--progress", "none")
    assert cartocell(*words, "-o", cyst_folder / "out").code == 0
    assert json.loads((cyst_folder / "out" / "run.json").read_text())["profile"] == "biapy-3.5"
    assert rows(cyst_folder / "out")[NAME]["profile"] == "biapy-3.5"
    assert cartocell(*words, "-o", cyst_folder / "ours", "--profile", "default").code == 0
    assert rows(cyst_folder / "ours")[NAME]["profile"] == "default"


def test_the_same_stack_gives_the_same_labels(segmented, cyst_folder, cartocell):
    other = cyst_folder / "other"
    cartocell("segment", cyst_folder / "x" / f"{NAME}.tif", "-o", other, "--progress", "none")
    assert np.array_equal(tifffile.imread(segmented / FILES[2]), tifffile.imread(other / FILES[2]))


def test_one_bad_stack_does_not_stop_the_others(cyst_folder, cartocell):
    good = cyst_folder / "x" / f"{NAME}.tif"
    (cyst_folder / "x" / "broken.tif").write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    (cyst_folder / "x" / "notes.txt").write_text("not a stack")
    out = cyst_folder / "results"
    answer = cartocell("segment", cyst_folder / "x", "-o", out, "--progress", "none")
    assert answer.code == 1
    table = rows(out)
    assert set(table) == {NAME, "broken"}
    assert table[NAME]["state"] == "done"
    assert table["broken"]["state"] == "failed"
    assert "broken.tif" in table["broken"]["error"]
    assert not (out / "per_image" / "broken.tif").exists()


def test_an_unknown_voxel_size_is_asked_for(tmp_path, small_cyst, cartocell):
    tifffile.imwrite(tmp_path / "plain.tif", small_cyst.raw)
    answer = cartocell("segment", tmp_path / "plain.tif", "-o", tmp_path / "out", "--progress", "none")
    assert answer.code == 1
    assert "--voxel-size" in rows(tmp_path / "out")["plain"]["error"]
    z, y, x = small_cyst.voxel_size
    given = cartocell(
        "segment", tmp_path / "plain.tif", "-o", tmp_path / "out", "--voxel-size", z, y, x, "--progress", "none"
    )
    assert given.code == 0
    assert rows(tmp_path / "out")["plain"]["voxel_size_source"] == "given by you"


def test_what_the_file_claims_of_its_voxel_size_is_said_where_it_is_not_believed(tmp_path, small_cyst, cartocell):
    claims = {"unit": "um", "spacing": 1.0, "axes": "ZYX"}
    tifffile.imwrite(tmp_path / "ones.tif", small_cyst.raw, imagej=True, resolution=(1.0, 1.0), metadata=claims)
    answer = cartocell("segment", tmp_path / "ones.tif", "-o", tmp_path / "out", "--progress", "none")
    assert answer.code == 1
    assert "ones: the voxel size is not known. The file claims 1 × 1 × 1 µm" in rows(tmp_path / "out")["ones"]["error"]


def test_cells_half_as_wide_are_found_as_well_as_usual_ones_if_that_is_said(cyst_folder, small_cyst, cartocell):
    half = VoxelSize(*(length_um / 2 for length_um in small_cyst.voxel_size), source="test")
    write_stack(cyst_folder / "half" / "7d.4C.8_2.tif", small_cyst.raw, half)
    said = cartocell(
        "segment", cyst_folder / "half", "-o", cyst_folder / "said", "--cell-width", 5.5, "--progress", "none"
    )
    usual = cartocell("segment", cyst_folder / "x", "-o", cyst_folder / "usual", "--progress", "none")
    assert (said.code, usual.code) == (0, 0)
    one, other = (
        read_labels(cyst_folder / out / "per_image_instances_voronoi" / "7d.4C.8_2.tif") for out in ("said", "usual")
    )
    assert np.array_equal(one[0], other[0])
    assert one[1].zyx_um == pytest.approx(half.zyx_um, rel=1e-4)
    assert "Taken for cells about 5.5 µm wide." in rows(cyst_folder / "said")["7d.4C.8_2"]["notes"]
    assert json.loads((cyst_folder / "said" / "run.json").read_text())["settings"]["cell_width_um"] == 5.5
    again = cartocell(
        "segment", cyst_folder / "half", "-o", cyst_folder / "said", "--cell-width", 8, "--progress", "json"
    )
    assert "were done before" not in again.out


def test_looking_once_is_a_result_of_its_own(cyst_folder, cartocell):
    words = ("segment", cyst_folder / "x", "-o", cyst_folder / "out", "--progress", "json")
    assert cartocell(*words, "--views", 1).code == 0
    record = json.loads((cyst_folder / "out" / "run.json").read_text())
    assert record["settings"]["views"] == 1
    once = rows(cyst_folder / "out")["7d.4C.8_2"]
    assert "were done before" in cartocell(*words, "--views", 1).out
    assert "were done before" not in cartocell(*words).out
    twice = rows(cyst_folder / "out")["7d.4C.8_2"]
    assert float(twice["s_network"]) > float(once["s_network"])
    assert json.loads((cyst_folder / "out" / "run.json").read_text())["settings"]["views"] == "as the model says"
    answer = cartocell(*words, "--views", 3)
    assert answer.code == 2
    assert "--views" in answer.err


def test_cells_twice_as_wide_are_found_as_well_as_usual_ones_without_a_word(cyst_folder, small_cyst, cartocell):
    twice = VoxelSize(*(length_um * 2 for length_um in small_cyst.voxel_size), source="test")
    write_stack(cyst_folder / "twice" / "7d.4C.8_2.tif", small_cyst.raw, twice)
    answers = [
        cartocell("segment", cyst_folder / folder, "-o", cyst_folder / out, "--progress", "none")
        for folder, out in (("twice", "wide"), ("x", "usual"))
    ]
    assert [answer.code for answer in answers] == [0, 0]
    wide, usual = (
        read_labels(cyst_folder / out / "per_image_instances_voronoi" / "7d.4C.8_2.tif")[0] for out in ("wide", "usual")
    )
    assert evaluate_pair(usual, wide).as_row("")["f1_0.5"] >= 0.95
    notes = [rows(cyst_folder / out)["7d.4C.8_2"]["notes"] for out in ("wide", "usual")]
    assert ["looked again" in note for note in notes] == [True, False]


@pytest.mark.parametrize("width", ["0", "-5", "1000", "nan"])
def test_an_impossible_width_of_cells_is_refused(cyst_folder, cartocell, width):
    answer = cartocell("segment", cyst_folder / "x", "-o", cyst_folder / "out", "--cell-width", width)
    assert answer.code == 2
    assert f"--cell-width {float(width):g} cannot be right: cells that can be told apart are 2 to 60 µm" in answer.err
    assert not (cyst_folder / "out").exists()


@pytest.mark.parametrize("voxel", [("0", "1", "1"), ("-0.7", "0.6", "0.6"), ("nan", "0.6", "0.6"), ("1e9", "1", "1")])
def test_an_impossible_voxel_size_is_refused(cyst_folder, cartocell, voxel):
    answer = cartocell("segment", cyst_folder / "x", "-o", cyst_folder / "out", "--voxel-size", *voxel)
    assert answer.code == 2
    assert "--voxel-size" in answer.err
    assert not (cyst_folder / "out").exists()


@pytest.mark.parametrize(
    ("stack", "cells"),
    [
        (np.zeros((20, 40, 40), np.uint8), 0),
        (np.full((20, 40, 40), 77, np.uint16), 0),
        (np.full((20, 40, 40), 7, np.uint8), 0),
        (np.full((20, 40, 40), -1234.5, np.float32), 0),
        (np.zeros((2, 8, 8), np.float32), 0),
    ],
)
def test_an_empty_or_constant_stack_has_no_cells(tmp_path, cartocell, stack, cells):
    write_stack(tmp_path / "x" / "dark.tif", stack, VoxelSize(0.7, 0.6, 0.6, "test"))
    assert cartocell("segment", tmp_path / "x", "-o", tmp_path / "out", "--progress", "none").code == 0
    row = rows(tmp_path / "out")["dark"]
    assert int(row["cells"]) == cells
    assert "No cells were found" in row["notes"]


def test_workers_give_the_same_result(cyst_folder, cartocell, segmented):
    shutil.copy(cyst_folder / "x" / f"{NAME}.tif", cyst_folder / "x" / "Cyst 4d filt 2po Pha,Bcat 02.08.19 Z6.tif")
    out = cyst_folder / "two"
    answer = cartocell("segment", cyst_folder / "x", "-o", out, "--workers", "2", "--progress", "none")
    assert answer.code == 0, answer.err
    one, two = rows(segmented)[NAME], rows(out)
    assert {row["cells"] for row in two.values()} == {one["cells"]}
    assert np.array_equal(tifffile.imread(segmented / FILES[2]), tifffile.imread(out / FILES[2]))


def test_progress_as_json_lines(cyst_folder, cartocell):
    answer = cartocell("segment", cyst_folder / "x", "-o", cyst_folder / "out", "--progress", "json")
    events = [json.loads(line) for line in answer.out.splitlines()]
    steps = [event for event in events if event["event"] == "progress"]
    assert {"stack", "stage", "done", "total", "eta_s"} <= set(steps[0])
    assert {step["stack"] for step in steps} == {NAME}
    job = [step["job_done"] for step in steps]
    assert job == sorted(job)
    (result,) = [event for event in events if event["event"] == "result"]
    assert result["cells"] > 5


def test_missing_inputs_and_words_that_do_not_exist(cyst_folder, cartocell):
    out = cyst_folder / "out"
    stack = cyst_folder / "x"
    for words, sentence in (
        ((cyst_folder / "nowhere", "-o", out), "no file or folder"),
        ((stack, "-o", out, "--model", "m3"), "no model m3"),
        ((stack, "-o", out, "--model", stack / f"{NAME}.tif"), "tif"),
        ((stack, "-o", out, "--profile", "magic"), "no profile 'magic'"),
        ((stack, "-o", out, "--ground-truth", cyst_folder / "nowhere"), "no file or folder"),
        ((stack, "-o", stack / f"{NAME}.tif"), "is a file"),
    ):
        answer = cartocell("segment", *words, "--progress", "none")
        assert answer.code == 2, words
        assert sentence in answer.err
        assert "Traceback" not in answer.err


def test_two_files_of_one_name_are_told_apart(cyst_folder, cartocell):
    shutil.copytree(cyst_folder / "x", cyst_folder / "again")
    answer = cartocell("segment", cyst_folder / "x", cyst_folder / "again", "-o", cyst_folder / "out")
    assert answer.code == 2
    assert "would both be called" in answer.err


@pytest.fixture
def tiny(tmp_path, small_cyst):
    """Write a part of a cyst that is quickly done; another `start` is another part."""

    def write(path, start):
        write_stack(tmp_path / path, small_cyst.raw[start : start + 10, :40, :40], small_cyst.voxel_size)
        return tmp_path / path

    return write


def test_results_of_another_file_of_the_same_name_are_not_replaced(tiny, tmp_path, cartocell):
    words = ("-o", tmp_path / "out", "--views", 1, "--progress", "json")
    assert cartocell("segment", tiny("a/c1.tif", 0), tiny("a/c2.tif", 0), *words).code == 0
    cells = tmp_path / "out" / "per_image_instances_voronoi" / "c1.tif"
    before = cells.read_bytes(), (tmp_path / "out" / "run.json").read_bytes()
    answer = cartocell("segment", tiny("b/c1.tif", 5), tiny("b/new.tif", 5), *words)
    assert answer.code == 2
    assert f"holds the results of another c1: {tmp_path / 'a' / 'c1.tif'}, not" in answer.err
    assert (cells.read_bytes(), (tmp_path / "out" / "run.json").read_bytes()) == before
    assert not (tmp_path / "out" / "records" / "new.json").exists()
    # What only moved, or was changed where it is, is the same file.
    shutil.copy(tmp_path / "a" / "c1.tif", tiny("moved/c2.tif", 0).with_name("c1.tif"))
    assert cartocell("segment", tmp_path / "moved", *words).code == 0
    tiny("moved/c1.tif", 5)
    assert cartocell("segment", tmp_path / "moved", *words).code == 0
    # As the sentence says.
    (tmp_path / "out" / "records" / "c1.json").unlink()
    assert cartocell("segment", tmp_path / "b" / "c1.tif", *words).code == 0


def test_a_folder_filled_by_several_calls_knows_how_each_stack_was_done(tiny, tmp_path, cartocell):
    out = tmp_path / "out"
    model = tmp_path / "theirs.onnx"
    shutil.copy(CPU_MODEL, model)
    write_card(model, read_card(model).model_copy(update={"profile": "biapy-3.5"}))
    words = ("-o", out, "--views", 1, "--progress", "none")
    for name, more in (("a", ("--model", model)), ("b", ()), ("c", ()), ("no such", ())):
        path = tmp_path / "no such.tif" if name == "no such" else tiny(f"x/{name}.tif", 0)
        if name == "no such":
            path.write_bytes(b"not a stack")
        assert cartocell("segment", path, *words, *more).code == (1 if name == "no such" else 0)
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    stacks = run["stacks"]
    assert {name: stack["state"] for name, stack in stacks.items()} == {
        "a": "done", "b": "done", "c": "done", "no such": "failed",
    }  # fmt: skip
    assert {name for name, stack in stacks.items() if stack["in_this_run"]} == {"no such"}
    assert stacks["a"]["file"] == str(tmp_path / "x" / "a.tif")
    assert stacks["a"]["profile"] == "biapy-3.5"
    assert stacks["a"]["model"]["file"] == "theirs.onnx"
    assert stacks["a"]["model"]["sha256"] != run["model"]["sha256"]
    assert stacks["a"]["settings"] != run["settings"]
    assert not {"model", "profile", "settings", "device"} & set(stacks["c"])
    assert all(len(stacks[name]["sha256_of_voxels"]) == 64 for name in "abc")


def _start(cyst_folder: Path, out: Path) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "cartocell_app.cli",
        "segment",
        str(cyst_folder / "x"),
        "-o",
        str(out),
        "--progress",
        "json",
    ]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for(process: "subprocess.Popen[str]", stage: str) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line).get("stage") == stage:
            return
    raise AssertionError(f"the job ended before {stage}")


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_leaves_nothing_half_written_and_the_next_run_goes_on(cyst_folder, cartocell):
    out = cyst_folder / "out"
    with _start(cyst_folder, out) as process:
        _wait_for(process, "Preparing")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130
    assert not list(out.rglob(".partial-*"))
    assert not (out / "records" / f"{NAME}.json").exists()
    assert cartocell("segment", cyst_folder / "x", "-o", out, "--progress", "none").code == 0
    assert rows(out)[NAME]["state"] == "done"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_killed_job_goes_on_and_its_remains_are_cleared_away(cyst_folder, cartocell):
    out = cyst_folder / "out"
    with _start(cyst_folder, out) as process:
        _wait_for(process, "Network")
        process.kill()
        process.communicate(timeout=60)
    remains = out / "per_image" / f".partial-{process.pid}-{NAME}.tif"
    remains.parent.mkdir(parents=True, exist_ok=True)
    remains.write_bytes(b"half")
    time.sleep(0.1)
    assert cartocell("segment", cyst_folder / "x", "-o", out, "--progress", "none").code == 0
    assert not remains.exists()
    assert all((out / file).exists() for file in FILES)


def test_segmenting_imports_neither_torch_nor_qt(cyst_folder):
    script = (
        "import sys; sys.argv = ['cartocell', 'segment', *sys.argv[1:], '--progress', 'none']\n"
        "from cartocell_app.cli import main\n"
        "try: main()\n"
        "finally: print([name for name in ('torch', 'PySide6', 'vispy', 'lightning') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(cyst_folder / "x"), "-o", str(cyst_folder / "out")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
