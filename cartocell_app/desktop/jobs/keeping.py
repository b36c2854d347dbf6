"""What jobs change in the project; for worker threads, and at the end also for the window's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from cartocell_app.desktop.jobs.endings import Ending

if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, Sample, State


def due_samples(project: Project, run: Run) -> tuple[Sample, ...]:
    """Samples of a segmentation that it has not done yet."""
    if run.kind != "segment":
        return ()
    chosen = set(run.sample_ids)
    return tuple(
        sample
        for sample in project.samples()
        if sample.id in chosen and (sample.results != run.folder or sample.state in ("to do", "failed", "running"))
    )


def mark_waiting(project: Project, run: Run) -> dict[int, State]:
    """Say that `run` waits and that its samples are worked on; returns the states that they had.

    A sample that is worked on already, by another run, is told as one to do.
    """
    samples = due_samples(project, run)
    if samples:
        project.update_samples([sample.id for sample in samples], state="running")
    project.update_run(run.id, state="queued", message="", started=None, ended=None)
    return {sample.id: "to do" if sample.state == "running" else sample.state for sample in samples}


def mark_running(project: Project, run: Run) -> None:
    """Say that `run` has begun."""
    project.update_run(run.id, state="running", started=datetime.now(UTC))


def settle(project: Project, run: Run, ending: Ending, states: Mapping[int, State]) -> None:
    """Take in the last results of `run`, say what came of it, and let go of samples that it did not get to.

    Parameters
    ----------
    project : Project
        Is changed.
    run : Run
        It ended.
    ending : Ending
        How.
    states : mapping of int to str
        States that the samples had before; the rest is "segmented" if it has labels, else "to do".
    """
    project.take_in_results(run.id)
    project.let_go(run.sample_ids, states)
    project.update_run(run.id, state=ending.state, message=ending.message, ended=datetime.now(UTC))
