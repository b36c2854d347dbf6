"""Boxes of cysts as a table that people and programs can correct: a CSV file with a row a box."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.jobs.tables import read_table, write_table
from cartocell_app.stacks.boxes import Box, Shape, box_in

STARTS = tuple(f"start_{axis}_vox" for axis in "zyx")
STOPS = tuple(f"stop_{axis}_vox" for axis in "zyx")
COLUMNS = ("field", "number", *STARTS, *STOPS)
"""Whole voxels of the field, from 0: the first one of the box, and the one after its last."""

ALSO_KNOWN = ("name", "touches_border", "centre_z_um", "centre_y_um", "centre_x_um", "diameter_um")
"""What ``crops.csv`` says besides: not read, so that such a table can be corrected and given back."""


def write_boxes(path: Path, boxes: Mapping[str, Sequence[Box]]) -> None:
    """Write the boxes of some fields.

    Parameters
    ----------
    path : Path
        The CSV file.
    boxes : mapping of str to sequence of Box
        By the names of the fields.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    rows = [box_row(field, box) for field, its in boxes.items() for box in its]
    write_table(path, rows or [dict.fromkeys(COLUMNS, "")])


def box_row(field: str, box: Box) -> dict[str, str | int]:
    """Row of a box."""
    places = zip((*STARTS, *STOPS), (*box.start_vox, *box.stop_vox), strict=True)
    return {"field": field, "number": box.number, **dict(places)}


def read_boxes(path: Path, fields: Collection[str]) -> dict[str, list[Box]]:
    """Read the boxes of some fields, as `write_boxes`, ``cartocell crop`` or Excel wrote them.

    Boxes without a number get the next ones in the order of the table; the column ``field`` may be missing where there
    is one field only.

    Parameters
    ----------
    path : Path
        The CSV file.
    fields : collection of str
        Names of the fields that are cropped.

    Returns
    -------
    dict of str to list of Box
        By field, in the order of the table; fields without boxes are left out.

    Raises
    ------
    UserError
        If the table cannot be read, lacks columns or has ones of other names, if a cell is no whole number, a box is
        empty or there twice, or its field is not among `fields`.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}.", "Check the spelling.")
    boxes: dict[str, list[Box]] = {}
    for line, row in enumerate(read_table(path), start=2):
        where = f"{path.name}, row {line}"
        _check_columns(path.name, row, fields)
        if any(row.values()):
            field = _field(where, row, fields)
            its = boxes.setdefault(field, [])
            its.append(_box(where, row, [box.number for box in its]))
    return boxes


def check_inside(table: str, field: str, boxes: Sequence[Box], shape: Shape) -> list[Box]:
    """Boxes of a field, now that its size is known: each with whether it reaches the frame.

    Raises
    ------
    UserError
        If one does not lie in the field.
    """
    for box in boxes:
        for axis, stop, edge in zip("zyx", box.stop_vox, shape, strict=True):
            if stop > edge:
                raise UserError(
                    f"Box {box.number} of {field} in {table} ends at {axis} {stop}, but the field is {edge} voxels "
                    f"along {axis}.",
                    f"Correct stop_{axis}_vox, or give the field that the box belongs to.",
                )
    return [box_in(shape, box.number, box.start_vox, box.stop_vox) for box in boxes]


def _check_columns(table: str, row: Mapping[str, str], fields: Collection[str]) -> None:
    needed = (*(("field",) if len(fields) > 1 else ()), *STARTS, *STOPS)
    missing = [column for column in needed if column not in row]
    if missing:
        raise UserError(f"{table} has no column {', '.join(missing)}.", f"Its columns are {', '.join(COLUMNS)}.")
    strange = [column for column in row if column not in (*COLUMNS, *ALSO_KNOWN)]
    if strange:
        raise UserError(
            f"{table} has the column {strange[0]!r}, which means nothing here.",
            f"Its columns are {', '.join(COLUMNS)}; rename or delete others.",
        )


def _field(where: str, row: Mapping[str, str], fields: Collection[str]) -> str:
    name = row.get("field", "")
    if not name and len(fields) == 1:
        return next(iter(fields))
    if name not in fields:
        listed = ", ".join(list(fields)[:3]) + (", …" if len(fields) > 3 else "")
        raise UserError(
            f"{where}: the field {name!r} is not among those that are cropped.", f"They are called {listed}."
        )
    return name


def _box(where: str, row: Mapping[str, str], taken: Sequence[int]) -> Box:
    number = _whole(where, "number", row["number"]) if row.get("number") else max(taken, default=0) + 1
    if number in taken or number < 1:
        raise UserError(
            f"{where}: the number {number} is {'there twice' if number in taken else 'below 1'}.",
            "Cysts bear it in their names; give each box of a field its own, from 1, or leave all of them empty.",
        )
    start = [_whole(where, column, row[column]) for column in STARTS]
    stop = [_whole(where, column, row[column]) for column in STOPS]
    for axis, first, last in zip("zyx", start, stop, strict=True):
        if not 0 <= first < last:
            raise UserError(
                f"{where}: the box goes from {first} to {last} along {axis}, which is no box.",
                f"start_{axis}_vox is its first voxel, from 0; stop_{axis}_vox the one after its last.",
            )
    return Box(number, (start[0], start[1], start[2]), (stop[0], stop[1], stop[2]), touches_border=False)


def _whole(where: str, column: str, text: str) -> int:
    # Excel may write 12 as 12.0, or 12,0.
    digits = text.replace(",", ".").removesuffix(".0").lstrip("-")
    if not (digits.isascii() and digits.isdecimal()):
        raise UserError(f"{where}: {column} is {text!r}.", "Write a whole number of voxels.")
    return -int(digits) if text.startswith("-") else int(digits)
