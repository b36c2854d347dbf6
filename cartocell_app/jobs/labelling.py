"""Phase 3: a training set out of raw cysts, labelled by a model, with a list of what a person should look at."""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.batch import BatchChoices, segment_batch
from cartocell_app.jobs.curation import CurationReport, curate
from cartocell_app.jobs.curation_list import (
    ACCEPT,
    REJECT,
    curation_columns,
    failed_curation_row,
    read_verdicts,
    write_curation,
)
from cartocell_app.jobs.links import link, signature
from cartocell_app.jobs.pairs import LABELS, RAW, check_not_among
from cartocell_app.jobs.records import read_record, write_record
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices, result_paths
from cartocell_app.progress import stop_if
from cartocell_app.stacks.files import check_writable, remove_partial_files, whole_file
from cartocell_app.stacks.reading import is_stack_path, read_labels, stem
from cartocell_app.stacks.writing import write_stack

SEGMENTATION = "segmentation"
"""Folder, in that of the set, with all that `segment_batch` writes."""

LEAVE_OUT = 0.5
"""Cysts with more doubt are proposed to be left out."""


@dataclass(frozen=True)
class LabelResult:
    """What came of a set.

    Attributes
    ----------
    labelled, failed : tuple of str
        Names of the cysts.
    left_out : int
        How many of the labelled ones the list says not to accept.
    curation : Path
        The list.
    """

    labelled: tuple[str, ...]
    failed: tuple[str, ...]
    left_out: int
    curation: Path


def label_stacks(
    stacks: dict[str, Path],
    out: Path,
    choices: BatchChoices,
    report: Reporter,
    *,
    leave_out: float = LEAVE_OUT,
    stop: threading.Event | None = None,
) -> LabelResult:
    """Label cysts with a model and make a training set of them: ``x/``, ``y/`` and ``curation.csv`` in `out`.

    Calling it again does only what is missing, keeps labels that were corrected by hand (and judges them anew) and
    what a person wrote into the list.

    Parameters
    ----------
    stacks : dict of str to Path
        Result name to file, from `find_stacks`.
    out : Path
        Folder of the set; ``segmentation/`` in it holds all that the segmentation writes.
    choices : BatchChoices
        Model and settings.
    report : Reporter
        Gets progress and sentences.
    leave_out : float
        Cysts with more doubt than this, from 0 to 1, get ``no`` in the column ``accept``.
    stop : threading.Event, optional
        Once set, the work stops within one tile.

    Raises
    ------
    UserError
        If nothing can be done at all, or the list was edited so that it cannot be understood.
    CancelledError
        If `stop` was set.
    """
    stop = stop or threading.Event()
    check_not_among(stacks.values(), out)
    check_writable(out)
    remove_partial_files(out)
    verdicts = read_verdicts(out)
    result = segment_batch(stacks, out / SEGMENTATION, choices, report, stop=stop)
    rows: dict[str, dict[str, Any]] = {}
    for name, path in stacks.items():
        stop_if(stop.is_set)
        if name in result.failed:
            record = read_record(out / SEGMENTATION, name) or {"row": {}}
            rows[name] = failed_curation_row(name, str(record["row"].get("error", "")))
        else:
            rows[name] = _add(_Cyst(name, path, out), choices.reading, verdicts.get(name), leave_out, report)
    curation = write_curation(out, rows.values())
    labelled = tuple(name for name in rows if name not in result.failed)
    return LabelResult(labelled, result.failed, sum(rows[name]["accept"] == REJECT for name in labelled), curation)


@dataclass(frozen=True)
class _Cyst:
    """One cyst of a set."""

    name: str
    source: Path
    out: Path

    @property
    def labels(self) -> Path:
        return self.out / LABELS / f"{self.name}.tif"

    def raw(self, reading: ReadingChoices) -> Path:
        """Place of its raw stack: with its own ending if the file itself can be there, else that of a TIFF."""
        whole = self.source.is_file() and reading == ReadingChoices()
        return self.out / RAW / (self.source.name if whole else f"{self.name}.tif")


def _add(
    cyst: _Cyst, reading: ReadingChoices, verdict: bool | None, leave_out: float, report: Reporter
) -> dict[str, Any]:
    """Bring a segmented cyst into the set, judge its labels, and leave a record.

    Returns
    -------
    dict
        Its row for the list.
    """
    segmented = read_record(cyst.out / SEGMENTATION, cyst.name)
    assert segmented is not None, "only segmented cysts come here"
    record = read_record(cyst.out, cyst.name) or {"row": {}}
    same = record.get("fingerprint") == segmented["fingerprint"]
    by_hand = "written" in record and signature(cyst.labels) not in (None, record["written"])
    if by_hand and not same:
        report.message(f"{cyst.name}: its labels were corrected by hand and are kept.")
    raw = cyst.raw(reading)
    if not (same and raw.exists()):
        _bring_raw(cyst, raw, reading)
    if not by_hand and not (same and cyst.labels.exists()):
        _bring_labels(cyst)
        record["written"] = signature(cyst.labels)
    if same and record["judged"] == signature(cyst.labels):
        findings = record["findings"]
    else:
        found = _judge(cyst.labels)
        findings = curation_columns(found)
        report.event("curation", f"{cyst.name}: {_in_words(found)}", stack=cyst.name, **findings)
        if not by_hand:
            verdict = None  # it was on other labels
    proposal = REJECT if findings["cells"] == 0 or findings["doubt"] > leave_out else ACCEPT
    decided = {True: ACCEPT, False: REJECT, None: proposal}[verdict]
    # What only repeats the earlier proposal is nobody's decision.
    accept = proposal if decided == record.get("proposal") else decided
    row: dict[str, Any] = (
        {"name": cyst.name, "accept": accept} | findings | {"corrected_by_hand": "yes" if by_hand else "no"}
    )
    new = {
        "fingerprint": segmented["fingerprint"],
        "written": record["written"],
        "judged": signature(cyst.labels),
        "findings": findings,
        "proposal": proposal,
        "row": row,
    }
    write_record(cyst.out, cyst.name, new)
    return row


def _bring_raw(cyst: _Cyst, target: Path, reading: ReadingChoices) -> None:
    """Put the raw stack into the set: the file itself, or what was chosen of it."""
    if target.parent.is_dir():
        for other in target.parent.iterdir():
            if other != target and is_stack_path(other) and stem(other) == cyst.name:
                other.unlink()
    if target.name == cyst.source.name and cyst.source.is_file() and reading == ReadingChoices():
        link(cyst.source, target)
    else:
        stack = reading.read(cyst.source)
        write_stack(target, stack.data, stack.voxel_size)


def _bring_labels(cyst: _Cyst) -> None:
    """Put the labels into the set: a copy, since they are there to be corrected."""
    cells = result_paths(cyst.out / SEGMENTATION, cyst.name)["cells"]
    with whole_file(cyst.labels) as partial:
        partial.write_bytes(cells.read_bytes())


def _judge(path: Path) -> CurationReport:
    labels, voxel_size = read_labels(path)
    if voxel_size is None:
        raise UserError(
            f"{path} does not say its voxel size any more.",
            "Set it in Fiji (Image, Properties), or delete the file to have it made again.",
        )
    return curate(labels, voxel_size.zyx_um)


def _in_words(found: CurationReport) -> str:
    return f"doubt {found.doubt:.2f}: {'; '.join(found.reasons)}" if found.reasons else "nothing odd"
