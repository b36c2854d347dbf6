"""Trainings that are stopped, killed and gone on with, by a stand-in for the command that is quick at it."""

import os
import signal
import sys
from collections.abc import Iterator

import pytest
from PIL import Image
from PySide6.QtCore import Qt

from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.training.keeper import Keeper
from cartocell_app.desktop.training.panel import TrainingPanel
from cartocell_app.desktop.training.progress import NO_ROUND
from cartocell_app.desktop.training.starting import go_on, latest_training, option_of, take_in_model
from cartocell_app.jobs.model_training import DIVERGED, keep_round, read_cysts, read_rounds

STAND_IN = """
import json, pathlib, signal, sys, time
folder = pathlib.Path(sys.argv[2])
asked = []
signal.signal(signal.SIGTERM, lambda *_: asked.append(1))
history = folder / "rounds.jsonl"
number = len(history.read_text().splitlines()) if history.exists() else 0
time.sleep(0.5)
while not (folder / "keep-best").exists():
    if asked:
        sys.exit(130)
    number += 1
    ious = {"iou_B": 0.8, "iou_C": 0.6, "iou_M": 0.9}
    row = {"epoch": number, "epochs": 100000, "loss": 1 / number, "validation_loss": 1 / number, "seconds": 0.1, **ious}
    with history.open("a") as file:
        file.write(json.dumps(row) + chr(10))
    print(json.dumps({"event": "epoch", "message": f"Epoch {number}", **row}), flush=True)
    time.sleep(0.1)
(folder / "M1.onnx").write_text(f"model of {number} rounds")
print(json.dumps({"event": "message", "message": "M1 is ready."}), flush=True)
"""

RUN_MS = 60_000
ENDED = ("done", "failed", "some failed", "cancelled", "interrupted")


@pytest.fixture
def queue(session, project) -> Iterator[JobQueue]:
    """A queue whose trainings are the stand-in."""
    queue = JobQueue(session, lambda words: [sys.executable, "-c", STAND_IN, *words])
    yield queue
    queue.stop_all()
    queue.deleteLater()


@pytest.fixture
def panel(qtbot, session, queue, add):
    """Page of phase 2 for three accepted cysts, and what takes in models."""
    add("a", "b", "c")
    panel = TrainingPanel(session, queue, 2)
    qtbot.addWidget(panel)
    panel.show()
    Keeper(session, panel)
    return panel


@pytest.fixture
def run(qtbot, panel, project):
    """A training whose first round is done."""
    qtbot.mouseClick(panel.form.start, Qt.MouseButton.LeftButton)
    assert panel.form.isHidden()
    assert panel.progress.keep.toolTip() == NO_ROUND
    qtbot.waitUntil(panel.progress.keep.isEnabled, timeout=RUN_MS)
    return latest_training(project, 2)


def fake_end(project, run, state, message, rounds=0, epochs=10):
    """End a training, as it were, after some rounds."""
    for number in range(1, rounds + 1):
        row = {"epoch": number, "epochs": epochs, "loss": 1 / number, "validation_loss": 1 / number, "seconds": 1.0}
        keep_round(run.folder, row | {"iou_B": 0.8, "iou_C": 0.6, "iou_M": 0.9})
    project.update_run(run.id, state=state, message=message)


def until_ended(qtbot, queue, run):
    qtbot.waitUntil(lambda: run.id not in queue.running() and queue.job(run.id).state in ENDED, timeout=RUN_MS)


def test_the_lists_of_a_training_name_the_cysts_and_their_labels(project, run):
    assert list(read_cysts(run.folder, "learn")) == ["a", "b"]
    (cyst,) = read_cysts(run.folder, "watch").values()
    assert cyst.labels == next(sample.labels for sample in project.samples() if sample.name == "c")
    assert run.words[:2] == ("train-model", str(run.folder))


def test_stopping_with_the_best_round_makes_a_model_and_the_training_can_go_on(qtbot, project, queue, panel, run):
    assert "left. The best round is number" in panel.progress.words.text()
    qtbot.mouseClick(panel.progress.keep, Qt.MouseButton.LeftButton)
    assert not panel.progress.keep.isEnabled()
    until_ended(qtbot, queue, run)

    assert queue.job(run.id).state == "done"
    qtbot.waitUntil(lambda: "M1" in project.models(), timeout=RUN_MS)
    first = project.models()["M1"]
    assert set(first.trained_on) == {sample.id for sample in project.samples()}
    assert not take_in_model(project, 2)
    done = len(read_rounds(run.folder))
    qtbot.waitUntil(panel.progress.resume.isVisible, timeout=RUN_MS)

    qtbot.mouseClick(panel.progress.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(read_rounds(run.folder)) > done, timeout=RUN_MS)
    qtbot.waitUntil(panel.progress.keep.isEnabled, timeout=RUN_MS)
    qtbot.mouseClick(panel.progress.keep, Qt.MouseButton.LeftButton)
    until_ended(qtbot, queue, run)
    qtbot.waitUntil(lambda: project.models()["M1"].made > first.made, timeout=RUN_MS)
    assert project.models()["M1"].path.read_text() == f"model of {len(read_rounds(run.folder))} rounds"


def test_a_training_that_was_stopped_leaves_no_model_and_goes_on(qtbot, project, queue, panel, run):
    qtbot.mouseClick(panel.progress.pause, Qt.MouseButton.LeftButton)
    until_ended(qtbot, queue, run)
    assert queue.job(run.id).state == "cancelled"
    qtbot.waitUntil(panel.progress.resume.isVisible, timeout=RUN_MS)
    assert panel.progress.heading.text() == "The training of M1 is paused"
    assert "Going on begins with the round after that." in panel.progress.words.text()
    qtbot.waitUntil(panel.form.isVisible, timeout=RUN_MS)
    assert "M1" not in project.models()
    done = len(read_rounds(run.folder))

    qtbot.mouseClick(panel.progress.resume, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(read_rounds(run.folder)) > done, timeout=RUN_MS)


def test_a_training_that_was_killed_goes_on_or_its_best_round_is_kept(qtbot, project, queue, panel, run):
    os.kill(queue.pid(run.id), signal.SIGKILL)
    until_ended(qtbot, queue, run)
    assert queue.job(run.id).state == "interrupted"
    assert "M1" not in project.models()
    done = len(read_rounds(run.folder))
    go_on(queue, run)
    qtbot.waitUntil(lambda: len(read_rounds(run.folder)) > done, timeout=RUN_MS)
    os.kill(queue.pid(run.id), signal.SIGKILL)
    until_ended(qtbot, queue, run)

    qtbot.waitUntil(lambda: panel.progress.keep.text() == "&Keep the best so far", timeout=RUN_MS)
    qtbot.mouseClick(panel.progress.keep, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "M1" in project.models(), timeout=RUN_MS)
    assert queue.job(run.id).state == "done"


def test_a_training_that_ended_while_the_window_was_closed_is_taken_in_at_the_next_opening(
    qtbot, session, project, queue, run
):
    queue.stop_all()
    project.update_run(run.id, state="done", ended=run.started or run.queued)
    (run.folder / "M1.onnx").write_text("model")
    session.close_project()
    again = session.open_project(project.folder)
    qtbot.waitUntil(lambda: "M1" in again.models(), timeout=RUN_MS)
    assert again.models()["M1"].run_id == run.id


@pytest.fixture
def idle(qtbot, panel, project, queue, monkeypatch):
    """A training that was begun, and that nobody runs."""
    added = []
    monkeypatch.setattr(queue, "add", added.append)
    qtbot.mouseClick(panel.form.start, Qt.MouseButton.LeftButton)
    return latest_training(project, 2)


def test_a_training_that_ran_away_is_begun_anew_with_smaller_steps(qtbot, project, panel, idle):
    fake_end(project, idle, "failed", f"{DIVERGED}: its loss is no longer a number. Start anew.", rounds=2)
    qtbot.waitUntil(panel.progress.careful.isVisible)
    assert "its steps were too large" in panel.progress.words.text()
    assert not panel.progress.resume.isVisible()
    qtbot.mouseClick(panel.progress.careful, Qt.MouseButton.LeftButton)
    again = latest_training(project, 2)
    assert again.id != idle.id
    assert option_of(again, "--learning-rate") == ("0.0002",)

    fake_end(project, again, "failed", f"{DIVERGED}.")
    qtbot.waitUntil(panel.progress.careful.isVisible)
    qtbot.mouseClick(panel.progress.careful, Qt.MouseButton.LeftButton)
    assert option_of(latest_training(project, 2), "--learning-rate") == ("2e-05",)


def test_a_full_disk_is_said_and_the_training_can_go_on(qtbot, project, panel, idle):
    fake_end(project, idle, "failed", "last.ckpt could not be written. The disk is full. Free some space.", rounds=2)
    qtbot.waitUntil(panel.progress.resume.isVisible)
    assert "The disk is full. Free some space. What was learnt until then is kept." in panel.progress.words.text()
    assert panel.progress.keep.isVisible()
    assert panel.progress.heading.text() == "The training of M1 broke off"


def test_a_training_that_ended_by_itself_says_why(qtbot, project, panel, idle):
    fake_end(project, idle, "done", "M1 is ready.", rounds=4)
    qtbot.waitUntil(lambda: "It ended by itself after 4 of 10 rounds" in panel.progress.words.text())


def test_pictures_of_the_rounds_are_shown_the_newest_first_and_back_to_earlier_ones(qtbot, project, panel, idle):
    slices = panel.progress.slices
    assert slices.isHidden()
    folder = idle.folder / "training" / "slices"
    folder.mkdir(parents=True)
    for number in (1, 2):
        Image.new("L", (4 * 60 + 6, 50), 100 * number).save(folder / f"round-{number:04d}.png")
    fake_end(project, idle, "cancelled", "Stopped.", rounds=2)
    qtbot.waitUntil(slices.isVisible)
    assert slices.round.text() == "Round 2 of 2"
    slices.slider.setFocus()
    qtbot.keyClick(slices.slider, Qt.Key.Key_Left)
    assert (slices.round.text(), slices.title.text()) == ("Round 1 of 2", "What it saw after round 1")
    assert slices.picture.pixmap().toImage().pixelColor(9, 9).red() == pytest.approx(100, abs=4)
    Image.new("L", (246, 50)).save(folder / "round-0003.png")
    panel.refresh()
    assert slices.round.text() == "Round 1 of 3"
