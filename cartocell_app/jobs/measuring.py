"""Measuring label stacks: tables of cells, of contacts and of cysts over all of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.measurements import Measurements, measure, voxel_size_for, write_measured
from cartocell_app.jobs.records import provenance, read_record, write_json
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import CELLS
from cartocell_app.jobs.workbook import MOST_ROWS, Sheet, write_workbook
from cartocell_app.morphology.measures import CONTACT_MEASURES, CYST_MEASURES, MEASURES, Measure
from cartocell_app.progress import Cancelled, never, stop_if
from cartocell_app.stacks.files import DiskError, check_writable, remove_partial_files
from cartocell_app.stacks.reading import read_labels
from cartocell_app.stacks.voxel_size import VoxelSize

if TYPE_CHECKING:
    import pandas as pd

CYST = Measure("cyst", "Cyst", "", "Name of the label stack.", "str")

VOXEL_MEASURES = (
    Measure("z_um", "Voxel z", "µm", "Distance between slices.", decimals=4),
    Measure("y_um", "Voxel y", "µm", "Height of a voxel in a slice.", decimals=4),
    Measure("x_um", "Voxel x", "µm", "Width of a voxel in a slice.", decimals=4),
    Measure("voxel_size_source", "Voxel size from", "", "Where the voxel size was learnt.", "str"),
    Measure("error", "Error", "", "Why it could not be measured.", "str"),
)
"""Of each cyst, beside `CYST_MEASURES`."""


@dataclass(frozen=True)
class MeasureResult:
    """What came of measuring: names of the stacks done and failed, and where the table of cysts is."""

    done: tuple[str, ...]
    failed: tuple[str, ...]
    cysts: Path


def failed_before(stacks: Mapping[str, Path], given: Collection[Path]) -> dict[str, str]:
    """Which label stacks are of an earlier run, because the last segmentation of their stack failed.

    Parameters
    ----------
    stacks : mapping of str to Path
        Result name to label file.
    given : collection of Path
        What the user named: a file that is named itself is meant as it is.

    Returns
    -------
    dict of str to str
        Result name to a sentence.
    """
    words = {}
    for name, path in stacks.items():
        in_results = path.parent.name == CELLS and path not in given
        record = read_record(path.parents[1], name) if in_results else None
        if record is not None and record["row"].get("state") == "failed":
            error = record["row"].get("error", "")
            words[name] = f"The labels of {name} are of an earlier run; the last one failed. {error}".strip()
    return words


def measured_paths(out: Path) -> tuple[Path, ...]:
    """Files that `measure_stacks` writes into the folder `out`."""
    return tuple(
        out / name for name in ("cysts.csv", "cells.csv", "contacts.csv", "measurements.xlsx", "measurements.json")
    )


def measure_stacks(
    stacks: dict[str, Path],
    out: Path,
    report: Reporter,
    *,
    voxel_um: tuple[float, float, float] | None = None,
    failed: Mapping[str, str] = MappingProxyType({}),
    cancelled: Cancelled = never,
) -> MeasureResult:
    """Measure label stacks into the folder `out`.

    Writes ``cells.csv``, ``contacts.csv`` and ``cysts.csv`` (a row each, with the name of the stack),
    ``measurements.xlsx`` with the same three tables, and ``measurements.json``. A bad stack does not stop the others.

    Parameters
    ----------
    stacks : dict of str to Path
        Result name to label file, from `find_stacks`.
    out : Path
        Result folder.
    report : Reporter
        Gets progress, sentences and results.
    voxel_um : (z, y, x), optional
        Voxel size in µm, taken instead of what the files say.
    failed : mapping of str to str
        Stacks that count as failed without a look, each with the reason; from `failed_before`.
    cancelled : callable
        See `cartocell_app.progress`.

    Raises
    ------
    UserError
        If the folder cannot be written, or no stack at all could be measured.
    CancelledError
        If asked to stop; nothing is written then.
    """
    check_writable(out)
    remove_partial_files(out)
    given = None if voxel_um is None else VoxelSize(*voxel_um, source="given by you")
    measured: dict[str, Measurements] = {}
    rows: list[dict[str, Any]] = []
    for number, (name, path) in enumerate(stacks.items()):
        stop_if(cancelled)
        report.overall(number, len(stacks))
        report.step(name, "Measuring", number, len(stacks))
        try:
            if name in failed:
                raise UserError(failed[name])
            measured[name], voxel_size = _measure_file(path, given)
        except DiskError:
            raise
        except UserError as error:
            rows.append({"cyst": name, "error": str(error)})
            report.event("failed", f"{name}: not measured. {error}", stack=name, error=str(error))
            continue
        rows.append({"cyst": name} | measured[name].cyst | _voxel_columns(voxel_size))
        report.event("measured", f"{name}: {measured[name].cyst['cells']} cells measured.", stack=name)
    report.overall(len(stacks), len(stacks))
    if not measured:
        raise UserError(rows[0]["error"])
    _write(out, measured, rows, stacks)
    return MeasureResult(tuple(measured), tuple(name for name in stacks if name not in measured), out / "cysts.csv")


def _measure_file(path: Path, given: VoxelSize | None) -> tuple[Measurements, VoxelSize]:
    labels, in_file = read_labels(path)
    voxel_size = voxel_size_for(path, in_file, given)
    return measure(labels, voxel_size.zyx_um), voxel_size


def _voxel_columns(voxel_size: VoxelSize) -> dict[str, Any]:
    z_um, y_um, x_um = voxel_size
    return {"z_um": z_um, "y_um": y_um, "x_um": x_um, "voxel_size_source": voxel_size.source}


def _write(out: Path, measured: dict[str, Measurements], rows: list[dict[str, Any]], stacks: dict[str, Path]) -> None:
    sheets = (
        Sheet("Cysts", _cyst_table(rows), (CYST, *CYST_MEASURES, *VOXEL_MEASURES)),
        Sheet("Cells", _joined({name: each.cells for name, each in measured.items()}), (CYST, *MEASURES)),
        Sheet("Contacts", _joined({name: each.contacts for name, each in measured.items()}), (CYST, *CONTACT_MEASURES)),
    )
    for sheet in sheets:
        write_measured(out / f"{sheet.title.lower()}.csv", sheet.table)
    # What is too long for Excel is in the CSV files.
    write_workbook(out / "measurements.xlsx", [sheet for sheet in sheets if len(sheet.table) <= MOST_ROWS])
    # Not run.json: in a folder of results, that tells how the labels came about.
    write_json(out / "measurements.json", provenance() | {"stacks": {name: str(path) for name, path in stacks.items()}})


def _joined(tables: dict[str, "pd.DataFrame"]) -> "pd.DataFrame":
    """All tables below each other, with the name of the cyst in front."""
    import pandas as pd

    return pd.concat(tables, names=["cyst"]).reset_index(level="cyst").reset_index(drop=True)


def _cyst_table(rows: list[dict[str, Any]]) -> "pd.DataFrame":
    """Rows as a table; whole numbers stay whole beside rows that have none."""
    import pandas as pd

    measures = (CYST, *CYST_MEASURES, *VOXEL_MEASURES)
    no_text = {measure.name: "" for measure in measures if measure.dtype == "str"}
    table = pd.DataFrame([no_text | row for row in rows]).reindex(columns=[measure.name for measure in measures])
    return table.astype({measure.name: "Int64" for measure in measures if measure.dtype == "int64"})
