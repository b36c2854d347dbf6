"""What is odd about the current cyst, to click through cell by cell."""

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QIcon
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QToolButton, QVBoxLayout, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.results.cells_model import chip
from cartocell_app.desktop.results.doubts import Doubt
from cartocell_app.desktop.theme import set_role

MOST_BUTTONS = 60
NOTHING_ODD = "Nothing odd was found: all cells reach lumen and outside, are in one piece and of usual size."
WHAT_TO_DO = "What to look at first. Choose a cell to see it in the table and in all panes."


class DoubtsList(QWidget):
    """Sentences about what is odd, each with its cells below it; choosing a cell shows it everywhere.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    cell_picked = Signal(int)
    """Label of the cell that the user chose."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.buttons: dict[int, list[QToolButton]] = {}
        self._scroll = QScrollArea(widgetResizable=True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._scroll)

    def show_doubts(self, doubts: Sequence[Doubt], colours: Mapping[int, QColor] | None = None) -> None:
        """Show what is odd about another cyst.

        Parameters
        ----------
        doubts : sequence of Doubt
            What is odd.
        colours : mapping of int to QColor, optional
            Of the cells, by label.
        """
        self.buttons = {}
        page = QWidget()
        grid = QGridLayout(page)
        grid.setContentsMargins(12, 12, 12, 12)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        intro = QLabel(WHAT_TO_DO if doubts else NOTHING_ODD, wordWrap=True)
        set_role(intro, "muted")
        grid.addWidget(intro, 0, 0, 1, 2)
        for doubt in doubts:
            self._add(grid, doubt, colours or {})
        grid.setRowStretch(grid.rowCount(), 1)
        self._scroll.setWidget(page)

    def set_cell(self, label: int) -> None:
        """Mark the buttons of a cell; 0 marks none."""
        for cell, buttons in self.buttons.items():
            for button in buttons:
                button.setChecked(cell == label)

    def _add(self, grid: QGridLayout, doubt: Doubt, colours: Mapping[int, QColor]) -> None:
        grid.setRowMinimumHeight(grid.rowCount(), 8)
        row = grid.rowCount()
        sign = QLabel()
        sign.setPixmap(icon("mdi6.alert-outline", "doubt").pixmap(16, 16))
        sentence = QLabel(doubt.sentence, wordWrap=True)
        sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        grid.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
        grid.addWidget(sentence, row, 1)
        if not doubt.cells:
            return
        # superqt takes a third of a second to load, which the first window would wait for.
        from superqt import QFlowLayout

        cells = QWidget()
        flow = QFlowLayout(cells)
        flow.setContentsMargins(0, 0, 0, 0)
        flow.setSpacing(2)
        for label in doubt.cells[:MOST_BUTTONS]:
            flow.addWidget(self._button(label, doubt, colours.get(label)))
        if len(doubt.cells) > MOST_BUTTONS:
            more = QLabel(f"and {len(doubt.cells) - MOST_BUTTONS} more")
            set_role(more, "small")
            flow.addWidget(more)
        grid.addWidget(cells, row + 1, 1)

    def _button(self, label: int, doubt: Doubt, colour: QColor | None) -> QToolButton:
        button = QToolButton(text=str(label), checkable=True, toolTip=f"Show cell {label}")
        button.setAccessibleName(f"Show cell {label}. {doubt.sentence}")
        if colour is not None:
            button.setIcon(QIcon(chip(colour)))
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(partial(self._pick, label))
        self.buttons.setdefault(label, []).append(button)
        return button

    def _pick(self, label: int) -> None:
        self.set_cell(label)
        self.cell_picked.emit(label)
