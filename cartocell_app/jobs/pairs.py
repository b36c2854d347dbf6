"""The pairs of a data set: raw stacks in ``x/``, labels of the same names in ``y/``."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.inputs import find_stacks, pair

RAW, LABELS = "x", "y"


@dataclass(frozen=True)
class Pairs:
    """Raw stacks and labels of a folder by name.

    Attributes
    ----------
    raw, labels : dict of str to Path
        Of the names in both.
    only_raw, only_labels : tuple of str
        Names without a partner.
    """

    raw: dict[str, Path]
    labels: dict[str, Path]
    only_raw: tuple[str, ...]
    only_labels: tuple[str, ...]

    def complaints(self) -> dict[str, str]:
        """What is wrong, in a sentence, for each name without a partner."""
        complaints = dict.fromkeys(self.only_raw, f"It has no labels in {LABELS}.")
        return complaints | dict.fromkeys(self.only_labels, f"It has no raw stack in {RAW}.")


def find_pairs(folder: Path) -> Pairs:
    """List the pairs of a data set.

    Raises
    ------
    UserError
        If the folder has no ``x`` or no ``y``, if there is nothing in them, or two files have the same name.
    """
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.", "Give a folder with x (raw stacks) and y (labels) in it.")
    missing = [name for name in (RAW, LABELS) if not (folder / name).is_dir()]
    if missing:
        raise UserError(
            f"{folder} has no folder {' and no folder '.join(missing)}.",
            "A data set is a folder with x (raw stacks) and y (labels of the same names) in it.",
        )
    raw, labels = find_stacks([folder / RAW]), find_stacks([folder / LABELS])
    both, only_raw, only_labels = pair(raw, labels)
    return Pairs(
        {name: raw[name] for name in both}, {name: labels[name] for name in both}, tuple(only_raw), tuple(only_labels)
    )


def check_same_size(raw: Sequence[int], labels: Sequence[int]) -> None:
    """Check that a raw stack and its labels have the same size in voxels.

    Raises
    ------
    UserError
        That says both sizes.
    """
    if tuple(raw) != tuple(labels):
        raise UserError(
            f"Its raw stack is {in_words(raw)} voxels, its labels {in_words(labels)}.",
            "Both must lie on the same grid: the same stack, neither cropped nor resampled.",
        )


def check_not_among(sources: Iterable[Path], out: Path) -> None:
    """Check that no original lies where a set in the folder `out` would be written.

    Raises
    ------
    UserError
        If one does.
    """
    targets = {(out / folder).resolve() for folder in (RAW, LABELS)}
    if any(source.parent.resolve() in targets for source in sources):
        raise UserError(f"The originals lie in {out} itself.", "Choose another folder for the results.")


def in_words(values: Sequence[Any]) -> str:
    """Write "1 × 2 × 3"."""
    return " × ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in values)
