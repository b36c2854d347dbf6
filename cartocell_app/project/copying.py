"""Copying files and folders that can be large: whole or not at all, and stopped when asked."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

from cartocell_app.progress import Cancelled, stop_if
from cartocell_app.project.hashing import CHUNK_BYTES, files_of
from cartocell_app.stacks.files import PARTIAL_PREFIX, disk_troubles, whole_file


def pour(source: IO[bytes], into: IO[bytes], cancelled: Cancelled, told: Callable[[int], None] | None = None) -> None:
    """Copy what is left of a stream.

    Parameters
    ----------
    source, into : binary files
        From where and to where.
    cancelled : callable
        Asked between chunks.
    told : callable, optional
        Told how many bytes were copied, after each chunk.

    Raises
    ------
    CancelledError
        If asked to stop.
    """
    while chunk := source.read(CHUNK_BYTES):
        stop_if(cancelled)
        into.write(chunk)
        if told is not None:
            told(len(chunk))


def copy_whole(path: Path, place: Path, cancelled: Cancelled) -> None:
    """Copy a file, or a folder that is one stack (OME-Zarr), with its times.

    Raises
    ------
    UserError
        If the disk refuses.
    CancelledError
        If asked to stop.
    """
    if not path.is_dir():
        with whole_file(place) as partial:
            _copy_file(path, partial, cancelled)
        return
    partial = place.with_name(f"{PARTIAL_PREFIX}{os.getpid()}-{place.name}")
    with disk_troubles(place):
        try:
            for part in files_of(path):
                copy = partial / part.relative_to(path)
                copy.parent.mkdir(parents=True, exist_ok=True)
                _copy_file(part, copy, cancelled)
            partial.replace(place)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _copy_file(path: Path, copy: Path, cancelled: Cancelled) -> None:
    with path.open("rb") as source, copy.open("wb") as into:
        pour(source, into, cancelled)
    # The time and no more: a stack may be there for reading only, its copy is ours.
    stat = path.stat()
    os.utime(copy, ns=(stat.st_atime_ns, stat.st_mtime_ns))
