"""A cyst as it is beside itself as a model will learn from it: coarser."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPixmap
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.soon import soon
from cartocell_app.desktop.theme import SPACING
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample
    from cartocell_app.stacks.voxel_size import VoxelSize

WIDTH_PX, HEIGHT_PX = 240, 240
TYPING_MS = 150
"""Numbers that are being typed are waited for as long."""

OUTLINE = (255, 170, 0)
DARKEST, BRIGHTEST = 1.0, 99.8

VoxelUm = tuple[float, float, float]


@dataclass(frozen=True)
class Pictures:
    """What is shown of a cyst: slices (Y, X, 3) and (Z, X, 3) of uint8, their sides in µm, and words; before, after."""

    slices: tuple[np.ndarray, np.ndarray]
    upright: tuple[np.ndarray, np.ndarray]
    sides_um: VoxelUm
    captions: tuple[str, str]
    words: str


class CoarserView(QWidget):
    """Two pictures of a cyst, each from above and from the side, at the same scale.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[object, ...] | None = None
        self._making = Latest(self._made, self._failed, parent=self)
        self._soon = soon(self, self._make, TYPING_MS)
        self.words = paragraph("", "small")
        self.captions = (paragraph("", "small"), paragraph("", "small"))
        self.above, self.side = (QLabel(), QLabel()), (QLabel(), QLabel())
        for column, when in enumerate(("As it is", "As it is learnt from")):
            self.above[column].setAccessibleName(f"{when}, from above")
            self.side[column].setAccessibleName(f"{when}, from the side")
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACING)
        grid.setVerticalSpacing(SPACING // 2)
        for column in range(2):
            for row, widget in enumerate((self.captions[column], self.above[column], self.side[column])):
                grid.addWidget(widget, row, column, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            self.captions[column].setFixedWidth(WIDTH_PX)
        grid.setColumnStretch(2, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING // 2)
        layout.addLayout(grid)
        layout.addWidget(self.words)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether pictures are still to come."""
        return self._making.is_busy or self._soon.isActive()

    def show_cyst(self, cyst: Sample | None, voxel_um: VoxelUm | None) -> None:
        """Show a cyst at a voxel size (z, y, x) in µm; nothing where it cannot be."""
        if cyst is None or voxel_um is None or cyst.missing or cyst.labels is None or cyst.voxel_size is None:
            self.forget()
            self.hide()
            return
        wanted = (cyst.id, cyst.labels, cyst.voxel_size, voxel_um)
        if wanted != self._shown:
            self._shown = wanted
            self._next = (cyst, voxel_um)
            self._soon.start()

    def forget(self) -> None:
        """Make no pictures any more that nobody looks at; they are made when they are shown again."""
        self._shown = None
        self._soon.stop()
        self._making.forget()

    def _make(self) -> None:
        cyst, voxel_um = self._next
        self._making.request(lambda: make_pictures(cyst, voxel_um))

    def _made(self, pictures: Pictures) -> None:
        z_um, y_um, x_um = pictures.sides_um
        scale = min(WIDTH_PX / x_um, HEIGHT_PX / y_um, HEIGHT_PX / z_um)
        for column in range(2):
            self.captions[column].setText(pictures.captions[column])
            _put(self.above[column], pictures.slices[column], x_um * scale, y_um * scale)
            _put(self.side[column], pictures.upright[column], x_um * scale, z_um * scale)
        self.words.setText(pictures.words)
        self.show()

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self.hide()  # the training would say why; a picture need not


def make_pictures(cyst: Sample, voxel_um: VoxelUm) -> Pictures:
    """Read a cyst and make its pictures; on a worker.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    from cartocell_app.jobs.coarsening import coarsen, what_became
    from cartocell_app.jobs.pairs import check_same_size
    from cartocell_app.stacks.reading import read, read_labels

    assert cyst.labels is not None
    assert cyst.voxel_size is not None
    stack = read(cyst.path, scene=cyst.scene, time=cyst.time, channel=cyst.channel, voxel_size=cyst.voxel_size)
    labels = read_labels(cyst.labels)[0]
    check_same_size(stack.shape, labels.shape)
    coarse = coarsen(stack.data, labels, cyst.voxel_size, voxel_um)
    became = what_became(labels, coarse.labels)
    both = ((stack.data, labels), (coarse.raw, coarse.labels))
    z_um, y_um, x_um = (size * um for size, um in zip(stack.shape, cyst.voxel_size, strict=True))
    remark = became["remark"]
    return Pictures(
        tuple(_outlined(raw[raw.shape[0] // 2], cells[raw.shape[0] // 2]) for raw, cells in both),
        tuple(_outlined(raw[:, raw.shape[1] // 2], cells[:, raw.shape[1] // 2]) for raw, cells in both),
        (z_um, y_um, x_um),
        (
            _caption("As it is", cyst.voxel_size, became["cells_before"]),
            _caption("As it is learnt from", coarse.voxel_size, became["cells_after"]),
        ),
        f"{cyst.name}, from above and from the side. "
        + (f"What suffers: {remark}." if remark else "All its cells are still whole. Click another cyst to see it."),
    )


def _caption(when: str, size: VoxelSize, cells: int) -> str:
    return f"{when}: {' × '.join(f'{edge_um:.3g}' for edge_um in size)} µm, {cells:,} cells"


def _outlined(raw: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """A slice in grey with the outlines of its cells, (height, width, 3) of uint8."""
    low, high = np.percentile(raw, (DARKEST, BRIGHTEST))
    grey = np.clip((raw.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
    picture = np.repeat((255 * grey).astype(np.uint8)[..., None], 3, axis=2)
    edge = np.zeros(cells.shape, bool)
    for axis in range(2):
        differ = np.diff(cells, axis=axis) != 0
        before = [slice(None), slice(None)]
        before[axis] = slice(None, -1)
        edge[tuple(before)] |= differ
    picture[edge] = OUTLINE
    return picture


def _put(label: QLabel, picture: Any, width: float, height: float) -> None:
    picture = np.ascontiguousarray(picture)
    rows, columns, _ = picture.shape
    image = QImage(picture.data, columns, rows, 3 * columns, QImage.Format.Format_RGB888).copy()
    size = QSize(max(1, round(width)), max(1, round(height)))
    # Not smoothed: how coarse it is, is what is to be seen.
    label.setPixmap(QPixmap.fromImage(image).scaled(size))
