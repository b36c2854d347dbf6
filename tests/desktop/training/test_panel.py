"""The pages of phases 2 to 4 without any training: what they propose, ask, and say where they cannot."""

import sys

import pytest
from PySide6.QtCore import Qt

from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.settings import VoxelPreset
from cartocell_app.desktop.training import panel as panel_module
from cartocell_app.desktop.training.form import WATCHES
from cartocell_app.desktop.training.panel import TrainingPanel
from cartocell_app.desktop.training.presets import PRESETS
from cartocell_app.desktop.training.proposing import coarser_shape, propose_voxel, propose_watching
from cartocell_app.desktop.training.starting import learnt_from, option_of
from cartocell_app.jobs.cost_words import time_in_words
from cartocell_app.jobs.training_costs import seconds_of
from cartocell_app.resources import CPU_MODEL

from .conftest import COARSE, FINE


@pytest.fixture
def page(qtbot, session, queue):
    """Page of phase 2."""
    page = TrainingPanel(session, queue, 2)
    qtbot.addWidget(page)
    page.show()
    return page


def tick(page, row, on):
    state = Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
    page.form.cysts.topLevelItem(row).setCheckState(WATCHES, state)


def test_too_few_cysts_are_said_with_what_to_do(qtbot, page, add):
    assert not page.form.start.isEnabled()
    add("a")
    add("b", accepted=False)
    qtbot.waitUntil(lambda: "1 is there" in page.form.obstacle.text())
    assert "Right-click cysts in the list" in page.form.start.toolTip()
    assert not page.form.start.isEnabled()

    add("c")
    qtbot.waitUntil(page.form.start.isEnabled)
    assert page.form.obstacle.isHidden()
    assert page.form.split.text().startswith("1 to learn from, 1 to watch with")


def test_where_nothing_can_learn_the_page_says_what_works_and_how_to_add_it(page, add, monkeypatch):
    add("a", "b")
    monkeypatch.setattr(panel_module, "can_train", lambda: False)
    page.refresh()
    assert page.form.isHidden()
    assert "segmenting with the models that are there" in page.no_training.text()
    assert "pip install" in page.how_to_add.text()
    assert "saved as one file" in page.how_to_add.text()


def test_the_small_download_names_the_large_one(qtbot, session, queue, monkeypatch):
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    page = TrainingPanel(session, queue, 2)
    qtbot.addWidget(page)
    assert "large download of CartoCell" in page.how_to_add.text()
    assert "pip" not in page.how_to_add.text()


def test_ticks_and_voxel_size_stay_until_cysts_come_or_go(qtbot, page, add, session):
    add("a", "b", "c")
    qtbot.waitUntil(page.form.start.isEnabled)
    tick(page, 0, on=True)
    page.form.voxel.fields["z"].setText("")
    qtbot.keyClicks(page.form.voxel.fields["z"], "1.5")
    page.refresh()
    choices = page.form.choices()
    assert [cyst.name for cyst in choices.watching] == ["a", "c"]
    assert choices.voxel_um == (1.5, 0.3, 0.3)

    for row in range(3):
        tick(page, row, on=True)
    assert "one to learn from" in page.form.start.toolTip()
    for row in range(3):
        tick(page, row, on=False)
    assert "to watch the training" in page.form.start.toolTip()
    assert page.form.choices() is None


def test_a_cyst_that_is_meant_for_watching_from_now_on_is_not_learnt_from(qtbot, session, project, page, add):
    first, *_ = add("a", "b", "c")
    qtbot.waitUntil(page.form.start.isEnabled)
    assert [cyst.name for cyst in page.form.choices().watching] == ["c"]
    project.update_samples([first.id], role="validation")
    qtbot.waitUntil(lambda: [cyst.name for cyst in page.form.choices().watching] == ["a"])
    assert [cyst.name for cyst in page.form.choices().learning] == ["b", "c"]

    item = page.form.cysts.topLevelItem(0)
    assert not item.flags() & Qt.ItemFlag.ItemIsUserCheckable
    assert "never learnt from" in item.toolTip(WATCHES)
    for row in range(3):
        tick(page, row, on=False)
    assert [cyst.name for cyst in page.form.choices().watching] == ["a"]

    project.update_samples([first.id], role="high-resolution")
    qtbot.waitUntil(lambda: [cyst.name for cyst in page.form.choices().watching] == ["c"])


def test_another_project_gets_its_own_ticks_and_voxel_size(qtbot, session, page, add, tmp_path):
    add("a", "b", "c")
    qtbot.waitUntil(page.form.start.isEnabled)
    tick(page, 0, on=True)
    page.form.voxel.fields["z"].setText("")
    qtbot.keyClicks(page.form.voxel.fields["z"], "1.5")

    other = session.create_project(tmp_path / "Other.cartocell")
    add("d", "e", "f", to=other)
    qtbot.waitUntil(lambda: page.form.cysts.topLevelItem(0).text(0) == "d")
    choices = page.form.choices()
    assert [cyst.name for cyst in choices.watching] == ["f"]
    assert choices.voxel_um == FINE.zyx_um


def test_a_training_begins_with_the_m1_of_its_own_project(qtbot, session, queue, project, add, tmp_path):
    page = TrainingPanel(session, queue, 4)
    qtbot.addWidget(page)
    (tmp_path / "m1.onnx").write_bytes(b"model")

    def shown():
        items = (page.form.cysts.topLevelItem(row) for row in range(page.form.cysts.topLevelItemCount()))
        return [item.text(0) for item in items]

    def begins_with(home):
        home.add_model("M1", tmp_path / "m1.onnx", {})
        names = [f"{home.name} {number}" for number in range(2)]
        add(*names, role="low-resolution", size=COARSE, to=home)
        qtbot.waitUntil(lambda: shown() == names and page.form.start.isEnabled())
        page.form.begin.setCurrentIndex(1)
        return page.form.choices().begin_with

    assert begins_with(project) == project.models()["M1"].path
    other = session.create_project(tmp_path / "Other.cartocell")
    assert begins_with(other) == other.models()["M1"].path


def test_cysts_meant_for_it_watch_else_one_in_eight(add, project):
    cysts = add(*(f"cyst {number}" for number in range(16)))
    assert len(propose_watching(cysts)) == 2
    (watching,) = add("other", role="validation")
    assert propose_watching([*cysts, watching]) == {watching.id}
    assert propose_watching(cysts[:1]) == set()


def test_voxel_size_is_that_of_routine_stacks_then_the_labs_then_the_cysts_own(add, project):
    cysts = add("a", "b")
    preset = VoxelPreset(name="Screening", z_um=1.0, y_um=0.8, x_um=0.8)
    assert propose_voxel(project.samples(), cysts, ()).zyx_um == FINE.zyx_um
    proposed = propose_voxel(project.samples(), cysts, [preset])
    assert (proposed.zyx_um, "Screening" in proposed.words) == ((1.0, 0.8, 0.8), True)
    add("low", role="low-resolution", size=COARSE, accepted=False)
    assert propose_voxel(project.samples(), cysts, [preset]).zyx_um == COARSE.zyx_um
    assert coarser_shape(cysts[0], COARSE.zyx_um) == (12, 20, 20)


def test_presets_are_those_of_the_command_line():
    settings = pytest.importorskip("training.settings")
    for preset in PRESETS:
        its = settings.PRESETS[preset.key]
        assert (preset.rounds, preset.steps) == (its.epochs, its.steps_per_epoch)
        assert (preset.patience, preset.patch_vox, preset.batch) == (its.patience, its.patch, its.batch)
    trial, quick, standard, paper = PRESETS
    assert seconds_of(trial, [(64, 80, 80)]) < 90
    assert seconds_of(quick, [(64, 80, 80)]) == seconds_of(quick, [(640, 80, 80)])
    assert seconds_of(standard, [(640, 80, 80)]) == pytest.approx(5 * seconds_of(standard, [(128, 80, 80)]))
    assert seconds_of(paper, [(64, 80, 80)]) > seconds_of(standard, [(64, 80, 80)])
    assert [time_in_words(seconds) for seconds in (30, 600, 2 * 3600, 72 * 3600)] == [
        "a minute or two", "about 10 min", "about 2 hours", "about 3 days",
    ]  # fmt: skip


def test_what_a_training_begins_with_and_what_that_means(qtbot, session, project, queue, page, add, tmp_path):
    add("a", "b")
    qtbot.waitUntil(page.form.start.isEnabled)
    assert [page.form.begin.itemText(at) for at in range(page.form.begin.count())] == [
        "CartoCell's model (recommended)", "Nothing, as published",
    ]  # fmt: skip
    assert page.form.choices().begin_with == CPU_MODEL
    assert "fewer of them and less time" in page.form.begin_words.text()
    page.form.begin.setCurrentIndex(1)
    assert page.form.choices().begin_with is None
    assert "to repeat the publication" in page.form.begin_words.text()
    page.form.preset.setCurrentIndex(3)
    assert "ends by itself once 100 rounds" in page.form.preset_words.text()

    (tmp_path / "m1.onnx").write_bytes(b"model")
    model = project.add_model("M1", tmp_path / "m1.onnx", {})
    add("c", "d", role="low-resolution", size=COARSE)
    fourth = TrainingPanel(session, queue, 4)
    qtbot.addWidget(fourth)
    assert fourth.form.begin.itemText(1) == "Your M1"
    fourth.form.begin.setCurrentIndex(1)
    fourth.refresh()
    assert fourth.form.choices().begin_with == model.path


def test_a_training_that_begins_with_a_model_keeps_a_copy_of_it(qtbot, session, project, queue, page, add, monkeypatch):
    add("a", "b")
    qtbot.waitUntil(page.form.start.isEnabled)
    monkeypatch.setattr(queue, "add", lambda _: None)
    qtbot.mouseClick(page.form.start, Qt.MouseButton.LeftButton)
    (run,) = project.runs()
    copy = run.folder / "begin-with.onnx"
    assert option_of(run, "--start-from") == (str(copy),)
    assert copy.read_bytes() == CPU_MODEL.read_bytes()
    first = next(sample for sample in project.samples() if sample.name == "a")
    assert learnt_from(run) == {first.id}


def test_a_page_of_m2_asks_for_low_resolution_cysts(qtbot, session, queue: JobQueue, add):
    add("a", "b")
    page = TrainingPanel(session, queue, 4)
    qtbot.addWidget(page)
    assert "accepted low-resolution cysts" in page.form.obstacle.text()
    add("c", "d", role="low-resolution", size=COARSE)
    qtbot.waitUntil(page.form.start.isEnabled)
    assert page.form.cysts.topLevelItemCount() == 4
    assert page.form.voxel.voxel_size().zyx_um == COARSE.zyx_um
