"""The measurements of one stack: made from its labels, kept as tables beside them, read again while they hold."""

import contextlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isnan, nan
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from cartocell_app.errors import UserError
from cartocell_app.jobs.records import write_json
from cartocell_app.jobs.segmenting import CELLS
from cartocell_app.morphology.measures import CONTACT_MEASURES, CYST_MEASURES, MEASURES, Measure
from cartocell_app.stacks.files import disk_troubles, whole_file
from cartocell_app.stacks.reading import read_labels, stem
from cartocell_app.stacks.voxel_size import VoxelSize

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

FOLDER = "measurements"
DEFINITIONS = 1
"""Counts up whenever a number means something else than before: what was kept is then measured anew."""

_locks: WeakValueDictionary[Path, threading.Lock] = WeakValueDictionary()
_finding_locks = threading.Lock()


class UnknownVoxelSizeError(UserError):
    """Neither the file nor the user says the voxel size."""


@dataclass(frozen=True)
class Measurements:
    """What was measured of one stack.

    Attributes
    ----------
    cells : pandas.DataFrame
        Columns of `MEASURES`.
    contacts : pandas.DataFrame
        Columns of `CONTACT_MEASURES`.
    cyst : dict
        Values of `CYST_MEASURES`.
    """

    cells: "pd.DataFrame"
    contacts: "pd.DataFrame"
    cyst: dict[str, Any]


@dataclass(frozen=True)
class MeasuredLabels:
    """What a label file holds, and what was measured of it.

    Attributes
    ----------
    labels : (Z, Y, X) ndarray of uint16, uint32 or uint64
        0 is background and lumen.
    voxel_size : VoxelSize
        That it was measured with.
    measurements : Measurements
    """

    labels: "NDArray[Any]"
    voxel_size: VoxelSize
    measurements: Measurements


def measure(labels: "NDArray[Any]", voxel_um: Sequence[float]) -> Measurements:
    """Measure the cells of labels (Z, Y, X), their contacts and the cyst.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of int
        0 is background and lumen. Not changed.
    voxel_um : (z, y, x)
        Edge lengths of a voxel in µm.
    """
    from cartocell_app.morphology.cells import measure_cells
    from cartocell_app.morphology.contacts import find_contacts
    from cartocell_app.morphology.cysts import measure_cyst

    contacts = find_contacts(labels, voxel_um)
    cells = measure_cells(labels, voxel_um, contacts)
    return Measurements(cells, contacts.table(), measure_cyst(labels, voxel_um, cells))


def voxel_size_for(path: Path, in_file: VoxelSize | None, given: VoxelSize | None) -> VoxelSize:
    """Voxel size to measure with: the one given, else that of the label file.

    Raises
    ------
    UnknownVoxelSizeError
        If nobody knows it.
    """
    voxel_size = given or in_file
    if voxel_size is None:
        raise UnknownVoxelSizeError(
            f"{path.name}: the voxel size is not known, so nothing can be measured in µm.",
            "Give it with --voxel-size Z Y X (the microscope's own file or your colleague knows it).",
        )
    return voxel_size


def measurements_of(path: Path, given: VoxelSize | None = None) -> Measurements:
    """Measure a label file, or read what was measured of it before.

    Parameters
    ----------
    path : Path
        Label stack.
    given : VoxelSize, optional
        Taken instead of what the file says.

    Raises
    ------
    UserError
        If the file cannot be read, or its voxel size is not known.
    """
    with _alone(path):
        return kept_measurements(path, given) or _measured_labels(path, given).measurements


def measured_labels(path: Path, given: VoxelSize | None = None) -> MeasuredLabels:
    """Read a label file with its measurements; new ones are kept beside it where the disk allows.

    Raises
    ------
    UserError
        As `measurements_of` does.
    """
    with _alone(path):
        return _measured_labels(path, given)


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one thread at a time measure a label file; the others then find what it kept.

    Two at once would do the same work twice, and where their voxel sizes differ, mix their tables.
    """
    place = kept_paths(path)[-1].absolute()
    with _finding_locks:
        lock = _locks.setdefault(place, threading.Lock())
    with lock:
        yield


def _measured_labels(path: Path, given: VoxelSize | None) -> MeasuredLabels:
    kept = kept_measurements(path, given)
    # Before the file is read: if it changes meanwhile, what is kept does not hold for it.
    key = _key(path, given) if path.exists() else {}
    labels, in_file = read_labels(path)
    voxel_size = voxel_size_for(path, in_file, given)
    if kept is None:
        kept = measure(labels, voxel_size.zyx_um)
        # A folder that may only be read, or that another computer tidies up, is no trouble: it is measured again
        # the next time.
        with contextlib.suppress(UserError):
            _keep(path, key, kept)
    return MeasuredLabels(labels, voxel_size, kept)


def kept_measurements(path: Path, given: VoxelSize | None = None) -> Measurements | None:
    """What was measured of a label file before; None if nothing was, or the file or the voxel size has changed."""
    cells, contacts, cyst = kept_paths(path)
    try:
        known = json.loads(cyst.read_text(encoding="utf-8"))
        if known["key"] != _key(path, given):
            return None
        values = {
            measure.name: nan if known["cyst"][measure.name] is None else known["cyst"][measure.name]
            for measure in CYST_MEASURES
        }
        return Measurements(read_measured(cells, MEASURES), read_measured(contacts, CONTACT_MEASURES), values)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # somebody deleted or edited them: they are made again


def kept_paths(path: Path) -> tuple[Path, Path, Path]:
    """Files with the cells, the contacts and the cyst of a label file: in the run's folder, else beside the file."""
    folder = (path.parent.parent if path.parent.name == CELLS else path.parent) / FOLDER
    name = stem(path)
    return folder / f"{name}_cells.csv", folder / f"{name}_contacts.csv", folder / f"{name}_cyst.json"


def _keep(path: Path, key: dict[str, Any], measured: Measurements) -> None:
    """Write the tables; the last one, which says what they hold for, makes them count."""
    cells, contacts, cyst = kept_paths(path)
    with disk_troubles(cyst):
        cyst.unlink(missing_ok=True)
    write_measured(cells, measured.cells)
    write_measured(contacts, measured.contacts)
    values = {name: _unless_nan(value) for name, value in measured.cyst.items()}
    write_json(cyst, {"key": key, "cyst": values})


def _unless_nan(value: Any) -> Any:
    return None if isinstance(value, float) and isnan(value) else value


def _key(path: Path, given: VoxelSize | None) -> dict[str, Any]:
    """What tables of a label file hold for."""
    status = path.stat()
    return {
        "bytes": status.st_size,
        "changed_ns": status.st_mtime_ns,
        "voxel_um": None if given is None else list(given.zyx_um),
        "definitions": DEFINITIONS,
    }


def write_measured(path: Path, table: "pd.DataFrame") -> None:
    """Write a table as CSV; the names of its columns end in their units.

    Raises
    ------
    DiskError
        If the disk refuses.
    """
    with whole_file(path) as partial:
        # The byte-order mark makes Excel read µ and accents as they are.
        table.to_csv(partial, index=False, encoding="utf-8-sig", float_format="%.7g")


def read_measured(path: Path, measures: Iterable[Measure]) -> "pd.DataFrame":
    """Read a table that `write_measured` wrote, with the types that its measures declare.

    Raises
    ------
    OSError, ValueError, KeyError
        If there is none, or it is not such a table.
    """
    import pandas as pd

    types = {measure.name: measure.dtype for measure in measures}
    table = pd.read_csv(path, encoding="utf-8-sig", dtype=types, keep_default_na=True)
    for measure in measures:
        if measure.dtype == "str":
            table[measure.name] = table[measure.name].fillna("")
    return table[list(types)]
