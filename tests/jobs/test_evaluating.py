"""Scoring folders of labels where some pairs cannot be scored or are missing."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cartocell_app.errors import UserError
from cartocell_app.jobs.evaluating import read_scores
from cartocell_app.stacks.writing import write_labels

CELLS = np.kron([[1, 2], [3, 4]], np.ones((6, 6), np.uint16))[None].repeat(6, axis=0)


@pytest.fixture
def folders(tmp_path) -> Path:
    """Three true stacks, and the first of them found as it is."""
    for name in "abc":
        write_labels(tmp_path / "true" / f"{name}.tif", CELLS, None)
    write_labels(tmp_path / "found" / "a.tif", CELLS, None)
    return tmp_path


def evaluate(cartocell, folder):
    words = ("evaluate", folder / "true", folder / "found", "-o", folder / "t.csv", "--scores", folder / "s.json")
    return cartocell(*words)


def rows(folder):
    return pd.read_csv(folder / "t.csv", encoding="utf-8-sig").set_index("name")


def test_a_bad_pair_and_a_missing_one_are_said_and_the_rest_is_scored(folders, cartocell):
    write_labels(folders / "found" / "b.tif", CELLS[1:], None)
    answer = evaluate(cartocell, folders)
    assert answer.code == 1
    assert "2 of 3 true labels could not be scored" in answer.err
    assert answer.out.startswith("1 of 3 pairs")

    table = rows(folders)
    assert list(table.index) == ["a", "b", "c", "POOLED", "MEAN"]
    assert "same grid" in table.error["b"]
    assert table.error["c"] == "There are no labels of that name to score."
    assert table.error[["a", "POOLED", "MEAN"]].isna().all()
    assert (table.n_true["POOLED"], table["f1_0.5"]["POOLED"]) == (4, 1)
    scores = json.loads((folders / "s.json").read_text())
    assert (scores["n_pairs"], scores["n_missing"], scores["n_failed"]) == (1, 1, 1)
    assert read_scores(folders / "s.json")["n_missing"] == 1


def test_a_damaged_file_does_not_keep_the_others_from_their_scores(folders, cartocell):
    for name in "bc":
        write_labels(folders / "found" / f"{name}.tif", CELLS, None)
    (folders / "true" / "a.tif").write_bytes(b"II*\0 nothing")
    assert evaluate(cartocell, folders).code == 1
    assert rows(folders)["f1_0.75"].to_dict() == pytest.approx(
        {"a": np.nan, "b": 1, "c": 1, "POOLED": 1, "MEAN": 1}, nan_ok=True
    )


def test_with_all_pairs_there_is_no_error_and_labels_without_truth_are_no_mistake(folders, cartocell):
    for name in "bcd":
        write_labels(folders / "found" / f"{name}.tif", CELLS, None)
    answer = evaluate(cartocell, folders)
    assert answer.code == 0, answer.err
    assert "No true labels for: d" in answer.out
    assert "error" not in rows(folders)
    assert json.loads((folders / "s.json").read_text())["n_pairs"] == 3


def test_where_nothing_can_be_scored_nothing_is_written(folders, cartocell):
    for name in "ab":
        write_labels(folders / "found" / f"{name}.tif", CELLS[1:], None)
    answer = evaluate(cartocell, folders)
    assert answer.code == 2
    assert "None of the 2 pairs could be scored" in answer.err
    assert not (folders / "t.csv").exists()


def test_scores_of_older_versions_and_other_files(tmp_path):
    (tmp_path / "s.json").write_text('{"f1_0.5": 0.9}')
    assert read_scores(tmp_path / "s.json") == {"f1_0.5": 0.9}
    (tmp_path / "s.json").write_text("[1]")
    with pytest.raises(UserError, match="holds no scores"):
        read_scores(tmp_path / "s.json")
