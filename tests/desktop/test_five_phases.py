"""All five phases on the sample project, as a biologist walks them: with pauses in which CartoCell is closed."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton, QTreeWidgetItem
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import beginnings, status
from cartocell_app.desktop.curation.panel import CHECK
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.training import starting
from cartocell_app.desktop.training.panel import TrainingPanel
from cartocell_app.desktop.training.starting import TrainingChoices
from cartocell_app.jobs import forecast
from cartocell_app.jobs.forecast import ModelFacts
from cartocell_app.project.phases import facts_of, resolve_phase
from cartocell_app.project.project import Project
from cartocell_app.resources import CPU_MODEL
from cartocell_app.segmentation.devices import DeviceReport
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.stacks.reading import read_labels

pytest.importorskip("torch", reason="training is not installed")

USUAL_MS, LONG_MS = 60_000, 240_000
SHORT = {
    "preset": "trial", "epochs": 1, "steps_per_epoch": 2, "patch": [24, 48, 48], "batch": 1, "learning_rate": 1e-4,
    "schedule": "constant",
}  # fmt: skip
"""A training of seconds: CartoCell's own model, hardly changed."""

KEPT = ("high_1", "high_5", "watching_1", "low_1", "field", "new_1", "new_2")
"""The others are taken out, to save time."""


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder for all that is saved; trainings are short, and no device is tried for minutes."""
    settings = tmp_path / "short.json"
    settings.write_text(json.dumps(SHORT))
    usual = starting.training_words

    def words(folder: Path, choices: TrainingChoices) -> list[str]:
        return [*usual(folder, choices), "--settings", str(settings), "--device", "cpu"]

    def find_out(model: Path, _: object) -> ModelFacts:
        report = DeviceReport("CPU", "CPUExecutionProvider", usable=True, seconds_per_mvoxel=6.0)
        return ModelFacts(model, read_card(model), (report,), 10**8, 10**10)

    monkeypatch.setattr(starting, "training_words", words)
    monkeypatch.setattr(forecast, "find_out", find_out)
    monkeypatch.setattr(status, "_probe", lambda: [])
    monkeypatch.setattr(beginnings, "usual_folder", lambda: tmp_path)
    return tmp_path


class Biologist:
    """Clicks and keys in a window."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot

    @property
    def project(self) -> Project:
        project = self.window.session.project
        assert project is not None
        return project

    def click(self, button: QPushButton) -> None:
        self.wait(lambda: button.isVisible() and button.isEnabled())
        self.qtbot.mouseClick(button, Qt.MouseButton.LeftButton)

    def wait(self, until: Callable[[], bool], at_most_ms: int = USUAL_MS) -> None:
        self.qtbot.waitUntil(until, timeout=at_most_ms)

    def do(self, key: str) -> None:
        """Choose something from the menus."""
        self.window.actions_.refresh()
        action = self.window.actions_.action(key)
        assert action.isEnabled(), self.window.actions_.reason(key)
        action.trigger()

    def choose_pair(self, ending: str) -> QTreeWidgetItem:
        """Choose a pair on the page of phase 1, once all were looked at."""
        pairs = self.window.panels.pairs
        self.wait(lambda: pairs.isVisible() and not pairs.checker.is_busy and not pairs._soon.isActive())
        (item,) = pairs.list.findItems(ending, Qt.MatchFlag.MatchEndsWith)
        pairs.list.setCurrentItem(item)
        return item

    def turn_to(self, phase: int) -> None:
        """Click a phase in the strip at the top."""
        if self.window.page != "phase" or self.window.centre.phase.number != phase:
            self.click(self.window.stepper.buttons[phase - 1])
        self.wait(lambda: self.window.page == "phase" and self.window.centre.phase.number == phase)

    def state(self, phase: int) -> str:
        return resolve_phase(facts_of(self.project), phase).state

    def train(self, panel: TrainingPanel, name: str) -> None:
        panel.form.preset.setCurrentIndex(panel.form.preset.findData("Trial", Qt.ItemDataRole.DisplayRole))
        self.click(panel.form.start)
        self.wait(lambda: name in self.project.models(), LONG_MS)
        self.wait(lambda: not self.window.panels.queue.running())

    def sample(self, ending: str) -> int:
        return next(sample.id for sample in self.project.samples() if sample.name.endswith(ending))


@contextmanager
def cartocell_open(qtbot: QtBot, recent: str = "") -> Iterator[Biologist]:
    """CartoCell from its start to its end, with a project of the welcome page opened if `recent` names one."""
    session = Session()
    window = MainWindow(session)
    window.resize(1300, 850)
    window.show()
    qtbot.waitExposed(window)
    biologist = Biologist(window, qtbot)

    def offered() -> list[QPushButton]:
        buttons = window.centre.welcome.findChildren(QPushButton)
        return [button for button in buttons if button.isVisible() and button.toolTip().endswith(recent)]

    try:
        if recent:
            biologist.wait(lambda: len(offered()) == 1)
            biologist.click(offered()[0])
        yield biologist
        biologist.wait(lambda: not (window.panels.viewer.is_busy or window.panels.queue.running()))
    finally:
        window.load_panels().queue.stop_all()  # or it would ask
        assert window.close()
        window.deleteLater()
        session.deleteLater()


@pytest.mark.slow
def test_from_the_sample_project_to_new_cysts_and_a_report(
    qtbot: QtBot, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "Sample project.cartocell"
    with cartocell_open(qtbot) as she:
        make_and_judge_high_resolution(she)
    with cartocell_open(qtbot, name) as she:
        train_m1(she)
    with cartocell_open(qtbot, name) as she:
        label_low_resolution(she)
    with cartocell_open(qtbot, name) as she:
        train_m2_and_compare(she)
    with cartocell_open(qtbot, name) as she:
        segment_new_cysts(she)
        report(she, files / "report.html", monkeypatch)
    text = (files / "report.html").read_text(encoding="utf-8")
    assert all(f"Phase {number}" in text for number in (1, 2, 3, 4, 5))
    assert "Compared" in text
    assert "synthetic" in text


def make_and_judge_high_resolution(she: Biologist) -> None:
    """Phase 1: the sample project, one cyst corrected, two accepted."""
    she.click(she.window.centre.welcome.findChild(QPushButton, "sample-project"))
    she.wait(lambda: she.window.page == "phase" and she.window.centre.phase.number == 1)
    others = [sample.id for sample in she.project.samples() if not sample.name.endswith(KEPT)]
    she.project.remove_samples(others)
    assert (she.state(1), she.state(2)) == ("in progress", "blocked")

    panels = she.window.panels
    speckled = she.choose_pair("high_5")
    assert "crumbs" in speckled.text(CHECK)
    she.click(panels.pairs.correct)
    she.wait(lambda: panels.corrector.is_on and not panels.corrector.why_not())
    she.do("correct.all-largest")
    she.wait(lambda: panels.corrector.is_changed and not panels.corrector.is_busy)
    she.do("correct.save")
    she.wait(lambda: she.project.sample(she.sample("high_5")).state == "curated")
    she.do("correct.start")

    she.turn_to(1)
    for ending in ("high_1", "high_5"):
        assert "crumbs" not in she.choose_pair(ending).text(CHECK)
        panels.pairs.list.setFocus()
        she.qtbot.keyClick(panels.pairs.list, Qt.Key.Key_A)
        she.wait(lambda ending=ending: she.project.sample(she.sample(ending)).state == "accepted")
    she.wait(lambda: she.state(1) == "done")
    assert she.state(2) == "ready"


def train_m1(she: Biologist) -> None:
    """Phase 2."""
    she.turn_to(2)
    she.train(she.window.panels.trainings[2], "M1")
    assert she.state(2) == "done"
    assert read_card(she.project.models()["M1"].path).name == "M1"


def label_low_resolution(she: Biologist) -> None:
    """Phase 3: a field cut up, all cysts labelled, accepted in the gallery."""
    she.turn_to(3)
    phase3 = she.window.panels.phase3
    she.click(phase3.panel.fields.open)
    she.wait(lambda: len(phase3.fields.edits.boxes) == 4 and not phase3.fields.is_busy)
    she.click(phase3.fields.bar.cut)
    she.wait(lambda: sum(sample.role == "low-resolution" for sample in she.project.samples()) == 5)
    cut = [sample for sample in she.project.samples() if sample.cut_out is not None]
    assert {(sample.day, sample.condition) for sample in cut} == {("4 d", "control")}

    she.click(phase3.fields.top.back)
    she.wait(lambda: she.window.page == "phase")
    she.click(phase3.panel.label)
    low = [sample.id for sample in she.project.samples() if sample.role == "low-resolution"]
    she.wait(lambda: all(she.project.sample(number).reason for number in low), LONG_MS)
    assert {she.project.sample(number).state for number in low} == {"segmented"}
    she.click(phase3.panel.gallery)
    gallery = phase3.gallery
    for left in range(len(low), 0, -1):
        she.wait(lambda left=left: len(gallery.model.samples) == left)
        gallery.view.setFocus()
        she.qtbot.keyClick(gallery.view, Qt.Key.Key_A)
    she.wait(lambda: she.state(3) == "done")


def train_m2_and_compare(she: Biologist) -> None:
    """Phase 4: M2, compared with M1, and used from now on."""
    she.turn_to(4)
    panel = she.window.panels.trainings[4]
    she.train(panel, "M2")
    assert she.state(4) == "done"
    she.click(panel.comparing.start)
    she.wait(lambda: panel.comparing.verdict.isVisible() and not she.window.panels.queue.running(), LONG_MS)
    assert "M2 is" in panel.comparing.verdict.text()
    she.click(panel.model.use)
    she.wait(lambda: she.project.model_in_use() == she.project.models()["M2"].path)


def segment_new_cysts(she: Biologist) -> None:
    """Phase 5, with M2."""
    she.turn_to(5)
    panel = she.window.panels.new_cysts
    she.wait(lambda: panel.form.choices().model.endswith("M2.onnx"))
    she.click(panel.start)
    she.wait(lambda: she.state(5) == "done", LONG_MS)
    for sample in (sample for sample in she.project.samples() if sample.role == "new"):
        labels, _ = read_labels(sample.labels)
        assert sample.cells > 3
        assert labels.shape == sample.shape
    assert CPU_MODEL.exists()


def report(she: Biologist, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report of all phases, from the menu."""
    she.window.show_samples()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    she.do("file.report")
    she.wait(lambda: bool(she.window.findChildren(QMessageBox)))
    she.window.findChildren(QMessageBox)[0].close()
