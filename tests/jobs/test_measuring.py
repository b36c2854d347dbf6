"""``cartocell measure``, and measurements kept beside the labels."""

import csv
import json
import os

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cartocell_app.jobs.measurements import (
    UnknownVoxelSizeError,
    kept_measurements,
    kept_paths,
    measured_labels,
    measurements_of,
)
from cartocell_app.jobs.records import write_record
from cartocell_app.jobs.workbook import Sheet, write_workbook
from cartocell_app.morphology.measures import CYST_MEASURES, MEASURES, Measure
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels
from tests.segmentation.toy_cysts import VOXEL_UM, shell

VOXEL = VoxelSize(*VOXEL_UM, source="test")


@pytest.fixture
def label_file(tmp_path):
    path = tmp_path / "run" / "per_image_instances_voronoi" / "7d.4C.8_2.tif"
    write_labels(path, shell(20), VOXEL)
    return path


def rows(path):
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_measure_writes_tables_with_units(tmp_path, label_file, cartocell):
    write_labels(label_file.with_name("cut.tif"), shell(12)[9:], VOXEL)
    out = tmp_path / "out"
    answer = cartocell("measure", label_file.parents[1], "-o", out)  # the results of a segmentation
    assert answer.code == 0, answer.err
    assert "20 cells measured" in answer.err
    cysts = {row["cyst"]: row for row in rows(out / "cysts.csv")}
    assert cysts["7d.4C.8_2"]["cells"] == "20"
    assert cysts["7d.4C.8_2"]["lumen"] == "closed"
    assert int(cysts["cut"]["cells_at_border"]) > 0
    cells = rows(out / "cells.csv")
    assert {row["cyst"] for row in cells} == set(cysts)
    assert sum(float(row["volume_um3"]) for row in cells if row["cyst"] == "7d.4C.8_2") == pytest.approx(
        float(cysts["7d.4C.8_2"]["tissue_um3"]), rel=1e-4
    )
    assert rows(out / "contacts.csv")[0].keys() == {"cyst", "label", "neighbour", "contact_um2"}
    book = openpyxl.load_workbook(out / "measurements.xlsx")
    assert book.sheetnames == ["Cysts", "Cells", "Contacts"]
    header, first = list(book["Cells"].values)[:2]
    assert "Volume (µm³)" in header
    assert first[header.index("At the frame")] in ("yes", "no")
    assert book["Cells"].max_row == len(cells) + 1
    assert book["Cells"]["C1"].comment.text == MEASURES[1].words


def test_an_unknown_voxel_size_is_asked_for_and_the_rest_goes_on(tmp_path, label_file, cartocell):
    write_labels(label_file.with_name("bare.tif"), shell(8), None)
    answer = cartocell("measure", label_file.parent, "-o", tmp_path / "out")
    assert answer.code == 1
    assert "bare.tif: the voxel size is not known" in answer.err
    assert "--voxel-size" in answer.err
    cysts = {row["cyst"]: row for row in rows(tmp_path / "out" / "cysts.csv")}
    assert "voxel size" in cysts["bare"]["error"]
    assert cysts["bare"]["cells"] == ""
    assert cysts["7d.4C.8_2"]["cells"] == "20"
    alone = cartocell("measure", label_file.with_name("bare.tif"), "-o", tmp_path / "none")
    assert alone.code == 2
    given = cartocell(
        "measure", label_file.with_name("bare.tif"), "-o", tmp_path / "given", "--voxel-size", 1, 0.5, 0.5
    )
    assert given.code == 0, given.err
    assert rows(tmp_path / "given" / "cysts.csv")[0]["voxel_size_source"] == "given by you"


def test_labels_of_an_earlier_run_are_left_out(tmp_path, label_file, cartocell):
    results = label_file.parents[1]
    write_labels(label_file.with_name("old.tif"), shell(8), VOXEL)
    write_record(results, "7d.4C.8_2", {"row": {"name": "7d.4C.8_2", "state": "done"}})
    write_record(results, "old", {"row": {"name": "old", "state": "failed", "error": "It is 2D."}})
    answer = cartocell("measure", results, "-o", results)
    assert answer.code == 1
    assert "old: not measured. The labels of old are of an earlier run; the last one failed. It is 2D." in answer.err
    assert {row["cyst"] for row in rows(results / "cells.csv")} == {"7d.4C.8_2"}
    assert {row["cyst"]: bool(row["error"]) for row in rows(results / "cysts.csv")} == {
        "7d.4C.8_2": False, "old": True,
    }  # fmt: skip
    # A file that is named itself is meant as it is.
    assert cartocell("measure", label_file.with_name("old.tif"), "-o", tmp_path / "alone").code == 0


def test_what_tells_how_the_labels_came_about_is_not_replaced(label_file, cartocell):
    results = label_file.parents[1]
    (results / "run.json").write_text('{"model": "m2"}', encoding="utf-8")
    assert cartocell("measure", results, "-o", results).code == 0
    assert (results / "run.json").read_text(encoding="utf-8") == '{"model": "m2"}'
    told = json.loads((results / "measurements.json").read_text(encoding="utf-8"))
    assert told["stacks"] == {"7d.4C.8_2": str(label_file)}


def test_kept_measurements_are_the_same_and_hold_until_the_file_changes(label_file):
    first = measured_labels(label_file)
    kept = kept_measurements(label_file)
    assert kept_paths(label_file)[0] == label_file.parents[1] / "measurements" / "7d.4C.8_2_cells.csv"
    pd.testing.assert_frame_equal(kept.cells, first.measurements.cells, rtol=1e-6)
    pd.testing.assert_frame_equal(kept.contacts, first.measurements.contacts, rtol=1e-6)
    assert kept.cyst == pytest.approx(first.measurements.cyst)
    # Another voxel size is another measurement.
    assert kept_measurements(label_file, VoxelSize(1, 0.5, 0.5, "given by you")) is None
    write_labels(label_file, shell(9), VOXEL)
    os.utime(label_file, ns=(1, 1))
    assert kept_measurements(label_file) is None
    assert measurements_of(label_file).cyst["cells"] == 9


def test_what_was_kept_but_damaged_is_made_anew(label_file):
    measurements_of(label_file)
    cells, _, cyst = kept_paths(label_file)
    for path, content in ((cells, "nothing"), (cyst, "{"), (cyst, "[]")):
        path.write_text(content, encoding="utf-8")
        assert kept_measurements(label_file) is None
        assert measurements_of(label_file).cyst["cells"] == 20


def test_values_that_are_missing_stay_missing(tmp_path):
    path = tmp_path / "empty.tif"
    write_labels(path, np.zeros((4, 5, 6), np.uint16), VOXEL)
    measurements_of(path)
    kept = kept_measurements(path)
    assert kept.cells.empty
    assert [str(kind) for kind in kept.cells.dtypes] == [measure.dtype for measure in MEASURES]
    assert np.isnan(kept.cyst["mean_volume_um3"])


def test_a_folder_that_cannot_be_written_is_no_trouble(label_file):
    (label_file.parents[1] / "measurements").write_bytes(b"in the way")
    assert measurements_of(label_file).cyst["cells"] == 20


def test_unknown_voxel_size(tmp_path):
    path = tmp_path / "bare.tif"
    write_labels(path, shell(5), None)
    with pytest.raises(UnknownVoxelSizeError, match=r"bare\.tif"):
        measurements_of(path)
    assert measurements_of(path, VOXEL).cyst["cells"] == 5


def test_a_name_like_a_formula_stays_text(tmp_path):
    measures = (Measure("name", "Name", "", "A name.", "str"), *CYST_MEASURES[:2])
    table = pd.DataFrame({"name": ["=1+1"], "cells": [3], "cells_at_border": [pd.NA]})
    write_workbook(tmp_path / "a.xlsx", [Sheet("Cysts", table, measures)])
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["Cysts"]
    assert (page["A2"].value, page["A2"].data_type, page["B2"].value, page["C2"].value) == ("=1+1", "s", 3, None)
