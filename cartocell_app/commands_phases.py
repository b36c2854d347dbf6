"""The commands of the five phases: ``downsample``, ``label``, ``merge`` and, over all of them, ``phases``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cartocell_app.command_options import (
    CellWidthUm,
    Channel,
    DeviceName,
    Inputs,
    MissingVoxelUm,
    Out,
    Progress,
    Scene,
    Subfolders,
    TimePoint,
    ViewsWanted,
    VoxelUm,
    given_cell_width,
    given_voxel_size,
    name_or_number,
    needs_training,
    stoppable,
)
from cartocell_app.exit_codes import SOME_FAILED
from cartocell_app.presets import USUAL, presets_in_short

LeaveOut = Annotated[
    float,
    typer.Option("--leave-out", min=0, max=1, help="Cysts with more doubt than this get `no` in the curation list."),
]


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (downsample, label, merge, phases):
        app.command()(command)


def downsample(
    source: Annotated[
        Path,
        typer.Argument(help="Folder with x (raw) and y (labels); or raw stacks alone.", show_default=False),
    ],
    output: Out,
    to: Annotated[
        tuple[float, float, float],
        typer.Option("--to", metavar="Z Y X", help="Wanted voxel size in µm.", show_default=False),
    ],
    voxel_size: VoxelUm = None,
    channel: Channel = None,
    scene: Scene = None,
    time: TimePoint = None,
    progress: Progress = "auto",
) -> None:
    """Phase 2: bring raw stacks and labels to a coarser voxel size, and say which cells suffer."""
    from cartocell_app.jobs.downsampling import downsample as downsample_set
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.jobs.segmenting import ReadingChoices

    given_voxel_size(to, "--to")
    reading = ReadingChoices(name_or_number(scene), name_or_number(channel), time, given_voxel_size(voxel_size))
    with stoppable() as stop, reporter(progress) as report:
        result = downsample_set(source, output, to, report, reading=reading, stop=stop)
        report.message(f"Saved to {output} (what became of cells: {result.table}).")
    if result.failed:
        typer.echo(f"{len(result.failed)} could not be done; see {result.table}.", err=True)
        raise typer.Exit(SOME_FAILED)


def label(
    inputs: Inputs,
    output: Out,
    model: Annotated[str, typer.Option(help="An .onnx file, as M1; auto: the best in the box.")] = "auto",
    voxel_size: VoxelUm = None,
    channel: Channel = None,
    scene: Scene = None,
    time: TimePoint = None,
    profile: Annotated[
        str,
        typer.Option(
            help="How maps become cells: auto (what the model says), default, or as published: paper-2022, "
            "biapy-cartocell, biapy-3.5, biapy-3.7."
        ),
    ] = "auto",
    cell_width: CellWidthUm = None,
    views: ViewsWanted = None,
    leave_out: LeaveOut = 0.5,
    device: Annotated[DeviceName, typer.Option(help="Where the network runs.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads.", show_default="all")] = None,
    workers: Annotated[int, typer.Option(min=1, help="Stacks at a time.")] = 1,
    subfolders: Subfolders = False,
    progress: Progress = "auto",
) -> None:
    """Phase 3: make a training set of raw cysts with a model, and a list of what to look at."""
    from cartocell_app.jobs.batch import BatchChoices
    from cartocell_app.jobs.inputs import find_stacks
    from cartocell_app.jobs.labelling import label_stacks
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.jobs.segmenting import ReadingChoices
    from cartocell_app.models import find_model

    reading = ReadingChoices(name_or_number(scene), name_or_number(channel), time, given_voxel_size(voxel_size))
    stacks = find_stacks(inputs, subfolders=subfolders, leave_out=output)
    width_um = given_cell_width(cell_width)
    choices = BatchChoices(find_model(model, device), reading, profile, width_um, views, device, threads, workers)
    with stoppable() as stop, reporter(progress) as report:
        result = label_stacks(stacks, output, choices, report, leave_out=leave_out, stop=stop)
        report.message(
            f"{len(result.labelled)} cysts labelled; {result.left_out} of them are not accepted. "
            f"Look at the first ones in {result.curation}, correct their labels in Fiji, or write yes or no."
        )
    if result.failed:
        typer.echo(f"{len(result.failed)} of {len(stacks)} stacks could not be labelled.", err=True)
        raise typer.Exit(SOME_FAILED)


def merge(
    sets: Annotated[list[Path], typer.Argument(help="Folders with x (raw) and y (labels).", show_default=False)],
    output: Out,
    progress: Progress = "auto",
) -> None:
    """Phase 4: merge training sets into one, by links; cysts not accepted are left out."""
    from cartocell_app.jobs.merging import merge_sets
    from cartocell_app.jobs.reporting import reporter

    with stoppable() as stop, reporter(progress) as report:
        result = merge_sets(sets, output, report, stop=stop)
        report.message(f"{result.pairs} pairs in {output}.")
    if result.failed:
        typer.echo(f"{len(result.failed)} could not be merged: {', '.join(result.failed)}.", err=True)
        raise typer.Exit(SOME_FAILED)


def phases(
    dataset: Annotated[
        Path,
        typer.Argument(
            help="Folder or .zip file with train_M1/x, train_M1/y, validation/x, validation/y, train_M2/x, test/x, "
            "test/y.",
            show_default=False,
        ),
    ],
    output: Out,
    preset: Annotated[str, typer.Option(help=f"Of both trainings: {presets_in_short()}")] = USUAL,
    epochs: Annotated[int | None, typer.Option(min=1, help="Rounds at most.", show_default="the preset's")] = None,
    steps: Annotated[
        int | None, typer.Option(min=1, help="Updates of the weights, in place of --epochs.", show_default=False)
    ] = None,
    patience: Annotated[
        int | None, typer.Option(min=1, help="Rounds without gain before it ends.", show_default="the preset's")
    ] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Patches a step.", show_default="the preset's")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of everything random.", show_default="the preset's")] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where networks train and run.")] = "auto",
    voxel_size: MissingVoxelUm = None,
    leave_out: LeaveOut = 0.5,
    m2_from_m1: Annotated[
        bool,
        typer.Option("--m2-from-m1", help="M2 goes on from M1's weights; else it learns from nothing, as published."),
    ] = False,
    progress: Progress = "auto",
) -> None:
    """Phases 2 to 5: train M1, label with it, train M2 on all, and compare both on the test set."""
    needs_training()
    from cartocell_app.jobs.phase_steps import PhaseChoices
    from cartocell_app.jobs.phases import run_phases
    from cartocell_app.jobs.reporting import reporter

    choices = PhaseChoices(
        preset, epochs, patience, batch, seed, device, given_voxel_size(voxel_size), leave_out, steps, m2_from_m1
    )
    with stoppable() as stop, reporter(progress) as report:
        result = run_phases(dataset, output, choices, report, stop=stop)
        report.event("table", f"Saved to {output / 'table.csv'} and {output / 'table.md'}.", table=result.table)
    if progress != "json":
        typer.echo(result.table)
    if result.remarks:
        typer.echo("Some stacks could not be done:\n" + "\n".join(result.remarks), err=True)
        raise typer.Exit(SOME_FAILED)
