"""Times and sizes in words, and what a piece of work costs in one line."""

from dataclasses import dataclass
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.jobs.costs import Cost, Room, Work, room_of

PARTS = " · "
FEWEST_GB = 0.3
"""Less is told in MB."""


@dataclass(frozen=True)
class CostLine:
    """What a piece of work costs, to be read before it begins.

    Attributes
    ----------
    words : str
        One line.
    warning : str
        What does not suffice, and what to do; empty if all does.
    """

    words: str
    warning: str = ""


def cost_of(work: Work, folder: Path) -> CostLine:
    """What a piece of work in a project costs here and now, for a worker thread."""
    try:
        return cost_line(work.cost(), room_of(folder))
    except UserError as error:
        return CostLine(f"{work.what}: what it costs is not known.", str(error))


def cost_line(cost: Cost, room: Room) -> CostLine:
    """Time, memory and disk in one line, always in this order, and what of it this computer has not got."""
    parts = (_time(cost), _memory(cost, room), _disk(cost, room))
    return CostLine(
        f"{cost.what}: {PARTS.join(parts)}.", " ".join(filter(None, (_no_memory(cost, room), _full(cost, room))))
    )


def size_in_words(size_bytes: float) -> str:
    """``"0.4 MB"``, ``"12 MB"``, ``"1.4 GB"``: two digits, since more would not be true."""
    unit, number = ("GB", size_bytes / 1e9) if size_bytes >= FEWEST_GB * 1e9 else ("MB", size_bytes / 1e6)
    return f"{number:.0f} {unit}" if number >= 9.95 else f"{max(number, 0.1):.1f} {unit}"


def duration_in_words(seconds: float) -> str:
    """``"about 4 min"``."""
    if seconds < 10:
        return "a few seconds"
    if seconds < 90:
        return f"about {round(seconds, -1):.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 90 * 60 else f"about {seconds / 3600:.1f} h"


def time_in_words(seconds: float) -> str:
    """``"about 40 min"``; honest about how little is known of a training before its first round."""
    if seconds < 150:
        return "a minute or two"
    if seconds < 90 * 60:
        return f"about {5 * -(-seconds // 300):.0f} min"
    hours = seconds / 3600
    return f"about {hours:.0f} hours" if hours < 48 else f"about {hours / 24:.0f} days"


def _time(cost: Cost) -> str:
    if cost.seconds is None:
        return "how long is not known yet"
    return time_in_words(cost.seconds) if cost.is_rough else duration_in_words(cost.seconds)


def _memory(cost: Cost, room: Room) -> str:
    if cost.memory_bytes is None:
        return "memory not known yet"
    words = f"{size_in_words(cost.memory_bytes)} of memory ({size_in_words(room.memory_bytes)} free)"
    return f"{words}, in pieces" if cost.in_pieces else words


def _disk(cost: Cost, room: Room) -> str:
    if cost.disk_bytes is None:
        return "disk not known yet"
    free = "" if room.disk_bytes is None else f" ({size_in_words(room.disk_bytes)} free)"
    return f"up to {size_in_words(cost.disk_bytes)} of disk{free}"


def _no_memory(cost: Cost, room: Room) -> str:
    least = cost.least_memory_bytes if cost.least_memory_bytes is not None else cost.memory_bytes
    if least is None or least <= room.memory_bytes:
        return ""
    return (
        f"There is too little memory: {size_in_words(least)} are needed and {size_in_words(room.memory_bytes)} are "
        f"free. Close other programs, or {cost.way_out}."
    )


def _full(cost: Cost, room: Room) -> str:
    if cost.disk_bytes is None or room.disk_bytes is None or cost.disk_bytes <= room.disk_bytes:
        return ""
    return (
        f"There may be too little room on the disk of this project: up to {size_in_words(cost.disk_bytes)} are needed "
        f"and {size_in_words(room.disk_bytes)} are free. Delete something, or move the project to another disk."
    )
