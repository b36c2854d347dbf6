"""A whole project in one zip file, for another computer or a colleague."""

import contextlib
import os
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import select
from sqlalchemy.orm import Session

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, stop_if
from cartocell_app.project.copying import pour
from cartocell_app.project.database import BACKUP, engine_of
from cartocell_app.project.hashing import files_of
from cartocell_app.project.naming import file_safe, free_file_name
from cartocell_app.project.places import DATABASE, found
from cartocell_app.project.schema import LabelRow, SampleRow
from cartocell_app.project.values import Sample
from cartocell_app.stacks.files import PARTIAL_PREFIX, disk_troubles, whole_file

ENDING = ".cartocell"
LEFT_OUT = {DATABASE, BACKUP, f"{DATABASE}-journal", "project.lock"}
FAST = 1
"""Of zlib's levels: stacks are large, and many are compressed already."""

BIG_BYTES = 1 << 31


def pack(folder: Path, inputs: Sequence[Sample], path: Path, progress: Progress, cancelled: Cancelled) -> None:
    """Write the project in `folder` to the zip file `path`, whole or not at all.

    Parameters
    ----------
    folder : Path
        Of the project.
    inputs : sequence of Sample
        Samples whose files are put into ``stacks/`` of the copy if they lie outside the project.
    path : Path
        The zip file; an older one is replaced.
    progress, cancelled
        Told how far it is, in bytes; asked whether to stop.

    Raises
    ------
    UserError
        If the disk refuses, or a file cannot be read.
    CancelledError
        If asked to stop.
    """
    name = file_safe(folder.name.removesuffix(ENDING)) + ENDING
    with tempfile.TemporaryDirectory() as temporary, whole_file(path) as partial:
        snapshot = Path(temporary) / DATABASE
        with disk_troubles(snapshot):
            _copy_database(folder / DATABASE, snapshot)
        moved = _outside(snapshot, folder, inputs)
        _rewrite(snapshot, folder, moved)
        files = [(snapshot, DATABASE), *_inside(folder, path), *_packed(moved)]
        _write(partial, [(file, f"{name}/{place}") for file, place in files], progress, cancelled)


def _copy_database(database: Path, copy: Path) -> None:
    """Copy a database that others may be writing to."""
    with (
        contextlib.closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as source,
        contextlib.closing(sqlite3.connect(copy)) as into,
    ):
        source.backup(into)


def _outside(snapshot: Path, folder: Path, inputs: Sequence[Sample]) -> dict[Path, str]:
    """Files of the project that lie outside it, and where they are to lie in the copy."""
    engine = engine_of(snapshot, read_only=True)
    with Session(engine) as session:
        labels = [found(text, folder) for text in session.scalars(select(LabelRow.path).order_by(LabelRow.id))]
    engine.dispose()
    moved: dict[Path, str] = {}
    for part, paths in (
        ("stacks", [sample.path for sample in inputs if not sample.missing]),
        ("labels", [path for path in labels if path.is_file()]),
    ):
        taken = [path.name for path in (folder / part).iterdir()] if (folder / part).is_dir() else []
        for path in dict.fromkeys(paths):
            if not path.is_relative_to(folder):
                taken.append(free_file_name(file_safe(path.name), taken))
                moved[path] = f"{part}/{taken[-1]}"
    return moved


def _rewrite(snapshot: Path, folder: Path, moved: dict[Path, str]) -> None:
    """Have the copied database tell where files lie in the copy."""
    engine = engine_of(snapshot)
    with Session(engine) as session:
        for sample in session.scalars(select(SampleRow)):
            # Where this program last found it, which may be where it was before the project moved.
            for place in (found(sample.path, folder), Path(sample.whole_path)):
                if place in moved:
                    sample.path, sample.whole_path = moved[place], ""
                    break
            if sample.labels is not None:
                sample.labels = moved.get(found(sample.labels, folder), sample.labels)
        for label in session.scalars(select(LabelRow)):
            label.path = moved.get(found(label.path, folder), label.path)
        session.commit()
    engine.dispose()


def _inside(folder: Path, zip_path: Path) -> Iterator[tuple[Path, str]]:
    """Files of the project that lie in its folder, and where."""
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(PARTIAL_PREFIX))
        for file in sorted(files):
            path = Path(here, file)
            place = path.relative_to(folder).as_posix()
            if place not in LEFT_OUT and not file.startswith(PARTIAL_PREFIX) and path != zip_path.absolute():
                yield path, place


def _packed(moved: dict[Path, str]) -> Iterator[tuple[Path, str]]:
    for path, place in moved.items():
        for part in files_of(path):
            yield part, place if part == path else f"{place}/{part.relative_to(path).as_posix()}"


def _write(path: Path, files: Sequence[tuple[Path, str]], progress: Progress, cancelled: Cancelled) -> None:
    sizes = [_size(file) for file, _ in files]
    total, done = max(sum(sizes), 1), 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress("Saving a copy", min(done, total), total)

    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=FAST) as packed:
        for (file, place), size in zip(files, sizes, strict=True):
            stop_if(cancelled)
            with _readable(file) as source, packed.open(place, "w", force_zip64=size >= BIG_BYTES) as into:
                pour(source, into, cancelled, told)


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


@contextlib.contextmanager
def _readable(file: Path) -> Iterator[IO[bytes]]:
    try:
        source = file.open("rb")
    except OSError as error:
        raise UserError(
            f"{file} could not be read, so no copy was saved.",
            "Wait until no work is going on, or check the file's permissions, and try again.",
        ) from error
    with source:
        yield source
