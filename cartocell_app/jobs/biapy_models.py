"""The model of a job of BiaPy's kind: which it is, and turning it into ONNX by another command."""

import json
from dataclasses import dataclass
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.jobs.biapy_config import BiapyConfig
from cartocell_app.jobs.biapy_folders import JobFolders
from cartocell_app.jobs.child import Event, Runner, check_ended
from cartocell_app.jobs.records import write_json
from cartocell_app.jobs.reporting import ProgressKind, Reporter, reporter
from cartocell_app.stacks.files import file_hash

TRAINED, FOREIGN = (".pt",), (".h5", ".hdf5", ".keras", ".pth", ".safetensors", ".zip")
"""Endings of models that `cartocell export` and `cartocell import-model` turn into ONNX."""


@dataclass(frozen=True)
class RunChoices:
    """What is chosen on the command line.

    Attributes
    ----------
    folders : JobFolders
        Where everything goes.
    gpus : tuple of int
        Graphics cards asked for, by number; empty leaves the choice to CartoCell.
    voxel_um : tuple of float or None
        Voxel size (z, y, x) in µm over what the files say.
    progress : str
        How to report.
    """

    folders: JobFolders
    gpus: tuple[int, ...] = ()
    voxel_um: tuple[float, float, float] | None = None
    progress: ProgressKind = "auto"


def run_child(what: str, words: list[str], choices: RunChoices, run: Runner) -> None:
    """Run ``cartocell`` with `words` and pass on what it tells.

    Raises
    ------
    UserError
        That says why `what`, the name for people, failed.
    CancelledError
        If it was stopped.
    """
    with reporter(choices.progress) as report:
        ended = run(words, lambda event: _pass_on(event, report))
    check_ended(what, ended, may_fail_in_part=False)


def _pass_on(event: Event, report: Reporter) -> None:
    kind = event.pop("event")
    if kind == "progress":
        report.overall(event["job_done"], event["job_total"])
        report.step(event["stack"], event["stage"], event["done"], event["total"])
    elif kind == "message":
        report.message(event["message"])
    else:
        report.event(kind, event.pop("message", ""), **event)


def find_source(config: BiapyConfig, folders: JobFolders) -> Path:
    """Model to segment with where none is trained: the file's, or else this run's own.

    Raises
    ------
    UserError
        If there is none, or it is of a kind that nobody here knows.
    """
    known = (".onnx", *TRAINED, *FOREIGN)
    if config.checkpoint is None:
        # Ours, and what the versions of BiaPy call theirs.
        own = [folders.training / "network.pt", folders.checkpoints / f"{folders.job}-checkpoint-best.pth"]
        own += [folders.weights.with_name(folders.weights.name + ending) for ending in known]
        found = next((path for path in own if path.is_file()), None)
        if found is None:
            raise UserError(
                f"{config.path} names no model, and {folders.job} has none in {folders.checkpoints} yet.",
                "Set PATHS.CHECKPOINT_FILE, or train first with the same --name and --run_id.",
            )
        return found
    if not config.checkpoint.is_file():
        raise UserError(
            f"{config.path}: PATHS.CHECKPOINT_FILE is {config.checkpoint}, and there is no such file.",
            "Put the path of your model there.",
        )
    if config.checkpoint.suffix.lower() not in known:
        raise UserError(f"{config.checkpoint} is no model that CartoCell reads.", f"It reads {', '.join(known)}.")
    return config.checkpoint


def as_onnx(source: Path, choices: RunChoices, run: Runner) -> Path:
    """The model as ONNX, converted once for each content of `source`."""
    folders = choices.folders
    if source.suffix.lower() == ".onnx":
        return source
    own = source == folders.training / "network.pt"
    model = folders.checkpoints / f"{folders.weights.name if own else source.name}.onnx"
    origin = model.with_suffix(".json")
    made_from = {"file": source.name, "sha256": file_hash(source)}
    if model.exists() and read_plain_json(origin) == made_from:
        return model
    words = [str(source), "-o", str(model)]
    trained_here = source.suffix.lower() in TRAINED
    words = ["export", *words, "--name", folders.job] if trained_here else ["import-model", *words]
    run_child(f"Reading the model {source}", words, choices, run)
    write_json(origin, made_from)
    with reporter(choices.progress) as report:
        report.message(f"{source.name} is now {model}.")
    return model


def read_plain_json(path: Path) -> object:
    """Content of a JSON file; None if there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
