"""What identifies an input, whatever it is called and wherever it lies."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from cartocell_app.progress import Cancelled, never, stop_if

CHUNK_BYTES = 1 << 20


def hash_of(path: Path, cancelled: Cancelled = never) -> str:
    """SHA-256 of a file's bytes; of a folder (OME-Zarr) that of the names and bytes of all files in it.

    Raises
    ------
    OSError
        If it cannot be read.
    CancelledError
        If asked to stop.
    """
    digest = hashlib.sha256()
    for part in files_of(path):
        if part != path:
            digest.update(part.relative_to(path).as_posix().encode() + b"\0")
        with part.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                stop_if(cancelled)
                digest.update(chunk)
    return digest.hexdigest()


def files_of(path: Path) -> Iterator[Path]:
    """The file itself, or all files in a folder, in the order of their names."""
    if path.is_dir():
        yield from sorted(part for part in path.rglob("*") if part.is_file())
    else:
        yield path
