"""Small pictures of the channels of a candidate, so that one sees which shows the cell outlines."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.desktop.samples.thumbnails import thumbnail
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from cartocell_app.desktop.importing.candidates import Candidate

MOST_CHANNELS = 8
"""A file that calls its slices channels is not read once a slice."""


@dataclass(frozen=True)
class _Choice:
    """What `thumbnail` needs to know of a sample."""

    path: Path
    scene: int | None
    channel: int | None
    time: int | None
    shape: tuple[int, int, int]
    missing: bool = False


def channel_pictures(candidate: Candidate) -> list[QImage | None]:
    """The middle slice of each channel, for a worker thread; None where there is no picture."""
    if candidate.problem or candidate.info is None:
        return []
    pictures: list[QImage | None] = []
    for channel in range(min(len(candidate.channels), MOST_CHANNELS)):
        choice = _Choice(
            candidate.path,
            candidate.scene if candidate.scene_count > 1 else None,
            channel if len(candidate.channels) > 1 else None,
            candidate.time if candidate.times > 1 else None,
            candidate.info.shape,
        )
        try:
            pictures.append(thumbnail(choice, None))  # type: ignore[arg-type]
        except UserError:
            pictures.append(None)
    return pictures
