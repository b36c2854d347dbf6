"""Files that are whole or absent, and disk troubles in the user's words."""

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from cartocell_app.errors import UserError

PARTIAL_PREFIX = ".partial-"
"""Start of the names of files and folders being written; what a killed program left behind can be deleted."""


class DiskError(UserError):
    """Nothing can be written there: not this file's fault, so the whole job stops."""


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Write a file beside its final place, and move it there once it is complete.

    Parameters
    ----------
    path : Path
        Final place; its folder is made if missing, an older file is replaced.

    Yields
    ------
    Path
        Where to write; same folder and ending as `path`.

    Raises
    ------
    UserError
        A `DiskError` if the disk is full, the folder is read-only or the name cannot be used.
    """
    partial = path.with_name(f"{PARTIAL_PREFIX}{os.getpid()}-{path.name}")
    with disk_troubles(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            with partial.open("rb+") as written:
                os.fsync(written.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def disk_troubles(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write at `path` into a `DiskError`."""
    try:
        yield
    except OSError as error:
        advice = {
            errno.ENOSPC: "The disk is full. Free some space or choose another folder, then run this again.",
            errno.EDQUOT: "Your disk quota is used up. Free some space or choose another folder.",
            errno.EROFS: "The disk is read-only. Choose another folder.",
            errno.EACCES: "You may not write there. Choose another folder or change its permissions.",
            errno.EPERM: "You may not write there. Choose another folder or change its permissions.",
            errno.EFBIG: "That disk does not take files of this size. Choose another disk.",
            errno.EISDIR: "A folder of that name is in the way. Move it or choose another folder.",
            errno.EEXIST: "A file is in the way of a folder. Move it or choose another folder.",
            errno.ENOTDIR: "Part of that path is a file, not a folder. Choose another folder.",
            errno.ENAMETOOLONG: "That name is too long for this disk. Choose a shorter one.",
        }.get(error.errno or 0)
        if advice is None:
            raise
        raise DiskError(f"{path} could not be written.", advice) from error


def check_writable(folder: Path) -> None:
    """Make `folder` if missing and try to write into it, before a long job starts.

    Raises
    ------
    DiskError
        If that is not possible.
    """
    with disk_troubles(folder):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise DiskError(f"{folder} is a file.", "Choose a folder for the results.") from error
        with tempfile.TemporaryFile(prefix=PARTIAL_PREFIX, dir=folder):
            pass


def remove_partial_files(folder: Path) -> None:
    """Delete what killed programs left half written in `folder` and below; running ones keep theirs."""
    for partial in folder.rglob(f"{PARTIAL_PREFIX}*"):
        owner = partial.name.removeprefix(PARTIAL_PREFIX).partition("-")[0]
        if owner.isdigit() and not psutil.pid_exists(int(owner)):
            shutil.rmtree(partial) if partial.is_dir() else partial.unlink(missing_ok=True)
