"""What each phase costs and gives, said on its page before it begins."""

import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.project.sample_project import make_sample_project
from cartocell_app.segmentation import machine

Usage = namedtuple("Usage", "total used free")
PHASES = (1, 2, 3, 4, 5)


@pytest.fixture
def sample_project(session: Session, window: MainWindow, tmp_path: Path):
    """The sample project, open; its high-resolution cysts are accepted."""
    project = session.open_project(make_sample_project(tmp_path / "Sample.cartocell"))
    accepted = [sample.id for sample in project.samples() if sample.labels is not None]
    project.update_samples(accepted, state="accepted")
    return project


def told(window: MainWindow, qtbot: QtBot, phase: int, words: str = "") -> str:
    """The line on the page of a phase, once it says `words`."""
    if window.page != "phase" or window.centre.phase.number != phase:
        window.show_phase(phase)
    costs = window.centre.phase.costs
    qtbot.waitUntil(lambda: not costs.is_busy and words in costs.words.text() and " · " in costs.words.text())
    assert costs.isVisible()
    return costs.words.text()


def test_every_page_says_time_memory_and_disk_and_what_she_gets(
    window: MainWindow, session: Session, sample_project, qtbot: QtBot
):
    begins = (
        "Checking 5 pairs",
        "Training M1 on 5 cysts",
        "Labelling 8 cysts",
        "Training M2 on 5 cysts",
        "Segmenting 3 c",
    )
    for phase, beginning in zip(PHASES, begins, strict=True):
        line = told(window, qtbot, phase, beginning)
        time, memory, disk = line.split(": ", 1)[1].split(" · ")
        assert "minute" in time or "min" in time or "second" in time or " s" in time
        assert "B of memory (" in memory
        assert "B of disk (" in disk
        assert window.centre.phase.costs.warning.isHidden()
        labels = [label.text() for label in window.centre.phase.findChildren(QLabel) if label.isVisible()]
        assert sum(text.startswith("You get: ") for text in labels) == 1


def test_a_project_without_cysts_is_told_what_one_costs(window: MainWindow, project, qtbot: QtBot):
    for phase, beginning in ((1, "Finding the cells of a cyst"), (3, "Labelling a cyst"), (5, "Segmenting a cyst")):
        assert "of the usual size" in told(window, qtbot, phase, beginning)
    for phase, name in ((2, "M1"), (4, "M2")):
        assert "not known" not in told(window, qtbot, phase, f"Training {name}:")


def test_what_is_chosen_changes_the_line(window: MainWindow, sample_project, qtbot: QtBot):
    quick = told(window, qtbot, 2, "Training M1")
    form = window.panels.trainings[2].form
    form.preset.setCurrentIndex(3)
    assert " hours · " in told(window, qtbot, 2, " hours · ")
    # With nothing to begin with it takes the network of the publication, which is larger.
    form.begin.setCurrentIndex(1)
    assert "GB of memory" in told(window, qtbot, 2, " days · ")
    form.begin.setCurrentIndex(0)
    form.preset.setCurrentIndex(1)
    told(window, qtbot, 2, quick.split(" · ")[0])


@pytest.mark.parametrize("phase", [2, 3, 5])
def test_a_full_disk_and_little_memory_are_said_before_she_begins(
    phase: int, window: MainWindow, sample_project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10**6))
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: 5 * 10**7)
    told(window, qtbot, phase)
    warning = window.centre.phase.costs.warning
    assert warning.isVisible()
    assert "There is too little memory" in warning.text()
    assert "too little room on the disk" in warning.text()


def test_work_that_goes_on_has_what_it_needs(
    window: MainWindow, sample_project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**9, 10**9, 10**6))
    told(window, qtbot, 5, "Segmenting 3 cysts")
    assert window.centre.phase.costs.warning.isVisible()
    new = [sample.id for sample in sample_project.samples() if sample.role == "new"]
    sample_project.update_samples(new[:1], state="running")
    told(window, qtbot, 5, "Segmenting 2 cysts")
    qtbot.waitUntil(window.centre.phase.costs.warning.isHidden)


def test_a_model_that_is_none_is_said(window: MainWindow, sample_project, qtbot: QtBot, tmp_path: Path):
    (tmp_path / "M1.onnx").write_bytes(b"no model")
    sample_project.add_model("M1", tmp_path / "M1.onnx", {})
    window.show_phase(3)
    costs = window.centre.phase.costs
    qtbot.waitUntil(lambda: "what it costs is not known" in costs.words.text())
    assert "M1.onnx" in costs.warning.text()


def test_what_is_wrong_with_a_chosen_model_is_said_once_and_beside_it(
    window: MainWindow, sample_project, qtbot: QtBot, tmp_path: Path
):
    (tmp_path / "nuclei.onnx").write_bytes(b"no model")
    told(window, qtbot, 5, "Segmenting 3 cysts")
    panel = window.panels.new_cysts
    panel.form.take_model(tmp_path / "nuclei.onnx")
    qtbot.waitUntil(lambda: panel.form.card.text().startswith("nuclei.onnx is not an ONNX model."))
    costs = window.centre.phase.costs
    qtbot.waitUntil(lambda: "what it costs is not known" in costs.words.text())
    # What was asked before the form knew may be answered first; that answer is replaced.
    qtbot.waitUntil(lambda: not costs.is_busy and costs.warning.isHidden())
    assert panel.obstacle.isHidden()
    assert not panel.start.isEnabled()
