"""The data set as its authors share it: ``train_M1``, ``validation``, ``train_M2``, ``test``; zipped or not."""

import os
import re
import shutil
import stat
import time
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from cartocell_app.errors import UserError
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.pairs import LABELS, RAW, find_pairs
from cartocell_app.jobs.records import fingerprint, read_record, write_record
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.progress import Cancelled, stop_if
from cartocell_app.stacks.files import whole_file

TRAIN_M1, VALIDATION, TRAIN_M2, TEST = "train_M1", "validation", "train_M2", "test"
FOLDERS = {TRAIN_M1: (RAW, LABELS), VALIDATION: (RAW, LABELS), TRAIN_M2: (RAW,), TEST: (RAW, LABELS)}

DEEPEST = 2
"""So many folders may lie around the data set."""

UNPACKED = "unpacked"


@dataclass(frozen=True)
class Layout:
    """A whole data set in its folder `root`."""

    root: Path

    @property
    def m1(self) -> Path:
        """Pairs to train M1 on."""
        return self.root / TRAIN_M1

    @property
    def validation(self) -> Path:
        """Pairs to watch both trainings with."""
        return self.root / VALIDATION

    @property
    def m2_raw(self) -> Path:
        """Raw stacks that M1 is to label."""
        return self.root / TRAIN_M2 / RAW

    @property
    def test(self) -> Path:
        """Pairs to score both models on."""
        return self.root / TEST


def find_layout(dataset: Path, out: Path, report: Reporter, cancelled: Cancelled) -> Layout:
    """Find the data set in a folder or a zip file, which is unpacked into `out`, and check that it is whole.

    Parameters
    ----------
    dataset : Path
        The folder, one around it, or the zip file as downloaded.
    out : Path
        Where to unpack.
    report, cancelled
        Get progress and may stop the unpacking between files.

    Raises
    ------
    UserError
        That lists what is missing; or says that the zip file is damaged or unsafe, or does not fit on the disk.
    """
    if not dataset.exists():
        raise UserError(f"There is no file or folder {dataset}.", "Check the spelling.")
    folder = dataset
    if dataset.is_file():
        folder = out / UNPACKED
        _unpack(dataset, folder, out, report, cancelled)
    root = next((each for each in _folders(folder, DEEPEST) if (each / TRAIN_M1).is_dir()), None)
    wanted = ", ".join(f"{name}/{part}" for name, parts in FOLDERS.items() for part in parts)
    if root is None:
        raise UserError(f"There is no {TRAIN_M1} in {dataset}.", f"A data set has the folders {wanted}.")
    missing = [
        f"{name}/{part}" for name, parts in FOLDERS.items() for part in parts if not (root / name / part).is_dir()
    ]
    if missing:
        raise UserError(f"{dataset} lacks {', '.join(missing)}.", f"A data set has the folders {wanted}.")
    layout = Layout(root)
    for pairs in (layout.m1, layout.validation, layout.test):
        find_pairs(pairs)
    find_stacks([layout.m2_raw])
    return layout


def _folders(folder: Path, deepest: int) -> Iterator[Path]:
    """Yield `folder` and those in it, nearest first."""
    level = [folder]
    for _ in range(deepest + 1):
        yield from level
        level = [
            below
            for each in level
            for below in sorted(each.iterdir())
            if below.is_dir() and not below.name.startswith((".", "__"))
        ]


def _unpack(path: Path, folder: Path, out: Path, report: Reporter, cancelled: Cancelled) -> None:
    """Unpack the stacks of a zip file; those that are there from an earlier attempt are kept."""
    key = fingerprint(path, {})
    record = read_record(out, UNPACKED)
    same = record is not None and record["fingerprint"] == key
    if record is not None and same and record["row"]["state"] == "done" and folder.is_dir():
        return
    if folder.exists() and not same:
        if record is None:
            raise UserError(f"{folder} is in the way of the unpacked data set.", "Move it or choose another folder.")
        shutil.rmtree(folder)  # of another zip file
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _entries(path, archive)
            needed = sum(entry.file_size for entry in entries.values())
            free = shutil.disk_usage(out).free
            if needed > free:
                raise UserError(
                    f"{path.name} needs {needed / 1e9:.1f} GB unpacked; {free / 1e9:.1f} GB are free in {out}.",
                    "Free some space or choose another folder.",
                )
            write_record(out, UNPACKED, {"fingerprint": key, "row": {"state": "begun"}})
            for number, (place, entry) in enumerate(entries.items()):
                stop_if(cancelled)
                report.step(place, "Unpacking", number, len(entries))
                _extract(archive, entry, folder / place)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UserError(f"{path} cannot be unpacked: {error}.", "Download it again, or unpack it yourself.") from error
    write_record(out, UNPACKED, {"fingerprint": key, "row": {"state": "done", "files": len(entries)}})


def _entries(path: Path, archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Entries to unpack, by their place; what macOS adds and what belongs to no part of a data set is passed over.

    Raises
    ------
    UserError
        If an entry points out of the folder: such files are made to do harm.
    """
    entries = {}
    parts = {f"{name}/{part}" for name, each in FOLDERS.items() for part in each}
    for entry in archive.infolist():
        place = PurePosixPath(entry.filename.replace("\\", "/"))
        is_link = stat.S_ISLNK(entry.external_attr >> 16)
        if place.is_absolute() or ".." in place.parts or re.match("[A-Za-z]:", str(place)) or is_link:
            raise UserError(
                f"{path} holds an entry that points out of its folder: {entry.filename!r}. It was not unpacked.",
                "Do not use this file; download it from its source.",
            )
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in place.parts)
        if not entry.is_dir() and not hidden and any(f"/{part}/" in f"/{place}" for part in parts):
            entries[str(place)] = entry
    return entries


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    if target.is_file() and target.stat().st_size == entry.file_size:
        return
    with whole_file(target) as partial, archive.open(entry) as source:
        with partial.open("wb") as copy:
            shutil.copyfileobj(source, copy, 1 << 20)
        # Unpacked again, the same file is the same: what was made from it need not be made anew.
        modified_s = time.mktime((*entry.date_time, 0, 0, -1))
        os.utime(partial, (modified_s, modified_s))
