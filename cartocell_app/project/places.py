"""How paths are kept, so that a project that is moved with what lies around it still finds everything."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

DATABASE = "project.sqlite"
"""The file that makes a folder a project."""

FEW = 8
"""Up to so many files of a folder are asked for one by one; for more the folder is listed once."""


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


def project_around(path: Path) -> Path | None:
    """Folder of the project that `path` lies in, if it lies in one."""
    return next((folder for folder in whole(path).parents if (folder / DATABASE).is_file()), None)


def _names(folder: Path) -> frozenset[str]:
    try:
        with os.scandir(folder) as entries:
            return frozenset(entry.name for entry in entries)
    except OSError:
        return frozenset()
