"""A list of stacks that are read differently, for one command: a CSV file with a row a stack."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.jobs.tables import read_table, write_table
from cartocell_app.project.naming import file_safe
from cartocell_app.project.places import kept, project_around, whole
from cartocell_app.stacks.voxel_size import VoxelSize

VOXEL_COLUMNS = ("z_um", "y_um", "x_um")
COLUMNS = ("name", "file", "scene", "channel", "time", *VOXEL_COLUMNS)
NEEDED = ("name", "file")


def write_stack_list(path: Path, rows: Mapping[str, tuple[Path, ReadingChoices]]) -> None:
    """Write a list of stacks.

    Files are told from the list's own folder where they would be moved together: below that folder or, for a list in
    a project, in the project or beside it. Others are told by their whole path.

    Parameters
    ----------
    path : Path
        The CSV file.
    rows : mapping of str to (Path, ReadingChoices)
        Result name to file and how to read it; None is left empty: as the file says.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    write_table(path, [_row(path, name, file, reading) for name, (file, reading) in rows.items()] or [_empty_row()])


def read_stack_list(path: Path) -> dict[str, tuple[Path, ReadingChoices]]:
    """Read a list of stacks, as `write_stack_list` or Excel wrote it.

    Returns
    -------
    dict of str to (Path, ReadingChoices)
        Result name to absolute path and how to read it, in the order of the list.

    Raises
    ------
    UserError
        If the list cannot be read, lacks columns, has ones of other names or no stacks, if a cell is wrong, a name is
        there twice or cannot be that of a file, or none of the files is there. A single one that is missing is left
        to the command, which reports it and does the others.
    """
    if not path.is_file():
        raise UserError(f"There is no file {path}.", "Check the spelling.")
    stacks: dict[str, tuple[Path, ReadingChoices]] = {}
    for number, row in enumerate(read_table(path), start=2):
        where = f"{path.name}, row {number}"
        _check_columns(path.name, row)
        if any(row.values()):
            name = _name(where, row["name"], stacks)
            stacks[name] = _file(where, row["file"], path), _reading(where, row)
    if not stacks:
        raise UserError(f"{path.name} lists no stacks.", f"It needs a row a stack, with columns {_listed(COLUMNS)}.")
    if not any(file.exists() for file, _ in stacks.values()):
        first = next(file for file, _ in stacks.values())
        raise UserError(
            f"None of the files in {path.name} is there; the first would be {first}.",
            "Paths that are not whole are told from the folder of the list. Correct them, or move the list.",
        )
    return stacks


def given_stacks(
    inputs: Sequence[Path], stack_list: Path | None, reading: ReadingChoices, *, subfolders: bool, leave_out: Path
) -> tuple[dict[str, Path], dict[str, ReadingChoices]]:
    """Stacks of a command that takes either files and folders or a list.

    Parameters
    ----------
    inputs : sequence of Path
        Files and folders.
    stack_list : Path or None
        The list.
    reading : ReadingChoices
        How to read the former; a list says it itself.
    subfolders, leave_out
        As for `find_stacks`.

    Returns
    -------
    stacks : dict of str to Path
        Result name to file.
    readings : dict of str to ReadingChoices
        How to read those of the list.

    Raises
    ------
    UserError
        If both or neither is given, options do not go with a list, or what is given is wrong.
    """
    if stack_list is None:
        if not inputs:
            raise UserError("No stacks are given.", "Give stacks, folders of stacks, or --list with a table.")
        return find_stacks(inputs, subfolders=subfolders, leave_out=leave_out), {}
    if inputs:
        raise UserError(f"Both stacks and --list {stack_list} are given.", "Give one of the two.")
    if subfolders or reading != ReadingChoices():
        raise UserError(
            "--voxel-size, --channel, --scene, --time and --subfolders do not go with --list.",
            "Write into the list how each stack is to be read.",
        )
    rows = read_stack_list(stack_list)
    return {name: file for name, (file, _) in rows.items()}, {name: choices for name, (_, choices) in rows.items()}


def _empty_row() -> dict[str, str]:
    return dict.fromkeys(COLUMNS, "")


def _row(path: Path, name: str, file: Path, reading: ReadingChoices) -> dict[str, str]:
    voxel_um = reading.voxel_um or (None, None, None)
    values = (name, _told_from(path, file), reading.scene, reading.channel, reading.time, *voxel_um)
    # As text: tables round numbers, and a rounded voxel size would give other labels.
    return {column: "" if value is None else str(value) for column, value in zip(COLUMNS, values, strict=True)}


def _told_from(path: Path, file: Path) -> str:
    folder, file = whole(path).parent, whole(file)
    around = project_around(path)
    if around is not None:
        together = file.is_relative_to(around.parent)
        depth = len(folder.relative_to(around).parts)
        return "../" * depth + kept(file, around) if together else str(file)
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else str(file)


def _check_columns(list_name: str, row: Mapping[str, str]) -> None:
    missing = [column for column in NEEDED if column not in row]
    if missing:
        raise UserError(f"{list_name} has no column {_listed(missing)}.", f"Its columns are {_listed(COLUMNS)}.")
    if "None" in row:
        raise UserError(
            f"{list_name} has a row with more cells than the first one has names.",
            "Put names or numbers with a comma in them between quotation marks.",
        )
    strange = [column for column in row if column not in COLUMNS]
    if strange:
        raise UserError(
            f"{list_name} has the column {strange[0]!r}, which means nothing here.",
            f"Its columns are {_listed(COLUMNS)}; rename or delete others.",
        )


def _name(where: str, name: str, known: Mapping[str, object]) -> str:
    if not name or file_safe(name) != name:
        raise UserError(
            f"{where}: {name!r} cannot be the name of results.",
            'Files bear it, so it must not be empty, long, or hold any of < > : " / \\ | ? *.',
        )
    if name.casefold() in {other.casefold() for other in known}:
        raise UserError(f"{where}: the name {name} is there twice.", "Results bear it; give each stack its own.")
    return name


def _file(where: str, text: str, path: Path) -> Path:
    if not text:
        raise UserError(f"{where}: the cell 'file' is empty.", "Write the path of the stack.")
    return whole(path.parent / text)


def _reading(where: str, row: Mapping[str, str]) -> ReadingChoices:
    scene, channel = (_name_or_number(row.get(column, "")) for column in ("scene", "channel"))
    time = row.get("time", "")
    if time and not time.isdecimal():
        raise UserError(f"{where}: the time point is {time!r}.", "Write a number, from 0; or leave it empty.")
    return ReadingChoices(scene, channel, int(time) if time else None, _voxel_um(where, row))


def _name_or_number(text: str) -> str | int | None:
    return int(text) if text.isdecimal() else text or None


def _voxel_um(where: str, row: Mapping[str, str]) -> tuple[float, float, float] | None:
    texts = [row.get(column, "") for column in VOXEL_COLUMNS]
    if not any(texts):
        return None
    try:
        # Excel writes 0,7 where people do.
        z_um, y_um, x_um = (float(text.replace(",", ".")) for text in texts)
        VoxelSize(z_um, y_um, x_um, "given by you")
    except ValueError as error:
        raise UserError(
            f"{where}: the voxel size {' × '.join(text or '(empty)' for text in texts)} cannot be right.",
            "Write three lengths in µm, z, y and x; or leave all three empty to take what the file says.",
        ) from error
    return z_um, y_um, x_um


def _listed(columns: tuple[str, ...] | list[str]) -> str:
    return ", ".join(columns)
