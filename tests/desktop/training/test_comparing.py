"""M1 against M2 on the page of phase 4, with the command as it really is."""

import json
import shutil

import pytest
from PySide6.QtCore import Qt

from cartocell_app.desktop.training.comparing import judges_of
from cartocell_app.desktop.training.panel import TrainingPanel
from cartocell_app.desktop.training.starting import LEARNT
from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation.model_card import read_card, write_card
from cartocell_app.stacks.writing import write_labels, write_stack

from .conftest import COARSE

RUN_MS = 120_000


@pytest.fixture
def blind(tmp_path):
    """A model that finds little."""
    path = tmp_path / "blind.onnx"
    shutil.copy(CPU_MODEL, path)
    card = read_card(path)
    dark = card.normalisation.model_copy(update={"high_percent": 99.99, "clip": (-0.2, 0.3)})
    write_card(path, card.model_copy(update={"normalisation": dark, "voxel_size_um": (2.5, 2.5, 2.5)}))
    return path


@pytest.fixture
def page(qtbot, session, project, queue):
    """Page of phase 4."""
    page = TrainingPanel(session, queue, 4)
    qtbot.addWidget(page)
    page.show()
    return page


@pytest.fixture
def comparing(page):
    """The part of the page that compares."""
    return page.comparing


@pytest.fixture
def judge(project, add, small_cyst):
    """A cyst with known cells that watches trainings."""
    (sample,) = add("judge", role="validation", size=COARSE)
    write_stack(sample.path, small_cyst.raw, small_cyst.voxel_size)
    labels = project.folder / "labels" / "truth.tif"
    write_labels(labels, small_cyst.labels, small_cyst.voxel_size)
    project.add_labels(sample.id, labels, "imported")
    project.update_samples([sample.id], voxel_size=small_cyst.voxel_size, shape=small_cyst.raw.shape, state="accepted")
    return project.sample(sample.id)


def compare(qtbot, queue, comparing):
    qtbot.waitUntil(comparing.start.isEnabled, timeout=RUN_MS)
    qtbot.mouseClick(comparing.start, Qt.MouseButton.LeftButton)
    assert not comparing.start.isEnabled()
    qtbot.waitUntil(lambda: not queue.running() and comparing.verdict.isVisible(), timeout=RUN_MS)


def test_a_better_m2_is_told_with_a_table_and_no_advice(qtbot, project, queue, comparing, judge, blind):
    assert comparing.isHidden()
    project.add_model("M1", blind, {})
    project.add_model("M2", CPU_MODEL, {})
    qtbot.waitUntil(comparing.isVisible)
    assert "1 cyst that neither learnt from (judge)" in comparing.words.text()
    compare(qtbot, queue, comparing)
    assert comparing.verdict.text().startswith("M2 is better than M1.")
    assert comparing.advice.isHidden()
    assert [comparing.table.topLevelItem(row).text(0) for row in range(4)] == ["M1", "M2", "M1", "M2"]
    assert float(comparing.table.topLevelItem(3).text(2)) > 0.9

    # As blind, but not the same file: a model is not compared with itself.
    twin = blind.with_name("twin.onnx")
    shutil.copy(blind, twin)
    write_card(twin, read_card(twin).model_copy(update={"limits": "It finds little."}))
    project.add_model("M2", twin, {})
    qtbot.waitUntil(lambda: "compare anew" in comparing.doubt.text())
    compare(qtbot, queue, comparing)
    assert comparing.verdict.text().startswith("M2 is not better than M1")
    assert "Until then use M1" in comparing.advice.text()


def test_cysts_that_a_model_learnt_from_do_not_judge_and_hand_labelled_ones_go_first(project, add, tmp_path):
    a, b, c = add("a", "b", "c")
    run = project.new_run("train", "Train M1", [a.id, b.id], lambda _: ["train-model"], phase=2)
    (run.folder / LEARNT).write_text(json.dumps({"samples": [a.id]}))
    (tmp_path / "m.onnx").write_bytes(b"model")
    project.add_model("M1", tmp_path / "m.onnx", {a.id: "x", b.id: "x"}, run.id)
    assert [cyst.name for cyst in judges_of(project).cysts] == ["b", "c"]
    for cyst in (b, c):
        project.add_labels(cyst.id, cyst.labels, "segmented")
        project.update_samples([cyst.id], state="accepted")
    judges = judges_of(project)
    assert ([cyst.name for cyst in judges.cysts], judges.by_model) == (["b", "c"], 2)
    project.add_labels(c.id, c.labels, "curated")
    project.update_samples([c.id], state="accepted")
    assert judges_of(project).by_model == 2  # one file in two versions: nobody knows whether it was changed


def test_what_is_missing_is_said(qtbot, project, comparing, add, tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"model")
    project.add_model("M2", tmp_path / "m.onnx", {})
    qtbot.waitUntil(lambda: comparing.start.toolTip() == "M1 must be trained first.")
    project.add_model("M1", tmp_path / "m.onnx", {})
    qtbot.waitUntil(lambda: "no accepted cyst that neither model learnt from" in comparing.words.text())
    assert not comparing.start.isEnabled()
