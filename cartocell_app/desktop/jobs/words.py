"""Jobs in words and signs: never by colour alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from cartocell_app.desktop.jobs.view import JobView, time_left_in_words
from cartocell_app.desktop.signs import Sign

if TYPE_CHECKING:
    from cartocell_app.project.values import RunState


SIGNS: dict[RunState, Sign] = {
    "queued": Sign("Waiting", "mdi6.clock-outline", "muted"),
    "running": Sign("Running", "mdi6.progress-clock", "running"),
    "done": Sign("Done", "mdi6.check-circle", "accepted"),
    "some failed": Sign("Done in part", "mdi6.alert-circle-outline", "doubt"),
    "failed": Sign("Failed", "mdi6.alert-circle", "failed"),
    "cancelled": Sign("Stopped", "mdi6.stop-circle-outline", "muted"),
    "interrupted": Sign("Interrupted", "mdi6.pause-circle-outline", "doubt"),
}

DOING = {
    "segment": "Segmenting",
    "train": "Training",
    "measure": "Measuring",
    "import-model": "Importing a model",
    "run": "Doing what the BiaPy file asks",
    "synthesize": "Drawing synthetic cysts",
    "crop": "Cropping cysts",
}
"""What a command does, while it does it; others are called by their title."""


def doing_in_words(view: JobView) -> str:
    """``"Segmenting 12 of 60"``."""
    words = DOING.get(view.words[0] if view.words else "", view.title)
    progress = view.progress
    if progress.total > 1 and progress.total == int(progress.total):
        return f"{words} {min(int(progress.done) + 1, int(progress.total)):,} of {int(progress.total):,}"
    return words


def step_in_words(view: JobView) -> str:
    """What it does at the moment and how long it will take: ``"7d.4C.9_1 · Network · about 4 min left"``."""
    if view.is_stopping:
        return "Stopping at the next good moment…"
    progress = view.progress
    parts = (progress.item, progress.stage, time_left_in_words(progress.eta_s))
    return " · ".join(part for part in parts if part) or view.message or "Starting…"


def duration_in_words(started: datetime | None, ended: datetime | None) -> str:
    """``"4 min"``; empty while unknown."""
    if started is None or ended is None:
        return ""
    seconds = max(0.0, (ended - started).total_seconds())
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def counts_in_words(waiting: int, ended: int) -> str:
    """``"1 waiting · 2 finished"``; empty if there are none."""
    parts = (f"{waiting} waiting" if waiting else "", f"{ended} finished" if ended else "")
    return " · ".join(part for part in parts if part)
