"""Segmenting one stack of a job: read, segment, write everything, remember it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.jobs.records import forget_record, write_record
from cartocell_app.progress import Cancelled, Progress
from cartocell_app.segmentation.evaluation import Evaluation, channel_ious, evaluate_pair
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.overview import write_overview
from cartocell_app.segmentation.pipeline import Segmentation, segment_stack
from cartocell_app.segmentation.settings import SegmentationSettings
from cartocell_app.segmentation.stopwatch import Stopwatch
from cartocell_app.stacks.reading import read, read_labels
from cartocell_app.stacks.resampling import resample_maps
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_maps

MAPS, BEFORE_VORONOI, CELLS = "per_image", "per_image_instances", "per_image_instances_voronoi"
WATERSHED, OVERVIEW = "watershed", "overview"


@dataclass(frozen=True)
class ReadingChoices:
    """How the files of a job are to be read; None where the file itself leaves no choice.

    Attributes
    ----------
    scene, channel : str, int or None
        By name or by number from 0.
    time : int or None
        Time point from 0.
    voxel_um : tuple of float or None
        Voxel size (z, y, x) in µm, over what the file says.
    """

    scene: str | int | None = None
    channel: str | int | None = None
    time: int | None = None
    voxel_um: tuple[float, float, float] | None = None

    def read(self, path: Path) -> Stack:
        """Read `path` accordingly."""
        given = None if self.voxel_um is None else VoxelSize(*self.voxel_um, source="given by you")
        return read(path, scene=self.scene, time=self.time, channel=self.channel, voxel_size=given)


@dataclass(frozen=True)
class StackTask:
    """One stack to segment.

    Attributes
    ----------
    name : str
        Of its results.
    path, truth : Path
        Its file, and that of its true labels if there are any.
    out : Path
        Result folder.
    fingerprint : str
        Of input and choices; kept in the record.
    facts : mapping
        What else the record keeps: file, model, settings, all that ``run.json`` tells of the stack.
    """

    name: str
    path: Path
    truth: Path | None
    out: Path
    fingerprint: str
    facts: Mapping[str, Any] = field(default_factory=dict)

    def record(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Its record, with the row for ``summary.csv``."""
        return {"fingerprint": self.fingerprint, **self.facts, "row": dict(row)}


def result_paths(out: Path, name: str) -> dict[str, Path]:
    """All files that a finished stack has, by what they hold."""
    return {
        "maps": out / MAPS / f"{name}.tif",
        "instances": out / BEFORE_VORONOI / f"{name}.tif",
        "cells": out / CELLS / f"{name}.tif",
        "seeds": out / WATERSHED / name / "seed_map.tif",
        "foreground": out / WATERSHED / name / "foreground.tif",
        "watershed": out / WATERSHED / name / "watershed.tif",
        "overview": out / OVERVIEW / f"{name}.png",
    }


def segment_one(
    task: StackTask,
    choices: ReadingChoices,
    network: Network,
    profile: str,
    settings: SegmentationSettings,
    progress: Progress,
    cancelled: Cancelled,
) -> dict[str, Any]:
    """Segment the stack of `task`, write its files, then its record.

    Returns
    -------
    dict
        The row for ``summary.csv``.

    Raises
    ------
    UserError
        If the file is bad, memory does not suffice or the disk refuses.
    CancelledError
        If asked to stop; no record is written then.
    """
    start = time.perf_counter()
    watch = Stopwatch()
    progress("Reading", 0, 1)
    with watch.time("read"):
        stack = choices.read(task.path)
    # A wrong truth is noticed before the long part, not after it.
    truth = None if task.truth is None else read_labels(task.truth)[0]
    result = segment_stack(stack, network, settings, progress, cancelled)
    before = result.on_input(result.instances.before_voronoi)
    progress("Writing", 0, 1)
    forget_record(task.out, task.name)
    with watch.time("score"):
        scores = {} if truth is None else _scores(truth, result, before)
    with watch.time("write"):
        _write(task, stack, result, before, scores)
    seconds = {
        f"s_{step.replace(' ', '_')}": round(value, 3) for step, value in (watch.seconds | result.seconds).items()
    }
    seconds["s_total"] = round(time.perf_counter() - start, 3)
    thresholds = {f"threshold_{name.replace(' ', '_')}": value for name, value in result.instances.thresholds.items()}
    row = _row(task, stack, result, network, profile) | scores | thresholds | seconds
    write_record(task.out, task.name, task.record(row) | {"input_sha256": stack.content_hash})
    progress("Writing", 1, 1)
    return row


def failed_row(task: StackTask, error: str) -> dict[str, Any]:
    """Row for ``summary.csv`` of a stack that could not be done."""
    return {"name": task.name, "state": "failed", "error": error, "file": task.path.name}


def _write(task: StackTask, stack: Stack, result: Segmentation, before: NDArray[Any], scores: dict[str, float]) -> None:
    paths = result_paths(task.out, task.name)
    write_labels(paths["cells"], result.labels, stack.voxel_size)
    write_labels(paths["instances"], before, stack.voxel_size)
    write_labels(paths["watershed"], before, stack.voxel_size)
    write_labels(paths["seeds"], result.on_input(result.instances.seeds), stack.voxel_size)
    write_labels(paths["foreground"], result.on_input(result.instances.foreground.astype(np.uint8)), stack.voxel_size)
    write_maps(paths["maps"], resample_maps(result.maps, stack.shape), stack.voxel_size)
    words = f"F1 {scores['f1_0.5']:.3f} at IoU 0.5, {scores['f1_0.75']:.3f} at 0.75" if scores else None
    write_overview(paths["overview"], stack.data, result.labels, stack.voxel_size, task.name, words)


def _scores(truth: NDArray[Any], result: Segmentation, before: NDArray[Any]) -> dict[str, float]:
    after: Evaluation = evaluate_pair(truth, result.labels)
    maps = resample_maps(result.maps, result.labels.shape)
    return after.as_row("") | evaluate_pair(truth, before).as_row("before_voronoi_") | channel_ious(truth, maps)


def _row(task: StackTask, stack: Stack, result: Segmentation, network: Network, profile: str) -> dict[str, Any]:
    assert stack.voxel_size is not None
    z_um, y_um, x_um = stack.voxel_size
    size_z, size_y, size_x = stack.shape
    return {
        "name": task.name,
        "state": "done",
        "cells": result.cells,
        "z_um": z_um,
        "y_um": y_um,
        "x_um": x_um,
        "voxel_size_source": stack.voxel_size.source,
        "size_z": size_z,
        "size_y": size_y,
        "size_x": size_x,
        "channel": stack.channel,
        "model": f"{network.card.name} {network.card.version}",
        "profile": profile,
        "device": network.device_words,
        "notes": " ".join(result.notes),
        "file": task.path.name,
    }
