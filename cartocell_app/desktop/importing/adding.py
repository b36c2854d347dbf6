"""Adding what was ticked to the project, with its labels; runs off the window's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.desktop.importing.candidates import Candidate
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Role, Sample


@dataclass(frozen=True)
class Added:
    """What was imported.

    Attributes
    ----------
    samples : tuple of Sample
        The new samples.
    complaints : tuple of str
        Why labels were left out, a sentence each.
    """

    samples: tuple[Sample, ...]
    complaints: tuple[str, ...] = ()

    @property
    def error(self) -> UserError | None:
        """The complaints together; None if there are none."""
        count = len(self.complaints)
        title = f"{count:,} file{'s' * (count != 1)} of labels could not be taken."
        return UserError(title, "\n".join(self.complaints)) if count else None


def add(project: Project, candidates: Sequence[Candidate], role: Role) -> Added:
    """Add stacks for a role; labels that fit are copied into the project as their first version.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    samples = project.add_samples([replace(candidate.new_sample(), role=role) for candidate in candidates])
    labels = {candidate.path: candidate.labels for candidate in candidates if candidate.labels is not None}
    complaints = []
    for sample in samples:
        path = labels.get(sample.path)
        problem = "" if path is None else add_labels(project, sample, path)
        if problem:
            complaints.append(f"{sample.name}: {problem}")
    return Added(tuple(project.sample(sample.id) for sample in samples), tuple(complaints))


def add_labels(project: Project, sample: Sample, path: Path) -> str:
    """Copy labels into the project as a version of a sample's cells; returns why not if they do not fit.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    from cartocell_app.morphology.slabs import cell_ids
    from cartocell_app.stacks.files import DiskError
    from cartocell_app.stacks.reading import read_labels
    from cartocell_app.stacks.writing import write_labels

    try:
        labels, voxel_size = read_labels(path)
    except DiskError:
        raise
    except UserError as error:
        return str(error)
    if sample.shape is not None and labels.shape != sample.shape:
        sizes = " × ".join(map(str, sample.shape)), " × ".join(map(str, labels.shape))
        return (
            f"its stack is {sizes[0]} voxels (z × y × x), the labels {path.name} are {sizes[1]}, so they were left "
            "out. Choose the labels of this very stack, neither cropped nor resampled."
        )
    if sample.voxel_size is None and voxel_size is not None:
        project.update_samples([sample.id], voxel_size=voxel_size)
    target = project.new_labels_path(sample.id)
    write_labels(target, labels, sample.voxel_size or voxel_size)
    project.add_labels(sample.id, target, "imported", f"From {path.name}.", len(cell_ids(labels)))
    return ""
