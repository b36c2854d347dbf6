"""Trainings as runs of the queue: begun, ended with their best round, gone on with, their models taken in."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cartocell_app.desktop.importing.segmenting import cysts_in_words, stack_rows
from cartocell_app.desktop.training.proposing import MODEL_OF, VoxelUm
from cartocell_app.stacks.files import whole_file

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.desktop.jobs.queue import JobQueue
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, Sample

KIND = "train"
MARKS, LEARNT = "trained_on.json", "learnt_from.json"
BEGIN = "begin-with.onnx"

CAREFUL_RATE = 2e-4
"""Size of the steps of a training that begins again after one that diverged; the next ones take a tenth of it."""


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
        Key of one of `PRESETS`.
    begin_with : Path or None
        A model whose knowledge comes first; None begins with nothing.
    learning_rate : float or None
        Greatest size of a step; None is the preset's.
    """

    phase: int
    learning: tuple[Sample, ...]
    watching: tuple[Sample, ...]
    voxel_um: VoxelUm
    preset: str
    begin_with: Path | None = None
    learning_rate: float | None = None


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
        write_json(folder / LEARNT, {"samples": [cyst.id for cyst in choices.learning]})
        if choices.begin_with is not None:
            # A copy: the training must go on to the same result when that model was trained again meanwhile.
            with whole_file(folder / BEGIN) as partial:
                shutil.copyfile(choices.begin_with, partial)
        write_lists(folder, LEARN, choices.learning)
        write_lists(folder, WATCH, choices.watching)
        return training_words(folder, choices)

    title = f"Train {MODEL_OF[choices.phase]} on {cysts_in_words(len(cysts))}"
    run = project.new_run(KIND, title, ids, make_words, phase=choices.phase)
    queue.add(run)
    return run


def training_words(folder: Path, choices: TrainingChoices) -> list[str]:
    """Arguments of ``cartocell`` that train with the lists in `folder`."""
    size = [f"{edge_um:.6g}" for edge_um in choices.voxel_um]
    words = ["train-model", str(folder), "--name", MODEL_OF[choices.phase], "--to", *size, "--preset", choices.preset]
    if choices.begin_with is not None:
        words += ["--start-from", str(folder / BEGIN)]
    if choices.learning_rate is not None:
        words += ["--learning-rate", f"{choices.learning_rate:g}"]
    return words


def option_of(run: Run, name: str, count: int = 1) -> tuple[str, ...]:
    """What an option of a run's command was given; empty if it was not."""
    if name not in run.words:
        return ()
    at = run.words.index(name) + 1
    return run.words[at : at + count]


def smaller_rate(run: Run) -> float:
    """Size of the steps to try after a training that diverged."""
    (given,) = option_of(run, "--learning-rate") or ("",)
    return float(given) / 10 if given else CAREFUL_RATE


def learnt_from(run: Run) -> frozenset[int]:
    """Numbers of the samples that a model learnt from; those that watched are not among them, where that is known."""
    try:
        return frozenset(json.loads((run.folder / LEARNT).read_text(encoding="utf-8"))["samples"])
    except (OSError, ValueError, KeyError):
        return frozenset(run.sample_ids)


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


def write_lists(folder: Path, part: str, cysts: Sequence[Sample]) -> None:
    """Write the lists of some cysts and their labels into the folder of a run."""
    from cartocell_app.jobs.model_training import Cyst, write_cysts

    rows = stack_rows(cysts)
    labels = {cyst.name: cyst.labels for cyst in cysts}
    write_cysts(folder, part, {name: Cyst(file, labels[name], reading) for name, (file, reading) in rows.items()})
