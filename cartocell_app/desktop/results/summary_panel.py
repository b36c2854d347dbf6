"""The current cyst in numbers: its summary, scores, times, how it was made, and notes."""

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QButtonGroup,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.results.summary_words import Group, as_text, groups_of
from cartocell_app.desktop.theme import set_role

if TYPE_CHECKING:
    from cartocell_app.desktop.results.loading import SampleResults

SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse


class SummaryPanel(QWidget):
    """The current cyst in numbers, and the switch between cells before and after Voronoi.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    before_voronoi_wanted = Signal(bool)
    """True: show the cells as they were before Voronoi; False: the cells as they are."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self.before, self.after = _choice("Before Voronoi"), _choice("After Voronoi")
        self.before.setToolTip("Show the cells as the watershed found them: they do not touch yet.")
        self.after.setToolTip("Show the cells after Voronoi: they fill the tissue, and the lumen stays empty.")
        self.after.setChecked(True)
        both = QButtonGroup(self)
        for button in (self.before, self.after):
            both.addButton(button)
        self.before.toggled.connect(self.before_voronoi_wanted)
        self.copy = QToolButton(icon=icon("mdi6.content-copy"), toolTip="Copy these numbers")
        self.copy.setAccessibleName("Copy these numbers")
        self.copy.clicked.connect(self._copy)
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._lay_out()
        self.show_results(None)

    def show_results(self, results: "SampleResults | None") -> None:
        """Show the numbers of another sample; None: of none."""
        groups = () if results is None else groups_of(results)
        self._text = "" if results is None else as_text(results.sample.name, groups)
        notes = "" if results is None else str(results.row.get("notes") or "")
        self._scroll.setWidget(_page(groups, notes))
        self.after.setChecked(True)
        has_before = results is not None and bool(results.row)
        self.before.setEnabled(has_before)
        self.after.setEnabled(has_before)
        self.copy.setEnabled(bool(groups))

    def _lay_out(self) -> None:
        switch = QHBoxLayout()
        switch.setSpacing(0)
        switch.addWidget(self.before)
        switch.addWidget(self.after)
        switch.addStretch(1)
        switch.addWidget(self.copy)
        switch.setContentsMargins(12, 8, 12, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(switch)
        layout.addWidget(self._scroll, 1)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)


def _choice(words: str) -> QToolButton:
    button = QToolButton(text=words, checkable=True)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
    return button


def _page(groups: tuple[Group, ...], notes: str) -> QWidget:
    """All groups below each other, in one grid so that values stand below values."""
    page = QWidget()
    grid = QGridLayout(page)
    grid.setContentsMargins(12, 8, 12, 12)
    grid.setHorizontalSpacing(16)
    grid.setVerticalSpacing(4)
    grid.setColumnStretch(2, 1)
    for group in groups:
        _add_group(grid, group)
    if notes:
        grid.setRowMinimumHeight(grid.rowCount(), 8)
        grid.addWidget(_label("Notes", "title"), grid.rowCount(), 0, 1, 3)
        grid.addWidget(_label(notes, "doubt", wraps=True), grid.rowCount(), 0, 1, 3)
    grid.setRowStretch(grid.rowCount(), 1)
    return page


def _add_group(grid: QGridLayout, group: Group) -> None:
    grid.setRowMinimumHeight(grid.rowCount(), 8)
    row = grid.rowCount()
    grid.addWidget(_label(group.title, "title"), row, 0, 1, 1 if group.has_before else 3)
    if group.has_before:
        grid.addWidget(_label("after", "small"), row, 1)
        grid.addWidget(_label("before Voronoi", "small"), row, 2)
    for number, line in enumerate(group.lines, start=row + 1):
        title, value = _label(line.title, "muted"), _label(line.value, "value", wraps=not group.has_before)
        for label in (title, value):
            label.setToolTip(line.words)
        grid.addWidget(title, number, 0, Qt.AlignmentFlag.AlignTop)
        if group.has_before:
            grid.addWidget(value, number, 1)
            grid.addWidget(_label(line.before, "muted"), number, 2)
        else:
            grid.addWidget(value, number, 1, 1, 2)


def _label(words: str, role: str, *, wraps: bool = False) -> QLabel:
    label = QLabel(words)
    set_role(label, role)
    label.setWordWrap(wraps)
    label.setTextInteractionFlags(SELECTABLE)
    return label
