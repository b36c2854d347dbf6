"""Writing corrected cells as a new version of a sample's labels; no Qt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.errors import UserError
from cartocell_app.morphology.corrections import Cells

if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample

LARGEST_LABEL = 2**32 - 1


def save_version(project: Project, sample_id: int, cells: Cells, note: str) -> Callable[[], Sample]:
    """Write cells where the next version of a sample's labels belongs, on a worker thread.

    Returns
    -------
    callable
        Tells the project, quickly, and returns the sample as it is then.

    Raises
    ------
    UserError
        If the disk refuses, or a number is too large for the file.
    """
    from cartocell_app.stacks.writing import write_labels

    if max(cells.boxes, default=0) > LARGEST_LABEL:
        raise UserError(
            f"Cell {max(cells.boxes)} has a number that is too large for a file.", "Number the cells anew, then save."
        )
    path = project.new_labels_path(sample_id)
    write_labels(path, cells.labels, project.sample(sample_id).voxel_size)
    count = len(cells.boxes)

    def tell() -> Sample:
        project.add_labels(sample_id, path, "curated", note, count)
        return project.sample(sample_id)

    return tell


def cells_in(path: Path) -> int:
    """How many cells a label stack holds.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    from cartocell_app.morphology.slabs import cell_ids
    from cartocell_app.stacks.reading import read_labels

    return len(cell_ids(read_labels(path)[0]))
