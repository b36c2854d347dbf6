"""Phase 2: bringing raw stacks and their labels to the voxel size of low-resolution stacks."""

import dataclasses
import json
import threading
import time
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.coarsening import Coarse, coarsen, what_became
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.pairs import LABELS, RAW, Pairs, check_not_among, check_same_size, find_pairs, in_words
from cartocell_app.jobs.records import (
    fingerprint,
    forget_record,
    known_names,
    provenance,
    read_record,
    unchanged_since_record,
    write_json,
    write_record,
)
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.jobs.tables import write_table
from cartocell_app.progress import stop_if
from cartocell_app.stacks.files import DiskError, check_writable, disk_troubles, remove_partial_files
from cartocell_app.stacks.reading import read_labels
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

SAME = 0.03
"""Voxels that are larger than wanted by less than this share are of the wanted size, rounded."""

VoxelUm = tuple[float, float, float]


@dataclass(frozen=True)
class DownsampleResult:
    """Names of what was done now, done before and failed, and where the table is."""

    done: tuple[str, ...]
    kept: tuple[str, ...]
    failed: tuple[str, ...]
    table: Path


@dataclass(frozen=True)
class _Task:
    """One stack, with its labels if there are any."""

    name: str
    raw: Path
    labels: Path | None
    source: Path
    out: Path
    fingerprint: str

    def targets(self) -> dict[str, Path]:
        kinds = {RAW: self.raw, LABELS: self.labels}
        return {kind: _target(self.out, kind, self.name) for kind, source in kinds.items() if source is not None}


def downsample(
    source: Path,
    out: Path,
    voxel_um: VoxelUm,
    report: Reporter,
    *,
    reading: ReadingChoices | None = None,
    stop: threading.Event | None = None,
) -> DownsampleResult:
    """Bring a data set to a voxel size: ``x/`` and ``y/`` in `out`, and ``downsampling.csv`` on what became of cells.

    Calling it again does only what is missing or failed, and takes away what it wrote of pairs that are no longer in
    `source` or fail now. A bad pair does not stop the others. Nothing is made finer than it is: an axis whose voxels
    are larger already stays as it is, which is said.

    Parameters
    ----------
    source : Path
        Folder with ``x`` and ``y``; or a stack, or a folder of stacks, without labels.
    out : Path
        Folder for the results.
    voxel_um : (z, y, x)
        Wanted voxel size in µm. The outer size of a stack stays what it is, so the result is the nearest possible.
    report : Reporter
        Gets progress and sentences.
    reading : ReadingChoices, optional
        How to read the raw stacks; with a voxel size for files that do not say theirs.
    stop : threading.Event, optional
        Once set, the work stops after the step it is in.

    Raises
    ------
    UserError
        If there is nothing to do, or nothing can be written.
    CancelledError
        If `stop` was set.
    """
    reading, stop = reading or ReadingChoices(), stop or threading.Event()
    pairs = _find(source, out)
    check_not_among([*pairs.raw.values(), *pairs.labels.values()], out)
    check_writable(out)
    remove_partial_files(out)
    choices = {"voxel_um": voxel_um, "reading": dataclasses.asdict(reading)}
    _take_away_others(source, out, pairs.raw, report)
    tasks = [_task(name, pairs, source, out, choices) for name in pairs.raw]
    due = [task for task in tasks if not _is_done(task)]
    if len(due) < len(tasks):
        report.message(f"{len(tasks) - len(due)} of {len(tasks)} were done before and are kept.")
    rows = {name: {"name": name, "state": "failed", "error": words} for name, words in pairs.complaints().items()}
    table = out / "downsampling.csv"
    try:
        for row in _do_all(due, voxel_um, reading, report, stop):
            rows[row["name"]] = row
    finally:
        _write(table, rows | _rows_on_disk(tasks))
        write_json(out / "run.json", provenance() | choices | {"source": str(source)})
    for name, words in pairs.complaints().items():
        report.message(f"{name}: not done. {words}")
    failed = tuple(name for name, row in rows.items() if row["state"] == "failed")
    kept = tuple(task.name for task in tasks if task not in due)
    return DownsampleResult(tuple(name for name in rows if name not in failed), kept, failed, table)


def _target(out: Path, kind: str, name: str) -> Path:
    return out / kind / f"{name}.tif"


def _find(source: Path, out: Path) -> Pairs:
    if (source / RAW).is_dir() and (source / LABELS).is_dir():
        return find_pairs(source)
    folder = source / RAW if (source / RAW).is_dir() else source
    return Pairs(find_stacks([folder], leave_out=out), {}, (), ())


def _task(name: str, pairs: Pairs, source: Path, out: Path, choices: Mapping[str, Any]) -> _Task:
    raw, labels = pairs.raw[name], pairs.labels.get(name)
    identity = {**choices, "labels": None if labels is None else fingerprint(labels, {})}
    return _Task(name, raw, labels, source, out, fingerprint(raw, identity))


def _take_away_others(source: Path, out: Path, wanted: Container[str], report: Reporter) -> None:
    """Take away what was written earlier of the same source and is no pair of it any more.

    What came from other sources stays: a set may be put together from several, or one stack a call.
    """
    before = _source_before(out)
    for name in sorted(known_names(out)):
        record = read_record(out, name) or {}
        if name in wanted or record.get("source", before) != _identity(source):
            continue
        taken, left = _take_away(_written(out, name)), [path for path in _both(out, name) if path.exists()]
        if taken:
            report.message(f"{name} is no pair of {source} any more: what was made of it is taken away.")
        if left and _is_ours(record):
            files = " and ".join(map(str, left))
            report.message(f"{name} is no pair of {source} any more, but {files} was changed by hand and is kept.")
        elif _is_ours(record):
            forget_record(out, name)


def _source_before(out: Path) -> str:
    """Identity of the source of the earlier run, for records that do not tell theirs yet; empty if there is none."""
    try:
        return _identity(Path(json.loads((out / "run.json").read_text(encoding="utf-8"))["source"]))
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _identity(source: Path) -> str:
    return str(source.resolve())


def _is_ours(record: Mapping[str, Any]) -> bool:
    """Whether a record is of a pair that was downsampled, not of some other job with its results in the same folder."""
    return "size_z_after" in record.get("row", {})


def _both(out: Path, name: str) -> list[Path]:
    return [_target(out, kind, name) for kind in (RAW, LABELS)]


def _written(out: Path, name: str) -> list[Path]:
    """Files of a pair that are as they were written here; not those that somebody put there or changed."""
    if not _is_ours(read_record(out, name) or {}):
        return []
    return [path for path in _both(out, name) if unchanged_since_record(out, name, path)]


def _take_away(files: Iterable[Path]) -> list[Path]:
    files = list(files)
    for path in files:
        with disk_troubles(path):
            path.unlink(missing_ok=True)
    return files


def _is_done(task: _Task) -> bool:
    record = read_record(task.out, task.name)
    return (
        record is not None
        and record.get("fingerprint") == task.fingerprint
        and record["row"].get("state") == "done"
        and all(path.exists() for path in task.targets().values())
    )


def _rows_on_disk(tasks: Iterable[_Task]) -> dict[str, dict[str, Any]]:
    records = {task.name: read_record(task.out, task.name) for task in tasks}
    return {name: record["row"] for name, record in records.items() if record is not None}


def _do_all(
    due: Sequence[_Task], voxel_um: VoxelUm, reading: ReadingChoices, report: Reporter, stop: threading.Event
) -> Iterator[dict[str, Any]]:
    for number, task in enumerate(due):
        report.overall(number, len(due))
        report.step(task.name, "Downsampling", 0, 1)
        stop_if(stop.is_set)
        yield _do(task, voxel_um, reading, report)
    report.overall(len(due), len(due))


def _do(task: _Task, voxel_um: VoxelUm, reading: ReadingChoices, report: Reporter) -> dict[str, Any]:
    """Work on one pair and leave its record."""
    start = time.perf_counter()
    earlier = _written(task.out, task.name)
    forget_record(task.out, task.name)
    try:
        row = _downsample_pair(task, voxel_um, reading)
        _take_away(path for path in earlier if path not in task.targets().values())
    except DiskError:
        raise
    except (UserError, MemoryError) as error:
        words = str(error) if isinstance(error, UserError) else "There was not enough memory for it."
        row = {"name": task.name, "state": "failed", "error": words}
        # A training would take what is of an earlier run for good.
        _take_away(earlier)
    row["seconds"] = round(time.perf_counter() - start, 3)
    record = {"fingerprint": task.fingerprint, "source": _identity(task.source), "row": row}
    write_record(task.out, task.name, record)
    report.event("downsampled", _sentence(row), **row)
    return row


def _downsample_pair(task: _Task, voxel_um: VoxelUm, reading: ReadingChoices) -> dict[str, Any]:
    stack = reading.read(task.raw)
    labels, labels_size = (None, None) if task.labels is None else read_labels(task.labels)
    if labels is not None:
        check_same_size(stack.shape, labels.shape)
        if labels.max(initial=0) >= 2**32:
            raise UserError("Its labels hold numbers above 4,294,967,295.", "Number the cells from 1.")
    before = stack.voxel_size or labels_size
    if before is None:
        raise UserError(
            "The file does not say its voxel size.",
            "Give it in µm with --voxel-size Z Y X (the microscope's own file or your colleague knows it).",
        )
    coarse = coarsen(stack.data, labels, before, voxel_um)
    targets = task.targets()
    row = {"name": task.name, "state": "done"} | _sizes(stack, before, coarse)
    findings: dict[str, Any] = {}
    if labels is not None and coarse.labels is not None:
        findings = what_became(labels, coarse.labels)
        write_labels(targets[LABELS], coarse.labels, coarse.voxel_size)
    write_stack(targets[RAW], coarse.raw, coarse.voxel_size)
    finer = [axis for axis, have, want in zip("zyx", before, voxel_um, strict=True) if have > want * (1 + SAME)]
    remarks = [findings.pop("remark", "")]
    if finer:
        remarks.append(f"along {' and '.join(finer)} its voxels are larger already and stay as they are")
    return row | findings | {"remarks": "; ".join(remark for remark in remarks if remark)}


def _sizes(stack: Stack, before: VoxelSize, coarse: Coarse) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for words, size, voxel_size in (
        ("before", stack.shape, before),
        ("after", coarse.raw.shape, coarse.voxel_size),
    ):
        row |= {f"size_{axis}_{words}": count for axis, count in zip("zyx", size, strict=True)}
        row |= {f"{axis}_um_{words}": round(edge, 6) for axis, edge in zip("zyx", voxel_size, strict=True)}
    return row | {"voxel_size_source": before.source}


def _sentence(row: Mapping[str, Any]) -> str:
    if row["state"] == "failed":
        return f"{row['name']}: not done. {row['error']}"
    sizes = (in_words([row[f"size_{axis}_{words}"] for axis in "zyx"]) for words in ("before", "after"))
    cells = f", {row['cells_before']} cells" if "cells_before" in row else ""
    return f"{row['name']}: {' → '.join(sizes)} voxels{cells}" + (f"; {row['remarks']}" if row["remarks"] else "")


def _write(table: Path, rows: Mapping[str, Mapping[str, Any]]) -> None:
    last = ("remarks", "error")
    write_table(
        table,
        [
            {column: value for column, value in rows[name].items() if column not in last}
            | {column: rows[name].get(column, "") for column in last}
            for name in sorted(rows)
        ],
    )
