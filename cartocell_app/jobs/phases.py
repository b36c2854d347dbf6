"""Phases 2 to 5 in one go, over a data set in the published layout; each step resumes where it stopped."""

import dataclasses
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.jobs.child import Event, Runner, check_ended, run_command
from cartocell_app.jobs.phase_steps import PhaseChoices, Step, plan
from cartocell_app.jobs.phase_table import write_phase_table
from cartocell_app.jobs.published_layout import find_layout
from cartocell_app.jobs.records import provenance, read_record, write_json, write_record
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.progress import stop_if
from cartocell_app.stacks.files import check_writable, disk_troubles, remove_partial_files

BEGUN, DONE, PARTLY = "begun", "done", "some failed"


@dataclass(frozen=True)
class PhasesResult:
    """The table as text, and what was not done, a sentence each."""

    table: str
    remarks: tuple[str, ...]


def run_phases(
    dataset: Path,
    out: Path,
    choices: PhaseChoices,
    report: Reporter,
    *,
    stop: threading.Event | None = None,
    run: Runner | None = None,
) -> PhasesResult:
    """Run phases 2 to 5 and compare M1 with M2 on the test set.

    Each step is a ``cartocell`` command in a process of its own. Calling it again goes on where it stopped: a step
    whose inputs and options are what they were is not done again, and one that was interrupted is resumed by its
    own command. A training on other data or with other options starts afresh, and the earlier one is set aside.

    Parameters
    ----------
    dataset : Path
        Folder or zip file in the published layout; see `find_layout`.
    out : Path
        Folder for everything: ``phase2`` to ``phase5``, ``M1``, ``M2``, ``models``, ``table.csv``, ``table.md``.
    choices : PhaseChoices
        Options of the trainings and others.
    report : Reporter
        Gets progress and sentences of all steps.
    stop : threading.Event, optional
        Once set, the running command is asked to stop.
    run : Runner, optional
        What runs a command; processes of this program by default.

    Raises
    ------
    UserError
        If the data set is incomplete, or a step cannot be done.
    CancelledError
        If `stop` was set.
    """
    stop = stop or threading.Event()
    run = run or run_command(stop)
    check_writable(out)
    remove_partial_files(out)
    layout = find_layout(dataset, out, report, stop.is_set)
    steps = plan(layout, out, choices)
    remarks: list[str] = []
    walk = _Walk(out, report, run)
    try:
        for number, step in enumerate(steps):
            stop_if(stop.is_set)
            remark = walk.take(step, sum(later.weight for later in steps[number + 1 :]))
            if remark:
                report.message(remark)
                remarks.append(remark)
        table = write_phase_table(out, report, stop.is_set)
    finally:
        _write_run(out, dataset, choices, steps)
    return PhasesResult(table, tuple(remarks))


class _Walk:
    """Goes through the steps and knows how far it is.

    Parameters
    ----------
    out : Path
        Folder of the phases, with the steps' records.
    report : Reporter
        Gets progress and sentences.
    run : Runner
        Runs a command.
    """

    def __init__(self, out: Path, report: Reporter, run: Runner) -> None:
        self.out = out
        self.report = report
        self.run = run
        self.done = 0.0  # weight of the steps that were really done, now
        self.total = 0.0

    def take(self, step: Step, weight_after: float) -> str:
        """Do a step unless it is done; returns what the user should know."""
        key = step.fingerprint()
        record = read_record(self.out, step.name) or {"fingerprint": None, "row": {}}
        same = record["fingerprint"] == key
        if same and record["row"].get("state") == DONE and all(path.exists() for path in step.leaves):
            self.report.message(f"{step.words}: done before.")
            return ""
        if step.run_folder is not None and not same:
            self._set_aside(step.run_folder)
        self.total = self.done + step.weight + weight_after
        self.report.message(f"{step.words} …")
        start_s = time.monotonic()
        write_record(self.out, step.name, {"fingerprint": key, "row": {"state": BEGUN}})
        ended = self.run(step.line(), lambda event: self._hear(step, event))
        remark = check_ended(step.words, ended, step.may_fail_in_part)
        row = {"state": PARTLY if remark else DONE, "s": round(time.monotonic() - start_s, 1)}
        write_record(self.out, step.name, {"fingerprint": key, "row": row})
        self.done += step.weight
        self.report.overall(self.done, self.total)
        return remark

    def _hear(self, step: Step, event: Event) -> None:
        """Pass on what a command tells."""
        kind = event.pop("event")
        if kind == "progress":
            share = event["job_done"] / max(event["job_total"], 1e-9)
            self.report.overall(self.done + step.weight * min(1.0, share), self.total)
            self.report.step(event["stack"], f"{step.words}: {event['stage']}", event["done"], event["total"])
        elif kind == "message":
            self.report.message(event["message"])
        elif kind == "result":
            self.report.result(event.pop("stack"), **event)
        else:
            self.report.event(kind, event.pop("message", ""), **event)

    def _set_aside(self, folder: Path) -> None:
        """Move an earlier training out of the way: it took long, so it is not deleted."""
        if not folder.exists():
            return
        number = 1
        while (aside := folder.with_name(f"{folder.name}_earlier_{number}")).exists():
            number += 1
        with disk_troubles(aside):
            folder.rename(aside)
        self.report.message(f"{folder.name} was trained on other data or with other options; it is now {aside.name}.")


def _write_run(out: Path, dataset: Path, choices: PhaseChoices, steps: list[Step]) -> None:
    """Write ``run.json``: what was chosen, and what each step did and took."""
    done: dict[str, Any] = {}
    for step in steps:
        record = read_record(out, step.name)
        done[step.name] = {"command": ["cartocell", *step.line()]} | ({} if record is None else record["row"])
    write_json(
        out / "run.json",
        provenance() | {"dataset": str(dataset), "choices": dataclasses.asdict(choices), "steps": done},
    )
