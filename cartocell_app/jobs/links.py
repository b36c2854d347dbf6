"""The same file in a second place, without a copy where the disk allows it."""

import os
import shutil
from pathlib import Path
from typing import Literal

from cartocell_app.stacks.files import disk_troubles, partial_place, whole_file

LinkKind = Literal["hard link", "symbolic link", "copy"]


def link(source: Path, target: Path) -> LinkKind:
    """Make the file `source` appear as `target` too; what is at `target` is replaced.

    A hard link is one more name of the same file and needs no space. Where the disk has none, or `target` is on
    another one, it becomes a symbolic link, and where there are none either, a copy.

    Raises
    ------
    UserError
        A `DiskError` if the disk refuses all three.
    """
    source = source.resolve()
    if target.parent.resolve() / target.name == source:
        return "hard link"
    partial = partial_place(target)
    with disk_troubles(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        # Renaming one name of a file over another name of the same file does nothing.
        target.unlink(missing_ok=True)
        try:
            kind = _link(source, partial)
            if kind is not None:
                partial.replace(target)
                return kind
        finally:
            partial.unlink(missing_ok=True)
    with whole_file(target) as copy:
        shutil.copy2(source, copy)
    return "copy"


def _link(source: Path, target: Path) -> LinkKind | None:
    """Hard or symbolic link, or None if there can be neither."""
    try:
        os.link(source, target)
    except OSError:
        try:
            target.symlink_to(source)
        except OSError:
            return None
        return "symbolic link"
    return "hard link"


def signature(path: Path) -> list[int] | None:
    """Size and time of a file's contents, the same through links and copies of it; None if it is not there."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return [status.st_size, status.st_mtime_ns]
