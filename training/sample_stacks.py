"""Draws the stacks of the sample project: ``python -m training.sample_stacks resources/samples/project``.

They come with the program, so that the project can be made where training is not installed. The same version of the
program draws the same bytes.
"""

import argparse
import csv
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack
from training.painting import SyntheticCyst, render
from training.scenes import draw_field, draw_scene
from training.specimens import PRESETS, Preset

FINE, COARSE = VoxelSize(0.75, 0.5, 0.5, "synthetic"), VoxelSize(1.0, 0.7, 0.7, "synthetic")
"""Far coarser than those of real stacks, so that all of it is small and quick."""

GREY_STEP = 6
"""Grey values are multiples of this: less to store, and nothing that an eye sees."""

CELLS = {"4 d": (8, 11), "7 d": (11, 15), "10 d": (15, 20)}
"""Fewest and most cells of a cyst by day; far fewer than in real ones, for the same reason."""

FIELD_DAY, FIELD_SHAPE, FIELD_CYSTS = "4 d", (50, 124, 124), 4
COLUMNS = ("name", "role", "day", "condition", "has_labels", "notes")

SPECK_WORDS = "One cell has a stray speck, to try the corrections on."


@dataclass(frozen=True)
class _Wanted:
    """Some stacks of one role: how many of each day, at which voxel size, and whether their true cells come along."""

    role: str
    voxel_size: VoxelSize
    days: tuple[str, ...]
    has_labels: bool


WANTED = (
    _Wanted("high-resolution", FINE, ("4 d", "4 d", "7 d", "7 d", "10 d"), has_labels=True),
    _Wanted("validation", COARSE, ("4 d", "7 d"), has_labels=True),
    _Wanted("low-resolution", COARSE, ("4 d", "4 d", "4 d", "7 d", "7 d", "7 d", "10 d", "10 d"), has_labels=False),
    _Wanted("new", COARSE, ("4 d", "7 d", "10 d"), has_labels=False),
)
SHORT = {"high-resolution": "high", "validation": "watching", "low-resolution": "low", "new": "new"}


def write_sample_stacks(folder: Path) -> list[str]:
    """Write ``x/NAME.tif``, the true cells as ``y/NAME.tif`` where a role has some, and ``samples.csv``.

    Returns
    -------
    list of str
        Names of the stacks.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    rows = []
    for row, cyst in _drawn():
        write_stack(folder / "x" / f"{row['name']}.tif", _in_steps(cyst.raw), cyst.voxel_size)
        if row["has_labels"] == "yes":
            labels = _with_speck(cyst.labels) if row["notes"] == SPECK_WORDS else cyst.labels
            write_labels(folder / "y" / f"{row['name']}.tif", labels, cyst.voxel_size)
        rows.append(row)
    with whole_file(folder / "samples.csv") as partial, partial.open("w", newline="", encoding="utf-8") as table:
        writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return [row["name"] for row in rows]


def _drawn() -> Iterator[tuple[dict[str, str], SyntheticCyst]]:
    """Row for the table, and what was drawn, of each stack."""
    for wanted in WANTED:
        for number, day in enumerate(wanted.days, 1):
            condition = ("control", "hypoxia")[number % 2]
            name = f"synthetic_{day.replace(' ', '')}_{SHORT[wanted.role]}_{number}"
            last = wanted.role == "high-resolution" and number == len(wanted.days)
            labelled = "yes" if wanted.has_labels else "no"
            row = (name, wanted.role, day, condition, labelled, SPECK_WORDS if last else "")
            yield dict(zip(COLUMNS, row, strict=True)), _cyst(name, day, wanted.voxel_size)
    name = "synthetic_4d_field"
    row = (name, "field", FIELD_DAY, "control", "no", f"A field of {FIELD_CYSTS} cysts, to be cut out.")
    extent_um = [size * step for size, step in zip(FIELD_SHAPE, COARSE, strict=True)]
    rng = _chance(name)
    scene = draw_field(_preset(FIELD_DAY), FIELD_CYSTS, extent_um, rng)
    yield dict(zip(COLUMNS, row, strict=True)), render(scene, FIELD_SHAPE, COARSE, np.uint8)


def _cyst(name: str, day: str, voxel_size: VoxelSize) -> SyntheticCyst:
    scene = draw_scene(_preset(day), _chance(name))
    z, y, x = np.rint(scene.extent_um / voxel_size.zyx_um).astype(int)
    return render(scene, (int(z), int(y), int(x)), voxel_size, np.uint8)


def _preset(day: str) -> Preset:
    """Small cysts, stained and imaged well."""
    stain = (("texture", (0.1, 0.25)), ("gaps", (0.0, 0.02)), ("bright_cells", (0.0, 0.0)), ("debris", (0.0, 0.1)))
    optics = (
        ("psf_xy_um", (0.15, 0.3)), ("psf_z_um", (0.45, 0.8)), ("attenuation_length_um", (150.0, 500.0)),
        ("photons", (60.0, 120.0)), ("background", (0.005, 0.02)),
        ("offset_grey", (2.0, 5.0)), ("membrane_grey", (120.0, 170.0)),
    )  # fmt: skip
    usual = PRESETS["4d"]
    return replace(
        usual, cells=CELLS[day], cell_volume_um3=(850, 1100), height_factor=(0.9, 1.2), neighbours=0,
        stain=stain, optics=optics,
    )  # fmt: skip


def _chance(name: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(name.encode()))


def _in_steps(raw: NDArray[Any]) -> NDArray[np.uint8]:
    return (raw // GREY_STEP * GREY_STEP).astype(np.uint8)


def _with_speck(labels: NDArray[Any]) -> NDArray[Any]:
    """Labels with a speck of the first cell in a corner, as careless painting leaves it."""
    with_speck = labels.copy()
    with_speck[2:4, 2:5, 2:5] = 1
    return with_speck


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw the stacks of the sample project.")
    parser.add_argument("folder", type=Path)
    write_sample_stacks(parser.parse_args().folder)
