"""A folder of cysts that were cut out of fields: which ones, from where, and which files are this program's."""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from cartocell_app.jobs.box_table import ALSO_KNOWN, COLUMNS
from cartocell_app.jobs.links import signature
from cartocell_app.jobs.records import write_json
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.tables import read_table, write_table
from cartocell_app.stacks.files import disk_troubles, whole_file

CROPS = "crops.csv"
"""Where each cyst was, in the result folder."""

FILES = "crops.json"
"""Each cyst that this program put there, with its field and signature, to tell it from what others put or changed."""

Row = Mapping[str, Any]


class CropFolder:
    """The cysts in a folder, kept up to date on disk with each change.

    Parameters
    ----------
    folder : Path
        Where the cysts are, and `CROPS` and `FILES` of earlier calls.

    Raises
    ------
    UserError
        If the table that is there cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        table = folder / CROPS
        self._rows: list[Row] = [row for row in read_table(table) if any(row.values())] if table.is_file() else []
        self._files = _read_files(folder / FILES)

    def add(self, field: str, row: Row) -> None:
        """Note a cyst of a field that was saved, instead of an earlier one of that number."""
        file_name = f"{row['name']}.tif"
        self._files[file_name] = {"field": field, "signature": signature(self._folder / file_name)}
        cyst = _identity(row)
        place = next((at for at, other in enumerate(self._rows) if _identity(other) == cyst), len(self._rows))
        after = [other for other in self._rows[place:] if _identity(other) != cyst]
        self._rows = [*self._rows[:place], row, *after]
        self.write()

    def keep_only(self, field: str, numbers: Collection[int], report: Reporter) -> None:
        """Forget cysts of a field with other numbers, and delete their files if they are as this program left them."""
        wanted = {(field, str(number)) for number in numbers}
        of_field = [row for row in self._rows if _identity(row)[0] == field]
        keep = {f"{row['name']}.tif" for row in of_field if _identity(row) in wanted}
        known = {name for name, file in self._files.items() if file["field"] == field}
        known |= {f"{row['name']}.tif" for row in of_field if row.get("name")}
        for name in sorted(known - keep):
            self._remove(name, report)
        self._rows = [row for row in self._rows if _identity(row)[0] != field or _identity(row) in wanted]
        self.write()

    def _remove(self, file_name: str, report: Reporter) -> None:
        path = self._folder / file_name
        now, ours = signature(path), self._files.pop(file_name, None)
        if now is None:
            return
        if ours is None:
            report.message(f"{path} is no longer wanted, but may have been changed there by hand, so it is kept.")
        elif now != ours.get("signature"):
            report.message(f"{path} is no longer wanted, but was changed there by hand, so it is kept.")
        else:
            with disk_troubles(path):
                path.unlink()
            report.message(f"{path} is no longer wanted and was deleted.")

    def write(self) -> None:
        """Write what is known, if only the header of the table."""
        write_json(self._folder / FILES, self._files)
        if self._rows:
            write_table(self._folder / CROPS, self._rows)
            return
        # A header says that there are no cysts, and what a program that reads it may expect.
        with whole_file(self._folder / CROPS) as partial:
            partial.write_text(",".join(("name", *COLUMNS, *ALSO_KNOWN[1:])) + "\r\n", "utf-8-sig", newline="")


def _identity(row: Row) -> tuple[str, str]:
    """Field and number of a cyst, as tables write them."""
    # Excel may write 12 as 12.0, or 12,0.
    return str(row.get("field", "")), str(row.get("number", "")).replace(",", ".").removesuffix(".0")


def _read_files(path: Path) -> dict[str, dict[str, Any]]:
    try:
        files = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(files, dict):
        return {}
    return {name: file for name, file in files.items() if isinstance(file, dict) and "field" in file}
