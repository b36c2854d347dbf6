"""How paths are kept, so that a project that is moved with what lies around it still finds everything."""

import os
import threading
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from time import monotonic

DATABASE = "project.sqlite"
"""The file that makes a folder a project."""

FEW = 8
"""Up to so many files of a folder are asked for one by one; for more the folder is listed once."""

FRESH_S = 1.0
"""What was seen on a disk holds for so long."""

SHARE = 0.1
"""And so much longer, with a slow drive, that no larger share of the time goes into looking."""


def kept(path: Path, folder: Path) -> str:
    """Text of a path for the database: relative to the project where it lies in or beside it, absolute elsewhere.

    Parameters
    ----------
    path : Path
        Absolute, or relative to where the program runs.
    folder : Path
        Of the project.
    """
    path, folder = whole(path), whole(folder)
    if path.is_relative_to(folder.parent):
        return PurePosixPath(os.path.relpath(path, folder).replace(os.sep, "/")).as_posix()
    return str(path)


def found(text: str, folder: Path) -> Path:
    """Absolute path of a text that `kept` made, for a project that now lies in `folder`."""
    return whole(folder / text)


def whole(path: Path) -> Path:
    """Absolute path without ``..``; links stay links, for the project may be reached by one."""
    return Path(os.path.abspath(path))  # noqa: PTH100 - `resolve` would follow links


def same_place(path: Path) -> str:
    """What two paths to one file have in common, by whatever links and in whatever case they are written."""
    return os.path.normcase(os.path.realpath(path))


def present(paths: Iterable[Path]) -> frozenset[Path]:
    """Those of `paths` that are there.

    Network drives answer each question in about a millisecond, so hundreds of files in one folder are one question.
    """
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        by_folder[path.parent].append(path)
    there: set[Path] = set()
    for folder, wanted in by_folder.items():
        names = _names(folder) if len(wanted) > FEW else frozenset()
        # A name may be listed in another case or with other accents than it is found by: such ones are asked for.
        there.update(path for path in wanted if path.name in names or path.exists())
    return frozenset(there)


class Glances:
    """Which files are there, remembered for a moment.

    A window asks for its samples dozens of times for one key that is pressed; a file on a network drive would be asked
    for as often.
    """

    def __init__(self) -> None:
        self._seen: dict[Path, bool] = {}
        self._until_s = 0.0
        self._looking = threading.Lock()

    def forget(self) -> None:
        """Ask the disk anew the next time."""
        with self._looking:
            self._seen.clear()

    def present(self, paths: Iterable[Path]) -> frozenset[Path]:
        """Those of `paths` that are there, or were a moment ago."""
        wanted = frozenset(paths)
        with self._looking:
            began_s = monotonic()
            if began_s > self._until_s:
                self._seen.clear()
            if new := [path for path in wanted if path not in self._seen]:
                there = present(new)
                now_s = monotonic()
                if not self._seen:
                    self._until_s = now_s + max(FRESH_S, (now_s - began_s) / SHARE)
                self._seen.update((path, path in there) for path in new)
            return frozenset(path for path in wanted if self._seen[path])


def project_around(path: Path) -> Path | None:
    """Folder of the project that `path` lies in, if it lies in one."""
    return next((folder for folder in whole(path).parents if (folder / DATABASE).is_file()), None)


def _names(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()
