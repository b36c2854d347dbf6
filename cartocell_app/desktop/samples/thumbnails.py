"""Small pictures of stacks, made one at a time in the background and kept in the project's folder."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QImage

from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

EDGE_PX = 96
"""Twice what the list shows, for screens with small pixels."""

LARGEST_VOX = 400_000_000
"""Larger stacks keep a plain sign: to read one for a small picture would slow down what is worked on."""

DARKEST, BRIGHTEST = 1.0, 99.7
"""Percentiles that become black and white."""


Draw = Callable[["Sample", Path | None], QImage | None]


class ThumbnailMaker(QObject):
    """Makes thumbnails, the one asked for last first: that is what is looked at.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    draw : callable, optional
        Makes a picture of a sample, keeping it in a folder; called on a worker thread. `thumbnail` by default.
    """

    made = Signal(int, QImage)
    """Number of the sample, and its picture."""

    def __init__(self, parent: QObject | None = None, draw: Draw | None = None) -> None:
        super().__init__(parent)
        self._draw = draw or thumbnail
        self._asked: list[Sample] = []
        self._cache: Path | None = None
        self._worker = Latest(self._done, self._failed, parent=self)
        self._at: Sample | None = None

    def start_with(self, cache: Path | None) -> None:
        """Forget what was asked for, and keep pictures in the folder `cache` from now on (None: keep none)."""
        self._asked.clear()
        self._worker.forget()
        self._at = None
        self._cache = cache

    def ask(self, sample: Sample) -> None:
        """Have a picture of `sample` made."""
        self._asked.append(sample)
        if self._at is None:
            self._next()

    def _next(self) -> None:
        self._at = self._asked.pop() if self._asked else None
        if self._at is not None:
            sample, cache = self._at, self._cache
            self._worker.request(lambda: self._draw(sample, cache))

    def _done(self, image: QImage | None) -> None:
        if self._at is not None and image is not None:
            self.made.emit(self._at.id, image)
        self._next()

    def _failed(self, error: Exception) -> None:
        # A file that cannot be read says so where it is opened; in the list it keeps its plain sign.
        self._next()
        if not isinstance(error, UserError | OSError):
            raise error


def thumbnail(sample: Sample, cache: Path | None) -> QImage | None:
    """Picture of the middle of a stack.

    Parameters
    ----------
    sample : Sample
        Which stack.
    cache : Path or None
        Folder in which pictures are kept, each under the name of what it was made from.

    Returns
    -------
    QImage or None
        At most `EDGE_PX` wide and high; None if the file is missing or too large.

    Raises
    ------
    UserError
        If the stack cannot be read.
    """
    if sample.missing or not sample.path.exists() or math.prod(sample.shape or ()) > LARGEST_VOX:
        return None
    kept = None if cache is None else cache / f"{_fingerprint(sample)}.png"
    if kept is not None and kept.is_file():
        image = QImage(str(kept))
        if not image.isNull():
            return image
    image = _draw(sample)
    if kept is not None:
        kept.parent.mkdir(exist_ok=True)
        image.save(str(kept))
    return image


def _fingerprint(sample: Sample) -> str:
    """Changes with the file and with what of it is shown."""
    status = sample.path.stat()
    parts = (sample.path, status.st_size, status.st_mtime_ns, sample.scene, sample.channel, sample.time)
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:20]


def _draw(sample: Sample) -> QImage:
    import numpy as np

    from cartocell_app.stacks.reading import read

    stack = read(sample.path, scene=sample.scene, channel=sample.channel, time=sample.time).data
    # Every n-th pixel of the middle slice: enough for a picture of this size, after smoothing by Qt.
    step = max(1, max(stack.shape[1:]) // (4 * EDGE_PX))
    middle = stack[len(stack) // 2, ::step, ::step].astype(np.float32)
    dark, bright = np.percentile(middle, (DARKEST, BRIGHTEST))
    grey = np.clip((middle - dark) / max(float(bright - dark), 1e-6) * 255, 0, 255).astype(np.uint8)
    height, width = grey.shape
    image = QImage(grey.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
    return image.scaled(
        EDGE_PX, EDGE_PX, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    )
