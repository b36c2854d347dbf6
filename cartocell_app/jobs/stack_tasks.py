"""What a batch has to do: a task a stack, and which of them are done already."""

import dataclasses
from collections.abc import Callable, Container, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.records import RECORDS, fingerprint, known_names, read_record
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices, StackTask, result_paths


def stack_tasks(
    stacks: Mapping[str, Path],
    out: Path,
    truth_folder: Path | None,
    reading_of: Callable[[str], ReadingChoices],
    identity: Mapping[str, Any],
    report: Reporter,
    facts: Mapping[str, Any] = MappingProxyType({}),
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
    facts : mapping
        What the records are to keep of this run, beside the file and how it was read.

    Raises
    ------
    UserError
        If none has true labels, or the folder holds the results of another file of the same name.
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
        reading = dataclasses.asdict(reading_of(name))
        choices = {**identity, "reading": reading, "truth": truth_print}
        file = {"file": str(path.resolve()), "file_print": fingerprint(path, {}), "reading": reading}
        tasks.append(StackTask(name, path, truth, out, fingerprint(path, choices), {**facts, **file}))
    for task in tasks:
        _check_same_file(task)
    return tasks


def _check_same_file(task: StackTask) -> None:
    """Check that earlier results of that name are of the same file, be it moved or changed, not of another one."""
    record = read_record(task.out, task.name) or {"row": {}}
    # Records of older versions do not tell the file; what failed or is missing has no results to lose.
    if record["row"].get("state") != "done" or "file" not in record or not task.path.exists():
        return
    moved = record["file"] != task.facts["file"]
    if moved and record.get("file_print") != task.facts["file_print"] and not _same_voxels(task.path, record):
        raise UserError(
            f"{task.out} holds the results of another {task.name}: {record['file']}, not {task.path}.",
            "Choose another folder for the results or rename one of the two files. To replace the earlier results, "
            f"delete {RECORDS}/{task.name}.json in that folder first.",
        )


def _same_voxels(path: Path, record: Mapping[str, Any]) -> bool:
    """Whether a file holds what was segmented, read in the same way."""
    try:
        return _reading(record["reading"]).read(path).content_hash == record.get("input_sha256")
    except (UserError, MemoryError):
        return False


def _reading(kept: Mapping[str, Any]) -> ReadingChoices:
    voxel_um = kept.get("voxel_um")
    return ReadingChoices(**{**kept, "voxel_um": None if voxel_um is None else tuple(voxel_um)})


def known_stacks(
    tasks: Iterable[StackTask], out: Path, facts: Mapping[str, Any], done_now: Container[str]
) -> dict[str, dict[str, Any]]:
    """What ``run.json`` tells of each stack: of those of other runs too, and where these differed.

    Parameters
    ----------
    tasks : iterable of StackTask
        Of this run.
    out : Path
        Result folder.
    facts : mapping
        Of this run; what a stack shares with it is not repeated.
    done_now : container of str
        Names of the stacks that were worked on.
    """
    asked = {task.name: {key: task.facts[key] for key in ("file", "reading")} for task in tasks}
    known = {}
    for name in sorted(known_names(out) | set(asked)):
        record = asked.get(name, {}) | (read_record(out, name) or {})
        row = record.get("row", {})
        known[name] = {
            "file": record.get("file", row.get("file")),
            "reading": record.get("reading"),
            "sha256_of_voxels": record.get("input_sha256"),
            "state": row.get("state", "not done"),
            "in_this_run": name in done_now,
        } | {key: record[key] for key, its in facts.items() if key in record and record[key] != its}
    return known


def is_done(task: StackTask) -> bool:
    """Whether the stack was done with the same choices, and all its files are there."""
    record = read_record(task.out, task.name)
    return (
        record is not None
        and record.get("fingerprint") == task.fingerprint
        and record["row"].get("state") == "done"
        and all(path.exists() for path in result_paths(task.out, task.name).values())
    )
