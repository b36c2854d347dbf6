"""The list of models to choose from when stacks are segmented."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QComboBox, QFileDialog, QWidget

from cartocell_app.desktop.importing.models import ModelChoice, model_choices, model_from_file
from cartocell_app.desktop.session import Session

MODEL_HABIT = "segment.model"

LABELLING_MODEL = "M1"
"""Comes in phase 2, to label cysts with in phase 3; new cysts are for a better one."""


class ModelBox(QComboBox):
    """Models of the project and those in the box, and any other that the user names.

    Parameters
    ----------
    session : Session
        Holds the project whose models can be chosen, and remembers the one that was taken last.
    model : Path or None
        A model to begin with; the project's own choice by default, else the one that was taken last.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, session: Session, model: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._models: list[ModelChoice] = []
        self._offered: tuple[Path | None, ...] = (None,)
        self._in_use: Path | None = None
        self._fill(model)
        self.setToolTip("A model is a network that learnt from labelled stacks what cells look like.")

    @property
    def chosen(self) -> ModelChoice:
        """The model that is chosen."""
        return self._models[self.currentIndex()]

    def browse(self) -> None:
        """Let the user choose a file."""
        chosen, _ = QFileDialog.getOpenFileName(self, "Choose a model", "", "Models of CartoCell (*.onnx)")
        if chosen:
            self.take(Path(chosen))

    def take(self, path: Path) -> None:
        """Choose a model by its file."""
        place = next((place for place, choice in enumerate(self._models) if choice.path == path), -1)
        if place < 0:
            self._add(model_from_file(path))
            place = len(self._models) - 1
        self.setCurrentIndex(place)

    def remember(self) -> None:
        """Take the same model next time."""
        self._session.remember(panels={**self._session.settings.panels, MODEL_HABIT: self.chosen.word})

    def refresh(self) -> bool:
        """Offer the models that there are by now, of the project that is open by now; whether another is chosen.

        What is chosen stays, but for three reasons: the project is another one, it says to use another model, or a
        model came that is not only for labelling (`LABELLING_MODEL`).
        """
        project = self._session.project
        there = model_choices(None if project is None else project.folder)
        offered = (None if project is None else project.folder, *(choice.path for choice in there))
        in_use = None if project is None else project.model_in_use()
        if (offered, in_use) == (self._offered, self._in_use):
            return False
        before = self.chosen
        chosen: Path | None = before.path
        if offered[0] != self._offered[0] or in_use != self._in_use:
            chosen = in_use
        else:
            came = [path for path in offered[1:] if path not in self._offered and path.stem != LABELLING_MODEL]
            chosen = came[0] if came else chosen
        self._offered, self._in_use = offered, in_use
        self.blockSignals(True)
        self._fill(chosen)
        place = self.findData(before.word)
        if place >= 0 and self._models[place].path == chosen:  # the one for this computer may be one of the others
            self.setCurrentIndex(place)
        self.blockSignals(False)
        return self.chosen.path != before.path

    def _fill(self, model: Path | None) -> None:
        project = self._session.project
        self.clear()
        self._models = []
        for choice in model_choices(None if project is None else project.folder):
            self._add(choice)
        # What was said for this project goes before what was taken last, which may have been in another one.
        model = model or (None if project is None else project.model_in_use())
        if model is not None:
            self.take(model)
            return
        place = self.findData(self._session.settings.panels.get(MODEL_HABIT))
        self.setCurrentIndex(max(0, place))

    def _add(self, choice: ModelChoice) -> None:
        self._models.append(choice)
        self.addItem(choice.name, choice.word)
