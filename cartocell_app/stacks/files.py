"""Files that are whole or absent, and disk troubles in the user's words."""

import contextlib
import errno
import hashlib
import os
import platform
import re
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import psutil

from cartocell_app.errors import UserError

PARTIAL_PREFIX = ".partial-"
"""Start of the names of files and folders being written; what a killed program left behind can be deleted."""

PARTIAL_NAME = re.compile(rf"{re.escape(PARTIAL_PREFIX)}(?:([0-9a-f]{{8}})\.)?(\d+)(?:\.[0-9a-f]+)?-")
"""Start of a partial name: computer (names of older versions have none), process, and a mark of the one writer."""

LONGEST_NAME_BYTES = 255
"""More the usual disks do not take as the name of a file."""

ABANDONED_S = 24 * 3600
"""What another computer has not touched for so long, nobody is writing any more."""


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
    partial = partial_place(path)
    with disk_troubles(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield partial
            with partial.open("rb+") as written:
                os.fsync(written.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def file_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def partial_place(path: Path) -> Path:
    """Place beside `path` to write it at, another one at each call: no two writers share one, threads neither.

    The name ends like that of `path`, of which the start is left out where the whole would be too long.
    """
    own = f"{PARTIAL_PREFIX}{_computer()}.{os.getpid()}.{secrets.token_hex(4)}-"
    name = path.name
    if len(os.fsencode(own + name)) > LONGEST_NAME_BYTES:
        # No longer than the name itself, so the disk takes both or refuses both.
        name = os.fsencode(name)[len(own) :].decode(errors="ignore")
    return path.with_name(own + name)


def _computer() -> str:
    """Eight letters for this computer, or for this container: other ones count their processes on their own."""
    processes = ""
    with contextlib.suppress(OSError):
        # Containers may bear the name of their computer; Linux says whose processes it is that they see.
        processes = str(Path("/proc/self/ns/pid").readlink())
    return hashlib.sha256(f"{platform.node()} {processes}".encode()).hexdigest()[:8]


@contextlib.contextmanager
def disk_troubles(path: Path) -> Iterator[None]:
    """Turn the operating system's refusals to write at `path` into a `DiskError`.

    If somebody deletes a partial file or folder while it is being written, that is a `UserError`: the next one may
    well be written.
    """
    try:
        yield
    except OSError as error:
        if _vanished(error):
            raise UserError(
                f"{path} could not be written: something deleted its unfinished file.",
                "Close other programs that use this folder, on other computers too, then run this again.",
            ) from error
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


def _vanished(error: OSError) -> bool:
    # On a network disk, what another computer has deleted is a stale handle to those who have it open.
    missing = error.errno == errno.ENOENT and PARTIAL_PREFIX in str(error.filename)
    return missing or error.errno == errno.ESTALE


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
    """Delete what killed programs left half written in `folder` and below; running ones keep theirs.

    Of other computers' programs nobody here knows whether they run: what they write is left alone for a day. What
    cannot be deleted stays.
    """
    # `rglob` would fail where another program deletes a folder meanwhile.
    for partial in [Path(here, name) for here, *inside in os.walk(folder) for name in chain(*inside)]:
        # OSError: another program that starts now has just deleted it, or it belongs to somebody else.
        with contextlib.suppress(OSError):
            if _is_abandoned(partial):
                shutil.rmtree(partial) if partial.is_dir() else partial.unlink()


def _is_abandoned(partial: Path) -> bool:
    named = PARTIAL_NAME.match(partial.name)
    if named is None:
        return False
    computer, process = named.groups()
    if computer in (None, _computer()):
        return not psutil.pid_exists(int(process))
    newest_s = max(one.lstat().st_mtime for one in (partial, *partial.rglob("*")))
    return newest_s < time.time() - ABANDONED_S
