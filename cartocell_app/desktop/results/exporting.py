"""Results as files for other programs: tables, calibrated labels, surfaces, a picture."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.desktop.results.words import count_words
from cartocell_app.progress import Progress, silent
from cartocell_app.stacks.files import check_writable

if TYPE_CHECKING:
    from cartocell_app.desktop.results.batch import SampleNumbers
    from cartocell_app.jobs.measurements import MeasuredLabels
    from cartocell_app.project.values import Sample

FOLDER_ENDING = ".ome.zarr"
"""Of what is exported as a folder and not as a file."""


@dataclass(frozen=True)
class Kind:
    """A kind of file, or folder, to export.

    Attributes
    ----------
    key : str
    title : str
        What it is, for a box to tick.
    words : str
        What it is good for.
    endings : tuple of str
        Of the names of its files, after that of the sample; a folder ends in `FOLDER_ENDING`.
    """

    key: str
    title: str
    words: str
    endings: tuple[str, ...]


KINDS = (
    Kind(
        "csv",
        "Tables of cells, contacts and the cyst (CSV)",
        "For R, Python and statistics programs. Names of columns end in their units.",
        ("_cells.csv", "_contacts.csv", "_cyst.csv"),
    ),
    Kind("xlsx", "The same tables for Excel (XLSX)", "Units and explanations in the headers.", ("_measurements.xlsx",)),
    Kind("labels", "Cells as a label stack (TIFF)", "Opens in Fiji with the right scale.", ("_cells.tif",)),
    Kind(
        "zarr",
        "The same cells as a folder, for large stacks (OME-Zarr)",
        "Opens in napari and Fiji with the right scale. Coarser copies inside let a large stack show at once.",
        ("_cells" + FOLDER_ENDING,),
    ),
    Kind("ply", "Surfaces of cells (PLY)", "Coloured, in µm; for Blender, MeshLab, ParaView.", ("_surfaces.ply",)),
    Kind("obj", "Surfaces of cells (OBJ)", "In µm, an object for each cell.", ("_surfaces.obj",)),
    Kind("picture", "Picture: raw beside cells (PNG)", "Three slices with a scale bar.", ("_overview.png",)),
)


def fiji_name(name: str) -> str:
    """A name that Fiji's macros and every disk take: letters without accents, digits, dots, dashes, underscores."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._+-]+", "_", plain).strip("._ ") or "cyst"


def export_paths(name: str, kinds: Collection[str], folder: Path) -> tuple[Path, ...]:
    """Files and folders that an export of these kinds (keys of `KINDS`) makes."""
    stem = fiji_name(name)
    return tuple(folder / (stem + ending) for kind in KINDS if kind.key in kinds for ending in kind.endings)


def count_paths(paths: Sequence[Path]) -> str:
    """How many files and folders of an export: ``"6 files and 1 folder"``."""
    folders = sum(path.name.endswith(FOLDER_ENDING) for path in paths)
    counts = ((len(paths) - folders, "file"), (folders, "folder"))
    return " and ".join(count_words(count, one) for count, one in counts if count)


def export_sample(
    sample: "Sample", kinds: Collection[str], folder: Path, progress: Progress = silent
) -> tuple[Path, ...]:
    """Write the results of a segmented sample as files.

    Parameters
    ----------
    sample : Sample
        With labels.
    kinds : collection of str
        Keys of `KINDS`.
    folder : Path
        Made if missing; what has the same names is replaced, each file or folder as soon as the new one is whole.
    progress : callable
        See `cartocell_app.progress`.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    UserError
        If something cannot be read, the voxel size is not known or the folder cannot be written.
    """
    from cartocell_app.jobs.measurements import measured_labels

    assert sample.labels is not None
    check_writable(folder)
    known = measured_labels(sample.labels, sample.voxel_size)
    writers = {
        "csv": partial(_write_tables, known),
        "xlsx": partial(_write_workbook, known),
        "labels": partial(_write_labels, known),
        "zarr": partial(_write_labels, known),
        "ply": partial(_write_surfaces, known),
        "obj": partial(_write_surfaces, known),
        "picture": partial(_write_picture, sample, known),
    }
    chosen = [kind for kind in KINDS if kind.key in kinds]
    for number, kind in enumerate(chosen):
        progress(kind.title, number, len(chosen))
        writers[kind.key](*export_paths(sample.name, [kind.key], folder))
    return export_paths(sample.name, kinds, folder)


def _write_tables(known: "MeasuredLabels", cells: Path, contacts: Path, cyst: Path) -> None:
    import pandas as pd

    from cartocell_app.jobs.measurements import write_measured

    write_measured(cells, known.measurements.cells)
    write_measured(contacts, known.measurements.contacts)
    write_measured(cyst, pd.DataFrame([known.measurements.cyst]))


def _write_workbook(known: "MeasuredLabels", path: Path) -> None:
    import pandas as pd

    from cartocell_app.jobs.workbook import Sheet, write_workbook
    from cartocell_app.morphology.measures import CONTACT_MEASURES, CYST_MEASURES, MEASURES

    measured = known.measurements
    write_workbook(
        path,
        [
            Sheet("Cells", measured.cells, MEASURES),
            Sheet("Contacts", measured.contacts, CONTACT_MEASURES),
            Sheet("Cyst", pd.DataFrame([measured.cyst]), CYST_MEASURES),
        ],
    )


def _write_labels(known: "MeasuredLabels", path: Path) -> None:
    from cartocell_app.stacks.writing import write_labels, write_ome_zarr

    write = write_ome_zarr if path.name.endswith(FOLDER_ENDING) else write_labels
    write(path, known.labels, known.voxel_size)


def _write_surfaces(known: "MeasuredLabels", path: Path) -> None:
    from cartocell_app.morphology.surfaces import cell_surfaces, write_obj, write_ply

    surfaces = cell_surfaces(known.labels, known.voxel_size.zyx_um)
    (write_ply if path.suffix == ".ply" else write_obj)(path, surfaces)


def _write_picture(sample: "Sample", known: "MeasuredLabels", path: Path) -> None:
    from cartocell_app.segmentation.overview import write_overview
    from cartocell_app.stacks.reading import read

    stack = read(sample.path, scene=sample.scene, time=sample.time, channel=sample.channel)
    write_overview(path, stack.data, known.labels, known.voxel_size, sample.name)


def batch_paths(folder: Path) -> tuple[Path, Path, Path]:
    """Files that an export of many samples makes."""
    return folder / "cysts.csv", folder / "cells.csv", folder / "measurements.xlsx"


def export_batch(numbers: "Sequence[SampleNumbers]", folder: Path) -> tuple[Path, ...]:
    """Write the tables of many samples: ``cysts.csv``, ``cells.csv`` and ``measurements.xlsx``.

    Raises
    ------
    UserError
        If the folder cannot be written, or there are more cells than an Excel sheet can hold.
    """
    from cartocell_app.desktop.results.batch import BATCH_MEASURES, FACTS, batch_table, cells_table
    from cartocell_app.jobs.measurements import write_measured
    from cartocell_app.jobs.workbook import Sheet, write_workbook
    from cartocell_app.morphology.measures import MEASURES

    check_writable(folder)
    cysts, cells = batch_table(numbers), cells_table(numbers)
    paths = batch_paths(folder)
    write_measured(paths[0], cysts)
    write_measured(paths[1], cells)
    sheets = [Sheet("Cysts", cysts, BATCH_MEASURES)]
    if len(cells):
        sheets.append(Sheet("Cells", cells, (*FACTS[:3], *MEASURES)))
    write_workbook(paths[2], sheets)
    return paths
