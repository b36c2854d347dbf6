"""Which files a job works on, and under which names."""

from collections.abc import Iterable
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.stacks.files import PARTIAL_PREFIX
from cartocell_app.stacks.reading import STACK_ENDINGS, is_stack_path, stem


def find_stacks(inputs: Iterable[Path], *, subfolders: bool = False, leave_out: Path | None = None) -> dict[str, Path]:
    """List the stacks among files and folders.

    Files named one by one are taken as they are, so that a wrong one is reported; in folders, what is no stack
    is passed over.

    Parameters
    ----------
    inputs : iterable of Path
        Files and folders.
    subfolders : bool
        Look into the folders of folders too.
    leave_out : Path, optional
        A folder whose files do not count: that of the results.

    Returns
    -------
    dict of str to Path
        Result name (file name without its ending) to file, in the order of names.

    Raises
    ------
    UserError
        If an input is missing, nothing is found, or two files would have the same result name.
    """
    paths: list[Path] = []
    for given in inputs:
        if not given.exists():
            raise UserError(f"There is no file or folder {given}.", "Check the spelling.")
        if given.is_dir() and not is_stack_path(given):
            paths += _in_folder(given, subfolders, leave_out)
        else:
            paths.append(given)
    if not paths:
        folders = ", ".join(str(given) for given in inputs)
        raise UserError(f"There are no stacks in {folders}.", f"CartoCell reads {', '.join(STACK_ENDINGS)}.")
    return _named(dict.fromkeys(paths))


def _in_folder(folder: Path, subfolders: bool, leave_out: Path | None) -> list[Path]:
    found: list[Path] = []
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", PARTIAL_PREFIX)):
            continue
        if leave_out is not None and path.is_dir() and path.resolve() == leave_out.resolve():
            continue
        if is_stack_path(path):
            found.append(path)
        elif subfolders and path.is_dir():
            found += _in_folder(path, subfolders, leave_out)
    return found


def _named(paths: Iterable[Path]) -> dict[str, Path]:
    named: dict[str, Path] = {}
    for path in paths:
        name = stem(path)
        if name in named:
            raise UserError(
                f"{named[name]} and {path} would both be called {name}.",
                "Rename one of them, or process the two folders into different result folders.",
            )
        named[name] = path
    return dict(sorted(named.items()))


def pair(first: dict[str, Path], second: dict[str, Path]) -> tuple[list[str], list[str], list[str]]:
    """Names in both, only in the first, and only in the second."""
    both = [name for name in first if name in second]
    return both, [name for name in first if name not in second], [name for name in second if name not in first]
