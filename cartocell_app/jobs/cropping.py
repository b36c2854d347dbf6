"""Saving the single cysts of many fields."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.progress import stop_if
from cartocell_app.stacks.cysts import CystBox, CystFinderSettings, crop, find_cysts
from cartocell_app.stacks.files import DiskError, check_writable, whole_file
from cartocell_app.stacks.writing import write_stack


@dataclass(frozen=True)
class CropResult:
    """Number of cysts saved, and the names of the fields that could not be read."""

    cysts: int
    failed: tuple[str, ...]


def crop_fields(
    stacks: dict[str, Path],
    out: Path,
    reading: ReadingChoices,
    margin_um: float,
    whole_only: bool,
    report: Reporter,
    cancelled: Callable[[], bool],
) -> CropResult:
    """Find the cysts of each field and save each as ``FIELD_cystNN.tif``, and where they were in ``crops.csv``.

    Parameters
    ----------
    stacks : dict of str to Path
        Fields by name.
    out : Path
        Folder for the cysts.
    reading : ReadingChoices
        How to read the fields.
    margin_um : float
        Left around each cyst, µm.
    whole_only : bool
        Leave out cysts that the frame cuts.
    report, cancelled
        Get progress and may stop the work between cysts.

    Raises
    ------
    UserError
        If the result folder cannot be written.
    """
    check_writable(out)
    settings = CystFinderSettings(margin_um=margin_um)
    rows: list[dict[str, Any]] = []
    failed: list[str] = []
    for number, (name, path) in enumerate(stacks.items()):
        report.overall(number, len(stacks))
        report.step(name, "Finding cysts", number, len(stacks))
        stop_if(cancelled)
        try:
            stack = reading.read(path)
            boxes = [box for box in find_cysts(stack, settings) if not (whole_only and box.touches_border)]
        except DiskError:
            raise
        except UserError as error:
            failed.append(name)
            report.message(f"{name}: not done. {error}")
            continue
        for box in boxes:
            stop_if(cancelled)
            cyst = crop(stack, box)
            write_stack(out / f"{cyst.name}.tif", cyst.data, cyst.voxel_size)
            rows.append(_row(name, cyst.name, box))
        cut = sum(box.touches_border for box in boxes)
        report.message(f"{name}: {len(boxes)} cysts" + (f", {cut} of them cut by the frame" if cut else ""))
    _write_table(out, rows)
    report.overall(len(stacks), len(stacks))
    return CropResult(len(rows), tuple(failed))


def _row(field: str, name: str, box: CystBox) -> dict[str, Any]:
    row: dict[str, Any] = {"name": name, "field": field, "touches_border": box.touches_border}
    for axis, start, stop, centre_um in zip("zyx", box.start_vox, box.stop_vox, box.centre_um, strict=True):
        row |= {f"start_{axis}_vox": start, f"stop_{axis}_vox": stop, f"centre_{axis}_um": centre_um}
    return row | {"diameter_um": box.diameter_um}


def _write_table(out: Path, rows: list[dict[str, Any]]) -> None:
    import pandas as pd

    with whole_file(out / "crops.csv") as partial:
        pd.DataFrame(rows).to_csv(partial, index=False, float_format="%.5g")
