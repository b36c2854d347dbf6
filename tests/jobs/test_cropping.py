"""Cutting cysts out of fields with boxes from a table that a person or a program corrected."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.jobs.box_table import COLUMNS, read_boxes, write_boxes
from cartocell_app.jobs.tables import read_table
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


def crops(folder: Path) -> list[str]:
    return [row["name"] for row in read_table(folder / "crops.csv")]


def cysts(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(".tif") for path in folder.glob("*.tif"))


def test_fields_cut_one_by_one_into_a_folder_share_its_table(tmp_path, cartocell, fields):
    out = tmp_path / "out"
    for name in "ab":
        boxes = table(tmp_path / "b.csv", f"{name},1,0,0,0,8,9,9", f"{name},2,0,9,9,8,19,19")
        assert cartocell("crop", fields / f"{name}.tif", "-o", out, "--boxes", boxes).code == 0
    assert crops(out) == cysts(out) == ["a_cyst01", "a_cyst02", "b_cyst01", "b_cyst02"]

    # The folder's own table may be corrected and given back for one of them.
    before = (out / "crops.csv").read_text(encoding="utf-8-sig")
    (out / "crops.csv").write_text(before.replace("a,2,0,9,9,8,19,19", "a,2,0,9,9,8,21,19"), encoding="utf-8-sig")
    assert cartocell("crop", fields / "a.tif", "-o", out, "--boxes", out / "crops.csv").code == 0
    assert read(out / "a_cyst02.tif").shape == (8, 12, 10)
    assert crops(out) == ["a_cyst01", "a_cyst02", "b_cyst01", "b_cyst02"]


def test_a_field_that_cannot_be_read_leaves_the_table_alone(tmp_path, cartocell, fields):
    out, bad = tmp_path / "out", tmp_path / "bad.tif"
    bad.write_bytes(b"II*\0 nothing")
    assert (
        cartocell("crop", fields / "a.tif", "-o", out, "--boxes", table(tmp_path / "b.csv", "a,1,0,0,0,8,9,9")).code
        == 0
    )
    before = (out / "crops.csv").read_bytes(), (out / "crops.csv").stat().st_mtime_ns
    assert cartocell("crop", bad, "-o", out).code == 1
    assert ((out / "crops.csv").read_bytes(), (out / "crops.csv").stat().st_mtime_ns) == before


def test_a_field_without_cysts_has_a_table_with_a_header(tmp_path, cartocell):
    write_stack(tmp_path / "flat.tif", np.zeros((8, 30, 30), np.uint8), VoxelSize(1.4, 0.7, 0.7, "test"))
    assert cartocell("crop", tmp_path / "flat.tif", "-o", tmp_path / "out").code == 0
    header = (tmp_path / "out" / "crops.csv").read_text(encoding="utf-8-sig").splitlines()
    assert (len(header), header[0].split(",")[: len(COLUMNS) + 1]) == (1, ["name", *COLUMNS])
    assert read_boxes(tmp_path / "out" / "crops.csv", ["flat"]) == {}


def test_what_was_saved_before_somebody_stopped_it_is_in_the_table(tmp_path, cartocell, fields, monkeypatch):
    def write_two(path: Path, *rest: object) -> None:
        if path.name == "b_cyst02.tif":
            raise KeyboardInterrupt
        write_stack(path, *rest)

    monkeypatch.setattr("cartocell_app.jobs.cropping.write_stack", write_two)
    boxes = table(tmp_path / "b.csv", *(f"{name},{number},0,0,0,8,9,9" for name in "ab" for number in (1, 2)))
    assert cartocell("crop", fields, "-o", tmp_path / "out", "--boxes", boxes).code != 0
    assert crops(tmp_path / "out") == cysts(tmp_path / "out") == ["a_cyst01", "a_cyst02", "b_cyst01"]


def test_where_no_cyst_is_found_those_of_before_stay(tmp_path, cartocell):
    flat, out = tmp_path / "flat.tif", tmp_path / "out"
    write_stack(flat, np.zeros((8, 30, 30), np.uint8), VoxelSize(1.4, 0.7, 0.7, "test"))
    boxes = table(tmp_path / "b.csv", "flat,1,0,0,0,8,9,9")
    assert cartocell("crop", flat, "-o", out, "--boxes", boxes).code == 0
    assert cartocell("crop", flat, "-o", out).code == 0
    assert crops(out) == cysts(out) == ["flat_cyst01"]


@pytest.mark.parametrize("in_place", [False, True])
def test_rejected_cysts_go_and_what_others_put_or_changed_there_stays(tmp_path, cartocell, fields, in_place):
    out = tmp_path / "out"
    rows = [f"{name},{number},0,0,0,8,9,9" for name in "ab" for number in (1, 2, 3)]
    boxes = table(tmp_path / "b.csv", *rows)
    assert cartocell("crop", fields, "-o", out, "--boxes", boxes).code == 0
    write_stack(out / "a_cyst03.tif", np.ones((8, 9, 9), np.uint8), None)
    write_stack(out / "a_cyst04.tif", np.ones((8, 9, 9), np.uint8), None)

    boxes = table(out / "crops.csv" if in_place else boxes, *(rows[:1] + rows[3:5]))
    answer = cartocell("crop", fields, "-o", out, "--boxes", boxes, "--progress", "auto")
    assert answer.code == 0, answer.err
    assert cysts(out) == ["a_cyst01", "a_cyst03", "a_cyst04", "b_cyst01", "b_cyst02"]
    assert crops(out) == ["a_cyst01", "b_cyst01", "b_cyst02"]
    assert "a_cyst03.tif is no longer wanted, but was changed there by hand, so it is kept." in answer.err


def test_cysts_of_a_table_from_before_are_kept_for_nobody_knows_whether_they_were_changed(tmp_path, cartocell, fields):
    out, boxes = tmp_path / "out", table(tmp_path / "b.csv", "a,1,0,0,0,8,9,9", "a,2,0,0,0,8,9,9")
    assert cartocell("crop", fields / "a.tif", "-o", out, "--boxes", boxes).code == 0
    (out / "crops.json").unlink()
    boxes = table(tmp_path / "b.csv", "a,1,0,0,0,8,9,9")
    answer = cartocell("crop", fields / "a.tif", "-o", out, "--boxes", boxes, "--progress", "auto")
    assert "a_cyst02.tif is no longer wanted, but may have been changed there by hand" in answer.err
    assert (crops(out), cysts(out)) == (["a_cyst01"], ["a_cyst01", "a_cyst02"])
