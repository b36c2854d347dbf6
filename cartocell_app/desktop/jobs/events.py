"""What a running command says, line by line: half a line waits for its rest, and what is no event is no error."""

import json
import math
from dataclasses import dataclass, replace
from typing import Any

from cartocell_app.jobs.reporting import result_sentence

LONGEST_LINE_BYTES = 1_000_000
"""A longer line is no event; it is not kept in memory until its end."""

Event = dict[str, Any]


class LineReader:
    """Puts the pieces in which a process's output arrives together to lines."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, piece: bytes) -> list[str]:
        """Lines that are complete with `piece`, without their ends."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            lines.append(self._rest)
            self._rest = b""
        return [_decoded(line) for line in lines]

    def finish(self) -> list[str]:
        """What came after the last end of a line."""
        lines, self._rest = ([_decoded(self._rest)] if self._rest else []), b""
        return lines


@dataclass(frozen=True)
class Progress:
    """How far a command is, by what it said so far.

    Attributes
    ----------
    stage : str
        What it does now: "Network".
    item : str
        What it works on: a stack's name.
    done, total : float
        Of the whole job, parts of an item count; total is 0 while unknown.
    eta_s : float or None
        Seconds that are left; None while unknown.
    message : str
        The last sentence that it said.
    good, bad : int
        Results that came, and that came as failures.
    """

    stage: str = ""
    item: str = ""
    done: float = 0.0
    total: float = 0.0
    eta_s: float | None = None
    message: str = ""
    good: int = 0
    bad: int = 0


def read_event(line: str) -> Event | None:
    """Event in a line of output; None if there is none."""
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


def after(progress: Progress, event: Event) -> Progress:
    """How far a command is after it also said `event`; what the event says wrongly is as if it had not been said."""
    kind = event["event"]
    if kind == "progress":
        done, total = _number(event.get("job_done")), _number(event.get("job_total"))
        if not total:
            done, total = _number(event.get("done")), _number(event.get("total"))
        return replace(
            progress,
            stage=_text(event.get("stage")),
            item=_text(event.get("stack")),
            done=min(done or 0.0, total or 0.0),
            total=total or 0.0,
            eta_s=_number(event.get("eta_s")),
        )
    if kind == "result":
        failed = bool(event.get("error"))
        return replace(progress, good=progress.good + (not failed), bad=progress.bad + failed)
    message = _text(event.get("message"))
    return replace(progress, message=message) if message else progress


def sentence(event: Event) -> str:
    """An event as a line of the log; empty for mere progress."""
    if event["event"] == "progress":
        return ""
    if event["event"] == "result":
        # Without these there is nothing that could be told in the usual words.
        if not event.get("error") and (_number(event.get("seconds")) is None or "cells" not in event):
            return f"{_text(event.get('stack'))}: {_text(event.get('state')) or 'done'}"
        return result_sentence(_text(event.get("stack")), event)
    return _text(event.get("message"))


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", errors="replace").rstrip("\r")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value < 0:
        return None
    return float(value)
