"""The strip at the top: the five phases, how far each is, and a way to its page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QPushButton, QToolButton, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.theme import MARGIN, SPACING

if TYPE_CHECKING:
    from cartocell_app.project.phases import PhaseState

HEIGHT_PX = 44

SHORT = ("High-res cysts", "Train M1", "Label low-res", "Train M2", "New cysts")
"""Names of the phases that fit beside each other."""

PHASE_SIGNS = {
    "blocked": ("mdi6.circle-outline", "muted", "waits for something"),
    "ready": ("mdi6.arrow-right-circle-outline", "accent", "can begin"),
    "in progress": ("mdi6.progress-helper", "accent", "in progress"),
    "done": ("mdi6.check-circle", "accepted", "done"),
    "out of date": ("mdi6.refresh-circle", "doubt", "out of date"),
}
"""Icon, role of its colour, and words of each state of a phase."""


class Stepper(QWidget):
    """Five buttons with a sign each; none is pressed while the viewer is shown.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    phase_clicked = Signal(int)
    """Number of the phase (1 to 5) whose page is asked for; 0 if the page that is shown should go away."""

    palette_clicked = Signal()
    """The list of everything that can be done is asked for."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stepper")
        self.setFixedHeight(HEIGHT_PX)
        self.setAccessibleName("The five phases of CartoCell")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(SPACING, 0, SPACING, 0)
        layout.setSpacing(SPACING // 2)
        self.buttons: list[QPushButton] = []
        self._group = QButtonGroup(self)
        self._group.setExclusive(False)
        for number, name in enumerate(SHORT, 1):
            if number > 1:
                line = QFrame()
                line.setObjectName("step-line")
                line.setFixedHeight(1)
                line.setMaximumWidth(40)
                layout.addWidget(line, 1)
            button = QPushButton(f"{number}  {name}")
            button.setProperty("role", "step")
            button.setCheckable(True)
            button.setIconSize(QSize(18, 18))
            self._group.addButton(button, number)
            self.buttons.append(button)
            layout.addWidget(button)
        self._group.idClicked.connect(self._clicked)
        layout.addStretch()
        layout.addSpacing(MARGIN)
        self.find = QToolButton()
        self.find.setIcon(icon("mdi6.magnify"))
        self.find.setIconSize(QSize(18, 18))
        self.find.setToolTip("Find what you want to do (Ctrl+K)")
        self.find.setAccessibleName("Find what you want to do")
        self.find.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.find.clicked.connect(self.palette_clicked)
        layout.addWidget(self.find)

    def show_phases(self, phases: tuple[PhaseState, ...]) -> None:
        """Show how far each phase is."""
        for button, phase in zip(self.buttons, phases, strict=True):
            name, role, words = PHASE_SIGNS[phase.state]
            button.setIcon(icon(name, role))
            button.setProperty("phase", phase.state)
            lines = (f"Phase {phase.number}, {phase.title}: {words}.", *phase.missing)
            button.setToolTip("\n".join(lines))
            button.setAccessibleName(lines[0])

    def show_open(self, number: int) -> None:
        """Show which page is open; 0 = none."""
        for at, button in enumerate(self.buttons, 1):
            button.setChecked(at == number)

    def _clicked(self, number: int) -> None:
        self.phase_clicked.emit(number if self.buttons[number - 1].isChecked() else 0)
