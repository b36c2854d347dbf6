"""One pair closely: slices with the outlines of the cells, and what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout

from cartocell_app.desktop.curation.mending import WORDS
from cartocell_app.desktop.curation.pair_check import EDGE_PX, PairCheck
from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import SPACING
from cartocell_app.desktop.viewer.geometry import PLANES

if TYPE_CHECKING:
    from cartocell_app.morphology.label_checks import Finding, Remedy
    from cartocell_app.project.values import Sample

SIGNS = {
    "wrong": ("mdi6.alert-circle", "failed"),
    "doubtful": ("mdi6.alert-outline", "doubt"),
    "harmless": ("mdi6.information-outline", "muted"),
    "": ("mdi6.check", "accepted"),
}
"""Icon and colour for each weight of a finding; empty = all is well."""


class PairView(QWidget):
    """Shows a pair.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    remedy_wanted = Signal(str)
    """Key of the correction that mends what was found, to be done."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: tuple[Sample, PairCheck | None, str] | None = None
        self.title = paragraph("", "title")
        self.pictures = [QLabel() for _ in PLANES]
        pictures = QWidget()
        flow = QFlowLayout(pictures)
        flow.setContentsMargins(0, 0, 0, 0)
        flow.setHorizontalSpacing(SPACING)
        flow.setVerticalSpacing(SPACING)
        for label, plane in zip(self.pictures, PLANES, strict=True):
            label.setProperty("role", "on-pane")
            label.setFixedSize(EDGE_PX, EDGE_PX)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setAccessibleName(f"{plane.name} slice with the outlines of the cells")
            label.setToolTip(f"{plane.name} slice: the stack, and the outlines of its labelled cells")
            flow.addWidget(label)
        self._findings = QVBoxLayout()
        self._findings.setSpacing(SPACING)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self.title)
        layout.addWidget(pictures)
        layout.addLayout(self._findings)

    def show_pair(self, sample: Sample, check: PairCheck | None, no_remedy: str = "") -> None:
        """Show what was found of a sample; None if it was not looked at yet.

        `no_remedy` says why nothing can be mended now; empty if it can.
        """
        if (sample, check, no_remedy) == self._shown:
            return  # no button goes from under the pointer
        self._shown = sample, check, no_remedy
        self.title.setText(sample.name)
        pictures = () if check is None else check.pictures
        for place, label in enumerate(self.pictures):
            label.setVisible(bool(pictures))
            if pictures:
                label.setPixmap(QPixmap.fromImage(pictures[place]))
        while (item := self._findings.takeAt(0)) is not None:
            item.widget().hide()
            item.widget().deleteLater()
        if check is None:
            words = "Looking at it…" if sample.labels is not None else "It has no labelled cells yet."
            self._findings.addWidget(paragraph(words, "muted"))
        elif not check.findings:
            self._findings.addWidget(
                _line("", "Nothing odd was found. Look at the outlines: do they lie on the borders?")
            )
        for finding in () if check is None else check.findings:
            button = self._button(finding.remedy, no_remedy) if finding.remedy else None
            self._findings.addWidget(_line(finding.weight, _words(finding), button))

    def _button(self, remedy: Remedy, problem: str) -> QPushButton:
        button = QPushButton(WORDS[remedy])
        button.setEnabled(not problem)
        button.setToolTip(problem or "Does it and shows it in the viewer. It can be undone, and is not saved yet.")
        button.clicked.connect(lambda: self.remedy_wanted.emit(remedy))
        return button

    @property
    def words(self) -> str:
        """All that is said of it."""
        return "\n".join(label.text() for label in self.findChildren(QLabel) if label.text())


def _words(finding: Finding) -> str:
    return f"{finding.words} {finding.advice}"


def _line(weight: str, words: str, button: QPushButton | None = None) -> QWidget:
    line, sign = QWidget(), QLabel()
    sign.setPixmap(icon(*SIGNS[weight]).pixmap(QSize(16, 16)))
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(SPACING)
    # Beside a button, which is higher than a line of text, all stand in the middle.
    row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop if button is None else Qt.AlignmentFlag.AlignVCenter)
    row.addWidget(paragraph(words), 1)
    if button is not None:
        row.addWidget(button)
    return line
