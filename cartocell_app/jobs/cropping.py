"""Saving the single cysts of many fields."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.box_table import box_row, check_inside, read_boxes
from cartocell_app.jobs.crop_folder import CROPS, CropFolder
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.jobs.tables import read_table
from cartocell_app.progress import stop_if
from cartocell_app.stacks.boxes import Box, crop
from cartocell_app.stacks.cysts import CystBox, CystFinderSettings, find_cysts
from cartocell_app.stacks.files import DiskError, check_writable
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.writing import write_stack

__all__ = ["CROPS", "CropChoices", "CropResult", "crop_fields", "given_boxes"]


@dataclass(frozen=True)
class CropChoices:
    """How fields are cropped.

    Attributes
    ----------
    reading : ReadingChoices
        How to read the fields.
    readings : mapping of str to ReadingChoices
        How to read some of them, by name, over `reading`.
    margin_um : float
        Left around each cyst that is found, µm.
    whole_only : bool
        Leave out cysts that the frame cuts.
    boxes : mapping of str to sequence of Box, or None
        Boxes by field, from a table, instead of finding cysts; fields that are not there have none.
    table : str
        Name of that table.
    """

    reading: ReadingChoices = field(default_factory=ReadingChoices)
    readings: Mapping[str, ReadingChoices] = field(default_factory=dict)
    margin_um: float = 6.0
    whole_only: bool = False
    boxes: Mapping[str, Sequence[Box]] | None = None
    table: str = ""


@dataclass(frozen=True)
class CropResult:
    """Number of cysts saved, and the fields that could not be done with the reason for each."""

    cysts: int
    failed: Mapping[str, str]


def given_boxes(table: Path, fields: Collection[str], out: Path) -> dict[str, list[Box]]:
    """Read the boxes of some fields from a table, which may be the one that the result folder `out` has.

    Raises
    ------
    UserError
        As `read_boxes` does. Of the folder's own table, rows of fields that are not cropped this time are no mistake.
    """
    own = table.is_file() and table.resolve() == (out / CROPS).resolve()
    others = {row["field"] for row in read_table(table) if row.get("field")} if own else set()
    boxes = read_boxes(table, [*fields, *sorted(others.difference(fields))])
    return {name: its for name, its in boxes.items() if name in fields}


def crop_fields(
    stacks: dict[str, Path], out: Path, choices: CropChoices, report: Reporter, cancelled: Callable[[], bool]
) -> CropResult:
    """Save each cyst of each field as ``FIELD_cystNN.tif``, and where they were in ``crops.csv``.

    Calling it again, with the same or other fields, brings the folder up to date: rows of other fields stay, cysts of
    these fields that are no longer wanted go, unless somebody changed them there. Where none is found now, earlier ones
    stay.

    Parameters
    ----------
    stacks : dict of str to Path
        Fields by name.
    out : Path
        Folder for the cysts.
    choices : CropChoices
        How they are read, and where the cysts are.
    report, cancelled
        Get progress and may stop the work between cysts; the table says what was saved until then.

    Raises
    ------
    UserError
        If the result folder cannot be written.
    """
    check_writable(out)
    saved = CropFolder(out)
    failed: dict[str, str] = {}
    cysts = 0
    for number, (name, path) in enumerate(stacks.items()):
        report.overall(number, len(stacks))
        report.step(name, "Finding cysts" if choices.boxes is None else "Reading", number, len(stacks))
        stop_if(cancelled)
        try:
            # The name given to it, since files in two folders may be called alike.
            stack = replace(choices.readings.get(name, choices.reading).read(path), name=name)
            boxes = _boxes(stack, choices)
        except DiskError:
            raise
        except UserError as error:
            failed[name] = str(error)
            report.message(f"{name}: not done. {error}")
            continue
        for at, box in enumerate(boxes):
            stop_if(cancelled)
            report.overall(number + at / len(boxes), len(stacks))
            report.step(name, f"Cutting out cyst {box.number}", at, len(boxes))
            cyst = crop(stack, box)
            write_stack(out / f"{cyst.name}.tif", cyst.data, cyst.voxel_size)
            saved.add(name, _row(name, cyst.name, box))
        if boxes or choices.boxes is not None:
            saved.keep_only(name, [box.number for box in boxes], report)
        else:
            # More likely the wrong channel than a field whose cysts are all to go.
            saved.write()
        cysts += len(boxes)
        cut = sum(box.touches_border for box in boxes)
        words = f"{len(boxes)} cyst{'s' * (len(boxes) != 1)}"
        report.message(f"{name}: {words}" + (f", {cut} of them cut by the frame" if cut else ""))
    report.overall(len(stacks), len(stacks))
    return CropResult(cysts, failed)


def _boxes(stack: Stack, choices: CropChoices) -> Sequence[Box]:
    if choices.boxes is None:
        found: Sequence[Box] = find_cysts(stack, CystFinderSettings(margin_um=choices.margin_um))
    else:
        found = check_inside(choices.table, stack.name, choices.boxes.get(stack.name, ()), stack.shape)
    return [box for box in found if not (choices.whole_only and box.touches_border)]


def _row(field_name: str, name: str, box: Box) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, **box_row(field_name, box), "touches_border": box.touches_border}
    if isinstance(box, CystBox):
        row |= {f"centre_{axis}_um": centre_um for axis, centre_um in zip("zyx", box.centre_um, strict=True)}
        row["diameter_um"] = box.diameter_um
    return row
