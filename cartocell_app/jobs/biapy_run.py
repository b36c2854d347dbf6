"""Doing what a BiaPy configuration file asks for: training, then segmenting, with the tutorial's tree of results."""

import json
import shutil
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.batch import BatchChoices, BatchResult, segment_batch
from cartocell_app.jobs.biapy_config import VERSIONS, BiapyConfig, read_config
from cartocell_app.jobs.biapy_folders import JobFolders, check_folders, data_set, true_labels
from cartocell_app.jobs.biapy_models import RunChoices, as_onnx, find_source, read_plain_json, run_child
from cartocell_app.jobs.child import Runner, run_command
from cartocell_app.jobs.evaluating import evaluate_files, scores_table
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.links import link, signature
from cartocell_app.jobs.pairs import LABELS, RAW
from cartocell_app.jobs.records import fingerprint, write_json
from cartocell_app.jobs.reporting import Reporter, reporter
from cartocell_app.jobs.segmenting import BEFORE_VORONOI, CELLS, ReadingChoices
from cartocell_app.segmentation.machine import nvidia_gpus
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.segmentation.settings import SegmentationSettings
from cartocell_app.stacks.files import check_writable, disk_troubles, file_hash, whole_file

POST_PROCESSING = "per_image_post_processing"
"""The name that later versions of BiaPy have for `CELLS`."""

STATE = "state.json"
"""Of a training: what it was made of, and whether it ended."""


@dataclass(frozen=True)
class RunResult:
    """Where the results are, and the names of stacks that could not be done."""

    results: Path
    failed: tuple[str, ...] = ()


@dataclass(frozen=True)
class _AskedChoices(BatchChoices):
    """Choices of a batch with settings from a file in place of a profile's own."""

    asked: SegmentationSettings = field(default_factory=SegmentationSettings)

    @property
    def settings(self) -> SegmentationSettings:
        return self.asked


def read_gpus(text: str | None) -> tuple[int, ...]:
    """Numbers of graphics cards, as ``--gpu`` takes them: ``0`` or ``0,1``.

    Raises
    ------
    UserError
        If it is something else, or there are cards but not these.
    """
    if not text:
        return ()
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() for part in parts) or len(set(parts)) < len(parts):
        raise UserError(f"--gpu {text} is no list of graphics cards.", "Write 0, or 0,1 for two of them.")
    numbers = tuple(int(part) for part in parts)
    count = len(nvidia_gpus())
    if count and max(numbers) >= count:
        raise UserError(f"There is no graphics card {max(numbers)}.", f"This computer has {count}, counted from 0.")
    return numbers


def run_config(
    path: Path, choices: RunChoices, run: Runner | None = None, stop: threading.Event | None = None
) -> RunResult:
    """Train and segment as the file at `path` asks; the same call again does only what is missing.

    Parameters
    ----------
    path : Path
        One of BiaPy's YAML files.
    choices : RunChoices
        From the command line.
    run : Runner, optional
        Runs the commands that train and convert models, which need PyTorch; by default in other processes.
    stop : threading.Event, optional
        Once set, the work stops soon, and what was finished is kept.

    Raises
    ------
    UserError
        If the file, a folder it names or the model cannot be used.
    CancelledError
        If `stop` was set.
    """
    stop = stop or threading.Event()
    run = run or run_command(stop)
    folders = choices.folders
    config = read_config(path)
    check_folders(config)
    source = None if config.train else find_source(config, folders)
    check_writable(folders.folder)
    _keep_config(path, folders)
    with reporter(choices.progress) as report:
        for sentence in (*config.remarks, *_device_words(choices)):
            report.message(sentence)
    if config.train:
        source = _train(config, choices, run)
    failed: tuple[str, ...] = ()
    if config.test:
        assert source is not None
        failed = _test(config, choices, as_onnx(source, choices, run), stop).failed
    with reporter(choices.progress) as report:
        report.message(f"Finished {folders.job}. The results are in {folders.results}.")
    return RunResult(folders.results, failed)


def _keep_config(path: Path, folders: JobFolders) -> None:
    """Copy the file, and make the folders that a training fills, so that the tree is always the same."""
    kept = folders.configs / path.name
    with disk_troubles(kept):
        for folder in (folders.checkpoints, folders.results / "aug", folders.results / "charts"):
            folder.mkdir(parents=True, exist_ok=True)
        if kept.exists() and kept.samefile(path):
            return
    with whole_file(kept) as partial:
        shutil.copyfile(path, partial)


def _device_words(choices: RunChoices) -> list[str]:
    if not choices.gpus or nvidia_gpus():
        return []
    asked = ",".join(map(str, choices.gpus))
    return [f"There is no NVIDIA graphics card here, so everything runs on the processor and not on --gpu {asked}."]


def _train(config: BiapyConfig, choices: RunChoices, run: Runner) -> Path:
    """Train in another process, unless that was done before; the network, of which ``checkpoints`` has the model."""
    folders = choices.folders
    network = folders.training / "network.pt"
    with reporter(choices.progress) as report:
        known = data_set(config.training_set, folders.data / "train", report.message)
        unseen = None
        if config.validation_set is not None:
            unseen = data_set(config.validation_set, folders.data / "validation", report.message)
        now = _identity(config, choices, known, unseen)
        before = read_plain_json(folders.training / STATE)
        if isinstance(before, dict):  # trainings of before this was kept go on
            before = {"contents": now["contents"]} | before
        if before == now | {"finished": True} and network.exists():
            report.message("The training was done before and is kept.")
            return network
    if isinstance(before, dict) and {name: before.get(name) for name in now} != now:
        raise UserError(
            f"Run {folders.run_id} of {folders.name} was trained with other settings or other stacks.",
            f"Give this one another --run_id, or delete {folders.training}.",
        )
    asked = folders.training / "asked_settings.json"
    write_json(asked, config.training)
    write_json(folders.training / STATE, now | {"finished": False})
    shared = _share_results(folders)
    run_child("The training", _training_words(known, unseen, asked, choices), choices, run)
    if not shared:
        _link_tree(folders.training / "results", folders.folder / "results")
    as_onnx(network, choices, run)
    write_json(folders.training / STATE, now | {"finished": True})
    return network


def _identity(config: BiapyConfig, choices: RunChoices, known: Path, unseen: Path | None) -> dict[str, Any]:
    """What a training must have in common with an earlier one to go on with it, as JSON gives it back."""
    paths = [
        path
        for folder in (known, unseen)
        if folder is not None
        for part in (RAW, LABELS)
        for path in find_stacks([folder / part]).values()
    ]
    identity = {
        "settings": config.training,
        "voxel_um": choices.voxel_um,
        "stacks": [[path.name, path.stat().st_size] for path in paths],
        # Labels that were corrected are often as large as before.
        "contents": [file_hash(path) if path.is_file() else fingerprint(path, {}) for path in paths],
    }
    plain: dict[str, Any] = json.loads(json.dumps(identity))
    return plain


def _training_words(known: Path, unseen: Path | None, asked: Path, choices: RunChoices) -> list[str]:
    folders = choices.folders
    words = ["train", str(known), "-o", str(folders.training), "--settings", str(asked)]
    words += ["--name", folders.name, "--run-id", str(folders.run_id)]
    if unseen is not None:
        words += ["--validation", str(unseen)]
    if choices.voxel_um is not None:
        words += ["--voxel-size", *map(str, choices.voxel_um)]
    if choices.gpus:
        cards = bool(nvidia_gpus())
        words += ["--device", "cuda" if cards else "cpu", "--devices", str(len(choices.gpus) if cards else 1)]
    return [*words, "--progress", "json"]


def _share_results(folders: JobFolders) -> bool:
    """Let the training write its pictures straight into the job's results; False where there are no such links."""
    inside = folders.training / "results"
    if inside.is_symlink():
        return True
    try:
        inside.symlink_to(Path("..", "..", "results"), target_is_directory=True)
    except OSError:
        return False
    return True


def _link_tree(source: Path, target: Path) -> None:
    """Make all files below `source` appear below `target` too."""
    for path in source.rglob("*"):
        place = target / path.relative_to(source)
        if path.is_file() and signature(place) != signature(path):
            link(path, place)


def _test(config: BiapyConfig, choices: RunChoices, model: Path, stop: threading.Event) -> BatchResult:
    """Segment the test stacks into the results, and score them."""
    folders, test_set = choices.folders, config.test_set
    assert test_set.raw is not None
    stacks = find_stacks([test_set.raw])
    profile = config.profile
    with reporter(choices.progress) as report:
        if profile == "biapy-3.5" and read_card(model).profile == "biapy-3.7":
            # The files of 3.5 and of 3.7 look the same; their models do not.
            profile = "biapy-3.7"
            report.message(f"The model is one of {VERSIONS[profile]}, so its maps are read as that does.")
        truth = true_labels(test_set, stacks, folders.data / "test" / "y", report.message) if config.score else None
        batch = _AskedChoices(
            model,
            ReadingChoices(voxel_um=choices.voxel_um),
            f"{profile}, numbers of {config.path.name}",
            asked=config.rules.settings(profile),
        )
        result = segment_batch(stacks, folders.results, batch, report, truth_folder=truth, stop=stop)
        _link_tree(folders.results / CELLS, folders.results / POST_PROCESSING)
        if not config.voronoi:
            report.message(
                f"Voronoi was not asked for: the cells are in {BEFORE_VORONOI}; {CELLS} is made all the same."
            )
        if truth is not None and (result.done or result.kept):
            _score(config, folders.results, truth, report)
        for name in result.failed:
            report.message(f"{name} could not be done; see {result.summary}.")
    return result


def _score(config: BiapyConfig, results: Path, truth: Path, report: Reporter) -> None:
    """Compare cells with true ones, in words and as tables, before and after Voronoi."""
    stages = [("before Voronoi", BEFORE_VORONOI, "_before_voronoi"), ("after Voronoi", CELLS, "")]
    for words, folder, ending in stages if config.voronoi else stages[:1]:
        scores = evaluate_files(truth, results / folder, results / f"test_results_metrics{ending}.csv")
        report.message(f"Scores {words}, {scores_table(scores)}")
