"""How paths are kept, so that a project that is moved with what lies around it still finds everything."""

import os
from pathlib import Path, PurePosixPath


def kept(path: Path, folder: Path) -> str:
    """Text of a path for the database: relative to the project where it lies in or beside it, absolute elsewhere.

    Parameters
    ----------
    path : Path
        Absolute, or relative to where the program runs.
    folder : Path
        Of the project.
    """
    path, folder = Path(os.path.abspath(path)), Path(os.path.abspath(folder))  # noqa: PTH100 - links stay links
    if path.is_relative_to(folder.parent):
        return PurePosixPath(os.path.relpath(path, folder).replace(os.sep, "/")).as_posix()
    return str(path)


def found(text: str, folder: Path) -> Path:
    """Absolute path of a text that `kept` made, for a project that now lies in `folder`."""
    return Path(os.path.abspath(folder / text))  # noqa: PTH100 - links stay links
