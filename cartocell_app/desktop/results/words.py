"""Numbers as people read them."""

import math
from typing import Any

from cartocell_app.morphology.measures import Measure

THIN_SPACE = "\u202f"
NOTHING = "–"


def number_words(value: float | None, decimals: int) -> str:
    """A number with thin spaces between thousands: ``"75 306"``; a dash for what could not be measured."""
    if value is None or not math.isfinite(value):
        return NOTHING
    return f"{value:,.{decimals}f}".replace(",", THIN_SPACE)


def value_words(value: Any, measure: Measure) -> str:
    """A value of a table, without its unit, which stands in the header."""
    if measure.dtype == "bool":
        return "yes" if value else ""
    if measure.dtype == "str":
        return "" if value is None else str(value)
    return number_words(None if value is None else float(value), measure.decimals)


def with_unit(value: float | None, decimals: int, unit: str) -> str:
    """A number with its unit, which it keeps at a line's end."""
    words = number_words(value, decimals)
    return words if words == NOTHING or not unit else f"{words}\u00a0{unit}"


def count_words(count: int, one: str, several: str = "") -> str:
    """A number of things: ``"1 cell"``, ``"3 cells"``."""
    return f"{number_words(count, 0)} {one if count == 1 else several or one + 's'}"
