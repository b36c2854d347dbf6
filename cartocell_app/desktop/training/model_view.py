"""A model that was trained: what it says about itself, giving it away, and using it from now on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import SPACING
from cartocell_app.desktop.training.proposing import MODEL_OF
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.project.values import TrainedModel
    from cartocell_app.segmentation.model_card import ModelCard


class ModelView(QWidget):
    """Card of the model of a phase, and what can be done with it.

    Parameters
    ----------
    session : Session
        Holds the project.
    phase : int
        2 for M1, 4 for M2.
    parent : QWidget, optional
        Owner.
    """

    told = Signal(str)
    """What was done, a sentence."""

    def __init__(self, session: Session, phase: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.name = MODEL_OF[phase]
        self._model: TrainedModel | None = None
        self._reading = Latest(self._read, self._not_read, parent=self)
        self._saving = Latest(self._saved, parent=self)
        self.title = paragraph(f"{self.name} about itself", "title")
        self.card, self.training, self.use_words = paragraph(""), paragraph("", "small"), paragraph("", "small")
        self.save = QPushButton("&Save model as…")
        self.save.setToolTip(
            "Save it as one file (.onnx) that other computers with CartoCell can use, and its card as a page to read."
        )
        self.use = QPushButton()
        self.save.clicked.connect(self._ask_where)
        self.use.clicked.connect(self._use)
        buttons = QHBoxLayout()
        buttons.setSpacing(SPACING)
        for button in (self.use, self.save):
            buttons.addWidget(button)
        buttons.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING // 2)
        for widget in (self.title, self.card, self.training, self.use_words):
            layout.addWidget(widget)
        layout.addLayout(buttons)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether the card is still to come, or something is being saved."""
        return self._reading.is_busy or self._saving.is_busy

    def refresh(self) -> None:
        """Show the project's model as it is now."""
        project = self._session.project
        model = None if project is None else project.models().get(self.name)
        self.setVisible(model is not None)
        if project is None or model is None:
            self._model = None
            return
        if model != self._model:
            self._model = model
            self.card.setText("Reading…")
            self._reading.request(lambda: _card_of(model.path))
        in_use = project.model_in_use() == model.path
        self.use.setText("&Use CartoCell's model again" if in_use else "&Use this model from now on")
        self.use.setEnabled(not project.read_only)
        self.use.setToolTip(project.why_read_only or "It is proposed wherever cysts are segmented in this project.")
        self.use_words.setText(f"{self.name} is used in this project from now on." if in_use else "")
        self.use_words.setVisible(in_use)

    def save_to(self, target: Path) -> None:
        """Save the model as `target`, and its card beside it."""
        from cartocell_app.jobs.model_saving import save_model

        if self._model is not None:
            source = self._model.path
            self._saving.request(lambda: save_model(source, target))

    def _read(self, card: ModelCard) -> None:
        from cartocell_app.desktop.importing.segment_words import card_in_words

        self.card.setText(card_in_words(card))
        self.training.setText(card.training)

    def _not_read(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self.card.setText(str(error))
        self.training.setText("")

    def _ask_where(self) -> None:
        chosen, _ = QFileDialog.getSaveFileName(
            self, f"Save {self.name}", f"{self.name}.onnx", "Models of CartoCell (*.onnx)"
        )
        if chosen:
            self.save_to(Path(chosen))

    def _saved(self, files: tuple[Path, Path]) -> None:
        model, page = files
        self.told.emit(f"Saved {self.name} to {model}, and its card to {page.name} beside it.")

    def _use(self) -> None:
        project = self._session.project
        if project is None or self._model is None:
            return
        in_use = project.model_in_use() == self._model.path
        project.use_model(None if in_use else self._model.path)
        self.told.emit(
            "CartoCell's model is used again." if in_use else f"{self.name} is used in this project from now on."
        )


def _card_of(path: Path) -> ModelCard:
    from cartocell_app.segmentation.model_card import read_card

    return read_card(path)
