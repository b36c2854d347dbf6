"""A job as it is shown."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.desktop.jobs.events import Progress

if TYPE_CHECKING:
    from cartocell_app.project.values import Run, RunState


@dataclass(frozen=True)
class JobView:
    """A run and how far it is.

    Attributes
    ----------
    run_id : int
        Of the `Run`.
    title : str
        "Segment 60 cysts".
    words : tuple of str
        Of the command.
    folder : Path
        Its results.
    state : str
        One of `RunState`.
    message : str
        What came of it or what it said last, a sentence.
    progress : Progress
        What it told so far.
    is_stopping : bool
        Whether it was asked to stop and still runs.
    started, ended : datetime or None
        When, in UTC.
    log : tuple of str
        The last lines of its log.
    """

    run_id: int
    title: str
    words: tuple[str, ...]
    folder: Path
    state: RunState
    message: str = ""
    progress: Progress = field(default_factory=Progress)
    is_stopping: bool = False
    started: datetime | None = None
    ended: datetime | None = None
    log: tuple[str, ...] = ()

    @property
    def can_be_retried(self) -> bool:
        """Whether running it again may do more."""
        return self.state in ("some failed", "failed", "cancelled", "interrupted")


def view_of(run: Run, log: tuple[str, ...] = ()) -> JobView:
    """View of a run that does not run now."""
    return JobView(
        run.id,
        run.title,
        run.words,
        run.folder,
        run.state,
        run.message,
        started=run.started,
        ended=run.ended,
        log=log,
    )


def time_left_in_words(eta_s: float | None) -> str:
    """``"about 4 min left"``; empty while unknown."""
    if eta_s is None or not math.isfinite(eta_s):
        return ""
    if eta_s < 45:
        return "less than a minute left"
    if eta_s < 90 * 60:
        return f"about {max(1, round(eta_s / 60))} min left"
    return f"about {eta_s / 3600:.0f} h left" if eta_s >= 10 * 3600 else f"about {eta_s / 3600:.1f} h left"
