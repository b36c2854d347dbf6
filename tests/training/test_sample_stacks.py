"""The stacks of the sample project can be drawn again."""

import csv

import numpy as np
import pytest

from cartocell_app.resources import SAMPLE_PROJECT
from cartocell_app.stacks.cysts import find_cysts
from cartocell_app.stacks.reading import read, read_labels
from training.sample_stacks import FIELD_CYSTS, SPECK_WORDS, write_sample_stacks


@pytest.mark.slow
def test_the_same_stacks_are_drawn_as_come_with_the_program(tmp_path):
    names = write_sample_stacks(tmp_path)
    assert (tmp_path / "samples.csv").read_text() == (SAMPLE_PROJECT / "samples.csv").read_text()
    for name in names:
        drawn, there = (read(folder / "x" / f"{name}.tif") for folder in (tmp_path, SAMPLE_PROJECT))
        assert drawn.voxel_size == there.voxel_size
        # Not bytes: processors round a little differently.
        assert np.mean(drawn.data == there.data) > 0.99
    rows = list(csv.DictReader((tmp_path / "samples.csv").read_text().splitlines()))
    labelled = [row["name"] for row in rows if row["has_labels"] == "yes"]
    assert sorted(path.stem for path in (tmp_path / "y").iterdir()) == sorted(labelled)
    (speckled,) = [row["name"] for row in rows if row["notes"] == SPECK_WORDS]
    assert read_labels(tmp_path / "y" / f"{speckled}.tif")[0][2, 2, 2] == 1


def test_the_field_holds_as_many_cysts_as_it_says():
    (field,) = (SAMPLE_PROJECT / "x").glob("*field*")
    assert len(find_cysts(read(field))) == FIELD_CYSTS
