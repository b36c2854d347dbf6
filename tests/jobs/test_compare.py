"""Comparing models in cysts whose cells are known."""

import json
import shutil
from dataclasses import replace

import pytest

from cartocell_app.jobs.comparing import AFTER, BEFORE, PAIRS, Compared, Comparison
from cartocell_app.jobs.comparison_words import better, comparison_table, verdict
from cartocell_app.jobs.model_training import Cyst, write_cysts
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.jobs.tables import read_table
from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation.evaluation import IOU_THRESHOLDS, Evaluation
from cartocell_app.segmentation.matching import Scores
from cartocell_app.segmentation.model_card import read_card, write_card


@pytest.fixture
def blind(tmp_path):
    """A model that sees its stacks much too dark, and so finds little."""
    path = tmp_path / "M1.onnx"
    shutil.copy(CPU_MODEL, path)
    card = read_card(path)
    dark = card.normalisation.model_copy(update={"high_percent": 99.99, "clip": (-0.2, 0.3)})
    write_card(path, card.model_copy(update={"normalisation": dark, "voxel_size_um": (2.5, 2.5, 2.5)}))
    return path


def compared(name, found, cysts=("a", "b", "c", "d"), cells=50):
    """A model that finds `found` of 50 cells in each cyst, outlined at an overlap of 0.9."""
    scores = [Scores(iou, cells, cells, found, 0.9 * found) for iou in IOU_THRESHOLDS]
    row = Evaluation(tuple(scores), (scores[0],), 0.0, 0.0, 0.0).as_row("")
    return Compared(name, {cyst: {BEFORE: row, AFTER: row} for cyst in cysts})


def test_cells_of_all_cysts_count_together():
    model = compared("M1", 40)
    assert model.pooled(AFTER)[0.5] == replace(Scores(0.5, 200, 200, 160, 0.0), iou_sum=pytest.approx(144))
    assert model.quality("a") == pytest.approx(0.72)


@pytest.mark.parametrize(
    ("first", "second", "sign", "words"),
    [
        (40, 45, 1, "M2 is better than M1. Of 200 cells in 4 cysts, M2 finds 90 % right and M1 80 % (F1)."),
        (45, 45, 0, "M2 is not better than M1: they differ too little to matter."),
        (45, 40, -1, "M2 is worse than M1."),
    ],
)
def test_the_verdict_says_which_is_better_and_by_how_much(first, second, sign, words):
    models = (compared("M1", first), compared("M2", second))
    assert better(*models) == sign
    said = verdict(Comparison(models, {}))
    assert said.startswith(words)
    assert "hint" not in said


def test_few_cells_are_a_hint_and_of_many_models_the_best_two_are_told():
    few = verdict(Comparison((compared("M1", 4, ("a",), 5), compared("M2", 5, ("a",), 5)), {}))
    assert few.endswith("That is little to compare with, so take it as a hint.")
    three = Comparison(tuple(compared(name, found) for name, found in (("A", 30), ("B", 45), ("C", 40))), {})
    assert verdict(three).startswith("B is better than C.")
    assert len(comparison_table(three.models).splitlines()) == 1 + 2 * 3


def test_the_better_model_is_told_and_a_second_call_does_nothing_again(cyst_folder, blind, tmp_path, cartocell):
    words = ("compare", blind, "auto", "--pairs", cyst_folder, "-o", tmp_path / "out", "--device", "cpu")
    answer = cartocell(*words)

    assert answer.code == 0, answer.err
    assert "m2-fast is better than M1" in answer.out
    rows = read_table(tmp_path / "out" / "comparison.csv")
    assert [(row["model"], row["stage"], row["cyst"]) for row in rows[:2]] == [
        ("M1", "before Voronoi", "ALL"), ("M1", "before Voronoi", "7d.4C.8_2"),
    ]  # fmt: skip
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert told["models"]["M1"]["file"] == "M1.onnx"
    scores = {(row["model"], row["stage"]): row["f1_0.5"] for row in told["rows"] if row["cyst"] == "ALL"}
    assert scores["m2-fast", AFTER] > 0.9 > scores["M1", AFTER]
    record = tmp_path / "out" / "scores" / "M1" / "records" / "7d.4C.8_2.json"
    before = record.stat().st_mtime_ns
    assert cartocell(*words).code == 0
    assert record.stat().st_mtime_ns == before


def test_models_of_one_name_in_folders_of_one_name_are_told_apart(cyst_folder, blind, tmp_path, cartocell):
    files = [tmp_path / experiment / "models" / "m2.onnx" for experiment in ("exp1", "exp2")]
    for model, path in zip((blind, CPU_MODEL), files, strict=True):
        path.parent.mkdir(parents=True)
        shutil.copy(model, path)
    # Coarse, so that it is fast; it finds enough.
    write_card(
        files[1], read_card(files[1]).model_copy(update={"voxel_size_um": (1.5, 1.5, 1.5), "second_view_um": None})
    )
    answer = cartocell("compare", *files, "--pairs", cyst_folder, "-o", tmp_path / "out", "--device", "cpu")

    assert answer.code == 0, answer.err
    assert "exp2 models m2 is better than exp1 models m2" in answer.out
    told = json.loads((tmp_path / "out" / "comparison.json").read_text())
    assert list(told["models"]) == ["exp1 models m2", "exp2 models m2"]
    assert len({model["sha256"] for model in told["models"].values()}) == 2


def test_one_model_twice_is_refused_before_any_work(cyst_folder, blind, tmp_path, cartocell):
    copy, folder = tmp_path / "M2.onnx", tmp_path / "out"
    shutil.copy(blind, copy)
    for first, second, words in (
        ("auto", "auto", "was given twice"),
        ("auto", "m2-fast", "was given twice"),
        (blind, tmp_path / "x" / ".." / "M1.onnx", "was given twice"),
        (blind, copy, "are the same model"),
    ):
        answer = cartocell("compare", first, second, "--pairs", cyst_folder, "-o", folder, "--device", "cpu")
        assert (answer.code, words in answer.err) == (2, True), answer.err
    assert not folder.exists()


def test_cysts_from_lists_at_another_voxel_size_and_one_that_is_bad(cyst_folder, blind, tmp_path, cartocell):
    (tmp_path / "bad.tif").write_bytes(b"II*\0 nothing")
    good = Cyst(cyst_folder / "x" / "7d.4C.8_2.tif", cyst_folder / "y" / "7d.4C.8_2.tif", ReadingChoices())
    write_cysts(tmp_path / "run", PAIRS, {"good": good, "bad": replace(good, raw=tmp_path / "bad.tif")})
    pairs = ("--pairs", tmp_path / "run", "-o", tmp_path / "run", "--device", "cpu")
    answer = cartocell("compare", blind, "auto", *pairs, "--progress", "json")

    assert answer.code == 1
    assert "bad: " in answer.err
    events = [json.loads(line) for line in answer.out.splitlines()]
    assert "m2-fast is better than M1" in next(event for event in events if event["event"] == "comparison")["message"]
    assert not list((tmp_path / "run").rglob(".partial*"))


def test_what_cannot_be_compared_is_said(cyst_folder, blind, tmp_path, cartocell):
    answer = cartocell("compare", blind, "--pairs", cyst_folder, "-o", tmp_path / "out")
    assert (answer.code, "One model cannot be compared" in answer.err) == (2, True)
    answer = cartocell("compare", blind, "auto", "--pairs", tmp_path / "nowhere", "-o", tmp_path / "out")
    assert (answer.code, "There is no folder" in answer.err) == (2, True)
