"""The command ``train-model``: from a list of labelled cysts to a model, for the phases 2 and 4 of the window."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cartocell_app.command_options import Progress, StartFrom, given_voxel_size, needs_training, stoppable
from cartocell_app.errors import UserError
from cartocell_app.models import find_model
from cartocell_app.presets import USUAL, presets_in_short
from cartocell_app.progress import CancelledError

if TYPE_CHECKING:
    from training.records import RunFolder
    from training.settings import TrainingSettings

TrainingFolder = Annotated[
    Path,
    typer.Argument(
        help="Folder with the lists learn-x.csv, learn-y.csv, watch-x.csv and watch-y.csv (as for segment --list): "
        "stacks and labels to learn from, and to watch the training with. Gets the results.",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(train_model)


def train_model(
    folder: TrainingFolder,
    name: Annotated[str, typer.Option(help="Of the model, and of its file NAME.onnx in the folder.")] = "M1",
    to: Annotated[
        tuple[float, float, float] | None,
        typer.Option("--to", metavar="Z Y X", help="Voxel size in µm to train at.", show_default="the cysts' own"),
    ] = None,
    preset: Annotated[str, typer.Option(help=presets_in_short())] = USUAL,
    start_from: StartFrom = None,
    learning_rate: Annotated[
        float | None, typer.Option(min=1e-9, help="Greatest size of a step.", show_default="the preset's")
    ] = None,
    settings_file: Annotated[
        Path | None, typer.Option("--settings", help="All settings, as a .json file.", show_default=False)
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where it trains.")] = "auto",
    progress: Progress = "auto",
) -> None:
    """Phases 2 and 4 in one go: bring cysts to one voxel size, train, and export the model.

    The same command goes on after a stop. With a file called keep-best in the folder, it stops training and makes the
    best round so far the model.
    """
    needs_training()
    from cartocell_app.jobs.model_training import TRAINING
    from cartocell_app.jobs.reporting import reporter
    from training.export import export as write_model
    from training.records import RunFolder

    run = RunFolder(folder / TRAINING, name)
    start = None if start_from is None else find_model(start_from, "cpu")
    choices = _Choices(name, given_voxel_size(to, "--to"), preset, settings_file, start, learning_rate, device)
    with stoppable() as stop, reporter(progress) as report:
        weights = _train(folder, run, choices, report, stop)
        report.step(name, "Writing the model", 0, 1)
        model = folder / f"{name}.onnx"
        card = write_model(weights, model, name=name, version="1", training_command=choices.command())
        report.message(f"{card.name} is ready. {card.training}")


@dataclass(frozen=True)
class _Choices:
    """How a model is trained; see the options of `train_model`."""

    name: str
    to: tuple[float, float, float] | None
    preset: str
    settings_file: Path | None
    start: Path | None
    learning_rate: float | None
    device: Literal["auto", "cpu", "cuda"]

    def command(self) -> str:
        """The command, for the model's card; without the folders of this computer."""
        words = ["cartocell", "train-model", "--name", self.name]
        words += [] if self.to is None else ["--to", *map(str, self.to)]
        words += ["--preset", self.preset] if self.settings_file is None else ["--settings", self.settings_file.name]
        words += [] if self.start is None else ["--start-from", self.start.name]
        words += [] if self.learning_rate is None else ["--learning-rate", f"{self.learning_rate:g}"]
        return shlex.join(words)

    def settings(self) -> "TrainingSettings":
        """All settings, for the network that it starts from."""
        from training.settings import read_settings_file, training_settings
        from training.starting import settings_to_start_from

        file = self.settings_file
        chosen = training_settings(self.preset) if file is None else read_settings_file(file)
        if self.start is not None:
            chosen = settings_to_start_from(self.start, chosen)
        rate = self.learning_rate or chosen.learning_rate
        return chosen.model_copy(update={"learning_rate": rate})


def _train(folder: Path, run: "RunFolder", choices: _Choices, report: Any, stop: Any) -> Path:
    """Train until the end, or until the best round so far is asked for; returns the network's file."""
    from cartocell_app.jobs.model_training import KEEP_BEST, LEARN, WATCH, keep_round, make_sets
    from cartocell_app.jobs.records import provenance
    from training.machines import Machines, default_loaders
    from training.run import Sources, run_training

    wish = folder / KEEP_BEST
    if wish.exists() and run.best.exists():
        return _best_so_far(folder, run)
    settings = choices.settings()
    sets = make_sets(folder, choices.to, report, stop=stop)
    try:
        return run_training(
            settings,
            Sources(sets[LEARN], sets[WATCH], start_from=choices.start),
            run,
            machines=Machines(choices.device, loaders=default_loaders(1)),
            provenance=provenance(),
            progress=_progress(report, run.name),
            cancelled=lambda: stop.is_set() or wish.exists(),
            report=lambda epoch: _tell(folder, epoch, run.round_picture(epoch.epoch), report, keep_round),
            say=report.message,
        )
    except CancelledError:
        if stop.is_set():
            raise
        return _best_so_far(folder, run)


def _tell(folder: Path, epoch: Any, picture: Path, report: Any, keep: Callable[[Path, dict[str, Any]], None]) -> None:
    keep(folder, epoch.as_row())
    report.event("epoch", epoch.sentence(), **epoch.as_row(), slice=str(picture))


def _progress(report: Any, item: str) -> Callable[[str, float, float], None]:
    """Progress of a training; what was done before it was stopped does not count for the time that is left."""
    first: list[float] = []

    def progress(stage: str, done: float, total: float) -> None:
        if stage == "Training":
            if not first:
                first.append(done - 1)
            report.overall(done - first[0], total - first[0])
        report.step(item, stage, done, total)

    return progress


def _best_so_far(folder: Path, run: "RunFolder") -> Path:
    """Make the round with the smallest validation loss the network, though the training is not at its end."""
    import json

    from cartocell_app.jobs.model_training import read_rounds
    from training.records import EpochReport, save_network, weights_of
    from training.run import read_run

    if not run.best.exists():
        raise UserError("No round of the training is finished, so there is nothing to keep yet.", "Let it go on.")
    _, settings, _ = read_run(run.folder)
    facts = json.loads((run.folder / "run.json").read_text(encoding="utf-8"))
    z, y, x = facts["voxel_um"]
    history = [EpochReport.from_row(row) for row in read_rounds(folder)]
    return save_network(weights_of(run.best), settings, (z, y, x), facts["trained_on"], history, run.network)
