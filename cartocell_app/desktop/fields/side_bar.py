"""Beside a field: its boxes as a list, and what can be done with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QListWidget, QListWidgetItem, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.fields.editing import BoxEdits
from cartocell_app.desktop.fields.words import HOW_TO, box_in_words
from cartocell_app.desktop.importing.segmenting import cysts_in_words
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.stacks.voxel_size import VoxelSize

WIDTH_PX = 250
NUMBER = int(Qt.ItemDataRole.UserRole)


class BoxBar(QWidget):
    """List of boxes and buttons; it holds no state of its own.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    chosen = Signal(int)
    """Number of the box that was chosen in the list."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH_PX)
        self.list = QListWidget()
        self.list.setAccessibleName("Boxes around cysts: number and size in depth, height and width")
        self.add, self.remove = QPushButton("&Add a box"), QPushButton("&Remove it")
        self.undo, self.find = QPushButton("&Undo"), QPushButton("&Find again")
        self.cut = QPushButton()
        self.cut.setProperty("role", "primary")
        self.state, self.obstacle = paragraph(""), paragraph("", "small")
        buttons = QGridLayout()
        buttons.setSpacing(SPACING)
        for at, button in enumerate((self.add, self.remove, self.undo, self.find)):
            buttons.addWidget(button, at // 2, at % 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self.state)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)
        layout.addWidget(paragraph(HOW_TO, "small"))
        layout.addWidget(self.cut)
        layout.addWidget(self.obstacle)
        self.list.currentItemChanged.connect(self._moved)

    def say(self, words: str) -> None:
        """Say how far it is, above the list; nothing where `words` is empty."""
        self.state.setText(words)
        self.state.setVisible(bool(words))

    def show_boxes(self, edits: BoxEdits, voxel_size: VoxelSize | None, chosen: int) -> None:
        """List the boxes."""
        with QSignalBlocker(self.list):
            self.list.clear()
            for box in edits.boxes:
                item = QListWidgetItem(box_in_words(box, voxel_size, is_cut=box.number in edits.cut_out))
                item.setData(NUMBER, box.number)
                self.list.addItem(item)
                if box.number == chosen:
                    self.list.setCurrentItem(item)

    def show_what_can_be_done(self, edits: BoxEdits, chosen: int, problem: str, obstacle: str) -> None:
        """Enable buttons, or say why they cannot be used.

        Parameters
        ----------
        edits : BoxEdits
            The boxes.
        chosen : int
            Number of the box that is chosen.
        problem : str
            Why nothing can be changed; empty if it can.
        obstacle : str
            Why nothing can be cut out; empty if it can.
        """
        is_cut = chosen in edits.cut_out
        no_box = "This cyst was cut out already. Remove it from the project to cut it anew." if is_cut else ""
        no_box = no_box or ("" if chosen else "Choose a box first.")
        for button, reason, words in (
            (self.add, problem, "A box in the middle of what you see (N)."),
            (self.remove, problem or no_box, "Remove the chosen box (Del)."),
            (
                self.undo,
                problem or ("" if edits.can_undo else "There is nothing to undo."),
                "Undo the last change (Ctrl+Z).",
            ),
            (self.find, problem, "Look for cysts again; boxes that are not cut out yet are replaced."),
            (self.cut, problem or obstacle, "Each box becomes a cyst of its own, to be labelled with M1."),
        ):
            button.setEnabled(not reason)
            button.setToolTip(reason or words)
        self.cut.setText(f"&Cut out {cysts_in_words(len(edits.due)) if edits.due else 'cysts'}")
        self.obstacle.setText(problem or obstacle)
        self.obstacle.setVisible(bool(problem or obstacle))

    def _moved(self, item: QListWidgetItem | None) -> None:
        self.chosen.emit(0 if item is None else item.data(NUMBER))
