"""Where a job of BiaPy's kind has its files, and data sets in two folders of any name (specification §3.1, §9)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.jobs.biapy_config import BiapyConfig, Folders
from cartocell_app.jobs.inputs import find_stacks, pair
from cartocell_app.jobs.links import link, signature
from cartocell_app.jobs.pairs import LABELS, RAW
from cartocell_app.stacks.files import disk_troubles
from cartocell_app.stacks.reading import stem

NAMED = 5
"""Names shown of many."""


@dataclass(frozen=True)
class JobFolders:
    """Folders of one run of a job, named as in the tutorial.

    Attributes
    ----------
    result_dir : Path
        Holds all jobs; nothing is written outside.
    name : str
        Of the job.
    run_id : int
        Number of the run, from 1.
    """

    result_dir: Path
    name: str
    run_id: int = 1

    def __post_init__(self) -> None:
        if not self.name or self.name in (".", "..") or any(mark in self.name for mark in '/\\:*?"<>|\0'):
            raise UserError(f"{self.name!r} cannot be the name of a job.", "Take letters, numbers, - and _.")

    @property
    def job(self) -> str:
        """Name and number of the run."""
        return f"{self.name}_{self.run_id}"

    @property
    def folder(self) -> Path:
        """Of the job: all its runs."""
        return self.result_dir / self.name

    @property
    def configs(self) -> Path:
        """The configuration files used."""
        return self.folder / "config_files"

    @property
    def checkpoints(self) -> Path:
        """Weights and models."""
        return self.folder / "checkpoints"

    @property
    def weights(self) -> Path:
        """The model that this run trained, without an ending."""
        return self.checkpoints / f"model_weights_{self.job}"

    @property
    def training(self) -> Path:
        """Folder in which this run's training keeps its state: another run must not go on with it."""
        return self.checkpoints / self.job

    @property
    def results(self) -> Path:
        """What came of this run."""
        return self.folder / "results" / self.job

    @property
    def data(self) -> Path:
        """Links to data that lies elsewhere."""
        return self.folder / "data"


def check_folders(config: BiapyConfig) -> None:
    """Check that all folders that the job needs are there, before it starts.

    Raises
    ------
    UserError
        That names all keys to set.
    """
    needed: list[tuple[str, Path | None]] = []
    sets = [config.training_set, config.validation_set] if config.train else []
    for folders in filter(None, sets):
        needed += [(f"{folders.section}.PATH", folders.raw), (f"{folders.section}.GT_PATH", folders.labels)]
    if config.test:
        needed.append(("DATA.TEST.PATH", config.test_set.raw))
        needed += [("DATA.TEST.GT_PATH", config.test_set.labels)] if config.score else []
    missing = [
        f"{key} is not set" if path is None else f"{key} is {path}"
        for key, path in needed
        if path is None or not path.is_dir()
    ]
    if missing:
        hint = " Without true labels, set DATA.TEST.LOAD_GT to False." if "DATA.TEST.GT_PATH" in missing[-1] else ""
        raise UserError(
            f"{config.path}: folders are missing: {'; '.join(missing)}.",
            f"Put the paths of your folders there.{hint}",
        )


def data_set(folders: Folders, linked: Path, say: Callable[[str], None]) -> Path:
    """Data set of the usual form (``x/``, ``y/``, paired by name) with the stacks of two folders.

    Parameters
    ----------
    folders : Folders
        Raw stacks and labels, both there.
    linked : Path
        Gets links to them, unless they have that form already.
    say : callable
        Told if they had to be paired by order.

    Raises
    ------
    UserError
        If they do not pair.
    """
    assert folders.raw is not None
    assert folders.labels is not None
    raw, labels = find_stacks([folders.raw]), find_stacks([folders.labels])
    both, only_raw, only_labels = pair(raw, labels)
    if not (only_raw or only_labels):
        if (folders.raw.name, folders.labels.name) == (RAW, LABELS) and folders.raw.parent == folders.labels.parent:
            return folders.raw.parent
    elif both or len(raw) != len(labels):
        alone = [f"{name} has no labels" for name in only_raw] + [f"{name} has no raw stack" for name in only_labels]
        more = f" and {len(alone) - NAMED} more" if len(alone) > NAMED else ""
        raise UserError(
            f"{folders.raw} and {folders.labels} do not pair: {', '.join(alone[:NAMED])}{more}.",
            "Give raw stacks and their labels the same names.",
        )
    else:
        labels = in_order(raw, labels)
        say(order_words(folders))
    _fill(linked / RAW, raw)
    _fill(linked / LABELS, labels)
    return linked


def true_labels(folders: Folders, stacks: dict[str, Path], linked: Path, say: Callable[[str], None]) -> Path:
    """Folder of true labels that are named like `stacks`, by links where no name fits but the numbers do."""
    assert folders.labels is not None
    labels = find_stacks([folders.labels])
    if pair(stacks, labels)[0] or len(stacks) != len(labels):
        return folders.labels
    say(order_words(folders))
    _fill(linked, in_order(stacks, labels))
    return linked


def in_order(raw: dict[str, Path], labels: dict[str, Path]) -> dict[str, Path]:
    """Labels under the names of raw stacks, paired by the order of file names as BiaPy did."""
    by_file = sorted(raw, key=lambda name: raw[name].name)
    return dict(zip(by_file, sorted(labels.values(), key=lambda path: path.name), strict=True))


def order_words(folders: Folders) -> str:
    """Say that names did not help."""
    return (
        f"{folders.section}: no labels are named like a raw stack, so they were paired in alphabetical order, as BiaPy "
        "does. Make sure that this is right."
    )


def _fill(folder: Path, wanted: dict[str, Path]) -> None:
    """Make `folder`, which is ours alone, hold links to just these files."""
    places = {f"{name}{source.name[len(stem(source)) :]}": source for name, source in wanted.items()}
    with disk_troubles(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old.name not in places:
                old.unlink()
    for name, source in places.items():
        if signature(folder / name) != signature(source):
            link(source, folder / name)
