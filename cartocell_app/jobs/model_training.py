"""Phases 2 and 4 in one go: the cysts that a model learns from and is watched with, as a set made from lists."""

import dataclasses
import json
import threading
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.downsampling import downsample
from cartocell_app.jobs.links import link
from cartocell_app.jobs.pairs import LABELS, RAW
from cartocell_app.jobs.records import RECORDS, fingerprint, forget_record, write_json
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.jobs.stack_list import read_stack_list, write_stack_list
from cartocell_app.progress import stop_if
from cartocell_app.stacks.files import check_writable, disk_troubles, remove_partial_files
from cartocell_app.stacks.reading import is_stack_path, stem
from cartocell_app.stacks.writing import write_stack

LEARN, WATCH = "learn", "watch"
PARTS = (LEARN, WATCH)
"""What cysts are for: showing the network what cells look like; judging each round with cysts it never learnt from."""

KEEP_BEST = "keep-best"
"""While this file is in the folder, the training ends at once, and its best round becomes the model."""

ROUNDS = "rounds.jsonl"
TRAINING = "training"
"""Folder of the network's training, in that of the whole."""

FILES = "files.json"
"""In a set: each file that this program put there, with its origin, to tell what is changed and what is over."""

DIVERGED = "The training diverged"
"""How the message of a training begins that ended because its loss is no longer a number."""


@dataclass(frozen=True)
class Cyst:
    """A cyst to train with.

    Attributes
    ----------
    raw, labels : Path
        Its stack, and its label stack of the same size.
    reading : ReadingChoices
        How to read the former.
    """

    raw: Path
    labels: Path
    reading: ReadingChoices


def write_cysts(folder: Path, part: str, cysts: Mapping[str, Cyst]) -> None:
    """Write the lists of one of `PARTS` into the folder of a training; names are those of the cysts.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    write_stack_list(_list(folder, part, RAW), {name: (cyst.raw, cyst.reading) for name, cyst in cysts.items()})
    labels = {name: (cyst.labels, ReadingChoices()) for name, cyst in cysts.items()}
    write_stack_list(_list(folder, part, LABELS), labels)


def read_cysts(folder: Path, part: str) -> dict[str, Cyst]:
    """Read what `write_cysts` wrote.

    Raises
    ------
    UserError
        If a list is not there or cannot be understood, or the two do not name the same cysts.
    """
    raw, labels = (read_stack_list(_list(folder, part, kind)) for kind in (RAW, LABELS))
    if raw.keys() != labels.keys():
        odd = ", ".join(sorted(raw.keys() ^ labels.keys()))
        raise UserError(
            f"Only one of the lists {part}-{RAW}.csv and {part}-{LABELS}.csv names {odd}.", "Name it in both."
        )
    return {name: Cyst(file, labels[name][0], reading) for name, (file, reading) in raw.items()}


def make_sets(
    folder: Path,
    voxel_um: tuple[float, float, float] | None,
    report: Reporter,
    *,
    parts: Sequence[str] = PARTS,
    into: Path | None = None,
    stop: threading.Event | None = None,
) -> dict[str, Path]:
    """Make the sets that a model is trained and watched with; calling it again does only what is missing or changed.

    What was put there and is not in the lists any more is deleted, so that nothing is learnt from it.

    Parameters
    ----------
    folder : Path
        Of the training, with the lists that `write_cysts` wrote.
    voxel_um : (z, y, x) or None
        Voxel size in µm that all cysts are brought to; None leaves them as they are.
    report : Reporter
        Gets progress and sentences.
    parts : sequence of str
        Whose lists are taken.
    into : Path, optional
        Folder that gets the sets; `folder` by default.
    stop : threading.Event, optional
        Once set, the work stops after the cyst it is at.

    Returns
    -------
    dict of str to Path
        Folder with ``x`` and ``y`` of each part.

    Raises
    ------
    UserError
        If a cyst cannot be read, or the disk refuses.
    CancelledError
        If `stop` was set.
    """
    stop = stop or threading.Event()
    into = into or folder
    check_writable(into)
    remove_partial_files(into)
    sets = {}
    for part in parts:
        sets[part] = into / "cysts" / part
        files = _files_of(read_cysts(folder, part))
        _collect(sets[part], files, report, stop)
        if voxel_um is not None:
            coarse = into / "low-resolution" / part
            _drop_coarse(coarse, {stem(Path(place)) for place in files})
            result = downsample(sets[part], coarse, voxel_um, report, stop=stop)
            if result.failed:
                raise UserError(f"{', '.join(result.failed)} could not be made coarser.", f"{result.table} says why.")
            sets[part] = coarse
    return sets


def keep_round(folder: Path, row: Mapping[str, Any]) -> None:
    """Add what came of a round to the history in the folder of a training.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    path = folder / ROUNDS
    with disk_troubles(path), path.open("a", encoding="utf-8") as history:
        history.write(json.dumps(dict(row)) + "\n")


def read_rounds(folder: Path) -> list[dict[str, Any]]:
    """What came of each round so far, the first one first; a round that was done again counts as the last time."""
    try:
        lines = (folder / ROUNDS).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    rounds: dict[int, dict[str, Any]] = {}
    for line in lines:
        try:
            row = json.loads(line)
            rounds[int(row["epoch"])] = row
        except (ValueError, KeyError, TypeError):
            continue  # half a line, of a program that was killed
    return [rounds[number] for number in sorted(rounds)]


def round_pictures(folder: Path) -> dict[int, Path]:
    """Pictures of what the network saw after each round in one slice of a cyst that watches: raw, B, C, M."""
    pictures = (folder / TRAINING / "slices").glob("round-*.png")
    return {int(path.stem.removeprefix("round-")): path for path in sorted(pictures)}


def _list(folder: Path, part: str, kind: str) -> Path:
    return folder / f"{part}-{kind}.csv"


@dataclass(frozen=True)
class _File:
    """What a file of a set is made from: the file itself, or what `reading` chooses of it."""

    source: Path
    reading: ReadingChoices | None = None

    def origin(self) -> list[str]:
        """What tells whether it was made from the same: file as it is now and choices; path."""
        choices = {} if self.reading is None else dataclasses.asdict(self.reading)
        return [fingerprint(self.source, choices), str(self.source)]

    def put(self, place: Path) -> None:
        """Make it."""
        if self.reading is None:
            link(self.source, place)
        else:
            stack = self.reading.read(self.source)
            write_stack(place, stack.data, stack.voxel_size)


def _files_of(cysts: Mapping[str, Cyst]) -> dict[str, _File]:
    """Files of a set by their places in it: those of the cysts themselves where they can be there."""
    files: dict[str, _File] = {}
    for name, cyst in cysts.items():
        files[f"{LABELS}/{name}{_ending(cyst.labels)}"] = _File(cyst.labels)
        if cyst.reading == ReadingChoices() and not cyst.raw.is_dir():
            files[f"{RAW}/{name}{_ending(cyst.raw)}"] = _File(cyst.raw)
        else:
            files[f"{RAW}/{name}.tif"] = _File(cyst.raw, cyst.reading)
    return files


def _collect(folder: Path, files: Mapping[str, _File], report: Reporter, stop: threading.Event) -> None:
    """Make a set hold these files as they are now, and none that was put there for an earlier list."""
    before = _put_before(folder)
    with disk_troubles(folder):
        for place, path in _present(folder).items():
            if place in before and place not in files:
                path.unlink()
    known = {place: before.get(place, []) for place in files}
    # Written first: what a killed run has put there is known to the next one.
    write_json(folder / FILES, known)
    try:
        for number, (place, file) in enumerate(files.items()):
            stop_if(stop.is_set)
            report.step(stem(Path(place)), "Collecting cysts", number, len(files))
            if not _is_there(folder / place, file, known[place]):
                origin = file.origin()
                file.put(folder / place)
                known[place] = origin
    finally:
        write_json(folder / FILES, known)


def _present(folder: Path) -> dict[str, Path]:
    """Files of a set by their places in it."""
    return {
        f"{kind}/{path.name}": path
        for kind in (RAW, LABELS)
        for path in sorted((folder / kind).glob("*"))
        if is_stack_path(path) and (path.is_symlink() or not path.is_dir())
    }


def _put_before(folder: Path) -> dict[str, list[str]]:
    """Origin of each file that this program put into a set; of those of before it took notes, none."""
    try:
        known = json.loads((folder / FILES).read_text(encoding="utf-8"))
        return {place: list(origin) for place, origin in known.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {place: [] for place in _present(folder)}


def _is_there(place: Path, file: _File, origin: list[str]) -> bool:
    """Whether a file of a set is made from its source as that is now, or was while that was at hand."""
    if not place.exists():
        return False
    if file.source.exists():
        return origin[:1] == file.origin()[:1]  # a project that was moved is the same one
    return not origin or origin[-1] == str(file.source)


def _drop_coarse(folder: Path, names: Collection[str]) -> None:
    """Delete what `downsample` made for an earlier list of cysts that are not among `names`."""
    for record in (folder / RECORDS).glob("*.json"):
        name = record.name.removesuffix(".json")
        if name not in names:
            with disk_troubles(folder):
                for kind in (RAW, LABELS):
                    (folder / kind / f"{name}.tif").unlink(missing_ok=True)
                forget_record(folder, name)


def _ending(path: Path) -> str:
    return path.name[len(stem(path)) :]
