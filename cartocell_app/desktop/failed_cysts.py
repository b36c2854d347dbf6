"""Why cysts of a phase could not be done, a line each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.samples.words import SIGNS
from cartocell_app.desktop.theme import SPACING, themes

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

MOST = 4
"""Cysts that are told one by one; the rest are counted."""


class FailedCysts(QWidget):
    """Names and reasons; hidden while nothing failed.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines: list[str] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(SPACING)
        self._grid.setColumnStretch(1, 1)
        # Signs are pictures, which keep the colours that they were made with.
        themes.changed.connect(self._put)
        self.hide()

    @property
    def words(self) -> str:
        """All that is said."""
        return "\n".join(self._lines)

    def show_cysts(self, cysts: Sequence[Sample]) -> None:
        """Tell those among `cysts` that failed."""
        lines = failures_in_words(cysts)
        if lines != self._lines:
            self._lines = lines
            self._put()
        self.setVisible(bool(lines))

    def _put(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        sign = SIGNS["failed"]
        for row, words in enumerate(self._lines):
            label = QLabel()
            label.setPixmap(icon(sign.icon, sign.role).pixmap(QSize(16, 16)))
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(paragraph(words), row, 1)


def failures_in_words(cysts: Sequence[Sample]) -> list[str]:
    """Why each cyst that failed did so, a line each; those beyond `MOST` together in the last one."""
    failed = [cyst for cyst in cysts if cyst.state == "failed"]
    lines = [f"{cyst.name}: {cyst.reason or 'it could not be done.'}" for cyst in failed[:MOST]]
    more = len(failed) - MOST
    if more > 0:
        lines.append(f"{more:,} more could not be done; the list of samples says why.")
    return lines
