"""The page of phase 5: what it offers, where it cannot, and one real segmentation."""

import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from cartocell_app.desktop.importing.models import model_choices
from cartocell_app.desktop.importing.segment_dialog import SegmentDialog
from cartocell_app.desktop.importing.segmenting import phase_of
from cartocell_app.desktop.phase5.panel import NewCystsPanel
from cartocell_app.desktop.phase5.working import latest_run
from cartocell_app.jobs import forecast
from cartocell_app.jobs.forecast import ModelFacts
from cartocell_app.project.phases import facts_of, resolve_phase
from cartocell_app.project.values import NewSample
from cartocell_app.resources import CPU_MODEL, SAMPLE_PROJECT
from cartocell_app.segmentation.devices import DeviceReport
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.stacks.reading import read
from tests.desktop.answers import answered

RUN_MS = 120_000
ENDED = ("done", "failed", "some failed", "cancelled", "interrupted")


@pytest.fixture(autouse=True)
def tried_devices(monkeypatch):
    """Trying devices takes seconds, and has a test of its own."""
    reports = (DeviceReport("CPU", "CPUExecutionProvider", usable=True, seconds_per_mvoxel=6.0),)

    def find_out(model, _):
        return ModelFacts(model, read_card(model), reports, 10**8, 10**10)

    monkeypatch.setattr(forecast, "find_out", find_out)


@pytest.fixture
def panel(qtbot, session, queue):
    panel = NewCystsPanel(session, queue)
    qtbot.addWidget(panel)
    panel.resize(480, 900)
    panel.show()
    return panel


@pytest.fixture
def cyst(project, tmp_path):
    """A new cyst of the sample project; adds others."""

    def add(name="7d.1", *, knows_size=True):
        path = Path(shutil.copy(SAMPLE_PROJECT / "x" / "synthetic_4d_new_1.tif", tmp_path / f"{name}.tif"))
        stack = read(path)
        size = stack.voxel_size if knows_size else None
        (sample,) = project.add_samples([NewSample(path, voxel_size=size, shape=stack.shape)])
        return sample

    return add


def click(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_an_empty_page_teaches_one_thing(panel):
    assert panel.drop.isVisible()
    assert not panel.start.isVisible()
    assert not panel.form.isVisible()
    assert not panel.batch.isVisible()
    assert panel.why_not() == "Add the stacks that you want to segment."


def test_stacks_folders_and_models_can_be_chosen(qtbot, panel, tmp_path, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    with qtbot.waitSignal(panel.paths_wanted) as told:
        panel.drop.clicked.emit("folder")
    assert told.args == [[tmp_path]]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "m.h5"), ""))
    with qtbot.waitSignal(panel.paths_wanted) as told:
        panel.drop.clicked.emit("model")
    assert told.args == [[tmp_path / "m.h5"]]
    with qtbot.waitSignal(panel.action_wanted) as told:
        panel.drop.clicked.emit("import")
    assert told.args == ["file.import"]


def test_a_stack_without_voxel_size_is_left_out_until_it_is_given(qtbot, panel, cyst):
    unknown = cyst("unknown", knows_size=False)
    qtbot.waitUntil(panel.give.isVisible)
    assert not panel.start.isEnabled()
    assert "voxel size" in panel.start.toolTip()
    with qtbot.waitSignal(panel.voxel_size_wanted) as told:
        click(qtbot, panel.give)
    assert told.args == [(unknown.id,)]
    cyst("known")
    qtbot.waitUntil(lambda: panel.start.text() == "&Segment 1 cyst" and panel.start.isEnabled(), timeout=RUN_MS)


def test_models_that_come_are_chosen_but_not_m1(qtbot, panel, project, cyst):
    cyst()
    qtbot.waitUntil(panel.form.isVisible)
    form = panel.form
    assert form.choices().model == "auto"
    project.add_model("M1", CPU_MODEL, {})
    qtbot.waitUntil(lambda: form.model.count() == len(model_choices(project.folder)))
    assert form.choices().model == "auto"
    project.add_model("M2", CPU_MODEL, {})
    qtbot.waitUntil(lambda: form.choices().model.endswith("M2.onnx"))
    form.model.setCurrentIndex(0)
    cyst("another")
    panel.refresh()
    assert form.choices().model == "auto"


def test_a_model_of_the_wrong_kind_says_so_on_the_page(qtbot, panel, project, cyst):
    cyst()
    (project.folder / "models" / "cats.onnx").write_bytes(b"meow")
    panel.refresh()
    qtbot.waitUntil(lambda: "cats" in panel.obstacle.text(), timeout=RUN_MS)
    assert not panel.start.isEnabled()
    run = project.new_run("import-model", "Import the model cats.h5", [], lambda _: ["import-model"])
    project.update_run(run.id, state="failed", message="It has no layers.")
    qtbot.waitUntil(lambda: panel.model_words.text() == "Import the model cats.h5: not done. It has no layers.")


def test_new_cysts_are_segmented_stopped_gone_on_with_and_measured(
    qtbot, panel, session, project, queue, cyst, tmp_path, monkeypatch
):
    first, second = cyst("one"), cyst("two")
    qtbot.waitUntil(panel.start.isEnabled, timeout=RUN_MS)
    assert panel.start.text() == "&Segment 2 cysts"
    click(qtbot, panel.start)
    run = latest_run(project)
    assert (run.phase, set(run.sample_ids)) == (5, {first.id, second.id})
    qtbot.waitUntil(panel.stop.isVisible)
    click(qtbot, panel.stop)
    qtbot.waitUntil(lambda: queue.job(run.id).state in ENDED and run.id not in queue.running(), timeout=RUN_MS)
    qtbot.waitUntil(panel.resume.isVisible)
    assert "stopped" in panel.run_words.text()
    click(qtbot, panel.resume)
    qtbot.waitUntil(lambda: queue.job(run.id).state == "done", timeout=RUN_MS)
    qtbot.waitUntil(panel.export.isVisible, timeout=RUN_MS)
    assert {sample.state for sample in project.samples()} == {"segmented"}
    qtbot.waitUntil(lambda: resolve_phase(facts_of(project), 5).state == "done")
    qtbot.waitUntil(lambda: not panel.run_words.isVisible())
    qtbot.waitUntil(lambda: panel.start.text() == "&Segment 2 cysts again")

    panel.cysts.itemActivated.emit(panel.cysts.topLevelItem(1), 0)
    assert session.current.id == second.id
    with qtbot.waitSignal(panel.action_wanted) as told:
        click(qtbot, panel.batch)
    assert told.args == ["view.batch"]
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "tables"))
    click(qtbot, panel.export)
    qtbot.waitUntil(lambda: (tmp_path / "tables" / "cysts.csv").exists(), timeout=RUN_MS)
    qtbot.waitUntil(lambda: not queue.running(), timeout=RUN_MS)


def test_tables_in_the_folder_are_not_replaced_unasked(qtbot, project, panel, cyst, tmp_path, monkeypatch):
    labels = shutil.copy(SAMPLE_PROJECT / "x" / "synthetic_4d_new_1.tif", tmp_path / "cells.tif")
    project.update_samples([cyst().id], labels=Path(labels), state="segmented")
    qtbot.waitUntil(panel.export.isVisible)
    (tmp_path / "contacts.csv").write_text("another project's numbers")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    asked = answered(monkeypatch, "Cancel")
    click(qtbot, panel.export)
    assert asked[0][0] == "1 file of that name will be replaced."
    assert project.runs() == ()
    answered(monkeypatch, "Replace")
    click(qtbot, panel.export)
    assert [run.kind for run in project.runs()] == ["measure"]


def test_why_cysts_failed_is_said_beside_the_button(qtbot, project, panel, cyst):
    assert panel.failed.isHidden()
    cysts = [cyst(f"7d.{number}") for number in range(6)]
    project.update_samples([one.id for one in cysts], state="failed", reason="It is 2D.")
    qtbot.waitUntil(panel.failed.isVisible)
    lines = panel.failed.words.splitlines()
    assert lines[0] == "7d.0: It is 2D."
    assert lines[-1] == "2 more could not be done; the list of samples says why."
    assert panel.cysts.topLevelItem(0).text(1) == "Failed"
    project.update_samples([one.id for one in cysts], state="to do", reason="")
    qtbot.waitUntil(panel.failed.isHidden)


def test_a_segmentation_from_the_menu_is_followed_on_the_page_too(qtbot, session, project, queue, panel, cyst):
    one = cyst()
    dialog = SegmentDialog([one], None, session, queue)
    qtbot.addWidget(dialog)
    dialog.open()
    qtbot.waitUntil(dialog.start.isEnabled)
    with qtbot.waitSignal(dialog.started) as started:
        click(qtbot, dialog.start)
    assert started.args[0].phase == 5
    qtbot.waitUntil(panel.bar.isVisible)
    assert resolve_phase(facts_of(project), 5).state == "in progress"
    click(qtbot, panel.stop)
    qtbot.waitUntil(lambda: queue.job(started.args[0].id).state in ENDED, timeout=RUN_MS)
    qtbot.waitUntil(lambda: not queue.running())


def test_cysts_for_several_phases_are_work_of_none(project, cyst):
    first, second = cyst("a"), cyst("b")
    assert phase_of([first, second]) == 5
    project.update_samples([second.id], role="low-resolution")
    samples = project.samples()
    assert phase_of(samples) is None
    assert phase_of(samples[1:]) == 3
    project.update_samples([first.id], role="field")
    assert phase_of(project.samples()[:1]) is None
