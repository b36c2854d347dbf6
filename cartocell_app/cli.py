"""``cartocell``: one function a sub-command. What takes long to import is imported where it is used."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cartocell_app import __version__, commands_biapy, commands_phases
from cartocell_app.errors import UserError
from cartocell_app.progress import CancelledError
from cartocell_app.stacks.voxel_size import VoxelSize

BAD_INPUT, SOME_FAILED, STOPPED = 2, 1, 130

app = typer.Typer(
    help="From confocal stacks of epithelial cysts to segmented, touching cells.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ProgressKind = Literal["auto", "json", "none"]
DeviceName = Literal["auto", "cpu", "cuda", "coreml", "directml"]

Inputs = Annotated[list[Path], typer.Argument(help="Stacks, or folders of stacks.", show_default=False)]
Out = Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.", show_default=False)]
VoxelUm = Annotated[
    tuple[float, float, float] | None,
    typer.Option(
        "--voxel-size", metavar="Z Y X", help="Voxel size in µm, over what the file says.", show_default=False
    ),
]
Channel = Annotated[
    str | None,
    typer.Option(
        help="Cell outlines channel, by name or number from 0. Needed if there are several.", show_default=False
    ),
]
Scene = Annotated[
    str | None, typer.Option(help="Scene (series, position), by name or number from 0.", show_default=False)
]
TimePoint = Annotated[int | None, typer.Option("--time", help="Time point, from 0.", show_default=False)]
Subfolders = Annotated[bool, typer.Option("--subfolders", help="Look into folders inside folders too.")]
Progress = Annotated[
    ProgressKind, typer.Option("--progress", help="auto: a bar on a terminal; json: lines for programs.")
]


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


@contextlib.contextmanager
def _stoppable() -> Iterator[threading.Event]:
    """Turn Ctrl-C and a polite kill into a wish to stop, so that nothing is left half written.

    A second Ctrl-C stops at once; the half-written file is removed even then.
    """
    stop = threading.Event()

    def ask(number: int, _frame: Any) -> None:
        if stop.is_set():
            raise CancelledError
        stop.set()
        if number == signal.SIGINT and sys.stderr.isatty():
            os.write(2, b"\nStopping at the next good moment ...\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _given(voxel_um: tuple[float, float, float] | None) -> tuple[float, float, float] | None:
    """Check a voxel size typed by the user."""
    if voxel_um is not None:
        try:
            VoxelSize(*voxel_um, source="given by you")
        except ValueError as error:
            raise UserError(f"--voxel-size {' '.join(map(str, voxel_um))} cannot be right: {error}.") from error
    return voxel_um


def _choice(text: str | None) -> str | int | None:
    """Read a channel or scene: a number counts from 0, anything else is a name."""
    return int(text) if text is not None and text.isdecimal() else text


@app.command()
def segment(
    inputs: Inputs,
    output: Out,
    model: Annotated[
        str, typer.Option(help="auto: the best in the box for this computer; or an .onnx file of yours.")
    ] = "auto",
    voxel_size: VoxelUm = None,
    channel: Channel = None,
    scene: Scene = None,
    time: TimePoint = None,
    profile: Annotated[
        str,
        typer.Option(
            help="How maps become cells: default, or published: paper-2022, biapy-cartocell, biapy-3.5, biapy-3.7."
        ),
    ] = "default",
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
    from cartocell_app.jobs.inputs import find_stacks
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.jobs.segmenting import ReadingChoices
    from cartocell_app.models import find_model

    reading = ReadingChoices(_choice(scene), _choice(channel), time, _given(voxel_size))
    stacks = find_stacks(inputs, subfolders=subfolders, leave_out=output)
    choices = BatchChoices(find_model(model), reading, profile, device, threads, workers)
    with _stoppable() as stop, reporter(progress) as report:
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
    """Score labels against true ones: how many cells were found, and how well."""
    from cartocell_app.jobs.evaluating import evaluate_files, scores_table

    result = evaluate_files(truth, predicted, output, scores)
    typer.echo(scores_table(result))


@app.command()
def synthesize(
    output: Out,
    preset: Annotated[
        str, typer.Option(help="4d, 7d, 10d, high-resolution, clump; several with commas are taken in turn.")
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

    choices = SyntheticChoices(tuple(preset.split(",")), count, seed, _given(voxel_size), shape, cysts, int(bits))
    with _stoppable() as stop, reporter(progress) as report:
        write_synthetic(output, choices, _progress(report, "synthetic"), stop.is_set)
        report.message(f"Saved {count} synthetic stacks to {output}.")


@app.command()
def crop(
    inputs: Inputs,
    output: Out,
    voxel_size: VoxelUm = None,
    channel: Channel = None,
    scene: Scene = None,
    time: TimePoint = None,
    margin: Annotated[float, typer.Option(min=0, help="Around each cyst, in µm.")] = 6.0,
    whole_only: Annotated[bool, typer.Option("--whole-only", help="Leave out cysts cut by the frame.")] = False,
    subfolders: Subfolders = False,
    progress: Progress = "auto",
) -> None:
    """Find the cysts in fields of several and save each on its own."""
    from cartocell_app.jobs.cropping import crop_fields
    from cartocell_app.jobs.inputs import find_stacks
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.jobs.segmenting import ReadingChoices

    reading = ReadingChoices(_choice(scene), _choice(channel), time, _given(voxel_size))
    stacks = find_stacks(inputs, subfolders=subfolders, leave_out=output)
    with _stoppable() as stop, reporter(progress) as report:
        result = crop_fields(stacks, output, reading, margin, whole_only, report, stop.is_set)
        report.message(f"Saved {result.cysts} cysts to {output}.")
    if result.failed:
        raise typer.Exit(SOME_FAILED)


@app.command()
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
        typer.Option(
            help="standard; quick (under an hour without a graphics card); published: paper, colab, biapy-latest.",
            show_default="standard",
        ),
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
    voxel_size: VoxelUm = None,
    start_from: Annotated[
        Path | None, typer.Option(help="network.pt of an earlier training to start from.", show_default=False)
    ] = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="All settings, as a .json file.", show_default=False)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in the folder, with its own settings.")
    ] = False,
    name: Annotated[str, typer.Option(help="Of the job, for its files.")] = "cartocell",
    run_id: Annotated[int, typer.Option(min=1, help="Number of the run, for its files.")] = 1,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where it trains.")] = "auto",
    devices: Annotated[int, typer.Option(min=1, help="Graphics cards (or processes) of each computer.")] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="Computers.")] = 1,
    progress: Progress = "auto",
) -> None:
    """Train a network on labelled stacks. The same command goes on after a stop."""
    _needs_training()
    from cartocell_app.jobs.records import provenance
    from cartocell_app.jobs.reporting import reporter
    from training.fit import Machines, default_loaders
    from training.records import RunFolder
    from training.run import Sources, read_settings, run_training
    from training.settings import read_settings_file, training_settings

    folder = RunFolder(output, name, run_id)
    given = _given(voxel_size)
    sources = Sources(
        dataset, validation, None if given is None else VoxelSize(*given, source="given by you"), start_from
    )
    if resume:
        settings, sources = read_settings(folder)
    elif settings_file is not None:
        settings = read_settings_file(settings_file)
    else:
        settings = training_settings(
            preset or ("standard" if dataset else "synthetic"),
            steps=steps,
            epochs=epochs,
            patience=patience,
            batch=batch,
            patch=patch,
            learning_rate=learning_rate,
            feature_maps=_numbers(feature_maps),
            z_pool=_numbers(z_pool),
            examples=examples,
            seed=seed,
        )
    machines = Machines(device, devices, nodes, default_loaders(devices))
    with _stoppable() as stop, reporter("none" if _is_helper() else progress) as report:
        weights = run_training(
            settings,
            sources,
            folder,
            machines=machines,
            provenance=provenance(),
            progress=_progress(report, "training"),
            cancelled=stop.is_set,
            report=lambda epoch: report.event(
                "epoch", epoch.sentence(), **epoch.as_row(), slice=str(folder.slice_picture)
            ),
            say=report.message,
        )
        report.message(f"Saved the trained network to {weights}. Next: cartocell export {weights} -o MODEL.onnx")


def _is_helper() -> bool:
    """Whether this process is one of several that train together, and not the first."""
    return any(os.environ.get(rank, "0") != "0" for rank in ("LOCAL_RANK", "NODE_RANK"))


@app.command()
def export(
    weights: Annotated[Path, typer.Argument(help="network.pt that `cartocell train` wrote.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file (.onnx).", show_default=False)],
    name: Annotated[str, typer.Option(help="Name of the model.")] = "my-model",
    model_version: Annotated[str, typer.Option(help="Version of the model.")] = "1",
    command: Annotated[str, typer.Option(help="The command that trained it, for its card.")] = "",
    scores: Annotated[
        Path | None, typer.Option(help="Scores (.json) that `cartocell evaluate --scores` wrote.", show_default=False)
    ] = None,
) -> None:
    """Turn a trained network into one model file (ONNX) for `cartocell segment`."""
    _needs_training()
    from cartocell_app.jobs.evaluating import read_scores
    from training.export import export as write_model

    known = {} if scores is None else read_scores(scores)
    card = write_model(weights, output, name=name, version=model_version, training_command=command, scores=known)
    typer.echo(f"Saved {card.name} {card.version} to {output} ({card.mflop_per_voxel:.3f} MFLOP a voxel).")


@app.command()
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
    _needs_training()
    from training.importing.importing import import_model as convert

    card = convert(source, output, voxel_um=_given(voxel_size), name=name)
    typer.echo(f"Saved {card.name} {card.version} to {output}. {card.training}")


@app.command()
def export_model_zoo(
    model: Annotated[Path, typer.Argument(help="A model (.onnx).", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The package (.zip).", show_default=False)],
) -> None:
    """Pack a model for the BioImage Model Zoo."""
    _needs_training()
    from training.importing.model_zoo_writing import export_model_zoo as pack

    pack(model, output)
    typer.echo(f"Saved the package to {output}.")


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.")] = Path("demo"),
    device: Annotated[DeviceName, typer.Option(help="Where the network runs.")] = "auto",
    progress: Progress = "auto",
) -> None:
    """Segment the (synthetic) sample cyst, print scores and times, and say where the picture is."""
    from cartocell_app.jobs.demonstration import demonstrate
    from cartocell_app.jobs.reporting import reporter

    with _stoppable() as stop, reporter(progress) as report:
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


def _progress(report: Any, item: str) -> Any:
    def progress(stage: str, done: float, total: float) -> None:
        report.overall(done, total)
        report.step(item, stage, done, total)

    return progress


def _numbers(text: str | None) -> tuple[int, ...] | None:
    if text is None:
        return None
    try:
        return tuple(int(part) for part in text.replace("/", ",").split(","))
    except ValueError as error:
        raise UserError(f"{text!r} is not a list of whole numbers.", "Write it like 16,32,64.") from error


def _needs_training() -> None:
    from importlib.util import find_spec

    if find_spec("torch") is None or find_spec("lightning") is None:
        raise UserError(
            "Training needs PyTorch and Lightning, which this installation does not have.",
            "Add them with: pip install 'cartocell[train]'. Segmenting works without them.",
        )


commands_phases.register(app)
commands_biapy.register(app)

if __name__ == "__main__":
    main()
