"""What a network saw after each round in one slice of a cyst that watches: picture, interior, border and tissue."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPixmap, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import SPACING

PARTS = ("Picture", "Cell interiors (B)", "Cell borders (C)", "Tissue (M)")


class SlicesView(QWidget):
    """The picture of the newest round, and a slider back to earlier ones.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paths: dict[int, Path] = {}
        self._pixmap = QPixmap()
        self.title = paragraph("What it sees now", "title")
        self.words = paragraph(
            "A slice of a cyst that watches. White is where it is sure; the borders should close around each cell.",
            "small",
        )
        self.picture = QLabel()
        self.picture.setAccessibleName("Picture, cell interiors, cell borders and tissue side by side")
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName("Round that is shown")
        self.slider.setToolTip("Drag back to see what it saw after earlier rounds.")
        self.slider.setPageStep(1)
        self.slider.setRange(0, 0)
        self.round = QLabel()
        self.round.setProperty("role", "small")
        names = QHBoxLayout()
        names.setSpacing(0)
        for part in PARTS:
            name = QLabel(part)
            name.setProperty("role", "small")
            name.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            name.setAlignment(Qt.AlignmentFlag.AlignHCenter)
            names.addWidget(name, 1)
        rounds = QHBoxLayout()
        rounds.setSpacing(SPACING)
        rounds.addWidget(self.slider, 1)
        rounds.addWidget(self.round)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING // 2)
        layout.addWidget(self.title)
        layout.addWidget(self.words)
        layout.addLayout(names)
        layout.addWidget(self.picture)
        layout.addLayout(rounds)
        self.slider.valueChanged.connect(self._show)

    def show_pictures(self, paths: dict[int, Path]) -> None:
        """Show the pictures of a training by round; stays at an earlier one that was chosen."""
        is_other = {path.parent for path in paths.values()} != {path.parent for path in self._paths.values()}
        newest = is_other or self.slider.value() == self.slider.maximum()
        grew = paths != self._paths
        self._paths = paths
        self.setVisible(bool(paths))
        if not grew or not paths:
            return
        self.slider.setRange(0, len(paths) - 1)
        self.slider.setEnabled(len(paths) > 1)
        if newest or self.slider.value() >= len(paths):
            self.slider.setValue(len(paths) - 1)
        self._show()

    def _show(self) -> None:
        rounds = list(self._paths)
        if not rounds:
            return
        at = min(self.slider.value(), len(rounds) - 1)
        self.round.setText(f"Round {rounds[at]} of {rounds[-1]}")
        self.title.setText("What it sees now" if at == len(rounds) - 1 else f"What it saw after round {rounds[at]}")
        self._pixmap = QPixmap(str(self._paths[rounds[at]]))
        self._fit()

    def _fit(self) -> None:
        if not self._pixmap.isNull():
            width = max(1, self.width())
            size = QSize(width, max(1, round(width * self._pixmap.height() / self._pixmap.width())))
            self.picture.setFixedHeight(size.height())
            self.picture.setPixmap(
                self._pixmap.scaled(
                    size, Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
                )
            )

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._fit()
