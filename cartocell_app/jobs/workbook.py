"""Excel workbooks of measurements: units in the headers, what they mean in notes on them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cartocell_app.errors import UserError
from cartocell_app.morphology.measures import Measure
from cartocell_app.stacks.files import whole_file

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 1_048_575
"""That Excel shows in a sheet, below the header."""

NARROWEST, WIDEST = 9, 40
"""Widths of columns, in characters."""


@dataclass(frozen=True)
class Sheet:
    """One sheet of a workbook.

    Parameters
    ----------
    title : str
        On its tab.
    table : pandas.DataFrame
        With at least the columns of `measures`.
    measures : sequence of Measure
        What its columns are, in the order to write them.
    """

    title: str
    table: "pd.DataFrame"
    measures: Sequence[Measure]


def write_workbook(path: Path, sheets: Iterable[Sheet]) -> None:
    """Write an Excel workbook.

    Parameters
    ----------
    path : Path
        Ends in ``.xlsx``.
    sheets : iterable of Sheet
        At least one.

    Raises
    ------
    UserError
        If a table has more rows than Excel shows, or the disk refuses.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for sheet in sheets:
        if len(sheet.table) > MOST_ROWS:
            raise UserError(
                f"{path.name}: {len(sheet.table)} rows are more than an Excel sheet can hold.", "Use the CSV file."
            )
        _fill(book.create_sheet(sheet.title), sheet)
    with whole_file(path) as partial:
        book.save(partial)


def _fill(page: Any, sheet: Sheet) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.comments import Comment
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    page.freeze_panes = "B2"
    header = []
    for number, measure in enumerate(sheet.measures, start=1):
        width = min(max(len(measure.header) + 2, NARROWEST), WIDEST)
        page.column_dimensions[get_column_letter(number)].width = width
        cell = WriteOnlyCell(page, measure.header)
        cell.font = Font(bold=True)
        cell.comment = Comment(measure.words, "CartoCell", width=300, height=80)
        header.append(cell)
    page.append(header)
    columns = [sheet.table[measure.name].tolist() for measure in sheet.measures]
    for values in zip(*columns, strict=True):
        page.append([_cell(page, value, measure) for value, measure in zip(values, sheet.measures, strict=True)])


def _cell(page: Any, value: Any, measure: Measure) -> Any:
    """Make a cell that Excel takes for what it is: a number with its places, or text that is no formula."""
    import pandas as pd
    from openpyxl.cell import WriteOnlyCell

    if pd.isna(value):
        return None
    if measure.dtype == "float64":
        cell = WriteOnlyCell(page, value)
        cell.number_format = "0." + "0" * measure.decimals if measure.decimals else "0"
        return cell
    if measure.dtype == "bool":
        return "yes" if value else "no"
    if measure.dtype == "str":
        cell = WriteOnlyCell(page, value)
        cell.data_type = "s"
        return cell
    return value
