"""Finding inputs that were moved."""

import os
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cartocell_app.progress import Cancelled, Progress, stop_if
from cartocell_app.project.hashing import hash_of
from cartocell_app.stacks.reading import is_stack_path


@dataclass(frozen=True)
class Lost:
    """An input that is not where it was.

    Attributes
    ----------
    id : int
        Of its sample.
    path : Path
        Where it was.
    bytes : int or None
        Its size; None for folders (OME-Zarr).
    content_hash : str or None
        Of its content, if it was computed.
    """

    id: int
    path: Path
    bytes: int | None
    content_hash: str | None


def find_lost(lost: Sequence[Lost], folder: Path, progress: Progress, cancelled: Cancelled) -> dict[int, Path]:
    """Find inputs in `folder` and below.

    Parameters
    ----------
    lost : sequence of Lost
        What is looked for.
    folder : Path
        Where to look.
    progress, cancelled
        Told how far it is; asked whether to stop.

    Returns
    -------
    dict of int to Path
        Number of each sample whose file was found, and where it is. Where several could be it, the one with its
        content, if that is known; else the one whose folders are called like those in which it was; else none.

    Raises
    ------
    CancelledError
        If asked to stop.
    """
    by_name, by_size = _candidates(lost, folder, progress, cancelled)
    hashes = _Hashes(cancelled)
    found: dict[int, Path] = {}
    for number, one in enumerate(lost):
        progress("Comparing", number, len(lost))
        named = [path for path in by_name[one.path.name.casefold()] if _has_size(path, one.bytes)]
        path = _the_one(one, named, hashes) or _renamed(one, by_size, hashes)
        if path is not None:
            found[one.id] = path
    return found


class _Hashes:
    """Hashes of candidates, each computed once.

    Parameters
    ----------
    cancelled : callable
        Asked whether to stop.
    """

    def __init__(self, cancelled: Cancelled) -> None:
        self._cancelled = cancelled
        self._known: dict[Path, str] = {}

    def __call__(self, path: Path) -> str:
        """Hash of a file; empty if it cannot be read."""
        if path not in self._known:
            try:
                self._known[path] = hash_of(path, self._cancelled)
            except OSError:
                self._known[path] = ""
        return self._known[path]


def _candidates(
    lost: Sequence[Lost], folder: Path, progress: Progress, cancelled: Cancelled
) -> tuple[Mapping[str, list[Path]], Mapping[int, list[Path]]]:
    """Stacks that bear the name of a lost one, and stacks that have the size of one whose content is known."""
    names = {one.path.name.casefold() for one in lost}
    sizes = {one.bytes for one in lost if one.content_hash is not None}
    by_name: dict[str, list[Path]] = defaultdict(list)
    by_size: dict[int, list[Path]] = defaultdict(list)
    for number, path in enumerate(_stacks_below(folder)):
        stop_if(cancelled)
        progress(f"Looking through {number + 1} stacks", 0, 1)
        if path.name.casefold() in names:
            by_name[path.name.casefold()].append(path)
        if sizes and path.is_file() and (size := path.stat().st_size) in sizes:
            by_size[size].append(path)
    return by_name, by_size


def _stacks_below(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        stacks = [name for name in folders if is_stack_path(Path(here, name))]
        yield from (Path(here, name) for name in sorted(stacks))
        yield from (Path(here, name) for name in sorted(files) if is_stack_path(Path(here, name)))
        folders[:] = sorted(set(folders) - set(stacks))


def _has_size(path: Path, size: int | None) -> bool:
    return path.is_dir() if size is None else path.is_file() and path.stat().st_size == size


def _the_one(one: Lost, named: Sequence[Path], hashes: _Hashes) -> Path | None:
    """Which of the files with the right name and size it is."""
    if len(named) > 1 and one.content_hash is not None:
        named = [path for path in named if hashes(path) == one.content_hash]
    if len(named) < 2:
        return named[0] if named else None
    alike = {path: _common_end(path, one.path) for path in named}
    best = max(alike.values())
    nearest = [path for path in named if alike[path] == best]
    same = one.content_hash is not None  # copies of one file: any of them will do
    return nearest[0] if same or len(nearest) == 1 else None


def _renamed(one: Lost, by_size: Mapping[int, list[Path]], hashes: _Hashes) -> Path | None:
    if one.content_hash is None or one.bytes is None:
        return None
    return next((path for path in by_size.get(one.bytes, []) if hashes(path) == one.content_hash), None)


def _common_end(first: Path, second: Path) -> int:
    """How many of the last parts of two paths are the same."""
    pairs = zip(reversed(first.parts), reversed(second.parts), strict=False)
    return next((number for number, (one, other) in enumerate(pairs) if one.casefold() != other.casefold()), 0)
