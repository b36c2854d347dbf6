"""Above the gallery: which cysts are shown, and what can be done with them."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSignalBlocker, Signal
from PySide6.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget
from superqt import QFlowLayout

from cartocell_app.desktop.actions import ActionInfo
from cartocell_app.desktop.gallery.showing import WORDS, Which
from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import SPACING

HOW_TO = (
    "Arrows go from cyst to cyst. A accepts, R rejects, Space shows them raw or with their cells, Enter opens one in "
    "the viewer, where its cells can be corrected."
)
PAGE = "Gallery of labelled cysts"


class GalleryBar(QWidget):
    """Filter and buttons; of the buttons the gallery itself says what they do.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    closed = Signal()
    """The page of phase 3 is asked for again."""

    which_changed = Signal()
    """Other cysts are to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.back, self.filter = QPushButton("&Back to phase 3"), QComboBox()
        self.flip = QPushButton()
        self.accept = QPushButton(icon("mdi6.check-circle-outline", "accepted"), "&Accept")
        self.reject = QPushButton(icon("mdi6.close-circle-outline"), "&Reject…")
        self.open = QPushButton("&Open in the viewer")
        self.filter.setAccessibleName("Which cysts are shown")
        for which, words in WORDS.items():
            self.filter.addItem(words, which)
        row = QFlowLayout()
        row.setHorizontalSpacing(SPACING)
        row.setVerticalSpacing(SPACING)
        for widget in (self.back, self.filter, self.flip, self.accept, self.reject, self.open):
            row.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(row)
        layout.addWidget(paragraph(HOW_TO, "small"))
        self.back.clicked.connect(self.closed)
        self.filter.currentIndexChanged.connect(self.which_changed)
        self.show_side(shows_cells=True)

    @property
    def which(self) -> Which:
        """Which cysts are to be shown."""
        return self.filter.currentData()

    def show_counts(self, counts: Mapping[Which, int]) -> None:
        """Say how many cysts there are of each kind."""
        with QSignalBlocker(self.filter):
            for row, (which, words) in enumerate(WORDS.items()):
                self.filter.setItemText(row, f"{words} ({counts[which]})")

    def show_side(self, *, shows_cells: bool) -> None:
        """Say what flipping would show."""
        self.flip.setText("Show them ra&w" if shows_cells else "Sho&w their cells")
        self.flip.setToolTip("Flip between raw pictures and cells (Space).")

    def show_what_can_be_done(self, problem: str) -> None:
        """Enable buttons, or say why they cannot be used."""
        for button, words in (
            (self.accept, "The cells of this cyst are right: M2 learns from it (A)."),
            (self.reject, "The cells of this cyst are wrong: it does not count (R)."),
        ):
            button.setEnabled(not problem)
            button.setToolTip(problem or words)
        self.open.setToolTip("See it from all sides, and correct its cells (Enter).")


def help_on_keys() -> list[ActionInfo]:
    """Keys of the gallery for the help page."""
    keys = (
        ("accept", "Accept", ("A",)),
        ("reject", "Reject, then a number for the reason", ("R",)),
        ("flip", "Raw or with cells", ("Space",)),
        ("open", "Open in the viewer", ("Return",)),
    )
    return [ActionInfo(f"gallery.{key}", text, lambda: None, shortcut=words, page=PAGE) for key, text, words in keys]
