"""A phase in the user's words: what it is for, what it needs, has, and what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from cartocell_app.desktop.cost_view import CostView, SaysCost
from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.stepper import PHASE_SIGNS
from cartocell_app.desktop.theme import MARGIN, SPACING, is_dark

if TYPE_CHECKING:
    from superqt import QFlowLayout

    from cartocell_app.project.phases import PhaseState

WIDTH_PX = 680

PURPOSES = (
    "A few cysts, imaged at high resolution and with their cells labelled by hand or by a careful tool. They are the "
    "examples from which everything else is learnt.",
    "A first model, M1, learns from the high-resolution cysts, made as coarse as your routine stacks. A model is a "
    "network that has learnt to tell cell interiors, cell borders and tissue apart; training is showing it examples "
    "until it does.",
    "M1 labels many cysts at routine, low resolution. You look through them and keep the good ones: a large set of "
    "examples, without labelling by hand.",
    "The second model, M2, learns from the many cysts that were kept. It should be more robust than M1, since it has "
    "seen more; once it is trained, both are compared here.",
    "M2 segments your new cysts. A model M2 comes with CartoCell, so you can begin here at once; go through the phases "
    "before if your cysts look very different.",
)
"""What each phase is for; "model" and "training" are explained where they first appear."""

GETS = (
    "You get: pairs that you found good, their cells as label stacks (TIFF) in the project. M1 learns from them.",
    "You get: M1, a model in one file (.onnx) that labels your routine stacks; curves that show how it learnt; a card "
    "that says what it was made of.",
    "You get: a label stack (TIFF) of each cyst that you found good, and their counts by day and condition. M2 learns "
    "from them.",
    "You get: M2, a model in one file (.onnx) for your new cysts and for colleagues; its curves; and whether it is "
    "better than M1, in numbers.",
    "You get: the cells of each cyst as a label stack (TIFF), and the numbers of cells, contacts, lumen and cysts in "
    "tables (CSV, Excel) and charts.",
)
"""What there is in the end."""

STEPS: tuple[tuple[str, ...], ...] = (
    ("file.report",),
    ("file.report",),
    ("file.import", "segment.samples", "file.report"),
    ("file.report",),
    ("file.report",),
)
"""Keys of the actions that a phase offers; the first is the main one."""


class PhasePage(QScrollArea):
    """Page of one phase.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    action_wanted = Signal(str)
    """Key of the action whose button was clicked."""

    closed = Signal()
    """The samples are asked for again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("phase-page")
        self.setWidgetResizable(True)
        self.number = 0
        self.costs = CostView(self)
        self._panels: dict[int, QWidget] = {}
        self._cost_of: dict[int, SaysCost] = {}
        self._shown: tuple[object, ...] = ()

    def set_panel(self, number: int, panel: QWidget) -> None:
        """Show `panel` on the page of a phase, below what it is for; it keeps what was typed into it."""
        panel.setParent(self)
        panel.hide()
        self._panels[number] = panel
        self._shown = ()

    def set_cost(self, number: int, panel: SaysCost) -> None:
        """Say on the page of a phase what it costs, as `panel` knows it."""
        self._cost_of[number] = panel
        panel.cost_changed.connect(lambda: self._ask_cost() if self.number == number else None)

    def show_phase(self, phase: PhaseState, texts: dict[str, tuple[str, str]]) -> None:
        """Show a phase.

        Parameters
        ----------
        phase : PhaseState
            How far it is.
        texts : dict of str to (str, str)
            Text of each action by key, and why it cannot be done now ("" if it can).
        """
        wanted = (phase, texts, is_dark())
        if wanted == self._shown:
            return  # nothing moves under the pointer, and what is being typed goes on
        at = self.verticalScrollBar().value() if phase.number == self.number else 0
        self._shown = wanted
        for shown in (*self._panels.values(), self.costs):
            # Out of the old page, which is about to go.
            shown.setParent(self)
            shown.hide()
        self.number = phase.number
        column = QVBoxLayout()
        column.setSpacing(MARGIN)
        title = QLabel(f"{phase.number} · {phase.title}")
        title.setProperty("role", "page-title")
        title.setWordWrap(True)
        column.addWidget(title)
        column.addLayout(self._state(phase))
        column.addWidget(paragraph(PURPOSES[phase.number - 1]))
        column.addLayout(_line(GETS[phase.number - 1], "mdi6.package-variant-closed", "muted", "small"))
        column.addWidget(self.costs)
        panel = self._panels.get(phase.number)
        if panel is not None:
            column.addSpacing(SPACING)
            column.addWidget(panel)
        for heading, sentences, name, role in (
            ("Still missing", phase.missing, "mdi6.alert-circle-outline", "doubt"),
            ("What it has", phase.has, "mdi6.check", "accepted"),
            ("What it needs", phase.needs, "mdi6.circle-small", "muted"),
        ):
            if sentences:
                column.addSpacing(SPACING)
                column.addWidget(paragraph(heading, "title"))
                for sentence in sentences:
                    column.addLayout(_line(sentence, name, role))
        column.addSpacing(MARGIN)
        column.addLayout(self._buttons(phase.number, texts))
        column.addStretch()
        self._put(column)
        if panel is not None:
            panel.show()
        self._ask_cost(anew=True)
        if at:
            # The new page gets its height first.
            self.widget().adjustSize()
            self.verticalScrollBar().setValue(at)

    def _ask_cost(self, *, anew: bool = False) -> None:
        panel = self._cost_of.get(self.number)
        self.costs.ask(None if panel is None else panel.cost_question(), anew=anew)

    def _put(self, column: QVBoxLayout) -> None:
        inner = QWidget()
        inner.setMaximumWidth(WIDTH_PX)
        inner.setLayout(column)
        page = QWidget()
        around = QHBoxLayout(page)
        around.setContentsMargins(MARGIN, 2 * MARGIN, MARGIN, 2 * MARGIN)
        around.addStretch(1)
        around.addWidget(inner, 100)
        around.addStretch(1)
        self.setWidget(page)

    def _state(self, phase: PhaseState) -> QHBoxLayout:
        name, role, words = PHASE_SIGNS[phase.state]
        return _line(words[:1].upper() + words[1:], name, role)

    def _buttons(self, number: int, texts: dict[str, tuple[str, str]]) -> QFlowLayout:
        # Imported late: it takes a tenth of a second, which the first window need not wait for.
        from superqt import QFlowLayout

        # They go into a second row where the window is narrow.
        row = QFlowLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setHorizontalSpacing(SPACING)
        row.setVerticalSpacing(SPACING)
        # What the panels add is not there before they are loaded.
        for at, key in enumerate(key for key in STEPS[number - 1] if key in texts):
            text, reason = texts[key]
            button = QPushButton(text)
            button.setProperty("role", "primary" if at == 0 and number not in self._panels else "")
            button.setEnabled(not reason)
            button.setToolTip(reason)
            button.clicked.connect(lambda _=False, key=key: self.action_wanted.emit(key))
            row.addWidget(button)
        back = QPushButton("&Back to the samples")
        back.clicked.connect(self.closed)
        row.addWidget(back)
        return row


def _line(text: str, icon_name: str, role: str, text_role: str = "") -> QHBoxLayout:
    sign = QLabel()
    sign.setPixmap(icon(icon_name, role).pixmap(QSize(16, 16)))
    row = QHBoxLayout()
    row.setSpacing(SPACING)
    row.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(paragraph(text, text_role), 1)
    return row
