"""A project in a folder of a lab, with a few stacks beside it."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample, Run
from cartocell_app.stacks.voxel_size import VoxelSize

VOXEL = VoxelSize(0.7, 0.62, 0.62, "ImageJ tag")


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """Folder with ``raw/a.tif``, ``raw/b.tif`` and ``raw/c.tif``, each of its own content."""
    folder = tmp_path / "lab"
    (folder / "raw").mkdir(parents=True)
    for number, name in enumerate("abc", 1):
        (folder / "raw" / f"{name}.tif").write_bytes(name.encode() * 1000 * number)
    return folder


@pytest.fixture
def project(lab: Path) -> Iterator[Project]:
    """An open project, ``lab/MDCK.cartocell``, with these three stacks as samples 1 to 3."""
    project = Project.create(lab / "MDCK.cartocell", "MDCK hypoxia")
    project.add_samples([NewSample(lab / "raw" / f"{name}.tif", voxel_size=VOXEL) for name in "abc"])
    yield project
    project.close()


@pytest.fixture
def record() -> Callable[..., None]:
    """Write the record that ``cartocell segment`` leaves of a stack."""

    def write(run: Run, name: str, **row: object) -> None:
        folder = run.folder / "records"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.json").write_text(json.dumps({"fingerprint": "1", "row": {"name": name} | row}))

    return write
