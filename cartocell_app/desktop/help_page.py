"""All keys of the window on one page, made from the actions themselves."""

from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QLineEdit, QScrollArea, QWidget

from cartocell_app.desktop.actions import ActionInfo, keys_in_words
from cartocell_app.desktop.pages import Page
from cartocell_app.desktop.theme import MARGIN, SPACING

MOUSE = (
    ("Image panes", "Next or previous slice", "Scroll"),
    ("Image panes", "Zoom", "Ctrl + scroll; in 3D scroll alone"),
    ("Image panes", "Turn the 3D view", "Drag"),
    ("Image panes", "Select a cell", "Click"),
    ("Image panes", "Move the picture", "Middle button, or Space and drag"),
    ("Image panes", "One pane alone, and back", "Double-click"),
    ("Image panes", "What can be done with this", "Right click"),
)
"""Habits of the mouse, which are no actions: where, what, how."""


class HelpPage(Page):
    """Keys by place, with a field to find one.

    Parameters
    ----------
    infos : list of ActionInfo
        Everything that can be done.
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(self, infos: list[ActionInfo], parent: QWidget | None = None) -> None:
        super().__init__("Keys and mouse", parent, enter_closes=False)
        self.resize(560, 640)
        self._rows: list[tuple[str, list[QLabel]]] = []
        self.search = QLineEdit()
        self.search.setPlaceholderText("Find what you want to do")
        self.search.setAccessibleName("Find what you want to do")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.content.addWidget(self.search)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(self._table(key_table(infos)))
        self.content.addWidget(scroll, 1)

    def _table(self, rows: list[tuple[str, str, str]]) -> QWidget:
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, MARGIN, 0)
        grid.setHorizontalSpacing(MARGIN * 2)
        grid.setVerticalSpacing(SPACING)
        grid.setColumnStretch(0, 1)
        for place, group in groupby(rows, key=lambda row: row[0]):
            heading = QLabel(place)
            heading.setProperty("role", "title")
            grid.addWidget(heading, grid.rowCount(), 0, 1, 2)
            under = [heading]
            for _, words, keys in group:
                row = grid.rowCount()
                labels = [QLabel(words), QLabel(keys)]
                labels[1].setProperty("role", "muted")
                grid.addWidget(labels[0], row, 0)
                grid.addWidget(labels[1], row, 1, Qt.AlignmentFlag.AlignLeft)
                self._rows.append((f"{place} {words} {keys}".lower(), labels))
                under += labels
            self._rows.append((" ".join(label.text() for label in under).lower(), [heading]))
        grid.setRowStretch(grid.rowCount(), 1)
        return table

    def _filter(self, text: str) -> None:
        wanted = text.lower().split()
        for content, labels in self._rows:
            for label in labels:
                label.setVisible(all(word in content for word in wanted))


def key_table(infos: list[ActionInfo]) -> list[tuple[str, str, str]]:
    """Rows of place, what is done, keys; places in the order in which they come, those of the mouse last."""
    rows = [
        (_place(info), info.words, ", ".join(map(keys_in_words, info.shortcuts))) for info in infos if info.shortcuts
    ]
    places = list(dict.fromkeys(row[0] for row in (*rows, *MOUSE)))
    return sorted((*rows, *MOUSE), key=lambda row: places.index(row[0]))


def _place(info: ActionInfo) -> str:
    return info.page or info.key.partition(".")[0].capitalize()
