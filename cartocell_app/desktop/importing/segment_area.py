"""Below what is imported: whether it is segmented right away, with what, and what that needs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QDialogButtonBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.importing.fitting import FittingDialog
from cartocell_app.desktop.importing.segment_form import SegmentForm
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import SPACING, set_role
from cartocell_app.jobs.forecast import Subject

HABIT = "import.segment"


class SegmentArea(QWidget):
    """A tick, a line that says what it means, and the choices behind a button.

    Parameters
    ----------
    session : Session
        Remembers whether it was ticked last time.
    model : Path or None
        A model that was dropped with the stacks: then they are to be segmented with it.
    parent : QWidget, optional
        Owner.
    """

    changed = Signal()
    """It was ticked or not, something was chosen, or found out."""

    def __init__(self, session: Session, model: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._subjects: tuple[Subject, ...] = ()
        self.tick = QCheckBox("&Segment them right away")
        self.tick.setChecked(model is not None or bool(session.settings.panels.get(HABIT, False)))
        self.summary = paragraph("", "small")
        self.change = QPushButton("C&hange…")
        self.change.setAutoDefault(False)
        self.change.setToolTip("Choose another model, or another device.")
        self.form = SegmentForm(session, model)
        self.choices = self._make_dialog()
        line = QHBoxLayout()
        line.setSpacing(SPACING)
        line.addWidget(self.tick)
        line.addWidget(self.summary, 1)
        line.addWidget(self.change)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(line)
        self.tick.toggled.connect(self._show)
        self.change.clicked.connect(self.choices.open)
        self.form.changed.connect(self._show)
        self._show()

    @property
    def is_wanted(self) -> bool:
        """Whether they are to be segmented."""
        return self.tick.isChecked()

    def show_subjects(self, subjects: Sequence[Subject]) -> None:
        """Forecast for these stacks from now on."""
        if tuple(subjects) != self._subjects:
            self._subjects = tuple(subjects)
            self._show()

    def obstacle(self) -> str:
        """Why they cannot be segmented, in a sentence; empty if they can, or are not to be."""
        if not self.is_wanted:
            return ""
        if self._subjects and all(subject.voxel_size is None for subject in self._subjects):
            return "Without a voxel size nothing can be segmented: give it, or only import."
        return self.form.obstacle()

    def remember(self) -> None:
        """Do the same next time."""
        self._session.remember(panels={**self._session.settings.panels, HABIT: self.is_wanted})
        if self.is_wanted:
            self.form.remember()

    def _make_dialog(self) -> FittingDialog:
        dialog = FittingDialog("How to segment", self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok)
        buttons.accepted.connect(dialog.accept)
        dialog.content.addWidget(self.form)
        dialog.content.addStretch()
        dialog.content.addWidget(buttons)
        return dialog

    def _show(self) -> None:
        if self.is_wanted and self._subjects:
            self.form.show_subjects(self._subjects)
        unknown = sum(subject.voxel_size is None for subject in self._subjects)
        wait = f" {unknown:,} without a voxel size {'is' if unknown == 1 else 'are'} imported only." if unknown else ""
        self.summary.setText(self.form.summary() + wait if self.is_wanted else "")
        set_role(self.summary, "failed" if self.obstacle() else "small")
        self.change.setVisible(self.is_wanted)
        self.changed.emit()
