"""Which of the files that are imported are labels, and of which stacks; by their names alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cartocell_app.stacks.reading import stem

RAW_FOLDERS, LABEL_FOLDERS = ("x", "raw", "images"), ("y", "label", "labels")
LABEL_ENDING = re.compile(r"[ _.-]?labels?$", re.IGNORECASE)
RAW_ENDING = re.compile(r"[ _.-]raw$", re.IGNORECASE)


@dataclass(frozen=True)
class Paired:
    """Stacks, and the labels that go with some of them.

    Attributes
    ----------
    stacks : tuple of Path
        All that are to be imported as stacks, in the given order; labels without a stack are among them.
    labels : dict of Path to Path
        Labels by stack.
    """

    stacks: tuple[Path, ...]
    labels: dict[Path, Path] = field(default_factory=dict)


def pair_up(paths: Sequence[Path]) -> Paired:
    """Find pairs: files of one name in ``x`` and ``y``, or ``NAME`` and ``NAME_label(s)`` side by side."""
    raw_at = {_place(path): path for path in paths if not _is_called_labels(path)}
    labels: dict[Path, Path] = {}
    for path in paths:
        if _is_called_labels(path):
            stack = raw_at.get(_place(path))
            if stack is not None:
                labels.setdefault(stack, path)
    taken = set(labels.values())
    return Paired(tuple(path for path in paths if path not in taken), labels)


def _is_called_labels(path: Path) -> bool:
    return path.parent.name.lower() in LABEL_FOLDERS or bool(LABEL_ENDING.search(stem(path)))


def _place(path: Path) -> tuple[Path, str]:
    """What a stack and its labels have in common: the folder around them, and most of the name."""
    folder = path.parent
    if folder.name.lower() in (*RAW_FOLDERS, *LABEL_FOLDERS):
        folder = folder.parent
    name = RAW_ENDING.sub("", LABEL_ENDING.sub("", stem(path)))
    return folder, name.casefold()
