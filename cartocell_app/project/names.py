"""What file names of cysts say: the day in culture and the condition."""

import re

DAY = re.compile(
    r"(?<![a-z0-9])(?:(?!(?-i:[23]D))(\d{1,2})[ ]?(?:d|days?|dias?|tage?|j)|(?:day|dia|tag)[ _]?(\d{1,2}))(?![a-z0-9])",
    re.IGNORECASE,
)
"""A number of days that stands for itself: "7d", "10 days", "day 4"; not the "3d" inside "x3d2", nor "3D culture"."""

WELL = re.compile(r"^[0-9]{1,2}[A-Z]{1,2}[0-9]{0,2}$")
"""An experiment or well: "4C", "1B", "3HX3"."""

WORDS = re.compile(r"^[^\W\d_]{3,}$")
KINDS = {"crop", "cyst", "cysts", "image", "position", "scene", "series", "stack", "synthetic"}
PLACEHOLDERS = KINDS | {"culture", "filt", "ome", "raw", "tif", "tiff", "zeiss"}
"""Words that name any file and so say nothing about a condition."""


def day_and_condition(file_name: str) -> tuple[str | None, str | None]:
    """Read day and condition from the name of a stack's file, without its ending.

    The condition is the word before the day (``control_7d…``), or the word, well or experiment right after it
    (``7d_hypoxia_3``, ``7d.4C.8_2``). What cannot be read is None: a person fills it in.

    Parameters
    ----------
    file_name : str
        ``"7d.4C.8_2"``.

    Returns
    -------
    day : str or None
        ``"7 d"``.
    condition : str or None
        ``"4C"``.
    """
    match = DAY.search(file_name)
    if match is None:
        return None, None
    day = f"{int(match.group(1) or match.group(2))} d"
    before = [part for part in re.split(r"[\s._,-]+", file_name[: match.start()]) if part]
    if before and _is_telling(before[-1]):
        return day, before[-1]
    after = re.match(r"[._-]([^._\s-]+)", file_name[match.end() :])
    if after is not None and (WELL.match(after.group(1)) or _is_telling(after.group(1))):
        return day, after.group(1)
    return day, None


def _is_telling(word: str) -> bool:
    return WORDS.match(word) is not None and word.lower() not in PLACEHOLDERS
