"""A field of three bright balls, in a project."""

from pathlib import Path

import numpy as np
import pytest

from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample, Sample
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_stack

VOXEL = VoxelSize(2.0, 1.0, 1.0, "ImageJ tag")
SHAPE = (30, 120, 160)
MIDDLES_YX = ((30, 40), (85, 45), (60, 120))
RADIUS_UM = 20.0


@pytest.fixture
def field(project: Project, tmp_path: Path) -> Sample:
    """The field; it holds three hollow balls of 40 µm."""
    z, y, x = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    light = np.full(SHAPE, 10.0)
    for middle_y, middle_x in MIDDLES_YX:
        distance = np.sqrt(((z - 15) * 2.0) ** 2 + (y - middle_y) ** 2 + (x - middle_x) ** 2)
        light += 120 * np.exp(-(((distance - RADIUS_UM + 3) / 3) ** 2))
    path = tmp_path / "7d.4C.field.tif"
    write_stack(path, np.random.default_rng(0).poisson(light).astype("u1"), VOXEL)
    (sample,) = project.add_samples(
        [NewSample(path, voxel_size=VOXEL, shape=SHAPE, dtype="uint8", day="7 d", condition="4C", role="field")]
    )
    return sample
