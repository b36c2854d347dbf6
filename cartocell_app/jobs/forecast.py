"""How long a segmentation will take and how much memory it will need, before it begins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cartocell_app.segmentation.budget import Budget
    from cartocell_app.segmentation.devices import DeviceReport
    from cartocell_app.segmentation.model_card import ModelCard
    from cartocell_app.segmentation.settings import Views
    from cartocell_app.stacks.voxel_size import VoxelSize

START_S = 2.0
"""The command starts, and the network is loaded."""

REST_S_PER_MVOXEL = 0.9
"""Reading, finding cells and writing, for a million voxels of the input; measured on two cores."""

REST_BYTES_PER_VOXEL = 60
"""Picture, maps, landscape and labels beside the network, for a voxel of the network's grid."""

PROGRAM_BYTES = 200_000_000
"""The program and its libraries. Measured with `cartocell segment`, all together: 1.43 GB for the sample cyst (forecast
1.4) and 0.51 for those of the sample project (0.7)."""

PROVIDERS = {
    "CPUExecutionProvider": "cpu",
    "CUDAExecutionProvider": "cuda",
    "CoreMLExecutionProvider": "coreml",
    "DmlExecutionProvider": "directml",
}
"""What ONNX Runtime calls the devices of ``--device``."""


@dataclass(frozen=True)
class Subject:
    """A stack to segment, as far as a forecast needs to know it.

    Attributes
    ----------
    name : str
        Of the sample.
    shape : (z, y, x) or None
        In voxels; None if nobody looked yet.
    voxel_size : VoxelSize or None
        None while unknown: then it cannot be segmented.
    channel : str
        Name of the cell outlines channel; empty where there is no other.
    """

    name: str
    shape: tuple[int, int, int] | None
    voxel_size: VoxelSize | None
    channel: str = ""


@dataclass(frozen=True)
class ModelFacts:
    """What was found out about a model on this computer.

    Attributes
    ----------
    path : Path
        Its file.
    card : ModelCard
        What it says about itself.
    reports : tuple of DeviceReport
        Where it runs, and how fast.
    bytes_for_largest : int
        Memory that the network takes for the largest of the stacks, if there is so much.
    free_bytes : int
        Memory that is free.
    least_bytes : int
        Memory without which the largest of the stacks cannot be segmented, though in the smallest tiles.
    budget : Budget or None
        How the network cuts large stacks on a processor; without it, each stack is taken to run at once.
    """

    path: Path
    card: ModelCard
    reports: tuple[DeviceReport, ...]
    bytes_for_largest: int
    free_bytes: int
    least_bytes: int = 0
    budget: Budget | None = None


@dataclass(frozen=True)
class Forecast:
    """What a segmentation will need.

    Attributes
    ----------
    seconds : float or None
        None if no device works, or sizes are unknown.
    memory_bytes : int or None
        At most, for the largest stack.
    in_tiles : bool
        Whether that is more than there is, so that it is cut into tiles.
    """

    seconds: float | None
    memory_bytes: int | None
    in_tiles: bool = False


def find_out(model: Path, subjects: Sequence[Subject]) -> ModelFacts:
    """Read the card of a model and try the devices with it, for a worker thread.

    Raises
    ------
    UserError
        If it is no model of CartoCell.
    """
    from cartocell_app.segmentation import machine
    from cartocell_app.segmentation.budget import Budget
    from cartocell_app.segmentation.model_card import read_card
    from cartocell_app.segmentation.network import Network

    card = read_card(model)
    # Whether it will look once or twice is chosen later; at most, it is the finer view.
    seen = [size for subject in subjects for size in _on_grids(card, subject, "as the model says")]
    largest = max(seen, key=math.prod, default=(0, 0, 0))
    needed = least = 0
    if math.prod(largest):
        network, rest = Network.open(model, "cpu"), PROGRAM_BYTES + REST_BYTES_PER_VOXEL * math.prod(largest)
        needed = network.forecast_bytes(largest) + rest
        least = min(needed, network.forecast_bytes(_smallest_piece(card, largest)) + rest)
    reports = _probed(model, model.stat().st_mtime_ns)
    return ModelFacts(model, card, reports, needed, machine.free_memory_bytes(), least, Budget.of(model, card))


def _smallest_piece(card: ModelCard, shape: tuple[int, int, int]) -> tuple[int, int, int]:
    """A size (z, y, x) with as many voxels as the smallest piece that the network can take of a volume."""
    from cartocell_app.segmentation.tiling import smallest_tile_voxels

    if card.halo_vox is None:
        return card.patch_vox or shape
    voxels = smallest_tile_voxels(shape, card.halo_vox, card.size_divisor)
    z, y, _ = card.size_divisor
    return z, y, math.ceil(voxels / (z * y))


@cache
def _probed(model: Path, changed_ns: int) -> tuple[DeviceReport, ...]:
    """Where a model runs, tried once for each state of its file."""
    from cartocell_app.segmentation.devices import probe_devices

    del changed_ns  # only tells a changed file from what it was
    return tuple(probe_devices(model))


def forecast(
    facts: ModelFacts, device: str, subjects: Sequence[Subject], views: Views = "as the model says"
) -> Forecast:
    """Time and memory for segmenting `subjects` on `device` ("auto" is the fastest), each looked at so often."""
    usable = [
        report
        for report in facts.reports
        if report.usable and report.seconds_per_mvoxel is not None and device in ("auto", PROVIDERS[report.provider])
    ]
    known = [subject for subject in subjects if subject.shape is not None and subject.voxel_size is not None]
    memory = min(facts.bytes_for_largest, facts.free_bytes) or None
    in_tiles = facts.bytes_for_largest > facts.free_bytes
    if not usable or not known:
        return Forecast(None, memory, in_tiles)
    fastest = min(usable, key=lambda report: report.seconds_per_mvoxel or 0.0)
    seen = [size for subject in known for size in _on_grids(facts.card, subject, views)]
    on_processor = PROVIDERS[fastest.provider] == "cpu"
    work = sum(_voxels(size, facts) if on_processor else math.prod(size) for size in seen)
    network = (fastest.seconds_per_mvoxel or 0.0) * work / 1e6
    rest = REST_S_PER_MVOXEL * sum(math.prod(subject.shape or ()) for subject in known) / 1e6
    return Forecast(START_S + network + rest, memory, in_tiles)


def _voxels(size: tuple[int, int, int], facts: ModelFacts) -> float:
    """Voxels that the network computes for a stack: more than it has, where it is cut into tiles that overlap."""
    if facts.budget is None:
        return math.prod(size)
    return max(math.prod(size), _work(facts.budget, size, facts.free_bytes))


@lru_cache(maxsize=1024)
def _work(budget: Budget, size: tuple[int, int, int], free_bytes: int) -> float:
    """Worked out once: a form asks whenever something in it changes."""
    return budget.work_voxels(size, free_bytes)


def _on_grids(card: ModelCard, subject: Subject, views: Views) -> list[tuple[int, int, int]]:
    """Size (z, y, x) of a stack in each view of the network; none if it cannot be told."""
    from cartocell_app.segmentation.views import views_of

    if subject.shape is None or subject.voxel_size is None:
        return []
    return [view.shape for view in views_of(card, views, subject.shape, subject.voxel_size, None)]
