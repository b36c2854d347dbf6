"""What a batch has to do: a task a stack, and which of them are done already."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.records import fingerprint, read_record
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices, StackTask, result_paths


def stack_tasks(
    stacks: Mapping[str, Path],
    out: Path,
    truth_folder: Path | None,
    reading_of: Callable[[str], ReadingChoices],
    identity: Mapping[str, Any],
    report: Reporter,
) -> list[StackTask]:
    """A task for each stack.

    Parameters
    ----------
    stacks : mapping of str to Path
        Result name to file.
    out : Path
        Result folder.
    truth_folder : Path or None
        True labels, paired with the stacks by name.
    reading_of : callable
        How to read the stack of a name.
    identity : mapping
        All other choices: a stack that was done with the same ones is done.
    report : Reporter
        Told which stacks have no true labels.

    Raises
    ------
    UserError
        If none has.
    """
    truths: dict[str, Path] = {}
    if truth_folder is not None:
        truths = find_stacks([truth_folder])
        missing = [name for name in stacks if name not in truths]
        if len(missing) == len(stacks):
            raise UserError(
                f"No file in {truth_folder} is named like one of the stacks.",
                f"The true labels of {missing[0]} must be called {missing[0]}.tif.",
            )
        if missing:
            report.message(f"No true labels in {truth_folder} for {', '.join(missing)}: they get no scores.")
    tasks = []
    for name, path in stacks.items():
        truth = truths.get(name)
        truth_print = None if truth is None else fingerprint(truth, {})
        choices = {**identity, "reading": dataclasses.asdict(reading_of(name)), "truth": truth_print}
        tasks.append(StackTask(name, path, truth, out, fingerprint(path, choices)))
    return tasks


def is_done(task: StackTask) -> bool:
    """Whether the stack was done with the same choices, and all its files are there."""
    record = read_record(task.out, task.name)
    return (
        record is not None
        and record.get("fingerprint") == task.fingerprint
        and record["row"].get("state") == "done"
        and all(path.exists() for path in result_paths(task.out, task.name).values())
    )
