"""Pictures of cysts for the gallery: the middle slice raw, and with its cells; made off the window's thread."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.project.values import Sample

EDGE_PX = 168
"""Each of the two pictures is so wide and high; raw at the left, cells at the right."""

DARKEST, BRIGHTEST = 1.0, 99.7
"""Percentiles that become black and white."""

COLOUR_SHARE = 0.6
"""How much of a cell's colour lies over the raw picture."""

Rgb = NDArray[np.uint8]


def pair_picture(sample: Sample, cache: Path | None) -> QImage | None:
    """Both pictures of a cyst side by side.

    Parameters
    ----------
    sample : Sample
        A labelled cyst.
    cache : Path or None
        Folder in which pictures are kept, each under the name of what it was made from.

    Returns
    -------
    QImage or None
        2 × `EDGE_PX` wide and `EDGE_PX` high; None if a file is missing.

    Raises
    ------
    UserError
        If a file cannot be read, or stack and labels are of different sizes.
    """
    if sample.labels is None or not sample.labels.exists() or not sample.path.exists():
        return None
    kept = None if cache is None else cache / f"{_fingerprint(sample, sample.labels)}.png"
    if kept is not None and kept.is_file():
        image = QImage(str(kept))
        if not image.isNull():
            return image
    image = _draw(sample, sample.labels)
    if kept is not None:
        kept.parent.mkdir(exist_ok=True)
        image.save(str(kept))
    return image


def middle_of(labels: NDArray[Any]) -> int:
    """The slice of labels (Z, Y, X) that holds most of the cells."""
    return int(np.argmax(np.count_nonzero(labels, axis=(1, 2))))


def with_cells(grey: NDArray[np.uint8], labels: NDArray[Any], colours: Rgb) -> Rgb:
    """A slice with its cells in their colours.

    Parameters
    ----------
    grey, labels : (Y, X) ndarray
        Raw slice and its labels; 0 stays grey.
    colours : (highest label + 1, 3) ndarray of uint8
        Of `label_colours`.

    Returns
    -------
    (Y, X, 3) ndarray of uint8
    """
    raw = np.repeat(grey[..., None], 3, axis=2).astype(np.float32)
    mixed = COLOUR_SHARE * colours[labels] + (1 - COLOUR_SHARE) * raw
    return np.where(labels[..., None] > 0, mixed, raw).astype(np.uint8)


def _fingerprint(sample: Sample, labels: Path) -> str:
    """Changes with the files and with what of them is shown."""
    parts = [(path, path.stat().st_size, path.stat().st_mtime_ns) for path in (sample.path, labels)]
    text = repr((EDGE_PX, parts, sample.scene, sample.channel, sample.time))
    return "cells-" + hashlib.sha256(text.encode()).hexdigest()[:20]


def _draw(sample: Sample, labels_path: Path) -> QImage:
    from cartocell_app.errors import UserError
    from cartocell_app.segmentation.colours import label_colours
    from cartocell_app.stacks.reading import read, read_labels

    stack = read(sample.path, scene=sample.scene, channel=sample.channel, time=sample.time).data
    labels = read_labels(labels_path)[0]
    if labels.shape != stack.shape:
        raise UserError(f"{labels_path} does not belong to {sample.name}: it is of another size.")
    at = middle_of(labels)
    raw = stack[at].astype(np.float32)
    dark, bright = np.percentile(raw, (DARKEST, BRIGHTEST))
    grey = np.clip((raw - dark) / max(float(bright - dark), 1e-6) * 255, 0, 255).astype(np.uint8)
    # Colours of the whole stack, so that a cell has here the one that it has in the viewer.
    coloured = with_cells(grey, labels[at], label_colours(labels))
    both = QImage(2 * EDGE_PX, EDGE_PX, QImage.Format.Format_RGB888)
    both.fill(Qt.GlobalColor.black)
    _paint(both, (np.repeat(grey[..., None], 3, axis=2), coloured))
    return both


def _paint(into: QImage, pictures: tuple[Rgb, Rgb]) -> None:
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QPainter

    painter = QPainter(into)
    for number, rgb in enumerate(pictures):
        height, width = rgb.shape[:2]
        data = np.ascontiguousarray(rgb)
        image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888)
        image = image.scaled(
            EDGE_PX, EDGE_PX, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        )
        place = QRect(0, 0, image.width(), image.height())
        place.moveCenter(QRect(number * EDGE_PX, 0, EDGE_PX, EDGE_PX).center())
        painter.drawImage(place.topLeft(), image)
    painter.end()
