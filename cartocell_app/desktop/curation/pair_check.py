"""What is found in a stack and its labels, and pictures of both; made off the window's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage

from cartocell_app.desktop.viewer.geometry import PLANES, outlines
from cartocell_app.errors import UserError
from cartocell_app.morphology.label_checks import Finding, check_pair

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

EDGE_PX = 200
DARKEST, BRIGHTEST = 1.0, 99.7
"""Percentiles that become black and white."""


@dataclass(frozen=True, eq=False)
class PairCheck:
    """A pair that was looked at.

    Attributes
    ----------
    findings : tuple of Finding
        The gravest first; empty if all is well.
    pictures : tuple of QImage
        A slice in each direction, raw with the outlines of the cells.
    """

    findings: tuple[Finding, ...]
    pictures: tuple[QImage, ...] = ()

    @property
    def weight(self) -> str:
        """That of the gravest finding; empty if all is well."""
        return self.findings[0].weight if self.findings else ""


def look_at_pair(sample: Sample) -> PairCheck:
    """Read and check a sample; a file that cannot be read is a finding too."""
    from cartocell_app.segmentation.colours import label_colours
    from cartocell_app.stacks.reading import read, read_labels

    assert sample.labels is not None
    try:
        stack = read(sample.path, scene=sample.scene, channel=sample.channel, time=sample.time)
        labels, label_voxel = read_labels(sample.labels)
    except UserError as error:
        return PairCheck((Finding("wrong", error.title, error.body),))
    findings = check_pair(stack.data, labels, sample.voxel_size, label_voxel)
    if labels.shape != stack.data.shape:
        return PairCheck(findings)
    planes = [finding.plane for finding in findings if finding.plane is not None]
    middle = _middle(labels, planes[0] if planes else None)
    dark, bright = np.percentile(stack.data[:: max(1, len(stack.data) // 16)], (DARKEST, BRIGHTEST))
    voxel_um = (1.0, 1.0, 1.0) if sample.voxel_size is None else sample.voxel_size.zyx_um
    colours = label_colours(labels)
    pictures = []
    for plane in PLANES:
        raw, cells = (plane.slice_of(volume, middle[plane.normal]) for volume in (stack.data, labels))
        grey = np.clip((raw.astype(np.float32) - dark) / max(float(bright - dark), 1e-6) * 255, 0, 255)
        rgb = np.repeat(grey.astype(np.uint8)[..., None], 3, axis=2)
        edges = outlines(cells) & (cells > 0)
        rgb[edges] = colours[cells[edges]]
        pictures.append(_image(rgb, voxel_um[plane.down], voxel_um[plane.right]))
    return PairCheck(findings, tuple(pictures))


def _middle(labels: NDArray[Any], plane: int | None) -> tuple[int, int, int]:
    """Voxel (z, y, x) through which the slices go: where most of the cells are, or through the plane that is odd."""
    counts = [np.count_nonzero(labels, axis=tuple(other for other in range(3) if other != axis)) for axis in range(3)]
    z, y, x = (int(np.argmax(count)) for count in counts)
    return z if plane is None else plane, y, x


def _image(rgb: NDArray[np.uint8], down_um: float, right_um: float) -> QImage:
    """A picture at most `EDGE_PX` wide and high, in true proportions."""
    height, width = rgb.shape[:2]
    data = np.ascontiguousarray(rgb)
    image = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    scale = EDGE_PX / max(height * down_um, width * right_um)
    size = (max(1, round(width * right_um * scale)), max(1, round(height * down_um * scale)))
    return image.scaled(*size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation).copy()
