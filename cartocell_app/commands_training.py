"""The commands that need PyTorch: ``train``, ``export``, ``import-model`` and ``export-model-zoo``."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cartocell_app.command_options import (
    MissingVoxelUm,
    Out,
    Progress,
    StartFrom,
    given_cell_width,
    given_voxel_size,
    needs_training,
    stage_progress,
    stoppable,
)
from cartocell_app.errors import UserError
from cartocell_app.presets import USUAL, presets_in_short
from cartocell_app.stacks.voxel_size import VoxelSize

if TYPE_CHECKING:
    from training.machines import Machines
    from training.records import RunFolder
    from training.run import Sources
    from training.settings import TrainingSettings


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (train, export, import_model, export_model_zoo):
        app.command()(command)


def train(
    output: Out,
    dataset: Annotated[
        Path | None,
        typer.Argument(
            help="Training set: a folder with x (raw stacks) and y (labels of the same names). "
            "Without it, synthetic cysts are drawn.",
            show_default=False,
        ),
    ] = None,
    validation: Annotated[
        Path | None,
        typer.Option(help="Set to watch the training with, like DATASET.", show_default="some of DATASET, kept apart"),
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help=presets_in_short(), show_default=USUAL),
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Rounds at most.", show_default="the preset's")] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Rounds without gain before it ends.", show_default="the preset's")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Patches a step.", show_default="the preset's")] = None,
    patch: Annotated[
        tuple[int, int, int] | None,
        typer.Option(metavar="Z Y X", help="Size of a patch in voxels.", show_default="the preset's"),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Updates of the weights, in place of --epochs.", show_default=False)
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Greatest size of a step.", show_default="the preset's")
    ] = None,
    feature_maps: Annotated[
        str | None, typer.Option(help="Channels of each level, as 16,32,64.", show_default="the preset's")
    ] = None,
    z_pool: Annotated[
        str | None, typer.Option(help="Pooling along z between levels, 1 or 2.", show_default="the preset's")
    ] = None,
    examples: Annotated[
        int | None, typer.Option(min=1, help="Synthetic specimens, where there is no DATASET.", show_default="256")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of everything random.", show_default="1000000")] = None,
    voxel_size: MissingVoxelUm = None,
    start_from: StartFrom = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="All settings, as a .json file.", show_default=False)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in the folder, with its own settings.")
    ] = False,
    name: Annotated[str | None, typer.Option(help="Of the job, for its files.", show_default="cartocell")] = None,
    run_id: Annotated[
        int | None, typer.Option(min=1, help="Number of the run, for its files.", show_default="1")
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where it trains.")] = "auto",
    devices: Annotated[int, typer.Option(min=1, help="Graphics cards (or processes) of each computer.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Computers.")] = 1,
    progress: Progress = "auto",
) -> None:
    """Train a network on labelled stacks. The same command goes on after a stop."""
    needs_training()
    from cartocell_app.models import find_model
    from training.machines import Machines, default_loaders
    from training.records import RunFolder
    from training.run import Sources, read_run

    given = given_voxel_size(voxel_size)
    size = None if given is None else VoxelSize(*given, source="given by you")
    chosen: dict[str, Any] = {
        "preset": preset, "epochs": epochs, "patience": patience, "batch": batch, "patch": patch, "steps": steps,
        "learning_rate": learning_rate, "feature_maps": _numbers(feature_maps), "z_pool": _numbers(z_pool),
        "examples": examples, "seed": seed,
    }  # fmt: skip
    if resume:
        others: dict[str, object] = {
            "DATASET": dataset,
            "validation": validation,
            "voxel_size": voxel_size,
            "start_from": start_from,
        }
        _refuse("--resume", others | chosen | {"settings": settings_file, "name": name, "run_id": run_id})
        folder, settings, sources = read_run(output)
    else:
        folder = RunFolder(output, name or "cartocell", run_id or 1)
        settings = _settings(settings_file, chosen, USUAL if dataset else "synthetic")
        start = None if start_from is None else find_model(start_from, "cpu")
        settings = _for_start(settings, start, _said_in(settings_file) if settings_file else chosen)
        sources = Sources(dataset, validation, size, start)
    machines = Machines(device, devices, nodes, default_loaders(devices))
    _run(settings, sources, folder, machines, progress)


def _run(
    settings: "TrainingSettings", sources: "Sources", folder: "RunFolder", machines: "Machines", progress: Progress
) -> None:
    """Train until it is done or stopped, and tell of it meanwhile; helpers of the first process are silent."""
    from cartocell_app.jobs.records import provenance
    from cartocell_app.jobs.reporting import reporter
    from training.run import run_training

    with stoppable() as stop, reporter("none" if _is_helper() else progress) as report:
        weights = run_training(
            settings,
            sources,
            folder,
            machines=machines,
            provenance=provenance(),
            progress=stage_progress(report, "training"),
            cancelled=stop.is_set,
            report=lambda epoch: report.event(
                "epoch", epoch.sentence(), **epoch.as_row(), slice=str(folder.slice_picture)
            ),
            say=report.message,
        )
        report.message(f"Saved the trained network to {weights}. Next: cartocell export {weights} -o MODEL.onnx")


def _settings(file: Path | None, chosen: dict[str, Any], usual: str) -> "TrainingSettings":
    """Settings of the file; or those of the preset, `usual` if none is named, with what else was chosen."""
    from training.settings import read_settings_file, training_settings

    if file is not None:
        _refuse("--settings", chosen)
        return read_settings_file(file)
    if chosen["steps"] is not None:
        _refuse("--steps", {"epochs": chosen["epochs"]})
    return training_settings(**(chosen | {"preset": chosen["preset"] or usual}))


def _said_in(file: Path) -> Mapping[str, Any]:
    """What a file of settings, which was read before, says itself."""
    said: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return said


def _for_start(settings: "TrainingSettings", start: Path | None, chosen: Mapping[str, Any]) -> "TrainingSettings":
    """Settings for the network that a training starts from; what was chosen by hand stays, and must suit it."""
    if start is None:
        return settings
    from training.starting import settings_to_start_from

    kept = {name: getattr(settings, name) for name in ("feature_maps", "z_pool", "learning_rate") if chosen.get(name)}
    return settings_to_start_from(start, settings).model_copy(update=kept)


def _refuse(option: str, others: Mapping[str, object]) -> None:
    """Refuse options (or arguments, in capitals) that would have no effect beside `option`."""
    given = [
        name if name.isupper() else f"--{name.replace('_', '-')}" for name, value in others.items() if value is not None
    ]
    if given:
        raise UserError(f"{option} already says what {', '.join(given)} would.", "Give one or the other.")


def _is_helper() -> bool:
    """Whether this process is one of several that train together, and not the first."""
    return any(os.environ.get(rank, "0") != "0" for rank in ("LOCAL_RANK", "NODE_RANK"))


def export(
    weights: Annotated[Path, typer.Argument(help="network.pt that `cartocell train` wrote.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file (.onnx).", show_default=False)],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "my-model",
    model_version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    command: Annotated[str, typer.Option(help="The command that trained it, for its card.")] = "",
    scores: Annotated[
        Path | None, typer.Option(help="Scores (.json) that `cartocell evaluate --scores` wrote.", show_default=False)
    ] = None,
    limits: Annotated[str, typer.Option(help="What it is not good for, for its card.")] = "",
    voxel_size: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            "--voxel-size",
            metavar="Z Y X",
            help="Voxel size in µm to which it is to have stacks resampled.",
            show_default="what it was trained at",
        ),
    ] = None,
    tissue_above: Annotated[
        float | None,
        typer.Option(
            min=0.05,
            max=0.95,
            help="Probability of tissue from which on it is to count, if measured on labelled cysts.",
            show_default="0.5",
        ),
    ] = None,
    cell_width: Annotated[
        float | None,
        typer.Option(
            metavar="UM",
            help="How wide (µm) the cells are that it knows best; others are then looked at again, at theirs.",
            show_default="not known",
        ),
    ] = None,
    second_view: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            "--second-view",
            metavar="Z Y X",
            help="Voxel size in µm at which it is to look at each stack a second time, turned over; the mean counts. "
            "A little finer than the first outlines cells more closely.",
            show_default="it looks once",
        ),
    ] = None,
    half: Annotated[
        bool, typer.Option("--half", help="Compute in half precision, for graphics cards with little memory.")
    ] = False,
) -> None:
    """Turn a trained network into one model file (ONNX) for `cartocell segment`."""
    needs_training()
    from cartocell_app.jobs.evaluating import read_scores
    from training.export import export as write_model

    known = {} if scores is None else read_scores(scores)
    card = write_model(
        weights,
        output,
        name=name,
        version=model_version,
        training_command=command,
        scores=known,
        limits=limits,
        voxel_um=given_voxel_size(voxel_size),
        tissue_above=tissue_above,
        half=half,
        cell_width_um=given_cell_width(cell_width),
        second_view_um=given_voxel_size(second_view, "--second-view"),
    )
    typer.echo(f"Saved {card.name} {card.version} to {output} ({card.mflop_per_voxel:.3f} MFLOP a voxel).")


def import_model(
    source: Annotated[
        Path,
        typer.Argument(
            help="Weights of CartoCell (.h5), a checkpoint of BiaPy 3.5 or 3.7 (.pth), or a package of the BioImage "
            "Model Zoo (.zip).",
            show_default=False,
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file (.onnx).", show_default=False)],
    voxel_size: Annotated[
        tuple[float, float, float] | None,
        typer.Option("--voxel-size", metavar="Z Y X", help="Voxel size in µm that it was trained at."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model.", show_default="what the file says")] = None,
) -> None:
    """Turn a published or foreign model into one for `cartocell segment`. Nothing in the file is executed."""
    needs_training()
    from training.importing.importing import import_model as convert

    card = convert(source, output, voxel_um=given_voxel_size(voxel_size), name=name)
    typer.echo(f"Saved {card.name} {card.version} to {output}. {card.training}")


def export_model_zoo(
    model: Annotated[Path, typer.Argument(help="A model (.onnx).", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The package (.zip).", show_default=False)],
) -> None:
    """Pack a model for the BioImage Model Zoo."""
    needs_training()
    from training.importing.model_zoo_writing import export_model_zoo as pack

    pack(model, output)
    typer.echo(f"Saved the package to {output}.")


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.replace("/", ",").split(","))
    except ValueError as error:
        raise UserError(f"{text!r} is not a list of whole numbers.", "Write it like 16,32,64.") from error
