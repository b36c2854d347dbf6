"""What PyInstaller gathered, without what this program never uses: used by ``build.spec``.

Entries are PyInstaller's: (place in the bundle, file, kind).
"""

import hashlib
import posixpath
import re
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

Entry = tuple[str, str, str]
LINK, BINARY = "SYMLINK", "BINARY"

STRIPPED_ENDINGS = (".so",)
"""Extension modules: their tables of symbols and debugging notes are as large as their code."""

LINKED = re.compile(r"lib(?!python).*(\.so\.\d.*|-[0-9a-f]{8}\.so)")
"""Names of libraries that are there only because something is linked to them; others are loaded by name."""

AS_IT_IS = re.compile(r"\.libs(/|$)")
"""Folders of libraries that were repaired for their wheels: ``strip`` can break those."""


def without(entries: Iterable[Entry], patterns: Sequence[str]) -> list[Entry]:
    """Entries whose place matches none of the regular expressions `patterns`."""
    unwanted = re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
    return [entry for entry in entries if not unwanted.match(entry[0].replace("\\", "/"))]


def only_needed(entries: Sequence[Entry], needs: Callable[[Entry], set[str]]) -> list[Entry]:
    """Leave out libraries that nothing left is linked to any more.

    Parameters
    ----------
    entries : sequence of Entry
        All of the bundle.
    needs : callable
        Names of the libraries that the file of an entry is linked to.
    """
    by_name: dict[str, list[Entry]] = {}
    for entry in entries:
        by_name.setdefault(Path(entry[0]).name, []).append(entry)
    needed = {name for name in by_name if not LINKED.fullmatch(name)}
    to_visit = list(needed)
    while to_visit:
        for entry in by_name[to_visit.pop()]:
            new = {name for name in needs(entry) if name in by_name} - needed
            needed |= new
            to_visit += new
    return [entry for entry in entries if Path(entry[0]).name in needed]


def without_dead_links(entries: Sequence[Entry]) -> list[Entry]:
    """Entries without links to what is not there any more."""
    files = {entry[0] for entry in entries if entry[2] != LINK}
    return [entry for entry in entries if entry[2] != LINK or posixpath.normpath(_target(entry)) in files]


def _target(link: Entry) -> str:
    place, target, _ = link
    return posixpath.join(posixpath.dirname(place), target)


def without_copies(entries: Iterable[Entry]) -> list[Entry]:
    """Entries where a file that is there already under the same name, in another folder, is a link to it."""
    first: dict[tuple[str, bytes], str] = {}
    kept = []
    for place, file, kind in entries:
        if kind == BINARY:
            mark = Path(place).name, hashlib.sha256(Path(file).read_bytes()).digest()
            known = first.setdefault(mark, place)
            if known != place:
                target = posixpath.relpath(known, posixpath.dirname(place))
                kept.append((place, target, LINK))
                continue
        kept.append((place, file, kind))
    return kept


def stripped(entries: Iterable[Entry], folder: Path) -> list[Entry]:
    """The same entries with extension modules, and Python itself, without symbols and debugging notes.

    Parameters
    ----------
    entries : iterable of Entry
        Of the bundle.
    folder : Path
        Where the lighter copies go.
    """
    return [_stripped(entry, folder) for entry in entries]


def _stripped(entry: Entry, folder: Path) -> Entry:
    place, file, kind = entry
    is_module = place.endswith(STRIPPED_ENDINGS) or Path(place).name.startswith("libpython")
    if kind == LINK or not is_module or AS_IT_IS.search(Path(place).parent.as_posix()):
        return entry
    copy = folder / place
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(file, copy)
    done = subprocess.run(["strip", "--strip-unneeded", str(copy)], capture_output=True, check=False)
    return (place, str(copy), kind) if done.returncode == 0 else entry


def linked_libraries(entry: Entry) -> set[str]:
    """Names of the libraries that the file of an entry is linked to; none if it is no program or library."""
    from PyInstaller.depend import bindepend

    _, file, kind = entry
    if kind == LINK or not re.search(r"\.so(\.|$)", Path(file).name):
        return set()
    return {Path(name).name for name, _ in bindepend.get_imports(file)}
