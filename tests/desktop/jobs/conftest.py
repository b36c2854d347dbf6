"""A project with a few samples, and commands that stand in for ``cartocell``."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.session import Session
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample, Run

HELPERS = """
import json, os, pathlib, signal, sys, time
out = pathlib.Path(sys.argv[1])
def say(**values): print(json.dumps(values), flush=True)
def record(name, **row):
    (out / "records").mkdir(exist_ok=True)
    text = json.dumps({"row": {"name": name, "state": "done", **row}})
    (out / "records" / f"{name}.part").write_text(text)
    (out / "records" / f"{name}.part").rename(out / "records" / f"{name}.json")
    say(event="result", stack=name, state="done", cells=row.get("cells"), seconds=0.1, error=row.get("error"))
"""
"""What the programs of tests can use."""


def python(words: Sequence[str]) -> list[str]:
    """Takes the second word of a command as a Python program, and the third as its result folder."""
    return [sys.executable, "-c", HELPERS + words[1], *words[2:]]


@pytest.fixture
def project(session: Session, tmp_path: Path) -> Project:
    """An open project with the samples a, b and c, whose files are not there."""
    project = session.create_project(tmp_path / "Cysts.cartocell")
    project.add_samples([NewSample(tmp_path / f"{name}.tif") for name in "abc"])
    return project


@pytest.fixture
def queue(session: Session, project: Project) -> Iterator[JobQueue]:
    """A queue whose commands are Python programs; stopped at the end."""
    queue = JobQueue(session, python)
    yield queue
    queue.stop_all()
    queue.deleteLater()


@pytest.fixture
def new_run(project: Project) -> Callable[..., Run]:
    """Makes a run of a Python program for all samples."""

    def make(program: str, kind: str = "segment", title: str = "Segment 3 cysts") -> Run:
        ids = [sample.id for sample in project.samples()]
        return project.new_run(kind, title, ids, lambda folder: [kind, program, str(folder)])

    return make


@pytest.fixture
def until(qtbot: QtBot, queue: JobQueue) -> Callable[..., None]:
    """Waits until a run is in one of some states, and the queue has told so."""

    def wait(run: Run, *states: str) -> None:
        qtbot.waitUntil(lambda: queue.job(run.id).state in states and run.id not in queue.running(), timeout=20_000)

    return wait
