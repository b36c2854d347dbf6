"""A small project of synthetic cysts, to walk through all five phases in minutes."""

import csv
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, never, silent, stop_if
from cartocell_app.project.places import whole
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample, Role
from cartocell_app.resources import SAMPLE_PROJECT
from cartocell_app.stacks.files import disk_troubles, partial_place
from cartocell_app.stacks.reading import read, read_labels

NAME = "Sample project (synthetic)"

SYNTHETIC = "Synthetic: drawn by a program, not imaged."
"""Noted with each sample."""


@dataclass(frozen=True)
class _Row:
    """A stack that comes with the program, as its table tells it."""

    name: str
    role: Role
    day: str
    condition: str
    has_labels: bool
    notes: str

    @property
    def stack(self) -> Path:
        return SAMPLE_PROJECT / "x" / f"{self.name}.tif"

    @property
    def labels(self) -> Path:
        return SAMPLE_PROJECT / "y" / f"{self.name}.tif"


def make_sample_project(folder: Path, progress: Progress = silent, cancelled: Cancelled = never) -> Path:
    """Make the sample project in `folder`, whole or not at all; its stacks lie inside.

    High-resolution cysts have their true cells and wait for a person's word; cysts that watch trainings are accepted;
    low-resolution cysts, a field of several cysts and new cysts have no cells yet.

    Parameters
    ----------
    folder : Path
        Of the project; must be new or empty.
    progress, cancelled
        Told how far it is, in stacks; asked whether to stop.

    Returns
    -------
    Path
        The folder, to be opened.

    Raises
    ------
    UserError
        If there is something in the folder already, or it cannot be written.
    CancelledError
        If asked to stop.
    """
    folder = whole(folder)
    with disk_troubles(folder):
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"There is something in {folder} already.", "Choose another name or place.")
        folder.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_place(folder)
    try:
        project = Project.create(partial, NAME)
        try:
            _fill(project, progress, cancelled)
        finally:
            project.close()
        with disk_troubles(folder):
            if folder.exists():
                folder.rmdir()
            partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return folder


def _fill(project: Project, progress: Progress, cancelled: Cancelled) -> None:
    rows = _rows()
    for number, row in enumerate(rows):
        stop_if(cancelled)
        progress("Sample project", number, len(rows))
        place = project.folder / "stacks" / row.stack.name
        with disk_troubles(place):
            shutil.copyfile(row.stack, place)
        stack = read(place)
        new = NewSample(
            place, voxel_size=stack.voxel_size, shape=stack.shape, dtype=str(stack.data.dtype), day=row.day,
            condition=row.condition, role=row.role,
        )  # fmt: skip
        (sample,) = project.add_samples([new])
        project.update_samples([sample.id], notes=" ".join(filter(None, (SYNTHETIC, row.notes))))
        if row.has_labels:
            _add_labels(project, sample.id, row)
    progress("Sample project", len(rows), len(rows))


def _add_labels(project: Project, sample_id: int, row: _Row) -> None:
    place = project.new_labels_path(sample_id)
    with disk_troubles(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(row.labels, place)
    labels, _ = read_labels(place)
    project.add_labels(sample_id, place, "imported", "The cells as they were drawn.", int(labels.max()))
    if row.role == "validation":
        project.update_samples([sample_id], state="accepted")


def _rows() -> list[_Row]:
    with (SAMPLE_PROJECT / "samples.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))
    roles: dict[str, Role] = {role: role for role in get_args(Role)}
    return [
        _Row(row["name"], roles[row["role"]], row["day"], row["condition"], row["has_labels"] == "yes", row["notes"])
        for row in rows
    ]
