"""One training from its folders to its results: read, check, train, leave a record."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, never, silent
from cartocell_app.stacks.files import check_writable, whole_file
from cartocell_app.stacks.voxel_size import VoxelSize
from training.charts import draw_network, write_augmented
from training.data import PatchDataset, synthetic_examples
from training.datasets import TrainingSet, content_hash, contents, examples, read_training_set, split
from training.fit import train
from training.machines import ONE_DEVICE, Machines
from training.records import EpochReport, RunFolder
from training.resunet import ResUNet
from training.segmenter import Material
from training.settings import TrainingSettings

VALIDATION_SEED_OFFSET = 500_000
VALIDATION_SHARE = 0.12
"""Of the pairs, where no validation set is given."""

OTHERS = {
    "training_set": "on other stacks",
    "validation_set": "watched with other stacks",
    "start_from": "that started from another network",
    "voxel_size": "with another --voxel-size",
}
"""What a training is made of, and in words that it is not the same."""


@dataclass(frozen=True)
class Sources:
    """Where the material comes from.

    Attributes
    ----------
    training_set, validation_set : Path, optional
        Folders with ``x/`` and ``y/``. Without the first, synthetic specimens are drawn; without the second, some of
        the first are kept apart.
    voxel_size : VoxelSize, optional
        For files that do not say theirs.
    start_from : Path, optional
        A ``network.pt`` whose weights come first.
    """

    training_set: Path | None = None
    validation_set: Path | None = None
    voxel_size: VoxelSize | None = None
    start_from: Path | None = None


def run_training(
    settings: TrainingSettings,
    sources: Sources,
    folder: RunFolder,
    *,
    machines: Machines = ONE_DEVICE,
    provenance: Mapping[str, Any] | None = None,
    progress: Progress = silent,
    cancelled: Cancelled = never,
    report: Callable[[EpochReport], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Train with `settings` on `sources` into `folder`; the same call goes on after a stop.

    Parameters
    ----------
    settings, sources, folder, machines
        How, on what, into what, and where.
    provenance : mapping, optional
        Versions, device, time, for ``run.json``.
    progress, cancelled, report, say
        See `training.fit.train`.

    Returns
    -------
    Path
        ``network.pt``.

    Raises
    ------
    UserError
        If the sets cannot be trained on (all reasons at once), or `folder` holds a training with other settings or
        on other stacks.
    CancelledError
        If `cancelled` asked for it.
    """
    check_writable(folder.folder)
    _keep_settings(folder, settings, sources)
    material = gather(settings, sources, progress, say, machines.loaders)
    write_record(folder.folder / "run.json", settings, sources, material, dict(provenance or {}))
    _preview(settings, material, folder)
    return train(
        settings,
        material,
        folder,
        start_from=sources.start_from,
        machines=machines,
        progress=progress,
        cancelled=cancelled,
        report=report,
        say=say,
    )


def gather(
    settings: TrainingSettings, sources: Sources, progress: Progress, say: Callable[[str], None], workers: int = 2
) -> Material:
    """Read or draw what is trained on, at one voxel size and with the network's intensities."""
    if sources.training_set is None:
        if sources.validation_set is not None:
            raise UserError("A validation set alone cannot be trained with.", "Give the training set too.")
        return _synthetic(settings, progress, workers)
    known = read_training_set(sources.training_set, sources.voxel_size, progress)
    if sources.validation_set is None:
        known, unseen = split(known, VALIDATION_SHARE, settings.seed)
        names = ", ".join(pair.name for pair in unseen.pairs)
        say(f"No validation set given: kept apart {names}.")
    else:
        unseen = read_training_set(sources.validation_set, sources.voxel_size, progress)
    for remark in (*known.remarks, *unseen.remarks):
        say(remark)
    voxel_um = settings.voxel_um or known.middle_voxel_um
    return Material(
        examples(known, voxel_um, settings.normalisation),
        examples(unseen, voxel_um, settings.normalisation),
        voxel_um,
        f"{_stacks(known)} (watched with {_stacks(unseen)})",
    )


def _stacks(training_set: TrainingSet) -> str:
    cells = sum(int(pair.labels.max()) for pair in training_set.pairs)
    count = len(training_set.pairs)
    return f"{count} labelled stack{'s' if count > 1 else ''} with {cells} cells"


def _synthetic(settings: TrainingSettings, progress: Progress, workers: int) -> Material:
    voxel_um = settings.voxel_um or (0.7, 0.7, 0.7)
    known, unseen = (
        synthetic_examples(count, seed, voxel_um, settings.normalisation, workers, progress, settings.specimens)
        for count, seed in (
            (settings.examples, settings.seed),
            (settings.validation_examples, settings.seed + VALIDATION_SEED_OFFSET),
        )
    )
    return Material(known, unseen, voxel_um, f"{settings.examples} synthetic specimens (seeds from {settings.seed})")


def settings_path(folder: Path) -> Path:
    """File of a run's settings."""
    return folder / "config_files" / "settings.json"


def read_run(folder: Path) -> tuple[RunFolder, TrainingSettings, Sources]:
    """Name and number, settings and sources of a run that was started before in `folder`.

    Raises
    ------
    UserError
        If there was none.
    """
    kept = _read_kept(folder)
    size = kept["sources"].pop("voxel_size")
    paths = {name: None if path is None else Path(path) for name, path in kept["sources"].items()}
    sources = Sources(
        **paths, voxel_size=None if size is None else VoxelSize(size[0], size[1], size[2], source="given by you")
    )
    return RunFolder(folder, kept["name"], kept["run_id"]), TrainingSettings.model_validate(kept["settings"]), sources


def _read_kept(folder: Path) -> dict[str, Any]:
    try:
        kept: dict[str, Any] = json.loads(settings_path(folder).read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"There is no training to resume in {folder}.", "Start one without --resume.") from error
    return kept


def _keep_settings(folder: RunFolder, settings: TrainingSettings, sources: Sources) -> None:
    path = settings_path(folder.folder)
    made_of = _made_of(sources)
    if path.exists() and folder.last.exists():
        _check_same_run(folder, settings)
        _check_same_material(folder.folder, made_of)
    kept = {
        "name": folder.name,
        "run_id": folder.run_id,
        "settings": settings.model_dump(mode="json"),
        "sources": {
            "training_set": _text(sources.training_set),
            "validation_set": _text(sources.validation_set),
            "start_from": _text(sources.start_from),
            "voxel_size": None if sources.voxel_size is None else list(sources.voxel_size.zyx_um),
        },
        "made_of": made_of,
    }
    _write_json(path, kept)


def _check_same_run(folder: RunFolder, settings: TrainingSettings) -> None:
    """A run does not go on with the checkpoints of another one."""
    before, its_settings, _ = read_run(folder.folder)
    if before.job != folder.job:
        raise UserError(
            f"{folder.folder} holds the run {before.job}, and this one is {folder.job}.",
            "Give it a folder of its own with -o, or go on with that run by --resume.",
        )
    if its_settings != settings:
        raise UserError(
            f"{folder.folder} holds a training with other settings.",
            "Go on with it by --resume, or choose another folder for this one.",
        )


def _made_of(sources: Sources) -> dict[str, Any]:
    """What must be the same for a training to go on: what is in the files, wherever they lie and whatever their age."""
    known, unseen, start = sources.training_set, sources.validation_set, sources.start_from
    return {
        "training_set": {} if known is None else contents(known),
        "validation_set": {} if unseen is None else contents(unseen),
        "start_from": None if start is None else content_hash(start),
        "voxel_size": None if sources.voxel_size is None else list(sources.voxel_size.zyx_um),
    }


def _check_same_material(folder: Path, made_of: Mapping[str, Any]) -> None:
    """A run does not go on with the checkpoints of one on other stacks, and say that it learnt from these."""
    before = _read_kept(folder).get("made_of", {})  # runs of before this was kept go on
    for part, words in OTHERS.items():
        if before.get(part, made_of[part]) != made_of[part]:
            raise UserError(
                f"{folder} holds a training {words}{_difference(before[part], made_of[part])}.",
                "Choose another folder for this one, or delete that one to train anew.",
            )


def _difference(before: object, now: object) -> str:
    """A stack that is not the same, in brackets; nothing where it is no matter of stacks."""
    if not isinstance(before, dict) or not isinstance(now, dict):
        return ""
    first = min(place for place in before.keys() | now.keys() if before.get(place) != now.get(place))
    return f" ({first} is {'new' if first not in before else 'gone' if first not in now else 'another one'})"


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.resolve())


def write_record(
    path: Path, settings: TrainingSettings, sources: Sources, material: Material, provenance: dict[str, Any]
) -> None:
    """Write ``run.json``: what this training is made of."""
    _write_json(
        path,
        provenance
        | {
            "settings": settings.model_dump(mode="json"),
            "training_set": _text(sources.training_set),
            "validation_set": _text(sources.validation_set),
            "start_from": _text(sources.start_from),
            "trained_on": material.words,
            "voxel_um": list(material.voxel_um),
        },
    )


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    with whole_file(path) as partial:
        partial.write_text(json.dumps(values, indent=2, ensure_ascii=False), encoding="utf-8")


def _preview(settings: TrainingSettings, material: Material, folder: RunFolder) -> None:
    patches = PatchDataset(material.known, settings.patch, 10, settings.seed, settings.augmentation)
    write_augmented(folder.results / "aug", patches, material.voxel_um)
    plot = folder.charts / f"model_plot_{folder.job}.png"
    if not plot.exists():
        draw_network(plot, ResUNet(settings.feature_maps, settings.z_pool, settings.norm), settings.patch)
