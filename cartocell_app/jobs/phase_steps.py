"""The five phases as a list of ``cartocell`` commands, each with what it needs and what it leaves."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from cartocell_app.errors import UserError
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.labelling import LEAVE_OUT
from cartocell_app.jobs.pairs import LABELS, RAW, in_words
from cartocell_app.jobs.published_layout import Layout
from cartocell_app.jobs.records import fingerprint
from cartocell_app.jobs.segmenting import BEFORE_VORONOI, CELLS
from cartocell_app.stacks.reading import describe, is_stack_path
from cartocell_app.stacks.voxel_size import VoxelSize

SAME = 0.03
"""Voxels that are finer by less than this share are as good as equal."""

VoxelUm = tuple[float, float, float]
STAGES = {"before Voronoi": BEFORE_VORONOI, "after Voronoi": CELLS}
MODELS = ("M1", "M2")


@dataclass(frozen=True)
class PhaseChoices:
    """Choices for all phases.

    Attributes
    ----------
    preset : str
        Of both trainings.
    epochs, patience, batch, seed : int or None
        Of both trainings, over the preset's.
    steps : int or None
        Updates of the weights of both trainings, in place of epochs.
    device : str
        Where networks train and run.
    voxel_um : tuple of float or None
        Voxel size (z, y, x) in µm of the parts of the data set whose files do not say theirs.
    leave_out : float
        Cysts labelled by M1 with more doubt than this are not trained on.
    m2_from_m1 : bool
        Whether M2 goes on from M1's weights; published is from nothing.
    """

    preset: str = "standard"
    epochs: int | None = None
    patience: int | None = None
    batch: int | None = None
    seed: int | None = None
    device: Literal["auto", "cpu", "cuda"] = "auto"
    voxel_um: VoxelUm | None = None
    leave_out: float = LEAVE_OUT
    steps: int | None = None
    m2_from_m1: bool = False

    def training(self) -> tuple[str, ...]:
        """Options for ``cartocell train`` that decide its result."""
        given = {
            "--steps": self.steps,
            "--epochs": self.epochs,
            "--patience": self.patience,
            "--batch": self.batch,
            "--seed": self.seed,
        }
        options = [word for name, value in given.items() if value is not None for word in (name, str(value))]
        return ("--preset", self.preset, *options)


@dataclass(frozen=True)
class Step:
    """One command.

    Attributes
    ----------
    name : str
        Of its record.
    words : str
        What it does, for people.
    command : tuple of (str or Path)
        Its words; all but the paths decide the result.
    needs, leaves : tuple of Path
        Files and folders that it reads; that it writes.
    how : tuple of str
        Options that do not decide the result.
    weight : float
        How long it takes, roughly, against the others.
    run_folder : Path, optional
        Of a training: what is in it belongs to one set of data and settings.
    may_fail_in_part : bool
        Whether to go on if some stacks failed.
    """

    name: str
    words: str
    command: tuple[str | Path, ...]
    needs: tuple[Path, ...]
    leaves: tuple[Path, ...]
    how: tuple[str, ...] = ()
    weight: float = 1.0
    run_folder: Path | None = None
    may_fail_in_part: bool = False

    def line(self) -> list[str]:
        """Words to call ``cartocell`` with."""
        return [*map(str, self.command), *self.how]

    def fingerprint(self) -> str:
        """Hash of what decides the result: inputs and options."""
        options = [word for word in self.command if isinstance(word, str)]
        text = json.dumps([options, [_contents(path) for path in self.needs]])
        return hashlib.sha256(text.encode()).hexdigest()


def _contents(path: Path) -> list[str]:
    """Identity of a file, or of the stacks in a folder, whatever else the user's computer leaves there."""
    parts = sorted(filter(is_stack_path, path.iterdir())) if path.is_dir() else [path]
    return [fingerprint(part, {}) for part in parts if part.exists()]


def plan(layout: Layout, out: Path, choices: PhaseChoices) -> list[Step]:
    """All steps of phases 2 to 5, in order.

    Raises
    ------
    UserError
        If voxel sizes are unknown and none was given.
    """
    sizes = _known_sizes(layout, choices.voxel_um)
    target_um = sizes[layout.m2_raw].target_um
    m1_steps, m1_set = _bring_down(layout.m1, sizes[layout.m1], target_um, out)
    validation_steps, validation = _bring_down(layout.validation, sizes[layout.validation], target_um, out)
    labelled, merged = out / "phase3", out / "phase4"
    return [
        *m1_steps,
        *validation_steps,
        *_train("M1", "Phase 2", m1_set, validation, out, choices),
        _label(layout, sizes[layout.m2_raw].given, labelled, out, choices),
        _merge(m1_set, labelled, merged),
        *_train("M2", "Phase 4", merged, validation, out, choices, out / "M1" if choices.m2_from_m1 else None),
        *(step for model in MODELS for step in _test(model, layout, sizes[layout.test / RAW].given, out, choices)),
    ]


@dataclass(frozen=True)
class _Sizes:
    """Voxel sizes of one part of the data set, and the one to be given for files that do not say theirs."""

    known: tuple[VoxelSize, ...]
    given: VoxelUm | None

    @property
    def target_um(self) -> VoxelUm:
        """Median of each axis, as numbers that can be typed."""
        z, y, x = np.median([self.given] if self.given else [size.zyx_um for size in self.known], axis=0)
        return round(float(z), 6), round(float(y), 6), round(float(x), 6)

    def finer_than(self, target_um: VoxelUm) -> bool:
        """Whether some stack is finer than wanted along some axis."""
        sizes = [self.given] if self.given else [size.zyx_um for size in self.known]
        return any(have < want * (1 - SAME) for size in sizes for have, want in zip(size, target_um, strict=True))


def _known_sizes(layout: Layout, given: VoxelUm | None) -> dict[Path, _Sizes]:
    """Read the voxel sizes of all raw stacks, by part."""
    found = {}
    for part, folder in (
        (layout.m1, layout.m1 / RAW),
        (layout.validation, layout.validation / RAW),
        (layout.m2_raw, layout.m2_raw),
        (layout.test / RAW, layout.test / RAW),
    ):
        sizes = [size for path in find_stacks([folder]).values() for size in _size_of(path)]
        known = tuple(size for size in sizes if size is not None)
        if not sizes:
            raise UserError(
                f"No stack in {folder} can be read.", "See what `cartocell segment` says about one of them."
            )
        if len(known) < len(sizes) and given is None:
            raise UserError(
                f"{len(sizes) - len(known)} of {len(sizes)} stacks in {folder} do not say their voxel size.",
                "Give it in µm with --voxel-size Z Y X (the microscope's own file or your colleague knows it).",
            )
        if 0 < len(known) < len(sizes):
            raise UserError(
                f"Some stacks in {folder} say their voxel size ({in_words(known[0].zyx_um)} µm), some do not.",
                "Set it in Fiji (Image, Properties) where it is missing, and save them as TIFF.",
            )
        found[part] = _Sizes(known, None if known else given)
    return found


def _size_of(path: Path) -> list[VoxelSize | None]:
    """Voxel size of a stack; nothing for one that cannot be read, which its own step will report."""
    try:
        return [describe(path).scenes[0].voxel_size]
    except UserError:
        return []


def _bring_down(part: Path, sizes: _Sizes, target_um: VoxelUm, out: Path) -> tuple[list[Step], Path]:
    """Step that brings pairs to the low resolution, if they are finer or say no size; and where they are then."""
    if sizes.given is None and not sizes.finer_than(target_um):
        return [], part
    coarse = out / "phase2" / part.name
    step = Step(
        name=f"phase2-{part.name}",
        words=f"Phase 2: {part.name} to {in_words(target_um)} µm",
        command=("downsample", part, "-o", coarse, "--to", *map(str, target_um), *_given(sizes.given)),
        needs=(part / RAW, part / LABELS),
        leaves=(coarse / RAW, coarse / LABELS),
        how=("--progress", "json"),
        weight=2,
        may_fail_in_part=True,
    )
    return [step], coarse


def _given(voxel_um: VoxelUm | None) -> tuple[str, ...]:
    return () if voxel_um is None else ("--voxel-size", *map(str, voxel_um))


def _train(
    model: str,
    phase: str,
    training_set: Path,
    validation: Path,
    out: Path,
    choices: PhaseChoices,
    start: Path | None = None,
) -> tuple[Step, Step]:
    """Training of a model, from nothing or from that in the folder `start`, and its export."""
    run, onnx = out / model, _model(out, model)
    options = choices.training()
    start_from = () if start is None else (start / "network.pt",)
    command: tuple[str | Path, ...] = ("train", training_set, "--validation", validation, "-o", run, "--name", model)
    going_on: tuple[str | Path, ...] = ("--start-from", *start_from) if start_from else ()
    return (
        Step(
            name=f"{model}-training",
            words=f"{phase}: training {model}",
            command=(*command, *options, *going_on),
            needs=(training_set / RAW, training_set / LABELS, validation / RAW, validation / LABELS, *start_from),
            leaves=(run / "network.pt",),
            how=("--device", choices.device, "--progress", "json"),
            weight=50,
            run_folder=run,
        ),
        Step(
            name=f"{model}-export",
            words=f"{phase}: exporting {model}",
            command=(
                *("export", run / "network.pt", "-o", onnx, "--name", model.lower()),
                *("--command", f"cartocell phases {' '.join(options)}{' --m2-from-m1' if start_from else ''}"),
            ),
            needs=(run / "network.pt",),
            leaves=(onnx,),
        ),
    )


def _model(out: Path, model: str) -> Path:
    return out / "models" / f"{model.lower()}.onnx"


def _label(layout: Layout, voxel_um: VoxelUm | None, labelled: Path, out: Path, choices: PhaseChoices) -> Step:
    model = _model(out, "M1")
    return Step(
        name="phase3",
        words="Phase 3: labelling with M1",
        command=(
            *("label", layout.m2_raw, "-o", labelled, "--model", model),
            *("--leave-out", str(choices.leave_out), *_given(voxel_um)),
        ),
        needs=(layout.m2_raw, model),
        leaves=(labelled / RAW, labelled / LABELS, labelled / "curation.csv"),
        how=("--device", choices.device, "--progress", "json"),
        weight=15,
        may_fail_in_part=True,
    )


def _merge(m1_set: Path, labelled: Path, merged: Path) -> Step:
    return Step(
        name="phase4-merge",
        words="Phase 4: merging",
        command=("merge", m1_set, labelled, "-o", merged),
        needs=(m1_set / RAW, m1_set / LABELS, labelled / RAW, labelled / LABELS, labelled / "curation.csv"),
        leaves=(merged / RAW, merged / LABELS),
        how=("--progress", "json"),
        may_fail_in_part=True,
    )


def scores_path(out: Path, model: str, stage: str) -> Path:
    """Pooled scores (JSON) of a model's cells on the test set at one of `STAGES`."""
    return out / "phase5" / f"{model.lower()}_{stage.replace(' ', '_').lower()}.json"


def cells_folder(out: Path, model: str, stage: str) -> Path:
    """Labels of the test set by a model at one of `STAGES`."""
    return out / "phase5" / model.lower() / STAGES[stage]


def _test(model: str, layout: Layout, voxel_um: VoxelUm | None, out: Path, choices: PhaseChoices) -> list[Step]:
    """Segmentation of the test set with a model, and its scores."""
    onnx, results = _model(out, model), out / "phase5" / model.lower()
    segment = Step(
        name=f"phase5-{model}",
        words=f"Phase 5: segmenting with {model}",
        command=("segment", layout.test / RAW, "-o", results, "--model", onnx, *_given(voxel_um)),
        needs=(layout.test / RAW, onnx),
        leaves=tuple(results / folder for folder in STAGES.values()),
        how=("--device", choices.device, "--progress", "json"),
        weight=5,
        may_fail_in_part=True,
    )
    return [segment] + [_score(model, stage, layout, out) for stage in STAGES]


def _score(model: str, stage: str, layout: Layout, out: Path) -> Step:
    scores, cells = scores_path(out, model, stage), cells_folder(out, model, stage)
    table = scores.with_suffix(".csv")
    return Step(
        name=scores.stem,
        words=f"Phase 5: scoring {model} {stage}",
        command=("evaluate", layout.test / LABELS, cells, "-o", table, "--scores", scores),
        needs=(layout.test / LABELS, cells),
        leaves=(table, scores),
        may_fail_in_part=True,
    )
