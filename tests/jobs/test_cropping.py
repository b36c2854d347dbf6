"""Cutting cysts out of fields with boxes from a table that a person or a program corrected."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.jobs.box_table import COLUMNS, read_boxes, write_boxes
from cartocell_app.stacks.boxes import Box
from cartocell_app.stacks.reading import read
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_stack

SHAPE = (8, 30, 40)
HEADER = "field,number,start_z_vox,start_y_vox,start_x_vox,stop_z_vox,stop_y_vox,stop_x_vox"


@st.composite
def some_boxes(draw):
    edges = st.tuples(st.integers(0, 5000), st.integers(1, 5000)).map(lambda edge: (edge[0], edge[0] + edge[1]))
    numbers = draw(st.lists(st.integers(1, 10_000), unique=True, max_size=6))
    made = [(number, tuple(zip(*draw(st.tuples(edges, edges, edges)), strict=True))) for number in numbers]
    return [Box(number, start, stop, touches_border=False) for number, (start, stop) in made]


names = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)


@given(st.dictionaries(names, some_boxes(), max_size=4))
def test_boxes_come_back_as_they_were_written(tmp_path_factory, boxes):
    path = tmp_path_factory.mktemp("boxes") / "boxes.csv"
    write_boxes(path, boxes)
    assert read_boxes(path, [*boxes, "other"]) == {field: its for field, its in boxes.items() if its}


def table(path: Path, *rows: str, header: str = HEADER) -> Path:
    path.write_text("\n".join((header, *rows)), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("rows", "header", "words"),
    [
        (["a,1,0,0,0,8,9,x"], HEADER, "row 2: stop_x_vox is 'x'"),
        (["a,1,0,0,0,8,9,1.5"], HEADER, "stop_x_vox is '1.5'"),
        (["a,1,0,9,0,8,9,9"], HEADER, "from 9 to 9 along y"),
        (["a,1,-1,0,0,8,9,9"], HEADER, "from -1 to 8 along z"),
        (["a,1,0,0,0,8,9,9", "a,1,0,0,0,8,9,9"], HEADER, "row 3: the number 1 is there twice"),
        (["a,0,0,0,0,8,9,9"], HEADER, "the number 0 is below 1"),
        (["c,1,0,0,0,8,9,9"], HEADER, "the field 'c' is not among those"),
        (["1,0,0,0,8,9,9"], HEADER.removeprefix("field,"), "no column field"),
        (["a,1,0,0,0,8,9"], HEADER.removesuffix(",stop_x_vox"), "no column stop_x_vox"),
        (["a,1,0,0,0,8,9,9,7"], f"{HEADER},width", "'width', which means nothing here"),
    ],
)
def test_what_is_wrong_with_a_table_is_said_with_its_row(tmp_path, rows, header, words):
    with pytest.raises(UserError, match=words):
        read_boxes(table(tmp_path / "boxes.csv", *rows, header=header), ["a", "b"])


def test_a_table_by_hand_needs_no_numbers_and_for_one_field_no_name(tmp_path):
    path = table(tmp_path / "b.csv", "0;0;0;8;9;9", "1;2;3;4;5.0;6,0", header=HEADER[13:].replace(",", ";"))
    first, second = read_boxes(path, ["a"])["a"]
    assert (first.number, second.number) == (1, 2)
    assert (second.start_vox, second.stop_vox) == ((1, 2, 3), (4, 5, 6))
    with pytest.raises(UserError, match="no file"):
        read_boxes(tmp_path / "nowhere.csv", ["a"])


@pytest.fixture
def fields(tmp_path) -> Path:
    """Folder of two fields of noise."""
    rng = np.random.default_rng(0)
    for name in "ab":
        write_stack(tmp_path / "x" / f"{name}.tif", rng.integers(0, 255, SHAPE, "u1"), VoxelSize(1.4, 0.7, 0.7, "t"))
    return tmp_path / "x"


def test_what_was_cut_out_is_what_the_boxes_say_and_its_table_can_be_given_back(tmp_path, cartocell, fields):
    boxes = table(tmp_path / "b.csv", "a,7,0,2,3,8,20,23", "a,2,1,5,5,7,9,9", "b,1,2,1,1,6,30,20")
    answer = cartocell("crop", fields, "-o", tmp_path / "out", "--boxes", boxes, "--progress", "none")
    assert answer.code == 0, answer.err
    assert sorted(path.name for path in (tmp_path / "out").glob("*.tif")) == [
        "a_cyst02.tif", "a_cyst07.tif", "b_cyst01.tif",
    ]  # fmt: skip
    field = read(fields / "a.tif").data
    np.testing.assert_array_equal(read(tmp_path / "out" / "a_cyst07.tif").data, field[0:8, 2:20, 3:23])
    with (tmp_path / "out" / "crops.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["touches_border"] for row in rows] == ["True", "False", "True"]
    assert set(COLUMNS) <= set(rows[0])

    again = tmp_path / "out" / "crops.csv"
    assert cartocell("crop", fields, "-o", tmp_path / "2", "--boxes", again, "--whole-only").code == 0
    assert [path.name for path in (tmp_path / "2").glob("*.tif")] == ["a_cyst02.tif"]


def test_a_box_beyond_its_field_is_said_and_other_fields_are_cut(tmp_path, cartocell, fields):
    boxes = table(tmp_path / "b.csv", "a,1,0,0,0,8,9,41", "b,1,0,0,0,8,9,9")
    answer = cartocell("crop", fields, "-o", tmp_path / "out", "--boxes", boxes)
    assert answer.code == 1
    assert "Box 1 of a in b.csv ends at x 41, but the field is 40 voxels along x" in answer.err
    assert (tmp_path / "out" / "b_cyst01.tif").exists()


def test_fields_of_a_list_are_called_as_it_says(tmp_path, cartocell, fields):
    stacks = table(tmp_path / "stacks.csv", "7d field,x/a.tif,0.5", header="name,file,z_um,y_um,x_um")
    stacks.write_text("name,file,z_um,y_um,x_um\n7d field,x/a.tif,2,1,1\n")
    boxes = table(tmp_path / "b.csv", "7d field,3,0,0,0,8,9,9")
    answer = cartocell("crop", "--list", stacks, "-o", tmp_path / "out", "--boxes", boxes, "--progress", "none")
    assert answer.code == 0, answer.err
    assert read(tmp_path / "out" / "7d field_cyst03.tif").voxel_size.zyx_um == pytest.approx((2, 1, 1))
