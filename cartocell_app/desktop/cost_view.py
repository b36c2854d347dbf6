"""The line on the page of a phase that says what its work costs: time, memory and disk of this computer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QSize, Qt, SignalInstance
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import SPACING
from cartocell_app.desktop.workers import Latest

if TYPE_CHECKING:
    from cartocell_app.jobs.cost_words import CostLine
    from cartocell_app.jobs.costs import Work

FINDING_OUT = "Finding out what it costs…"


@dataclass(frozen=True)
class CostQuestion:
    """What is asked about a phase.

    Attributes
    ----------
    work : Work
        What is to be done.
    folder : Path
        Of the project, whose disk it needs.
    warns : bool
        Whether it is said if something does not suffice; not while it is being done, since then it has what it needs.
    """

    work: Work
    folder: Path
    warns: bool = True


class SaysCost(Protocol):
    """A panel of a phase that knows what its work costs."""

    cost_changed: SignalInstance
    """Something was chosen that costs something else."""

    def cost_question(self) -> CostQuestion | None:
        """What is to be done, as it is chosen now; None without a project, or where it cannot be done here."""
        ...


class CostView(QWidget):
    """Works out on a worker thread what is asked, and shows it in a line; in a second one what does not suffice.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words, self.warning = paragraph("", "small"), paragraph("", "doubt")
        self._sign, self._warning_sign = QLabel(), QLabel()
        self._asked: CostQuestion | None = None
        self._finding = Latest(self._show, parent=self)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(SPACING)
        grid.setColumnStretch(1, 1)
        for row, (sign, words) in enumerate(((self._sign, self.words), (self._warning_sign, self.warning))):
            grid.addWidget(sign, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, row, 1)
        self.setVisible(False)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._finding.is_busy

    def ask(self, question: CostQuestion | None, *, anew: bool = False) -> None:
        """Say what something costs; the same is worked out again only if it is asked `anew`."""
        if question == self._asked and not anew:
            return
        if question is None or self._asked is None or type(question.work) is not type(self._asked.work):
            self._put(FINDING_OUT, "")
        self._asked = question
        self.setVisible(question is not None)
        if question is None:
            self._finding.forget()
        else:
            self._finding.request(lambda: _answer(question))

    def _show(self, line: CostLine) -> None:
        self._put(line.words, line.warning if self._asked is not None and self._asked.warns else "")

    def _put(self, words: str, warning: str) -> None:
        self._sign.setPixmap(icon("mdi6.timer-outline", "muted").pixmap(QSize(16, 16)))
        self._warning_sign.setPixmap(icon("mdi6.alert-outline", "doubt").pixmap(QSize(16, 16)))
        self.words.setText(words)
        self.warning.setText(warning)
        for widget in (self._warning_sign, self.warning):
            widget.setVisible(bool(warning))


def _answer(question: CostQuestion) -> CostLine:
    # Imported late, on the worker: it brings much with it.
    from cartocell_app.jobs.cost_words import cost_of

    return cost_of(question.work, question.folder)
