"""Training sets on disk: folders with ``x/`` (raw) and ``y/`` (labels), paired by name and checked first."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.progress import Progress, silent
from cartocell_app.segmentation.normalisation import Normalisation, normalise
from cartocell_app.stacks.files import file_hash
from cartocell_app.stacks.reading import is_stack_path, read, read_labels, stem
from cartocell_app.stacks.resampling import resample_labels, resample_raw, resampled_shape
from cartocell_app.stacks.voxel_size import VoxelSize
from training.data import Example

LISTED = 12
"""Problems named one by one; the rest are counted."""

SAME_SIZE = 0.03
"""Voxel sizes that differ by less count as the same, and nothing is resampled."""

VoxelUm = tuple[float, float, float]


@dataclass(frozen=True)
class Pair:
    """A cyst with its truth, as read.

    Attributes
    ----------
    name : str
        Of the files, without ending.
    raw : (Z, Y, X) ndarray
        Intensities.
    labels : (Z, Y, X) ndarray of integers
        0 is lumen and outside.
    voxel_size : VoxelSize
        Of both.
    """

    name: str
    raw: NDArray[Any]
    labels: NDArray[Any]
    voxel_size: VoxelSize


@dataclass(frozen=True)
class TrainingSet:
    """Pairs that can be trained on, and remarks on what looks odd."""

    pairs: tuple[Pair, ...]
    remarks: tuple[str, ...]

    @property
    def middle_voxel_um(self) -> VoxelUm:
        """Median voxel size (z, y, x) of the pairs."""
        z, y, x = (round(float(value), 4) for value in np.median([p.voxel_size.zyx_um for p in self.pairs], axis=0))
        return z, y, x


def read_training_set(folder: Path, voxel_size: VoxelSize | None = None, progress: Progress = silent) -> TrainingSet:
    """Read and check all pairs of `folder`.

    Parameters
    ----------
    folder : Path
        With ``x/`` and ``y/``.
    voxel_size : VoxelSize, optional
        For files that do not say theirs.
    progress : callable
        Told the pairs read.

    Raises
    ------
    UserError
        That lists all that must be mended: names without a partner or there twice, sizes that differ, labels without
        any cell, unknown voxel sizes, files that cannot be read.
    """
    files, problems = _pairs(folder)
    pairs, remarks = [], []
    for done, (name, (raw, labels)) in enumerate(files.items(), 1):
        try:
            pair = _read_pair(name, raw, labels, voxel_size)
        except UserError as error:
            problems.append(f"{name}: {error}")
        else:
            pairs.append(pair)
            remarks += [f"{name}: {remark}" for remark in _remarks(pair.labels)]
        progress("Reading", done, len(files))
    if problems:
        raise UserError(f"{folder} cannot be trained on yet.", _listed(problems))
    if not pairs:
        raise UserError(
            f"There are no pairs in {folder}.", "Put raw stacks into x and labels of the same names into y."
        )
    return TrainingSet(tuple(pairs), tuple(remarks))


def contents(folder: Path) -> dict[str, str]:
    """Hash of what is in each stack of the pairs of `folder`, by its place: ``x/NAME`` or ``y/NAME``.

    Raises
    ------
    UserError
        If there is no such folder, or a file cannot be read.
    """
    pairs, _ = _pairs(folder)
    return {
        f"{part}/{name}": content_hash(path)
        for name, pair in pairs.items()
        for part, path in zip(("x", "y"), pair, strict=True)
    }


def content_hash(path: Path) -> str:
    """Hash of the bytes of a file, or of all files of a stack that is a folder: the same for copies and links.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    try:
        if path.is_dir():
            parts = sorted(part for part in path.rglob("*") if part.is_file())
            text = "\n".join(f"{part.relative_to(path).as_posix()} {content_hash(part)}" for part in parts)
            return hashlib.sha256(text.encode()).hexdigest()
        return file_hash(path)
    except OSError as error:
        raise UserError(f"{path} could not be read.", "Is it still there, and may you read it?") from error


def examples(training_set: TrainingSet, voxel_um: VoxelUm, normalisation: Normalisation) -> list[Example]:
    """Bring all pairs to one voxel size and the network's intensities, in the order of the pipeline."""
    return [_example(pair, voxel_um, normalisation) for pair in training_set.pairs]


def _example(pair: Pair, voxel_um: VoxelUm, normalisation: Normalisation) -> Example:
    raw, labels = pair.raw, pair.labels
    if any(abs(have / want - 1) > SAME_SIZE for have, want in zip(pair.voxel_size.zyx_um, voxel_um, strict=True)):
        shape = resampled_shape(raw.shape, pair.voxel_size, voxel_um)
        raw, labels = resample_raw(raw, shape), resample_labels(labels, shape)
    numbers, compact = np.unique(labels, return_inverse=True)
    offset = 0 if numbers[0] == 0 else 1
    return Example(
        normalise(raw, normalisation).astype(np.float16), (compact.reshape(labels.shape) + offset).astype(np.uint16)
    )


def _pairs(folder: Path) -> tuple[dict[str, tuple[Path, Path]], list[str]]:
    if not folder.is_dir():
        raise UserError(f"There is no folder {folder}.", "Give a folder with x (raw stacks) and y (labels) in it.")
    missing = [name for name in ("x", "y") if not (folder / name).is_dir()]
    if missing:
        raise UserError(
            f"{folder} has no folder {' and no folder '.join(missing)}.",
            "A training set is a folder with x (raw stacks) and y (labels of the same names) in it.",
        )
    problems: list[str] = []
    raw, labels = (_named(folder / part, problems) for part in ("x", "y"))
    problems += [f"{name}: no labels in y" for name in raw if name not in labels]
    problems += [f"{name}: no raw stack in x" for name in labels if name not in raw]
    return {name: (path, labels[name]) for name, path in raw.items() if name in labels}, problems


def _named(folder: Path, problems: list[str]) -> dict[str, Path]:
    """Stacks by name; two of one name are a problem, as in `cartocell_app.jobs.inputs`: which one is meant?"""
    named: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if _counts(path) and (first := named.setdefault(stem(path), path)) is not path:
            problems.append(f"{folder.name}/{first.name} and {path.name} would both be called {stem(path)}")
    return named


def _counts(path: Path) -> bool:
    return not path.name.startswith(".") and is_stack_path(path)


def _read_pair(name: str, raw: Path, labels: Path, given: VoxelSize | None) -> Pair:
    stack = read(raw)
    truth, truth_voxel_size = read_labels(labels)
    voxel_size = stack.voxel_size or truth_voxel_size or given
    if stack.data.shape != truth.shape:
        sizes = " and ".join(" × ".join(map(str, shape)) for shape in (stack.data.shape, truth.shape))
        raise UserError(f"raw and labels differ in size ({sizes} voxels).")
    if not truth.any():
        raise UserError("the labels hold no cell.")
    if voxel_size is None:
        raise UserError("the file does not say its voxel size.", "Give it in µm with --voxel-size Z Y X.")
    return Pair(name, stack.data, truth, voxel_size)


def _remarks(labels: NDArray[Any]) -> list[str]:
    """What looks odd in labels, but can be trained on."""
    from skimage.measure import label

    numbers = np.unique(labels)
    numbers = numbers[numbers > 0]
    remarks = []
    if numbers[-1] != numbers.size:
        remarks.append(f"the numbers of its {numbers.size} cells have gaps (the largest is {numbers[-1]})")
    pieces = label(labels, connectivity=3, background=0)  # type: ignore[no-untyped-call]
    firsts = np.unique(pieces.reshape(-1), return_index=True)[1]
    cell_of_piece = labels.reshape(-1)[firsts]
    several = np.unique(cell_of_piece[cell_of_piece > 0], return_counts=True)
    broken = several[0][several[1] > 1]
    if broken.size:
        remarks.append(f"{_count(broken.size, 'cell is', 'cells are')} in several pieces ({_some(broken)})")
    if numbers.size == 1:
        remarks.append("there is only one cell: is it a mask instead of labels?")
    return remarks


def _count(number: int, one: str, more: str) -> str:
    return f"{number} {one if number == 1 else more}"


def _some(numbers: NDArray[Any]) -> str:
    shown = ", ".join(map(str, numbers[:5]))
    return shown if numbers.size <= 5 else f"{shown} …"


def _listed(problems: Sequence[str]) -> str:
    shown = list(problems[:LISTED])
    if len(problems) > LISTED:
        shown.append(f"… and {len(problems) - LISTED} more")
    return "\n".join(f"  {problem}" for problem in shown)


def without(training_set: TrainingSet, keep: Callable[[str], bool]) -> TrainingSet:
    """Leave out the pairs whose name is not to be kept."""
    return replace(training_set, pairs=tuple(pair for pair in training_set.pairs if keep(pair.name)))


def split(training_set: TrainingSet, share: float, seed: int) -> tuple[TrainingSet, TrainingSet]:
    """Part a training set at random into one to learn from and one to watch with, at least one pair in each.

    Raises
    ------
    UserError
        If there is only one pair.
    """
    names = [pair.name for pair in training_set.pairs]
    if len(names) < 2:
        raise UserError("One pair is too few to train with.", "Add a second one, or give a validation set.")
    count = min(max(1, round(share * len(names))), len(names) - 1)
    watched = set(np.random.default_rng(seed).permutation(names)[:count])
    return without(training_set, lambda name: name not in watched), without(training_set, watched.__contains__)
