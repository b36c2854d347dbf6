"""Segmenting many stacks: what is done is kept, what fails is recorded, the rest goes on."""

import dataclasses
import functools
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.records import provenance, write_json, write_record, write_summary
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices, StackTask, failed_row, segment_one
from cartocell_app.jobs.stack_tasks import is_done, known_stacks, stack_tasks
from cartocell_app.jobs.workers import in_workers
from cartocell_app.progress import Cancelled, silent
from cartocell_app.segmentation.devices import DeviceName
from cartocell_app.segmentation.model_card import ModelCard
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.settings import PROFILES, SegmentationSettings
from cartocell_app.stacks.files import DiskError, check_writable, file_hash, remove_partial_files

AUTO = "auto"

STAGE_SHARES = {
    "Reading": (0.0, 0.05), "Preparing": (0.05, 0.1), "Network": (0.1, 0.8), "Finding cells": (0.8, 0.9),
    "Preparing again": (0.9, 0.9), "Network again": (0.9, 0.97), "Finding cells again": (0.97, 0.98),
}  # fmt: skip
"""Where in the work on one stack a stage begins and ends, roughly; what is not listed comes last."""


@dataclass(frozen=True)
class BatchChoices:
    """All choices of a batch.

    Attributes
    ----------
    model : Path
        ONNX file.
    reading : ReadingChoices
        How to read the files.
    profile : str
        A key of `PROFILES`, or ``"auto"`` for what the model's card says.
    cell_width_um : float or None
        About how wide the cells are; None as the profile says.
    views : 1, 2 or None
        How often the network looks at a stack; None as the profile says.
    device : str
        ``"auto"``, ``"cpu"``, ….
    threads : int or None
        Threads of the network; all cores if None.
    workers : int
        Stacks at a time, each in a process of its own that shares the cores.
    readings : mapping of str to ReadingChoices
        How to read single stacks, by result name, where that differs from `reading`.
    """

    model: Path
    reading: ReadingChoices = field(default_factory=ReadingChoices)
    profile: str = AUTO
    cell_width_um: float | None = None
    views: int | None = None
    device: DeviceName = "auto"
    threads: int | None = None
    workers: int = 1
    readings: Mapping[str, ReadingChoices] = field(default_factory=dict)

    @property
    def settings(self) -> SegmentationSettings:
        """Settings of the profile, once it is known which (see `with_model`), with what was chosen beside it.

        Raises
        ------
        UserError
            If there is no such profile.
        """
        if self.profile not in PROFILES:
            raise UserError(f"There is no profile {self.profile!r}.", f"Choose one of {', '.join((AUTO, *PROFILES))}.")
        own = {"cell_width_um": self.cell_width_um, "views": self.views}
        return PROFILES[self.profile].model_copy(update={name: its for name, its in own.items() if its is not None})

    def reading_of(self, name: str) -> ReadingChoices:
        """How to read the stack `name`."""
        return self.readings.get(name, self.reading)

    def with_model(self, card: ModelCard) -> "BatchChoices":
        """The same choices with the profile that goes with a model, where none was chosen."""
        return dataclasses.replace(self, profile=card.profile) if self.profile == AUTO else self


@dataclass(frozen=True)
class BatchResult:
    """What came of a batch: names of the stacks done now, done before and failed, and where the summary is."""

    done: tuple[str, ...]
    kept: tuple[str, ...]
    failed: tuple[str, ...]
    summary: Path


def segment_batch(
    stacks: dict[str, Path],
    out: Path,
    choices: BatchChoices,
    report: Reporter,
    *,
    truth_folder: Path | None = None,
    stop: threading.Event | None = None,
) -> BatchResult:
    """Segment `stacks` into the folder `out`.

    Calling it again with the same choices does only what is missing or failed. A bad stack does not stop the
    others; a full disk does.

    Parameters
    ----------
    stacks : dict of str to Path
        Result name to file, from `find_stacks`.
    out : Path
        Result folder; see the README for what it holds afterwards.
    choices : BatchChoices
        Model and settings.
    report : Reporter
        Gets progress, sentences and results.
    truth_folder : Path, optional
        True labels, paired with the stacks by name.
    stop : threading.Event, optional
        Once set, the work stops within one tile.

    Raises
    ------
    UserError
        If nothing can be done at all: no such model, device or profile, a result folder that cannot be written.
    CancelledError
        If `stop` was set.
    """
    check_writable(out)
    remove_partial_files(out)
    network = Network.open(choices.model, choices.device, _threads_each(choices), choices.workers)
    choices = choices.with_model(network.card)
    settings = choices.settings
    model_hash = file_hash(choices.model)
    identity = {"model": model_hash, "settings": settings.model_dump()}
    facts = _facts(choices, model_hash, network)
    tasks = stack_tasks(stacks, out, truth_folder, choices.reading_of, identity, report, facts)
    due = [task for task in tasks if not is_done(task)]
    kept = tuple(task.name for task in tasks if task not in due)
    if kept:
        report.message(f"{len(kept)} of {len(tasks)} stacks were done before and are kept.")
    report.message(f"{len(due)} to do with {network.card.name} {network.card.version} on {network.device_words}.")
    rows: dict[str, dict[str, Any]] = {}
    try:
        for task, row in _run(due, choices, network, report, stop or threading.Event()):
            rows[task.name] = row
    finally:
        if choices.workers > 1:
            remove_partial_files(out)  # of workers that the system ended
        summary = write_summary(out, rows)
        _write_run(out, facts, tasks, rows)
    failed = tuple(name for name, row in rows.items() if row["state"] == "failed")
    return BatchResult(tuple(name for name in rows if name not in failed), kept, failed, summary)


def _threads_each(choices: BatchChoices) -> int | None:
    if choices.workers == 1:
        return choices.threads
    from cartocell_app.segmentation.devices import available_threads

    return max(1, (choices.threads or available_threads()) // choices.workers)


def _run(
    due: list[StackTask], choices: BatchChoices, network: Network, report: Reporter, stop: threading.Event
) -> Iterator[tuple[StackTask, dict[str, Any]]]:
    """Yield each task with its row, as they finish."""
    report.overall(0, len(due))
    if choices.workers > 1 and len(due) > 1:
        yield from _run_in_processes(due, choices, report, stop)
        return
    for number, task in enumerate(due):

        def progress(stage: str, done: float, total: float, number: int = number, name: str = task.name) -> None:
            begin, end = STAGE_SHARES.get(stage, (0.98, 1.0))
            report.overall(number + begin + (end - begin) * done / max(total, 1e-9), len(due))
            report.step(name, stage, done, total)

        try:
            reading = choices.reading_of(task.name)
            row = segment_one(task, reading, network, choices.profile, choices.settings, progress, stop.is_set)
        except DiskError:
            raise
        except (UserError, MemoryError) as error:
            row = _failure(task, error)
        report.overall(number + 1, len(due))
        _report_row(report, row)
        yield task, row


ENDED = UserError(
    "The system ended the work on this stack, probably for too little memory.",
    "Close other programs, take fewer --workers or crop it, and run this again: only what is missing is done.",
)


def _failure(task: StackTask, error: Exception) -> dict[str, Any]:
    sentence = (
        "There was not enough memory for this stack. Close other programs or crop it."
        if isinstance(error, MemoryError)
        else str(error)
    )
    row = failed_row(task, sentence)
    write_record(task.out, task.name, task.record(row))
    return row


def _report_row(report: Reporter, row: dict[str, Any]) -> None:
    report.result(
        row["name"],
        state=row["state"],
        cells=row.get("cells"),
        seconds=row.get("s_total"),
        f1=row.get("f1_0.5"),
        error=row.get("error"),
        notes=row.get("notes"),
    )


def _run_in_processes(
    due: list[StackTask], choices: BatchChoices, report: Reporter, stop: threading.Event
) -> Iterator[tuple[StackTask, dict[str, Any]]]:
    start, workers = functools.partial(_start_worker, choices), min(choices.workers, len(due))
    for finished, (task, result) in enumerate(in_workers(due, workers, start, _work, stop), start=1):
        row = _failure(task, ENDED) if result is None else result
        report.overall(finished, len(due))
        report.step(task.name, "Done", finished, len(due))
        _report_row(report, row)
        yield task, row


_worker: dict[str, Any] = {}
"""Of a worker process: the choices, whether to stop, and its network once it has been needed."""


def _start_worker(choices: BatchChoices, stopped: Cancelled) -> None:
    _worker.update(choices=choices, stopped=stopped)


def _work(task: StackTask) -> dict[str, Any]:
    choices: BatchChoices = _worker["choices"]
    try:
        # Not before: what is wrong with it, such as no memory left on the card, is said of a stack.
        if "network" not in _worker:
            _worker["network"] = Network.open(choices.model, choices.device, _threads_each(choices), choices.workers)
        reading, network = choices.reading_of(task.name), _worker["network"]
        return segment_one(task, reading, network, choices.profile, choices.settings, silent, _worker["stopped"])
    except DiskError:
        raise
    except (UserError, MemoryError) as error:
        return _failure(task, error)


def _facts(choices: BatchChoices, model_hash: str, network: Network) -> dict[str, Any]:
    """All that is needed to know how results came about, and to repeat them, beside the stacks; can be JSON."""
    return provenance() | {
        "model": {"file": choices.model.name, "sha256": model_hash, "card": network.card.model_dump(mode="json")},
        "profile": choices.profile,
        "settings": choices.settings.model_dump(mode="json"),
        "device": network.device_words,
    }


def _write_run(out: Path, facts: dict[str, Any], tasks: list[StackTask], rows: dict[str, dict[str, Any]]) -> None:
    """Write ``run.json``: how the results in the folder came about, those of other calls too."""
    write_json(out / "run.json", facts | {"stacks": known_stacks(tasks, out, facts, rows)})
