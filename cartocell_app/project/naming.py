"""Names that samples and files can have."""

import re
from collections.abc import Collection
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.stacks.reading import stem

FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
"""What Windows does not take in names of files; projects travel."""

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices."""

LONGEST = 120


def file_safe(name: str) -> str:
    """`name` with what cannot stand in the name of a file replaced; "stack" if nothing is left of it."""
    safe = FORBIDDEN.sub("_", name).strip()[:LONGEST].rstrip(" .") or "stack"
    return f"_{safe}"[:LONGEST] if RESERVED.match(safe) or safe.startswith(".") else safe


def unused(name: str, taken: Collection[str]) -> str:
    """`name`, or with a number behind it if it is among `taken`, in whatever case, because result files bear it."""
    known = {other.casefold() for other in taken}
    if name.casefold() not in known:
        return name
    number = 2
    while f"{name} ({number})".casefold() in known:
        number += 1
    return f"{name} ({number})"


def free_file_name(file_name: str, taken: Collection[str]) -> str:
    """`file_name`, or with a number before its ending if it is among `taken`: "a.tif" → "a (2).tif"."""
    base = stem(Path(file_name))
    ending = file_name.removeprefix(base)
    known = {other.casefold() for other in taken}
    number, name = 2, file_name
    while name.casefold() in known:
        name = f"{base} ({number}){ending}"
        number += 1
    return name


def checked_name(name: str, taken: Collection[str]) -> str:
    """A name that a person gave to a sample.

    Raises
    ------
    UserError
        If it is empty, cannot be the name of a file, or is among `taken`.
    """
    name = name.strip()
    if not name:
        raise UserError("A sample needs a name.", "Result files bear it.")
    if file_safe(name) != name:
        raise UserError(
            f"{name!r} cannot be the name of a sample.",
            'Result files bear it, so leave out < > : " / \\ | ? * and dots at either end, and keep it short.',
        )
    if name.casefold() in {other.casefold() for other in taken}:
        raise UserError(f"Another sample is called {name} already.", "Choose another name.")
    return name
