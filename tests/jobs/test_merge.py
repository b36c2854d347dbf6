"""`cartocell merge` as its users call it."""

import csv
import errno
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from cartocell_app.jobs.links import link, signature
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

SIZE = VoxelSize(0.7, 0.6, 0.6, "test")
ODD = "cyst 7d filt 3po pha, bcat dapi 15.07.19 40x z4.5 4a"


def add(folder, name, *, shape=(6, 8, 8), label=1, size=SIZE, parts=("x", "y")):
    if "x" in parts:
        write_stack(folder / "x" / f"{name}.tif", np.full(shape, label, np.uint8), size)
    if "y" in parts:
        write_labels(folder / "y" / f"{name}.tif", np.full(shape, label, np.uint16), size)


def files(folder):
    return sorted(str(path.relative_to(folder)) for part in ("x", "y") for path in (folder / part).iterdir())


def reject(folder, name, word="no", separator=","):
    (folder / "curation.csv").write_text(f"name{separator}accept\n{name}{separator}{word}\n", encoding="utf-8")


@pytest.fixture
def sets(tmp_path):
    one, two = tmp_path / "train_M1", tmp_path / "phase3"
    add(one, "7d.4C.8_2")
    add(two, ODD)
    add(two, "10d.1B.26.2", label=2)
    return one, two


def test_merges_by_links_without_copies(sets, tmp_path, cartocell):
    out = tmp_path / "all"
    answer = cartocell("merge", *sets, "-o", out)
    assert answer.code == 0, answer.err
    names = ("10d.1B.26.2", "7d.4C.8_2", ODD)
    assert files(out) == sorted(f"{part}/{name}.tif" for part in "xy" for name in names)
    for path in (out / "x" / f"{ODD}.tif", out / "y" / f"{ODD}.tif"):
        assert path.samefile(sets[1] / path.parent.name / path.name)
    with (out / "merged.csv").open(encoding="utf-8-sig", newline="") as table:
        rows = {row["name"]: row for row in csv.DictReader(table)}
    assert {name: rows[name]["set"] for name in names} == {
        "10d.1B.26.2": "phase3",
        "7d.4C.8_2": "train_M1",
        ODD: "phase3",
    }


def test_running_again_changes_nothing(sets, tmp_path, cartocell):
    out = tmp_path / "all"
    cartocell("merge", *sets, "-o", out)
    before = {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.glob("[xy]/*")}
    assert cartocell("merge", *sets, "-o", out).code == 0
    assert {path: (path.stat().st_ino, path.stat().st_mtime_ns) for path in out.glob("[xy]/*")} == before


def test_the_same_name_in_two_sets(sets, tmp_path, cartocell):
    add(sets[1], "7d.4C.8_2", label=9)
    answer = cartocell("merge", *sets, "-o", tmp_path / "all")
    assert answer.code == 0
    assert "get the name of their set in front" in answer.err
    assert {"x/train_M1_7d.4C.8_2.tif", "y/phase3_7d.4C.8_2.tif", f"x/{ODD}.tif"} <= set(files(tmp_path / "all"))
    assert (tmp_path / "all" / "x" / "phase3_7d.4C.8_2.tif").samefile(sets[1] / "x" / "7d.4C.8_2.tif")


def test_names_that_differ_in_capitals_only_are_told_apart(sets, tmp_path, cartocell):
    add(sets[1], "7D.4c.8_2")
    assert cartocell("merge", *sets, "-o", tmp_path / "all").code == 0
    assert {"x/train_M1_7d.4C.8_2.tif", "x/phase3_7D.4c.8_2.tif"} <= set(files(tmp_path / "all"))


def test_sets_of_the_same_name(tmp_path, cartocell):
    for parent in ("monday", "friday"):
        add(tmp_path / parent / "set", "a")
    assert cartocell("merge", tmp_path / "monday/set", tmp_path / "friday/set", "-o", tmp_path / "all").code == 0
    assert files(tmp_path / "all")[:2] == ["x/friday_set_a.tif", "x/monday_set_a.tif"]


@pytest.mark.parametrize(("word", "separator"), [("no", ","), ("FALSCH", ";"), ("0", "\t")])
def test_what_is_not_accepted_is_left_out_and_goes_when_rejected_later(sets, tmp_path, cartocell, word, separator):
    out = tmp_path / "all"
    cartocell("merge", *sets, "-o", out)
    reject(sets[1], "10d.1B.26.2", word, separator)
    answer = cartocell("merge", *sets, "-o", out)
    assert answer.code == 0
    assert "phase3: 10d.1B.26.2" in answer.err
    assert not [name for name in files(out) if "10d" in name]
    assert (sets[1] / "x" / "10d.1B.26.2.tif").exists()
    reject(sets[1], "10d.1B.26.2", "yes", separator)
    assert cartocell("merge", *sets, "-o", out).code == 0
    assert "x/10d.1B.26.2.tif" in files(out)


def test_a_verdict_that_is_none(sets, tmp_path, cartocell):
    reject(sets[1], ODD.replace(",", ""), "perhaps")
    answer = cartocell("merge", *sets, "-o", tmp_path / "all")
    assert answer.code == 2
    assert "row 2" in answer.err
    assert "'perhaps'" in answer.err


def test_bad_pairs_are_said_and_the_others_merged(sets, tmp_path, cartocell):
    add(sets[0], "lonely", parts="x")
    add(sets[0], "orphan", parts="y")
    add(sets[0], "sizes", parts="x")
    add(sets[0], "sizes", parts="y", shape=(5, 8, 8))
    answer = cartocell("merge", *sets, "-o", tmp_path / "all")
    assert answer.code == 1
    for words in ("lonely: left out. It has no labels", "orphan: left out. It has no raw", "6 × 8 × 8 voxels"):
        assert words in answer.err
    assert len(files(tmp_path / "all")) == 6


def test_voxel_sizes_that_differ_are_said(sets, tmp_path, cartocell):
    add(sets[0], "fine", size=VoxelSize(0.5, 0.1, 0.1, "test"))
    answer = cartocell("merge", *sets, "-o", tmp_path / "all")
    assert answer.code == 0
    assert "0.5 to 0.7" in answer.err


def test_what_others_put_or_changed_there_stays(sets, tmp_path, cartocell):
    out = tmp_path / "all"
    cartocell("merge", *sets, "-o", out)
    mine, corrected = out / "x" / "mine.tif", out / "y" / "10d.1B.26.2.tif"
    shutil.copy(sets[0] / "x" / "7d.4C.8_2.tif", mine)
    corrected.unlink()  # most programs write a new file
    write_labels(corrected, np.full((6, 8, 8), 300, np.uint16), SIZE)
    answer = cartocell("merge", *sets, "-o", out)
    assert answer.code == 0
    assert "changed there by hand and is kept" in answer.err
    assert mine.exists()
    assert not corrected.samefile(sets[1] / "y" / "10d.1B.26.2.tif")
    reject(sets[1], "10d.1B.26.2")
    cartocell("merge", *sets, "-o", out)
    assert corrected.exists()
    assert not (out / "x" / "10d.1B.26.2.tif").exists()


def test_labels_corrected_in_their_set_come_along(sets, tmp_path, cartocell):
    out = tmp_path / "all"
    cartocell("merge", *sets, "-o", out)
    source = sets[1] / "y" / "10d.1B.26.2.tif"
    write_labels(source, np.full((6, 8, 8), 300, np.uint16), SIZE)
    assert cartocell("merge", *sets, "-o", out).code == 0
    assert (out / "y" / "10d.1B.26.2.tif").samefile(source)


def test_sets_that_are_none(sets, tmp_path, cartocell):
    (tmp_path / "empty").mkdir()
    for words, sentence in (
        ((sets[0], "-o", sets[0]), "one of the sets"),
        ((sets[0], sets[0], "-o", tmp_path / "all"), "given twice"),
        ((tmp_path / "empty", "-o", tmp_path / "all"), "no folder x"),
        ((tmp_path / "nowhere", "-o", tmp_path / "all"), "no folder"),
    ):
        answer = cartocell("merge", *words)
        assert answer.code == 2
        assert sentence in answer.err
    assert len(files(sets[0])) == 2


def test_a_read_only_folder_is_said_in_words(sets, tmp_path, cartocell, monkeypatch):
    def read_only(*_args, **_named):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    answer = cartocell("merge", *sets, "-o", tmp_path / "locked")
    assert answer.code == 2
    assert "read-only" in answer.err


def refuse(*_, **__):
    raise OSError(errno.EPERM, "no links here")


@pytest.mark.parametrize(
    ("missing", "kind"), [((), "hard link"), (("link",), "symbolic link"), (("link", "symlink"), "copy")]
)
def test_links_fall_back_to_what_the_disk_can_do(tmp_path, monkeypatch, missing, kind):
    source, target = tmp_path / "a b,c.tif", tmp_path / "there" / "a.b.tif"
    source.write_bytes(b"one")
    if "link" in missing:
        monkeypatch.setattr(os, "link", refuse)
    if "symlink" in missing:
        monkeypatch.setattr(Path, "symlink_to", refuse)
    for _ in range(2):
        assert link(source, target) == kind
        assert target.read_bytes() == b"one"
        assert signature(target) == signature(source)
    assert [path.name for path in target.parent.iterdir()] == ["a.b.tif"]


def test_a_file_linked_to_itself_stays(tmp_path):
    source = tmp_path / "a.tif"
    source.write_bytes(b"one")
    link(source, tmp_path / "." / "a.tif")
    assert source.read_bytes() == b"one"
