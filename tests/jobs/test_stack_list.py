"""`cartocell segment --list`: stacks of one command that are read differently."""

import csv
import json
import tempfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.jobs.stack_list import COLUMNS, read_stack_list, write_stack_list
from cartocell_app.project.naming import file_safe
from cartocell_app.project.project import Project
from cartocell_app.stacks.reading import read

NAME = "7d.4C.8_2"

lengths_um = st.floats(0.001, 1000)
words = st.text(st.characters(blacklist_categories=("Cc", "Cs", "Zs", "Zl", "Zp")), min_size=1, max_size=12)
names = words.map(file_safe).map(str.strip).filter(lambda name: name and file_safe(name) == name)
names_or_numbers = st.none() | st.integers(0, 99) | words.filter(lambda word: not word.isdecimal())
readings = st.builds(
    ReadingChoices,
    names_or_numbers,
    names_or_numbers,
    st.none() | st.integers(0, 999),
    st.none() | st.tuples(lengths_um, lengths_um, lengths_um),
)


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / "x" / f"{NAME}.tif"
    path.parent.mkdir()
    path.write_bytes(b"stands in for a stack")
    return path


def written(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "stacks.csv"
    path.write_bytes(text.encode(encoding))
    return path


@given(st.dictionaries(names, readings, min_size=1, max_size=5))
def test_what_is_written_is_read(chosen: dict[str, ReadingChoices]):
    # Names differ by more than case, and files are there.
    unlike = {name.casefold(): (name, reading) for name, reading in chosen.items()}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "x" / "a, b.tif"
        file.parent.mkdir()
        file.touch()
        rows = {name: (file, reading) for name, reading in unlike.values()}
        write_stack_list(Path(folder) / "stacks.csv", rows)
        assert read_stack_list(Path(folder) / "stacks.csv") == rows


def test_a_voxel_size_keeps_all_its_digits(tmp_path, stack):
    exact = ReadingChoices(voxel_um=(0.7, 0.61516581, 1 / 3))
    write_stack_list(tmp_path / "stacks.csv", {NAME: (stack, exact)})
    assert read_stack_list(tmp_path / "stacks.csv") == {NAME: (stack, exact)}


def test_excel_in_german_is_read(tmp_path, stack):
    text = f"name;file;channel;z_um;y_um;x_um\r\nzyste;x/{NAME}.tif;Zellgrenzen µ;0,7;0,62;0,62\r\n;;;;;\r\n"
    rows = read_stack_list(written(tmp_path, text, "cp1252"))
    assert rows == {"zyste": (stack, ReadingChoices(channel="Zellgrenzen µ", voxel_um=(0.7, 0.62, 0.62)))}


def test_files_travel_with_a_project_and_stay_where_they_are_otherwise(tmp_path):
    lab = tmp_path / "lab"
    beside, inside, away = lab / "raw" / "a.tif", lab / "p.cartocell" / "stacks" / "b.tif", tmp_path / "disk" / "c.tif"
    project = Project.create(lab / "p.cartocell")
    project.close()
    for path in (beside, inside, away):
        path.parent.mkdir(exist_ok=True)
        path.touch()
    run = lab / "p.cartocell" / "runs" / "0001-segment"
    write_stack_list(run / "stacks.csv", {path.stem: (path, ReadingChoices()) for path in (beside, inside, away)})
    moved = tmp_path / "other" / "lab"
    moved.parent.mkdir()
    lab.rename(moved)
    rows = read_stack_list(moved / "p.cartocell" / "runs" / "0001-segment" / "stacks.csv")
    assert {name: path for name, (path, _) in rows.items()} == {
        "a": moved / "raw" / "a.tif",
        "b": moved / "p.cartocell" / "stacks" / "b.tif",
        "c": away,
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "lists no stacks"),
        ("name,file\n", "lists no stacks"),
        ("file\nx/7d.4C.8_2.tif\n", "no column name"),
        ("name\na\n", "no column file"),
        ("name,file,z_µm\na,x/7d.4C.8_2.tif,1\n", "'z_µm', which means nothing"),
        ("name,file\na,x/7d.4C.8_2.tif\nA,x/7d.4C.8_2.tif\n", "row 3: the name A is there twice"),
        ("name,file\n,x/7d.4C.8_2.tif\n", "row 2: '' cannot be the name"),
        ("name,file\n../a,x/7d.4C.8_2.tif\n", "row 2: '../a' cannot be the name"),
        ("name,file\na,\n", "the cell 'file' is empty"),
        ("name,file\na,x/gone.tif\nb,x/lost.tif\n", "None of the files in stacks.csv is there"),
        ("name,file,time\na,x/7d.4C.8_2.tif,noon\n", "the time point is 'noon'"),
        ("name,file,z_um,y_um,x_um\na,x/7d.4C.8_2.tif,0.7,,\n", "0.7 × (empty) × (empty) cannot be right"),
        ("name,file,z_um,y_um,x_um\na,x/7d.4C.8_2.tif,0,1,1\n", "0 × 1 × 1 cannot be right"),
        ("name,file,z_um,y_um,x_um\na,x/7d.4C.8_2.tif,0.7,about 1,1\n", "about 1"),
        ("name,file,z_um,y_um,x_um\na,x/7d.4C.8_2.tif,nan,1,1\n", "nan"),
        ("name,file\na,x/7d.4C.8_2.tif,0,7\n", "more cells than the first one has names"),
    ],
)
def test_a_bad_list_is_refused_in_a_sentence(tmp_path, stack, text, sentence):
    with pytest.raises(UserError) as refusal:
        read_stack_list(written(tmp_path, text))
    assert sentence in str(refusal.value)
    assert refusal.value.body


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(UserError, match="no file"):
        read_stack_list(tmp_path / "stacks.csv")


def table(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "summary.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_one_command_reads_each_stack_as_its_row_says(cyst_folder, small_cyst, cartocell):
    # The same cyst as one of two channels of a file without voxel size; and one whose file is gone.
    plain = cyst_folder / "plain.tif"
    both = np.stack([np.zeros_like(small_cyst.raw), small_cyst.raw], axis=1)
    tifffile.imwrite(plain, both, imagej=True, metadata={"axes": "ZCYX"})
    calibrated = cyst_folder / "x" / f"{NAME}.tif"
    # Tags hold a voxel size as a fraction, a hair beside the one that was written.
    as_given = ReadingChoices(channel=1, voxel_um=read(calibrated).voxel_size.zyx_um)
    rows = {
        "by its tags": (calibrated, ReadingChoices()),
        "by the list": (plain, as_given),
        "gone": (cyst_folder / "gone.tif", ReadingChoices()),
    }
    write_stack_list(cyst_folder / "stacks.csv", rows)
    out = cyst_folder / "out"
    again = ("segment", "--list", cyst_folder / "stacks.csv", "-o", out, "--progress", "none")
    answer = cartocell(*again)
    assert answer.code == 1, answer.err
    found = table(out)
    assert {name: row["state"] for name, row in found.items()} == {
        "by its tags": "done", "by the list": "done", "gone": "failed",
    }  # fmt: skip
    assert "gone.tif" in found["gone"]["error"]
    assert found["by the list"]["voxel_size_source"] == "given by you"
    cells = [tifffile.imread(out / "per_image_instances_voronoi" / f"{name}.tif") for name in list(rows)[:2]]
    assert cells[0].max() > 5
    assert np.array_equal(*cells)
    run = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert run["stacks"]["by the list"]["reading"]["channel"] == 1
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.tif")}
    cartocell(*again)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*.tif")} == before


def test_a_list_and_stacks_do_not_go_together(cyst_folder, cartocell):
    stacks = cyst_folder / "stacks.csv"
    write_stack_list(stacks, {NAME: (cyst_folder / "x" / f"{NAME}.tif", ReadingChoices())})
    out = ("-o", cyst_folder / "out", "--progress", "none")
    for given_words, sentence in (
        ((cyst_folder / "x", "--list", stacks), "Both stacks and --list"),
        (("--list", stacks, "--channel", "1"), "do not go with --list"),
        (("--list", stacks, "--voxel-size", "1", "1", "0.5"), "do not go with --list"),
        (("--list", stacks, "--subfolders"), "do not go with --list"),
        ((), "No stacks are given"),
    ):
        answer = cartocell("segment", *given_words, *out)
        assert answer.code == 2, given_words
        assert sentence in answer.err
    assert not (cyst_folder / "out").exists()


def test_the_columns_are_those_that_people_are_told():
    assert COLUMNS == ("name", "file", "scene", "channel", "time", "z_um", "y_um", "x_um")
