"""Labelled low-resolution cysts in a project, with their doubts."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample, Sample
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

VOXEL = VoxelSize(0.7, 0.6, 0.6, "test")

Label = Callable[..., Sample]


@pytest.fixture
def label(project: Project, tmp_path: Path) -> Label:
    """Adds a cyst of two cells, dark at the left and bright at the right, with a reason for doubt."""

    def make(name: str, reason: str = "Nothing odd was found.", **values: object) -> Sample:
        labels = np.zeros((12, 24, 24), np.uint16)
        labels[3:9, 4:20, 4:12], labels[3:9, 4:20, 12:20] = 1, 2
        raw = np.zeros(labels.shape, np.uint8)
        raw[..., 12:] = 200
        path, cells = tmp_path / f"{name}.tif", project.folder / "labels" / f"{name}.tif"
        write_stack(path, raw, VOXEL)
        write_labels(cells, labels, VOXEL)
        new = NewSample(path, voxel_size=VOXEL, shape=raw.shape, day="7 d", condition="4C", role="low-resolution")
        (sample,) = project.add_samples([new])
        project.add_labels(sample.id, cells, "segmented", cells=2)
        project.update_samples([sample.id], reason=reason, **values)
        return project.sample(sample.id)

    return make
