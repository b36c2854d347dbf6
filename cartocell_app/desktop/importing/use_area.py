"""What the stacks that are imported are for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.sample_commands import USES
from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.project.values import Role


class UseArea(QWidget):
    """A choice of role, and what that means.

    Parameters
    ----------
    role : str
        Chosen at first.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, role: Role = "new", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.choice = QComboBox()
        self.choice.setAccessibleName("Use for")
        for name, text, _ in USES:
            self.choice.addItem(text.replace("&", ""), name)
        self.choice.setCurrentIndex(self.choice.findData(role))
        self.words = paragraph("", "small")
        label = QLabel("&Use for")
        label.setBuddy(self.choice)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(label)
        layout.addWidget(self.choice)
        layout.addWidget(self.words, 1)
        self.choice.currentIndexChanged.connect(self._show)
        self._show()

    @property
    def role(self) -> Role:
        """What was chosen."""
        return self.choice.currentData()

    def _show(self) -> None:
        self.words.setText(USES[self.choice.currentIndex()][2])
