"""What goes on in phase 5: which cysts are to do, the run that does them, models that were brought along."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cartocell_app.desktop.importing.segmenting import cysts_in_words
from cartocell_app.desktop.jobs.endings import SEE_LIST
from cartocell_app.desktop.jobs.words import doing_in_words, step_in_words

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.desktop.jobs.queue import JobQueue
    from cartocell_app.desktop.jobs.view import JobView
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, Sample

PHASE = 5
BUSY = ("queued", "running")
IMPORTS = ("import-model", "export")
"""Commands that turn models of other programs into ours."""


def new_cysts(project: Project | None) -> list[Sample]:
    """Samples that phase 5 is about."""
    return [] if project is None else [sample for sample in project.samples() if sample.role == "new"]


def can_be_segmented(cysts: Sequence[Sample]) -> list[Sample]:
    """Those whose stack is there, whose voxel size is known, and that are not being segmented."""
    return [cyst for cyst in cysts if not cyst.missing and cyst.voxel_size is not None and cyst.state != "running"]


def to_do(cysts: Sequence[Sample]) -> list[Sample]:
    """Those that can be segmented and have no cells yet."""
    return [cyst for cyst in can_be_segmented(cysts) if cyst.state in ("to do", "failed")]


def with_cells(cysts: Sequence[Sample]) -> list[Sample]:
    """Those that were segmented and not rejected."""
    return [cyst for cyst in cysts if cyst.labels is not None and cyst.state != "rejected"]


def latest_run(project: Project | None, phase: int = PHASE) -> Run | None:
    """The segmentation of a phase that was begun last; of this one by default."""
    runs = [] if project is None else project.runs()
    return next((run for run in reversed(runs) if run.kind == "segment" and run.phase == phase), None)


def latest_import(project: Project | None) -> Run | None:
    """The import of a model that was begun last."""
    runs = [] if project is None else project.runs()
    return next((run for run in reversed(runs) if run.kind in IMPORTS), None)


def start_measuring(project: Project, queue: JobQueue, cysts: Sequence[Sample], folder: Path) -> Run:
    """Put into the queue that the cells of `cysts` are measured, with tables for Excel in `folder`."""
    labels = [str(cyst.labels) for cyst in cysts if cyst.labels is not None]

    def make_words(_: Path) -> list[str]:
        return ["measure", *labels, "--output", str(folder)]

    title = f"Export the numbers of {cysts_in_words(len(cysts))}"
    run = project.new_run("measure", title, [cyst.id for cyst in cysts], make_words)
    queue.add(run)
    return run


def run_in_words(view: JobView, deed: str = "segmentation") -> str:
    """How far a segmentation is, or how it ended if that was not as wished; empty if all is well."""
    if view.state == "queued":
        return "It waits until the job before it is done."
    if view.state == "running":
        return f"{doing_in_words(view)} · {step_in_words(view)}"
    # The page itself says why, below.
    message = view.message.replace(SEE_LIST, "").replace(f"{view.folder}{os.sep}", "")
    endings = {
        "cancelled": f"The {deed} was stopped. What is finished is kept.",
        "interrupted": f"The {deed} was interrupted. What is finished is kept.",
        "failed": f"The {deed} failed. {message}",
        "some failed": f"The {deed} is done in part. {message}",
    }
    return endings.get(view.state, "").strip()


def role_of_run(view: JobView | None) -> str:
    """Role of the style sheet for the words of `run_in_words`."""
    if view is None or view.state in BUSY:
        return ""
    return "failed" if "fail" in view.state else "doubt"


def import_in_words(run: Run | None) -> str:
    """How far the import of a model is, or why it did not succeed; empty if there is nothing to say."""
    if run is None:
        return ""
    if run.state in BUSY:
        return f"{run.title}… It can be chosen once that is done."
    return f"{run.title}: not done. {run.message}" if run.state == "failed" else ""
