"""What is typed above the table of cells: numbers of cells, or conditions such as ``volume > 800``."""

import operator
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cartocell_app.errors import UserError
from cartocell_app.morphology.measures import MEASURES, Measure

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

COMPARISONS: dict[str, Callable[[Any, float], Any]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
CONDITION = re.compile(r"\s*([^<>=]+?)\s*(>=|<=|>|<|=)\s*([-+]?\d+(?:[.,]\d+)?)\s*")
NUMBERS = re.compile(r"[\d\s,]+")
AT_FRAME, WHOLE = "frame", "whole"


def filtered(table: "pd.DataFrame", text: str) -> "NDArray[np.bool_]":
    """Which rows of a table of cells are asked for.

    Parameters
    ----------
    table : pandas.DataFrame
        Columns of `MEASURES`.
    text : str
        Conditions joined by ``and`` or ``;``: numbers of cells (``3, 17``), a measure compared with a number
        (``volume > 800``), ``frame`` for cells that touch the frame, ``whole`` for the others. Empty: all.

    Returns
    -------
    (n,) ndarray of bool

    Raises
    ------
    UserError
        If it cannot be understood, with an example.
    """
    wanted = table["label"].notna().to_numpy()
    for part in re.split(r"\s+and\s+|;", text.strip().lower()):
        if part.strip():
            wanted = wanted & _one(table, part.strip())
    return wanted


def _one(table: "pd.DataFrame", part: str) -> "NDArray[np.bool_]":
    at_frame = table["touches_border"].to_numpy(bool)
    if part in (AT_FRAME, "at the frame"):
        return at_frame
    if part == WHOLE:
        return ~at_frame
    if NUMBERS.fullmatch(part):
        return table["label"].isin([int(word) for word in re.findall(r"\d+", part)]).to_numpy()
    found = CONDITION.fullmatch(part)
    measure = None if found is None else _measure(found[1])
    if found is None or measure is None:
        names = ", ".join(one.title.lower() for one in MEASURES if one.dtype == "float64")
        raise UserError(
            f"“{part}” is not understood.", f"Type cell numbers (3, 17), or a measure: volume > 800. Measures: {names}."
        )
    comparison, number = COMPARISONS[found[2]], float(found[3].replace(",", "."))
    return comparison(table[measure.name].to_numpy(float), number)


def _measure(word: str) -> Measure | None:
    """The measure that is called so, or whose title alone begins so."""
    numbers = [measure for measure in MEASURES if measure.dtype in ("int64", "float64")]
    exact = [one for one in numbers if word in (one.title.lower(), one.name)]
    begun = exact or [one for one in numbers if one.title.lower().startswith(word)]
    return begun[0] if begun else None
