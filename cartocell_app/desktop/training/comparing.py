"""Comparing M1 with M2: in which cysts, as a run of the queue, and what came of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cartocell_app.desktop.importing.segmenting import cysts_in_words
from cartocell_app.desktop.samples.words import natural
from cartocell_app.desktop.training.starting import learnt_from, option_of, write_lists

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.desktop.jobs.queue import JobQueue
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, Sample

KIND, PHASE = "compare", 4
MODELS = ("M1", "M2")


@dataclass(frozen=True)
class Judges:
    """Cysts to compare models with.

    Attributes
    ----------
    cysts : tuple of Sample
        Accepted, and learnt from by neither model.
    by_model : int
        How many of them have the cells that a model found, as they were: the model that found them is right there by
        definition.
    """

    cysts: tuple[Sample, ...]
    by_model: int


def judges_of(project: Project) -> Judges:
    """Cysts to compare the project's M1 and M2 with; those whose cells a person gave, if there are any."""
    learnt: set[int] = set()
    runs = {run.id: run for run in project.runs()}
    for name in MODELS:
        model = project.models().get(name)
        if model is not None:
            run = runs.get(model.run_id or 0)
            learnt |= set(model.trained_on) if run is None else learnt_from(run)
    good = [
        sample
        for sample in project.samples()
        if sample.state == "accepted" and sample.labels and not sample.missing
        and sample.voxel_size is not None and sample.id not in learnt
    ]  # fmt: skip
    good.sort(key=lambda sample: natural(sample.name))
    given = [sample for sample in good if not _found_by_a_model(project, sample)]
    return Judges(tuple(given or good), 0 if given else len(good))


def obstacle(project: Project | None, judges: Judges) -> str:
    """Why nothing can be compared now, and what to do; empty if it can."""
    if project is None or project.read_only:
        return "This project is open in another window, so it can only be read here."
    missing = [name for name in MODELS if name not in project.models()]
    if missing:
        return f"{' and '.join(missing)} must be trained first."
    if not judges.cysts:
        return (
            "There is no accepted cyst that neither model learnt from. Add one or more with labelled cells for "
            "watching trainings (right-click, Use for), and accept them."
        )
    return ""


def start_comparing(project: Project, queue: JobQueue, judges: Judges) -> Run:
    """Put the comparison of the project's M1 and M2 into the queue.

    Raises
    ------
    UserError
        If the folder of the run cannot be written.
    """
    files = [str(project.models()[name].path) for name in MODELS]
    trained = next((run for run in project.runs() if run.id == project.models()["M2"].run_id), None)
    size = () if trained is None else option_of(trained, "--to", 3)

    def make_words(folder: Path) -> list[str]:
        from cartocell_app.jobs.comparing import PAIRS

        write_lists(folder, PAIRS, judges.cysts)
        words = ["compare", *files, "--pairs", str(folder), "--output", str(folder)]
        return [*words, "--to", *size] if size else words

    title = f"Compare M1 with M2 on {cysts_in_words(len(judges.cysts))}"
    run = project.new_run(KIND, title, [], make_words, phase=PHASE)
    queue.add(run)
    return run


def latest_comparison(project: Project) -> Run | None:
    """The comparison that was begun last, as it is now."""
    runs = [run for run in project.runs() if run.kind == KIND]
    return runs[-1] if runs else None


def is_old(project: Project, run: Run) -> bool:
    """Whether a model was trained again since a comparison."""
    made = [model.made for name, model in project.models().items() if name in MODELS]
    return run.queued is not None and any(moment > run.queued for moment in made)


def read_comparison(folder: Path) -> dict[str, Any] | None:
    """What ``cartocell compare`` left; None if it is not done."""
    from cartocell_app.jobs.comparing import COMPARISON

    try:
        found = json.loads((folder / COMPARISON).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "rows" in found else None


def advice(rows: Sequence[dict[str, Any]]) -> str:
    """What to do where M2 is not better; empty if it is."""
    from cartocell_app.jobs.comparing import AFTER
    from cartocell_app.jobs.comparison_words import SAME

    quality = {row["model"]: row["pq_0.5"] for row in rows if row["cyst"] == "ALL" and row["stage"] == AFTER}
    if quality["M2"] - quality["M1"] >= SAME:
        return ""
    return (
        "What to do: look once more through the cysts that M1 labelled, the most doubtful first, for M2 learns their "
        "mistakes too. Accept more of them, or train M2 for longer (Standard). Until then use M1."
    )


def _found_by_a_model(project: Project, sample: Sample) -> bool:
    """Whether nobody has touched the cells of a sample since a model found them."""
    versions = project.label_versions(sample.id)
    return any(version.path == sample.labels and version.kind == "segmented" for version in versions)
