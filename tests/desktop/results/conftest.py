"""Segmented samples on disk, as a project would list them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from cartocell_app.jobs.records import write_record
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack
from tests.segmentation.toy_cysts import VOXEL_UM, shell
from tests.stacks.conftest import mounted

VOXEL = VoxelSize(*VOXEL_UM, source="ImageJ tag")

ROW = {
    "name": "7d.4C.8_2",
    "state": "done",
    "cells": 20,
    "model": "m2-fast 0.1",
    "device": "CPU · 2 threads",
    "s_total": 12.46,
    "s_network": 10.4,
    "f1_0.5": 0.95,
    "before_voronoi_f1_0.5": 0.9,
    "notes": "The slices are far apart.",
}


@dataclass(frozen=True)
class SegmentedSample:
    """What the panels use of a project's `Sample`."""

    id: int
    name: str
    path: Path
    labels: Path | None
    results: Path | None
    scene: None = None
    channel: None = None
    time: None = None
    voxel_size: VoxelSize | None = None
    day: str | None = "7 d"
    condition: str | None = "4C"
    state: str = "segmented"
    reason: str = ""


class ListedProject:
    """A project as far as the panels use it."""

    is_temporary = False
    read_only = False

    def __init__(self, folder, samples):
        self.folder = folder
        self.listed = list(samples)

    def samples(self):
        return tuple(self.listed)

    def listen(self, _callback):
        return lambda: None

    def close(self):
        pass


@pytest.fixture
def sample(tmp_path):
    """A cyst of 20 cells, segmented and scored."""
    run = tmp_path / "run"
    labels = shell(20)
    path = run / "per_image_instances_voronoi" / "7d.4C.8_2.tif"
    write_labels(path, labels, VOXEL)
    raw = tmp_path / "7d.4C.8_2.tif"
    write_stack(raw, (labels % 7 * 30).astype(np.uint8), VOXEL)
    write_record(run, "7d.4C.8_2", {"row": ROW})
    return SegmentedSample(3, "7d.4C.8_2", raw, path, run)


@pytest.fixture
def samples(tmp_path):
    """Six cysts of two days and two conditions; the last has no voxel size, so it cannot be measured."""
    made = []
    for number in range(6):
        path = tmp_path / "batch" / f"{number}.tif"
        write_labels(path, shell(8 + number, seed=number), VOXEL if number < 5 else None)
        day, condition = ("10 d", "4 d")[number % 2], ("4C", None)[number // 3]
        made.append(SegmentedSample(number, f"cyst {number}", path, path, None, day=day, condition=condition))
    return made


@pytest.fixture
def tiny_disk(tmp_path):
    """A disk that takes three small files."""
    yield from mounted(tmp_path / "tiny disk", "size=12k")
