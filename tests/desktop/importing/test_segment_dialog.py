import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QAbstractButton, QDialogButtonBox, QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.importing.actions import actions, needs_stacks, samples_to_do, selected_samples
from cartocell_app.desktop.importing.fitting import FittingDialog
from cartocell_app.desktop.importing.import_dialog import ImportDialog
from cartocell_app.desktop.importing.segment_dialog import SegmentDialog
from cartocell_app.desktop.importing.segmenting import SegmentChoices, segment_words, start_segmenting
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.session import Session
from cartocell_app.jobs import forecast
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample, Sample
from cartocell_app.resources import CPU_MODEL
from cartocell_app.stacks.reading import describe, read_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_stack
from tests.segmentation.pretended_computer import CPU, CUDA, GPU, Computer

from .conftest import one_channel

RUN_MS = 120_000
Add = Callable[..., tuple[Sample, ...]]


@pytest.fixture
def add(project: Project) -> Add:
    """Adds stacks to the project as the import does."""

    def make(*paths: Path) -> tuple[Sample, ...]:
        scenes = {path: describe(path).scenes[0] for path in paths}
        return project.add_samples(
            [NewSample(path, voxel_size=scene.voxel_size, shape=scene.shape) for path, scene in scenes.items()]
        )

    return make


@pytest.fixture
def opened(qtbot: QtBot, session: Session, queue: JobQueue) -> Callable[..., SegmentDialog]:
    """Opens the dialog, and waits until time and memory are known; they are so before it is in sight if `late`."""

    def make(samples: tuple[Sample, ...], model: Path | None = None, late: bool = False) -> SegmentDialog:
        dialog = SegmentDialog(samples, None, session, queue, model)
        qtbot.addWidget(dialog)
        if not late:
            dialog.show()
        qtbot.waitUntil(lambda: dialog.form.expected() is not None or dialog.form.obstacle() != "", timeout=30_000)
        dialog.show()
        return dialog

    return make


def test_a_cyst_segmented_from_the_window_has_the_labels_of_the_command_line(
    qtbot: QtBot, project: Project, queue: JobQueue, add: Add, opened, cyst_folder: Path, cartocell
):
    stack = cyst_folder / "x" / "7d.4C.8_2.tif"
    dialog = opened(add(stack))
    assert dialog.title.text() == "Segment 1 cyst"
    assert "GB of memory" in dialog.form.forecast_words.text()
    assert "Works at voxels of 0.6 × 0.6 × 0.6 µm" in dialog.form.card.text()
    with qtbot.waitSignal(dialog.started) as started:
        qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    run = started.args[0]
    assert project.samples()[0].state == "running"

    qtbot.waitUntil(lambda: queue.job(run.id).state in ("done", "failed", "some failed"), timeout=RUN_MS)
    qtbot.waitUntil(lambda: not queue.running())

    sample = project.samples()[0]
    assert (sample.state, queue.job(run.id).message) == ("segmented", "1 stack done.")
    assert cartocell("segment", stack, "-o", cyst_folder / "typed", "--progress", "none").code == 0
    typed = read_labels(cyst_folder / "typed" / "per_image_instances_voronoi" / "7d.4C.8_2.tif")[0]
    assert np.array_equal(read_labels(sample.labels)[0], typed)
    assert sample.cells == len(np.unique(typed)) - 1


def test_cancelling_and_killing_in_the_middle_and_going_on(
    qtbot: QtBot, project: Project, queue: JobQueue, add: Add, tmp_path: Path, small_cyst
):
    # Large enough that it surely still runs when it is stopped.
    large = np.tile(small_cyst.raw, (2, 2, 2))
    for name in "ab":
        write_stack(tmp_path / f"{name}.tif", large, small_cyst.voxel_size)
    run = start_segmenting(project, queue, add(tmp_path / "a.tif", tmp_path / "b.tif"), SegmentChoices(device="cpu"))
    qtbot.waitUntil(lambda: queue.job(run.id).progress.stage == "Network", timeout=RUN_MS)
    queue.cancel(run.id)
    qtbot.waitUntil(lambda: not queue.running(), timeout=RUN_MS)
    assert queue.job(run.id).state == "cancelled"
    assert [sample.state for sample in project.samples()] == ["to do", "to do"]

    queue.retry(run.id)
    qtbot.waitUntil(lambda: queue.job(run.id).progress.stage == "Network", timeout=RUN_MS)
    os.kill(queue.pid(run.id), signal.SIGKILL)
    qtbot.waitUntil(lambda: queue.job(run.id).progress.item == "b", timeout=RUN_MS)
    qtbot.waitUntil(lambda: project.samples()[0].state == "failed")
    assert "memory ran out" in project.samples()[0].reason

    os.kill(queue.pid(run.id), signal.SIGKILL)
    qtbot.waitUntil(lambda: not queue.running(), timeout=RUN_MS)
    assert queue.job(run.id).state == "failed"
    assert [sample.state for sample in project.samples()] == ["failed", "failed"]
    assert not list(run.folder.rglob("*.tif"))


def test_what_is_done_stays_done_when_the_system_ends_the_rest(
    qtbot: QtBot, project: Project, queue: JobQueue, add: Add, cyst_folder: Path, small_cyst
):
    write_stack(cyst_folder / "b.tif", np.tile(small_cyst.raw, (2, 2, 2)), small_cyst.voxel_size)
    small = cyst_folder / "x" / "7d.4C.8_2.tif"
    run = start_segmenting(project, queue, add(small, cyst_folder / "b.tif"), SegmentChoices(device="cpu"))
    qtbot.waitUntil(lambda: queue.job(run.id).progress.item == "b", timeout=RUN_MS)
    os.kill(queue.pid(run.id), signal.SIGKILL)
    qtbot.waitUntil(lambda: not queue.running(), timeout=RUN_MS)
    assert queue.job(run.id).state == "some failed"
    assert queue.job(run.id).message.startswith("1 of 2 stacks could not be done")
    assert [sample.state for sample in project.samples()] == ["segmented", "failed"]


def test_a_bad_stack_does_not_stop_the_others(
    qtbot: QtBot, project: Project, queue: JobQueue, add: Add, cyst_folder: Path
):
    good, bad = cyst_folder / "x" / "7d.4C.8_2.tif", one_channel(cyst_folder / "bad.tif")
    samples = add(bad, good)
    bad.write_bytes(b"II*\0garbage")
    run = start_segmenting(project, queue, samples, SegmentChoices())
    qtbot.waitUntil(lambda: queue.job(run.id).state == "some failed", timeout=RUN_MS)
    qtbot.waitUntil(lambda: not queue.running())
    failed, done = project.samples()
    assert (failed.state, done.state) == ("failed", "segmented")
    assert "bad.tif" in failed.reason


def test_stacks_without_voxel_size_are_refused_until_it_is_given(opened, add: Add, project: Project, lab: Path):
    samples = add(lab / "7d.4C.8_2.tif", lab / "Cyst 4d filt.tif")
    dialog = opened(samples)
    assert not dialog.start.isEnabled()
    assert dialog.start.toolTip() == "One stack has no voxel size yet."
    assert "The voxel size of Cyst 4d filt is unknown" in dialog.doubt.text()

    dialog.give.click()
    dialog.voxel.given.emit(VoxelSize(0.5, 0.3, 0.3, "given by you"))
    assert dialog.start.isEnabled()
    assert not dialog.doubt.isVisible()
    assert project.samples()[1].voxel_size.zyx_um == (0.5, 0.3, 0.3)


def test_narrow_cells_are_looked_at_larger_which_takes_longer(
    qtbot: QtBot, project: Project, queue: JobQueue, opened, add: Add, lab: Path
):
    dialog = opened(add(lab / "7d.4C.8_2.tif"))
    form = dialog.form
    assert form.cell_width.currentText() == "Not given"
    qtbot.waitUntil(lambda: "looks again, at their size" in form.width_words.text())
    form.profile.setCurrentText("As BiaPy 3.7")
    assert form.width_words.text().startswith("Taken for cells about 11 µm wide.")
    form.profile.setCurrentText("CartoCell (recommended)")
    assert "--cell-width" not in segment_words(lab, form.choices())
    usual = form.expected()
    form.cell_width.setCurrentText("About 5 µm")
    assert "2.2 times larger, which takes longer" in form.width_words.text()
    assert segment_words(lab, form.choices())[-2:] == ["--cell-width", "5"]
    assert form.expected().seconds > usual.seconds
    qtbot.waitUntil(lambda: form.expected().memory_bytes > usual.memory_bytes)
    form.cell_width.setCurrentText("About 20 µm")
    assert "1.8 times smaller" in form.width_words.text()
    assert form.expected().seconds < usual.seconds
    qtbot.waitUntil(lambda: form.expected().memory_bytes < usual.memory_bytes)


def test_looking_once_is_faster(qtbot: QtBot, project: Project, queue: JobQueue, opened, add: Add, lab: Path):
    form = opened(add(lab / "7d.4C.8_2.tif")).form
    qtbot.waitUntil(lambda: "Once is more than twice as fast" in form.views_words.text())
    assert "--views" not in segment_words(lab, form.choices())
    twice = form.expected()
    form.views.setCurrentText("Once")
    assert segment_words(lab, form.choices())[-2:] == ["--views", "1"]
    assert form.views_words.text() == "The network looks at each stack once, the fastest way."
    assert form.expected().seconds < twice.seconds
    form.views.setCurrentText("As the model says")
    form.profile.setCurrentText("As BiaPy 3.7")
    assert form.views_words.text() == "The network looks at each stack once, the fastest way."
    form.views.setCurrentText("Twice")
    assert "twice as long or more" in form.views_words.text()


def test_stacks_without_voxel_size_can_be_left_out(opened, add: Add, lab: Path):
    dialog = opened(add(lab / "7d.4C.8_2.tif", lab / "Cyst 4d filt.tif"))
    dialog.leave_out.click()
    assert dialog.start.text() == "&Segment 1 cyst"
    assert dialog.start.isEnabled()


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], QRect]:
    """Makes dialogs believe in a screen of so many pixels of height."""

    def make(height_px: int) -> QRect:
        room = QRect(0, 0, 1024, height_px)
        monkeypatch.setattr(FittingDialog, "screen", lambda _: SimpleNamespace(availableGeometry=lambda: room))
        return room

    return make


@pytest.mark.parametrize("late", [False, True])
def test_it_is_as_high_as_its_text_and_its_buttons(qtbot: QtBot, opened, add: Add, lab: Path, screen, late: bool):
    screen(1400)
    dialog = opened(add(lab / "Cyst 4d filt.tif"), late=late)
    area, buttons = dialog.findChild(QScrollArea), dialog.findChild(QDialogButtonBox)

    def whole() -> bool:
        return buttons.isVisible() and area.widget().height() == area.viewport().height()

    qtbot.waitUntil(whole)
    last = dialog.form.forecast_words
    assert last.text()
    assert last.visibleRegion().boundingRect() == last.rect()
    before_px = dialog.height()
    dialog.give.click()
    qtbot.waitUntil(lambda: dialog.voxel.isVisible() and dialog.height() > before_px and whole())
    assert not area.verticalScrollBar().isVisible()


def test_on_a_low_screen_it_scrolls_and_its_buttons_stay_in_sight(qtbot: QtBot, opened, add: Add, lab: Path, screen):
    low = screen(560)
    dialog = opened(add(lab / "7d.4C.8_2.tif") + add(lab / "Cyst 4d filt.tif"))
    dialog.give.click()
    qtbot.waitUntil(lambda: dialog.findChild(QScrollArea).verticalScrollBar().isVisible())
    assert dialog.height() < low.height()
    assert dialog.rect().contains(dialog.start.mapTo(dialog, dialog.start.rect().bottomRight()))
    assert not dialog.start.visibleRegion().isEmpty()


def test_only_voxel_sizes_that_were_given_are_in_the_list(project: Project, queue: JobQueue, add: Add, lab: Path):
    from cartocell_app.jobs.stack_list import read_stack_list

    add(lab / "7d.4C.8_2.tif", lab / "Cyst 4d filt.tif")
    project.update_samples([2], voxel_size=VoxelSize(0.5, 0.3, 0.3, "given by you: Confocal"))
    run = start_segmenting(project, queue, project.samples(), SegmentChoices())
    queue.cancel(run.id)
    rows = read_stack_list(run.folder / "stacks.csv")
    assert [reading.voxel_um for _, reading in rows.values()] == [None, (0.5, 0.3, 0.3)]
    assert rows["7d.4C.8_2"][0] == lab / "7d.4C.8_2.tif"


def test_a_file_that_is_no_model_says_so(opened, add: Add, lab: Path):
    (lab / "x.onnx").write_bytes(b"no model")
    dialog = opened(add(lab / "7d.4C.8_2.tif"), lab / "x.onnx")
    assert "is not an ONNX model" in dialog.form.card.text()
    assert not dialog.start.isEnabled()


def test_the_model_for_this_computer_is_the_wide_one_where_a_graphics_card_works(
    qtbot: QtBot, opened, add: Add, lab: Path, monkeypatch: pytest.MonkeyPatch
):
    samples = add(lab / "7d.4C.8_2.tif")
    words = "CartoCell's for this computer (recommended)"
    dialog = opened(samples)
    assert dialog.form.model.currentText() == words
    assert dialog.form.card.text().startswith("m2-fast 0.7")
    assert dialog.form.summary().startswith("With m2-fast on CPU")

    computer = Computer(monkeypatch)
    computer.has("Linux", GPU, [CPU, CUDA])
    computer.delay_s[CUDA] = 0.001
    monkeypatch.setattr(forecast, "_probed", forecast._probed.__wrapped__)  # not as it was found out before
    dialog = opened(samples)
    assert dialog.form.model.currentText() == words
    assert dialog.form.card.text().startswith("m2 0.6")
    assert dialog.form.summary().startswith("With m2 on NVIDIA GeForce RTX 4090")
    dialog.form.device.setCurrentIndex(dialog.form.device.findData("cpu"))
    qtbot.waitUntil(lambda: dialog.form.card.text().startswith("m2-fast 0.7"))
    assert dialog.form.summary().startswith("With m2-fast on CPU")


def test_stacks_dropped_with_a_model_are_imported_and_segmented_with_one_confirmation(
    qtbot: QtBot, session: Session, project: Project, queue: JobQueue, lab: Path
):
    stacks = [lab / "7d.4C.8_2.tif", lab / "Cyst 4d filt.tif"]
    dialog = ImportDialog(stacks, None, session, queue=queue, model=CPU_MODEL)
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitUntil(lambda: not dialog.bar.isVisible(), timeout=10_000)
    qtbot.waitUntil(lambda: dialog.segment.form.expected() is not None, timeout=30_000)
    assert dialog.do_import.text() == "&Import and segment 2 stacks"
    assert "1 without a voxel size is imported only." in dialog.segment.summary.text()
    qtbot.mouseClick(dialog.do_import, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(project.runs()) == 1)
    run = project.runs()[0]
    queue.cancel(run.id)
    assert run.sample_ids == (project.samples()[0].id,)
    assert run.title == "Segment 1 cyst"


def test_what_the_action_is_for(session: Session, project: Project, queue: JobQueue, add: Add, lab: Path):
    assert "Select those" in needs_stacks(session)
    first, second = add(lab / "7d.4C.8_2.tif", lab / "Cyst 4d filt.tif")
    assert needs_stacks(session) == ""
    assert samples_to_do(session) == [first, second]
    project.update_samples([first.id], state="accepted")
    assert [sample.id for sample in samples_to_do(session)] == [second.id]
    session.set_selection((first.id,))
    assert [sample.id for sample in selected_samples(session)] == [first.id]
    project.update_samples([first.id, second.id], state="running")
    assert needs_stacks(session) != ""
    (info,) = actions(session, queue, None)
    assert info.words == "Segment cysts"


def test_one_chooses_between_the_selected_ones_and_all_that_are_to_do(
    qtbot: QtBot, session: Session, queue: JobQueue, add: Add, lab: Path
):
    first, second = add(lab / "7d.4C.8_2.tif", one_channel(lab / "b.tif"))
    dialog = SegmentDialog([first], None, session, queue, to_do=[first, second])
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.all.isVisible()
    assert dialog.start.text() == "&Segment 2 cysts"
    dialog.only.click()
    assert dialog.start.text() == "&Segment 1 cyst"
    several = SegmentDialog([first, second], None, session, queue, to_do=[first])
    qtbot.addWidget(several)
    assert several.start.text() == "&Segment 2 cysts"


def test_the_model_of_the_project_comes_first_unless_another_one_was_dropped(
    opened, add: Add, project: Project, lab: Path, tmp_path: Path
):
    (sample,) = add(one_channel(lab / "a.tif"))
    own = project.add_model("M2", CPU_MODEL, {}).path
    assert opened((sample,)).form.choices().model == "auto"
    project.use_model(own)
    assert opened((sample,)).form.choices().model == str(own)
    assert opened((sample,), CPU_MODEL).form.choices().model == "auto"


def test_each_letter_that_alt_takes_stands_for_one_thing(opened, add: Add, lab: Path):
    dialog = opened(add(lab / "7d.4C.8_2.tif", lab / "Cyst 4d filt.tif"))
    words = [thing.text() for kind in (QLabel, QAbstractButton) for thing in dialog.findChildren(kind)]
    letters = [letter.upper() for text in words for letter in re.findall(r"(?<!&)&(\w)", text)]
    assert len(letters) > 8
    assert sorted(set(letters)) == sorted(letters)
