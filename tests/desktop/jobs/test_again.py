from collections.abc import Callable
from pathlib import Path

import pytest

from cartocell_app.desktop.jobs.again import why_not_again
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.project.project import Project
from cartocell_app.project.values import Run


def made(project: Project, *words: str) -> Run:
    """A run with these words; ``HERE`` is its own folder."""
    return project.new_run(words[0], "A job", [], lambda folder: [word.replace("HERE", str(folder)) for word in words])


@pytest.mark.parametrize(
    "words",
    [
        ("segment", "a.tif", "-o", "HERE", "--model", "/elsewhere/m2.onnx"),
        ("train-model", "HERE", "--name", "M1"),
        ("crop", "field.tif", "-o", "HERE", "--boxes", "HERE/boxes.csv"),
        ("compare", "/elsewhere/m2.onnx", "--pairs", "HERE", "--output", "HERE"),
        ("measure", "/elsewhere/labels.tif", "--output", "HERE"),
        ("import-model", "/elsewhere/weights.h5", "-o", "HERE/m.onnx"),
        ("run", "--config", "/elsewhere/a.yaml", "--result_dir", "HERE"),
    ],
)
def test_what_stays_in_the_project_may_be_done_again(project: Project, words: tuple[str, ...]):
    assert why_not_again(made(project, *words), project.folder) == ""


@pytest.mark.parametrize(
    "words",
    [
        ("segment", "a.tif", "-o", "/elsewhere"),
        ("segment", "a.tif", "-o", "HERE/../../../elsewhere"),
        ("segment", "a.tif", "--output=/elsewhere"),
        ("segment", "a.tif", "-o"),
        ("train-model", "/elsewhere"),
        ("run", "--config", "a.yaml", "--result_dir", "/elsewhere"),
    ],
)
def test_what_would_write_elsewhere_is_not_done(project: Project, words: tuple[str, ...]):
    assert "outside this project" in why_not_again(made(project, *words), project.folder)


def test_commands_that_no_window_begins_are_not_done(project: Project):
    assert "not a job that this window begins" in why_not_again(
        made(project, "synthesize", "-o", "HERE"), project.folder
    )


def test_a_link_out_of_the_project_is_seen_through(project: Project, tmp_path: Path):
    (project.folder / "runs").mkdir(exist_ok=True)
    (project.folder / "runs" / "out").symlink_to(tmp_path)
    run = made(project, "segment", "a.tif", "-o", str(project.folder / "runs" / "out"))
    assert "outside this project" in why_not_again(run, project.folder)


def test_the_queue_says_why_and_begins_nothing(queue: JobQueue, project: Project, new_run: Callable[..., Run]):
    run = new_run("raise SystemExit('this must not run')")
    project.update_run(run.id, state="interrupted", words=[*run.words, "-o", "/elsewhere"])
    queue.retry(run.id)
    assert queue.waiting() == queue.running() == ()
    assert queue.job(run.id).state == "failed"
    assert "outside this project" in queue.job(run.id).message
