"""Tables that people open in Excel and edit there."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.stacks.files import whole_file


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write rows as CSV, columns in the order of their first use; a file that says the same already is left alone."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(
        {name: f"{value:.6g}" if isinstance(value, float) else value for name, value in row.items()} for row in rows
    )
    # The byte-order mark makes Excel read µ and accents as they are.
    content = text.getvalue().encode("utf-8-sig")
    if path.is_file() and path.read_bytes() == content:
        return
    with whole_file(path) as partial:
        partial.write_bytes(content)


def read_table(path: Path) -> list[dict[str, str]]:
    """Read rows of a CSV file as this program or Excel, in whatever language, wrote them.

    Raises
    ------
    UserError
        If the file cannot be read, or is no table.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(
            f"{path} could not be read.", "Close it in other programs, or check its permissions."
        ) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=separator, restval="")
    rows: list[dict[str, str]] = []
    try:
        for row in reader:
            rows.append({str(name).strip(): str(value).strip() for name, value in row.items()})
    except csv.Error as error:
        raise UserError(
            f"{path} is no table from row {len(rows) + 2} on.", "Is a quotation mark there that is not closed?"
        ) from error
    return rows
