"""A project with accepted cysts, a queue that runs ``cartocell``, and a network that learns in seconds."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cartocell_app.desktop.training import starting
from cartocell_app.desktop.training.starting import TrainingChoices
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample, Sample
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

FINE, COARSE = VoxelSize(0.35, 0.3, 0.3, "test"), VoxelSize(0.7, 0.6, 0.6, "test")
SHAPES = {FINE: (24, 40, 40), COARSE: (12, 20, 20)}
TINY = {
    "preset": "quick", "feature_maps": [2, 4], "z_pool": [2], "patch": [8, 16, 16], "epochs": 2, "steps_per_epoch": 2,
}  # fmt: skip

Add = Callable[..., tuple[Sample, ...]]


@pytest.fixture
def add(project: Project, tmp_path: Path) -> Add:
    """Adds cysts of two cells each, `to` another project if that is given; those accepted have their labels."""

    def make(*names: str, role: str = "high-resolution", size: VoxelSize = FINE, accepted: bool = True, to=None):
        home = to or project
        rng = np.random.default_rng(len(names))
        z, y, x = SHAPES[size]
        labels = np.zeros((z, y, x), np.uint16)
        labels[2:-2, 4 : y // 2, 4:-4], labels[2:-2, y // 2 : -4, 4:-4] = 1, 2
        paths = [tmp_path / f"{name}.tif" for name in names]
        for path in paths:
            write_stack(path, (rng.random(labels.shape) * 60 + 90 * (labels > 0)).astype("u1"), size)
        samples = home.add_samples([NewSample(path, voxel_size=size, shape=(z, y, x), role=role) for path in paths])
        for sample in samples if accepted else ():
            path = home.folder / "labels" / f"{sample.name}.tif"
            write_labels(path, labels, size)
            home.add_labels(sample.id, path, "imported", cells=2)
            home.update_samples([sample.id], state="accepted")
        return tuple(home.sample(sample.id) for sample in samples)

    return make


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., None]:
    """Makes all trainings of the window tiny ones, with other settings where they are given."""
    usual = starting.training_words

    def make(**settings: object) -> None:
        file = tmp_path / "tiny.json"
        file.write_text(json.dumps(TINY | settings))

        def words(folder: Path, choices: TrainingChoices) -> list[str]:
            return [*usual(folder, choices), "--settings", str(file), "--device", "cpu"]

        monkeypatch.setattr(starting, "training_words", words)

    make()
    return make
