"""Writing synthetic cysts as a data set: x (pictures), y (labels), lumen, and a table of what was drawn."""

import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, never, silent, stop_if
from cartocell_app.stacks.files import check_writable, whole_file
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack
from training.painting import Shape, SyntheticCyst, render
from training.scenes import draw_field
from training.specimens import ALONE_AND_CLOSED, PRESETS
from training.synthetic import synthesize


@dataclass(frozen=True)
class SyntheticChoices:
    """What to draw.

    Attributes
    ----------
    presets : tuple of str
        Keys of `PRESETS`, taken in turn.
    count : int
        How many stacks.
    seed : int
        Of the first stack; the next ones follow.
    voxel_um : tuple of float or None
        Voxel size (z, y, x) in µm; the preset's if None.
    shape : tuple of int or None
        Size (z, y, x) in voxels; fits the cyst if None.
    cysts : int
        Cysts in one stack; more than one need a `shape`.
    bits : int
        8 or 16.
    """

    presets: tuple[str, ...] = ("7d",)
    count: int = 1
    seed: int = 0
    voxel_um: tuple[float, float, float] | None = None
    shape: Shape | None = None
    cysts: int = 1
    bits: int = 8


def write_synthetic(
    folder: Path, choices: SyntheticChoices, progress: Progress = silent, cancelled: Cancelled = never
) -> list[Path]:
    """Write ``x/NAME.tif``, ``y/NAME.tif``, ``lumen/NAME.tif`` for each stack, and ``cysts.csv``.

    Returns
    -------
    list of Path
        The pictures.

    Raises
    ------
    UserError
        If a preset does not exist, a field has no shape, or the disk refuses.
    """
    for preset in choices.presets:
        if preset not in PRESETS:
            raise UserError(f"There is no preset {preset!r}.", f"Choose one of {', '.join(PRESETS)}.")
    if choices.cysts > 1 and choices.shape is None:
        raise UserError("A field of several cysts needs a size.", "Give it with --shape Z Y X, in voxels.")
    if choices.cysts > 1 and any(PRESETS[preset].kind not in ALONE_AND_CLOSED for preset in choices.presets):
        raise UserError("A field holds several cysts or clumps, not other tissues.", "Leave out --cysts.")
    check_writable(folder)
    rows, pictures = [], []
    for number in range(choices.count):
        stop_if(cancelled)
        progress("Synthetic cysts", number, choices.count)
        preset, seed = choices.presets[number % len(choices.presets)], choices.seed + number
        name = f"synthetic_{preset}_{seed:04d}"
        cyst = _draw(preset, seed, choices)
        pictures.append(folder / "x" / f"{name}.tif")
        write_stack(pictures[-1], cyst.raw, cyst.voxel_size)
        write_labels(folder / "y" / f"{name}.tif", cyst.labels, cyst.voxel_size)
        write_labels(folder / "lumen" / f"{name}.tif", cyst.lumen.astype(np.uint8), cyst.voxel_size)
        z_um, y_um, x_um = cyst.voxel_size
        rows.append((name, preset, seed, int(cyst.labels.max()), cyst.cells, z_um, y_um, x_um))
    table = pd.DataFrame(rows, columns=["name", "preset", "seed", "cells", "cells_of_main", "z_um", "y_um", "x_um"])
    with whole_file(folder / "cysts.csv") as partial:
        table.to_csv(partial, index=False)
    progress("Synthetic cysts", choices.count, choices.count)
    return pictures


def _draw(preset: str, seed: int, choices: SyntheticChoices) -> SyntheticCyst:
    dtype = np.uint8 if choices.bits == 8 else np.uint16
    if choices.cysts == 1:
        return synthesize(preset, seed, voxel_um=choices.voxel_um, shape=choices.shape, dtype=dtype)
    assert choices.shape is not None
    rng = np.random.default_rng([seed, zlib.crc32(preset.encode()), choices.cysts])
    voxel_size = VoxelSize(*(choices.voxel_um or PRESETS[preset].voxel_um), source="synthetic")
    extent_um = [size * step for size, step in zip(choices.shape, voxel_size, strict=True)]
    return render(draw_field(PRESETS[preset], choices.cysts, extent_um, rng), choices.shape, voxel_size, dtype)
