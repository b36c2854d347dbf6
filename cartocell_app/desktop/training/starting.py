"""Trainings as runs of the queue: begun, ended with their best round, gone on with, their models taken in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cartocell_app.desktop.importing.segmenting import cysts_in_words, stack_rows
from cartocell_app.desktop.training.proposing import MODEL_OF, VoxelUm

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.desktop.jobs.queue import JobQueue
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, Sample

KIND = "train"
MARKS = "trained_on.json"


@dataclass(frozen=True)
class TrainingChoices:
    """How a model is trained.

    Attributes
    ----------
    phase : int
        2 trains M1, 4 trains M2.
    learning, watching : tuple of Sample
        Cysts that it learns from; cysts that each round is judged with.
    voxel_um : (z, y, x)
        Voxel size in µm that all are brought to.
    preset : str
        One of `PRESETS`.
    """

    phase: int
    learning: tuple[Sample, ...]
    watching: tuple[Sample, ...]
    voxel_um: VoxelUm
    preset: str


def start_training(project: Project, queue: JobQueue, choices: TrainingChoices) -> Run:
    """Put a training into the queue; one run does it all, from the cysts to the model.

    Returns
    -------
    Run
        As it was put there.

    Raises
    ------
    UserError
        If its folder cannot be written.
    """
    cysts = (*choices.learning, *choices.watching)
    ids = [cyst.id for cyst in cysts]
    marks = project.label_marks()

    def make_words(folder: Path) -> list[str]:
        from cartocell_app.jobs.model_training import LEARN, WATCH
        from cartocell_app.jobs.records import write_json

        write_json(folder / MARKS, {str(number): marks[number] for number in ids})
        _write_lists(folder, LEARN, choices.learning)
        _write_lists(folder, WATCH, choices.watching)
        return training_words(folder, choices)

    title = f"Train {MODEL_OF[choices.phase]} on {cysts_in_words(len(cysts))}"
    run = project.new_run(KIND, title, ids, make_words, phase=choices.phase)
    queue.add(run)
    return run


def training_words(folder: Path, choices: TrainingChoices) -> list[str]:
    """Arguments of ``cartocell`` that train with the lists in `folder`."""
    size = [f"{edge_um:.6g}" for edge_um in choices.voxel_um]
    return ["train-model", str(folder), "--name", MODEL_OF[choices.phase], "--to", *size, "--preset", choices.preset]


def latest_training(project: Project, phase: int) -> Run | None:
    """The training of a phase that was begun last, as it is now."""
    runs = [run for run in project.runs() if run.kind == KIND and run.phase == phase]
    return runs[-1] if runs else None


def keep_best(queue: JobQueue, run: Run) -> None:
    """End a training, and make its best round so far the model."""
    from cartocell_app.jobs.model_training import KEEP_BEST

    (run.folder / KEEP_BEST).touch()
    if run.id not in queue.running():
        queue.retry(run.id)


def go_on(queue: JobQueue, run: Run) -> None:
    """Go on with a training that was stopped, from its last finished round."""
    from cartocell_app.jobs.model_training import KEEP_BEST

    (run.folder / KEEP_BEST).unlink(missing_ok=True)
    queue.retry(run.id)


def was_ended_early(run: Run) -> bool:
    """Whether a training ended since its best round was asked for."""
    from cartocell_app.jobs.model_training import KEEP_BEST

    return (run.folder / KEEP_BEST).exists()


def take_in_model(project: Project, phase: int) -> bool:
    """Add the model of the training that ended last to the project, if that was not done; says whether it was now.

    Raises
    ------
    UserError
        If the model cannot be copied.
    """
    runs = [run for run in project.runs() if run.kind == KIND and run.phase == phase and run.state == "done"]
    ended = [run for run in runs if run.ended is not None]
    if project.read_only or not ended:
        return False
    run = max(ended, key=lambda run: run.ended)
    name = MODEL_OF[phase]
    known, file = project.models().get(name), run.folder / f"{name}.onnx"
    if (known is not None and known.run_id == run.id and known.made >= run.ended) or not file.exists():
        return False
    marks = json.loads((run.folder / MARKS).read_text(encoding="utf-8"))
    project.add_model(name, file, {int(number): mark for number, mark in marks.items()}, run.id)
    return True


def _write_lists(folder: Path, part: str, cysts: Sequence[Sample]) -> None:
    from cartocell_app.jobs.model_training import Cyst, write_cysts

    rows = stack_rows(cysts)
    labels = {cyst.name: cyst.labels for cyst in cysts}
    write_cysts(folder, part, {name: Cyst(file, labels[name], reading) for name, (file, reading) in rows.items()})
