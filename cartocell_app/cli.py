"""``cartocell``: one function a sub-command. What takes long to import is imported where it is used."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from cartocell_app import (
    __version__,
    commands_biapy,
    commands_comparing,
    commands_measuring,
    commands_models,
    commands_phases,
    commands_projects,
    commands_training,
)
from cartocell_app.command_options import (
    CellWidthUm,
    Channel,
    DeviceName,
    Out,
    Progress,
    Scene,
    StackList,
    Subfolders,
    TimePoint,
    ViewsWanted,
    VoxelUm,
    given_cell_width,
    given_voxel_size,
    name_or_number,
    stage_progress,
    stoppable,
)
from cartocell_app.errors import UserError
from cartocell_app.exit_codes import BAD_INPUT, SOME_FAILED, STOPPED
from cartocell_app.progress import CancelledError

app = typer.Typer(
    help="From confocal stacks of epithelial cysts to segmented, touching cells.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Run the command line; a `UserError` becomes one sentence and exit code 2."""
    try:
        app()
    except UserError as error:
        typer.echo(f"cartocell: {error}", err=True)
        sys.exit(BAD_INPUT)
    except CancelledError:
        typer.echo("Stopped. What was finished is kept; the same command goes on from there.", err=True)
        sys.exit(STOPPED)


@app.command()
def segment(
    output: Out,
    inputs: Annotated[
        list[Path] | None, typer.Argument(help="Stacks, or folders of stacks.", show_default=False)
    ] = None,
    stack_list: StackList = None,
    model: Annotated[
        str,
        typer.Option(
            help="auto: the best in the box for this computer (m2 with a graphics card, else m2-fast); or an .onnx "
            "file of yours."
        ),
    ] = "auto",
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
    device: Annotated[DeviceName, typer.Option(help="Where the network runs.")] = "auto",
    threads: Annotated[int | None, typer.Option(min=1, help="Processor threads.", show_default="all")] = None,
    ground_truth: Annotated[
        Path | None, typer.Option(help="Folder of true labels, named like the stacks, for scores.", show_default=False)
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Stacks at a time.")] = 1,
    subfolders: Subfolders = False,
    progress: Progress = "auto",
) -> None:
    """Segment the cells of stacks. Run it again to do only what is missing."""
    from cartocell_app.jobs.batch import BatchChoices, segment_batch
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.jobs.segmenting import ReadingChoices
    from cartocell_app.jobs.stack_list import given_stacks
    from cartocell_app.models import find_model

    reading = ReadingChoices(name_or_number(scene), name_or_number(channel), time, given_voxel_size(voxel_size))
    stacks, readings = given_stacks(inputs or [], stack_list, reading, subfolders=subfolders, leave_out=output)
    width_um = given_cell_width(cell_width)
    choices = BatchChoices(
        find_model(model, device), reading, profile, width_um, views, device, threads, workers, readings
    )
    with stoppable() as stop, reporter(progress) as report:
        result = segment_batch(stacks, output, choices, report, truth_folder=ground_truth, stop=stop)
        report.message(f"Saved to {output} (overview: {result.summary}).")
    if result.failed:
        typer.echo(f"{len(result.failed)} of {len(stacks)} stacks could not be done; see {result.summary}.", err=True)
        raise typer.Exit(SOME_FAILED)


@app.command()
def evaluate(
    truth: Annotated[Path, typer.Argument(help="True labels: a file or a folder.", show_default=False)],
    predicted: Annotated[Path, typer.Argument(help="Labels to score: a file or a folder.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Table of all scores (.csv).", show_default=False)
    ] = None,
    scores: Annotated[
        Path | None, typer.Option(help="Pooled scores (.json), for `cartocell export`.", show_default=False)
    ] = None,
) -> None:
    """Score labels against true ones: how many cells were found, and how well. What cannot be scored is named."""
    from cartocell_app.jobs.evaluating import evaluate_files, scores_table

    result = evaluate_files(truth, predicted, output, scores)
    typer.echo(scores_table(result))
    left_out = result.not_scored()
    if left_out:
        count = len(left_out) + len(result.pairs)
        said = "\n".join(f"{name}: {reason}" for name, reason in left_out.items())
        typer.echo(f"{len(left_out)} of {count} true labels could not be scored:\n{said}", err=True)
        raise typer.Exit(SOME_FAILED)


@app.command()
def synthesize(
    output: Out,
    preset: Annotated[
        str,
        typer.Option(
            help="4d, 7d, 10d, high-resolution, clump, tube, sheet, lumens, layers, dense, spheroid; "
            "several with commas are taken in turn."
        ),
    ] = "7d",
    count: Annotated[int, typer.Option(min=1, help="How many.")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="Of the first one; the same seed gives the same bytes.")] = 0,
    voxel_size: Annotated[
        tuple[float, float, float] | None,
        typer.Option("--voxel-size", metavar="Z Y X", help="In µm.", show_default="the preset's"),
    ] = None,
    shape: Annotated[
        tuple[int, int, int] | None,
        typer.Option(metavar="Z Y X", help="Size in voxels.", show_default="fits the cyst"),
    ] = None,
    cysts: Annotated[int, typer.Option(min=1, help="Cysts in one field; needs --shape if more than one.")] = 1,
    bits: Annotated[Literal["8", "16"], typer.Option(help="Bits a voxel.")] = "8",
    progress: Progress = "auto",
) -> None:
    """Make synthetic cysts with exact truth: x (pictures), y (labels), lumen."""
    from cartocell_app.jobs.reporting import reporter
    from training.synthetic_files import SyntheticChoices, write_synthetic

    choices = SyntheticChoices(
        tuple(preset.split(",")), count, seed, given_voxel_size(voxel_size), shape, cysts, int(bits)
    )
    with stoppable() as stop, reporter(progress) as report:
        write_synthetic(output, choices, stage_progress(report, "synthetic"), stop.is_set)
        report.message(f"Saved {count} synthetic stacks to {output}.")


@app.command()
def crop(
    output: Out,
    inputs: Annotated[
        list[Path] | None, typer.Argument(help="Fields, or folders of fields.", show_default=False)
    ] = None,
    stack_list: StackList = None,
    voxel_size: VoxelUm = None,
    channel: Channel = None,
    scene: Scene = None,
    time: TimePoint = None,
    boxes: Annotated[
        Path | None,
        typer.Option(
            help="Instead of finding cysts: a table (.csv) of boxes in voxels, as crops.csv of an earlier run, perhaps "
            "corrected: field, number, start_z_vox, start_y_vox, start_x_vox, stop_z_vox, stop_y_vox, stop_x_vox "
            "(from 0; stop is the voxel after the last).",
            show_default=False,
        ),
    ] = None,
    margin: Annotated[float, typer.Option(min=0, help="Around each cyst that is found, in µm.")] = 6.0,
    whole_only: Annotated[bool, typer.Option("--whole-only", help="Leave out cysts cut by the frame.")] = False,
    subfolders: Subfolders = False,
    progress: Progress = "auto",
) -> None:
    """Find the cysts in fields of several and save each on its own. Run again, those no longer wanted are deleted."""
    from cartocell_app.jobs.cropping import CropChoices, crop_fields, given_boxes
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.jobs.segmenting import ReadingChoices
    from cartocell_app.jobs.stack_list import given_stacks

    reading = ReadingChoices(name_or_number(scene), name_or_number(channel), time, given_voxel_size(voxel_size))
    stacks, readings = given_stacks(inputs or [], stack_list, reading, subfolders=subfolders, leave_out=output)
    given = None if boxes is None else given_boxes(boxes, stacks, output)
    table = "" if boxes is None else boxes.name
    choices = CropChoices(reading, readings, margin, whole_only, given, table)
    with stoppable() as stop, reporter(progress) as report:
        result = crop_fields(stacks, output, choices, report, stop.is_set)
        report.message(f"Saved {result.cysts} cysts to {output}.")
    if result.failed:
        for name, reason in result.failed.items():
            typer.echo(f"{name} could not be done. {reason}", err=True)
        raise typer.Exit(SOME_FAILED)


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = Path("demo"),
    device: Annotated[DeviceName, typer.Option(help="Where the network runs.")] = "auto",
    progress: Progress = "auto",
) -> None:
    """Segment the (synthetic) sample cyst, print scores and times, and say where the picture is."""
    from cartocell_app.jobs.demonstration import demonstrate
    from cartocell_app.jobs.reporting import reporter

    with stoppable() as stop, reporter(progress) as report:
        sentences = demonstrate(output, device, report, stop)
    typer.echo(sentences)


@app.command()
def doctor() -> None:
    """Say what this computer offers: devices and why others are not used, memory, versions."""
    from cartocell_app.jobs.checkup import checkup

    typer.echo(checkup())


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"cartocell {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version and stop.")
    ] = False,
) -> None:
    del version  # handled by its callback before any command


commands_training.register(app)
commands_phases.register(app)
commands_biapy.register(app)
commands_measuring.register(app)
commands_models.register(app)
commands_comparing.register(app)
commands_projects.register(app)

if __name__ == "__main__":
    main()
