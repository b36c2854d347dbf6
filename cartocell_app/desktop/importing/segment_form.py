"""How stacks are to be segmented, and what that will need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QPushButton, QWidget

from cartocell_app.desktop.importing.model_box import ModelBox
from cartocell_app.desktop.importing.segment_words import (
    PROFILES,
    card_in_words,
    forecast_in_words,
    views_in_words,
    views_of_choice,
    width_in_words,
)
from cartocell_app.desktop.importing.segmenting import SegmentChoices
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import MARGIN, SPACING, set_role
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError, plainly
from cartocell_app.jobs import forecast
from cartocell_app.jobs.costs import SegmentWork
from cartocell_app.jobs.forecast import PROVIDERS, Forecast, ModelFacts, Subject
from cartocell_app.models import find_model
from cartocell_app.segmentation.cell_width import USUAL_UM, seen_voxel_size
from cartocell_app.segmentation.settings import Views

FEWEST_LETTERS = 12
"""Of a name that are seen where there is little room."""

WIDTHS_UM = (3, 4, 5, 6, 8, 11, 15, 20, 25, 30, 40)
"""That are offered for cells of other tissues; it need not be exact."""


class SegmentForm(QWidget):
    """Model, profile, width of the cells, how often the network looks, and device.

    Parameters
    ----------
    session : Session
        Holds the project whose models can be chosen, and remembers the one that was taken last.
    model : Path or None
        A model to begin with; the project's own choice by default, else the one that was taken last.
    parent : QWidget, optional
        Owner.
    """

    changed = Signal()
    """Something was chosen, or found out."""

    def __init__(self, session: Session, model: Path | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._subjects: tuple[Subject, ...] | None = None  # nothing is found out before it is known for what
        self._facts: ModelFacts | None = None
        self._trouble = ""
        self.model = ModelBox(session, model)
        self.profile, self.cell_width, self.views, self.device = (QComboBox() for _ in range(4))
        for box in (self.model, self.profile, self.cell_width, self.views, self.device):
            # Not as wide as the longest name: the form has to fit beside all panels of a small window.
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(FEWEST_LETTERS)
        self.browse = QPushButton("Choose f&ile…")
        self.browse.setAutoDefault(False)
        self.card, self.profile_words, self.width_words, self.views_words = (paragraph("", "small") for _ in range(4))
        self.forecast_words = paragraph("")
        self._finding = Latest(self._found_out, self._not_found_out, parent=self)
        for key, (name, _) in PROFILES.items():
            self.profile.addItem(name, key)
        self.cell_width.addItem("Not given", None)
        for width_um in WIDTHS_UM:
            self.cell_width.addItem(f"About {width_um} µm", width_um)
        for words, views in (("As the model says", None), ("Once", 1), ("Twice", 2)):
            self.views.addItem(words, views)
        self.device.addItem("The fastest that works", "auto")
        self._build()
        self.model.currentIndexChanged.connect(self._model_chosen)
        self.profile.currentIndexChanged.connect(self._show)
        self.cell_width.currentIndexChanged.connect(self._width_chosen)
        self.views.currentIndexChanged.connect(self._show)
        self.device.currentIndexChanged.connect(self._device_chosen)
        self.browse.clicked.connect(self.model.browse)
        self._show()

    def show_subjects(self, subjects: Sequence[Subject]) -> None:
        """Forecast for these stacks from now on."""
        subjects = tuple(subject for subject in subjects if subject.voxel_size is not None)
        if subjects != self._subjects:
            self._subjects = subjects
            self._find_out()
            self._show()

    def choices(self) -> SegmentChoices:
        """What is chosen."""
        word = self.model.chosen.word
        return SegmentChoices(
            word,
            self.profile.currentData(),
            self.device.currentData(),
            self.cell_width.currentData(),
            self.views.currentData(),
        )

    def obstacle(self) -> str:
        """Why it cannot begin, in a sentence; empty if it can."""
        if self._trouble:
            return self._trouble
        works = self._facts is None or any(report.usable for report in self._facts.reports)
        return "" if works else "No device of this computer runs the network; see Help > This computer."

    def expected(self) -> Forecast | None:
        """Time and memory; None while they are being found out."""
        facts = self._facts
        seen = self._seen(self._subjects or ())
        return None if facts is None else forecast.forecast(facts, self.device.currentData(), seen, self._views())

    def work(self, what: str, subjects: Sequence[Subject]) -> SegmentWork:
        """Segmenting stacks as is chosen, `what` in words."""
        word = self.model.chosen.word
        return SegmentWork(what, word, self._seen(subjects), self.device.currentData(), self._views())

    def summary(self) -> str:
        """What is chosen and what that needs, in a line."""
        expected = self.expected()
        if self._trouble or expected is None or self._facts is None:
            model = self.model.chosen.path.stem
            return self._trouble or f"With {model}. Finding out how long it takes…"
        return f"With {self._facts.path.stem} on {self._device_name()}. {forecast_in_words(expected)}"

    def remember(self) -> None:
        """Take the same model next time."""
        self.model.remember()

    def _seen(self, subjects: Sequence[Subject]) -> tuple[Subject, ...]:
        """The stacks at the size at which the network looks at them."""
        width_um, facts = self.cell_width.currentData(), self._facts
        usual_um = (None if facts is None else facts.card.cell_width_um) or USUAL_UM
        return tuple(
            subject
            if subject.voxel_size is None
            else replace(subject, voxel_size=seen_voxel_size(subject.voxel_size, width_um, usual_um))
            for subject in subjects
        )

    def _views(self) -> Views:
        return views_of_choice(self.views.currentData(), self.profile.currentData())

    def _device_name(self) -> str:
        assert self._facts is not None
        wanted = self.device.currentData()
        usable = [
            report for report in self._facts.reports if report.usable and wanted in ("auto", PROVIDERS[report.provider])
        ]
        return min(usable, key=lambda one: one.seconds_per_mvoxel or 0.0).name if usable else "no device"

    def _model_chosen(self) -> None:
        self._facts, self._trouble = None, ""
        self._find_out()
        self._show()

    def _find_out(self) -> None:
        word, device = self.model.chosen.word, self.device.currentData()
        subjects = None if self._subjects is None else self._seen(self._subjects)
        if subjects is not None:  # which model "auto" is depends on the devices, which takes a while to try
            self._finding.request(lambda: forecast.find_out(find_model(word, device), subjects))

    def _width_chosen(self) -> None:
        self._find_out()
        self._show()

    def _device_chosen(self) -> None:
        if self.model.chosen.word == "auto":
            self._find_out()
        self._show()

    def _found_out(self, facts: ModelFacts) -> None:
        is_new = self._facts is None or self._facts.path != facts.path
        self._facts = facts
        self._fill_devices(facts)
        place = self.profile.findData(facts.card.profile)
        if is_new and place >= 0:
            self.profile.setCurrentIndex(place)
        self._show()

    def _not_found_out(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            raise error
        self._trouble = plainly(error, self.model.chosen.path)
        self._show()

    def _fill_devices(self, facts: ModelFacts) -> None:
        wanted = self.device.currentData()
        self.device.blockSignals(True)
        self.device.clear()
        self.device.addItem("The fastest that works", "auto")
        model = self.device.model()
        for report in facts.reports:
            self.device.addItem(report.name, PROVIDERS[report.provider])
            last = self.device.count() - 1
            self.device.setItemData(last, report.reason, Qt.ItemDataRole.ToolTipRole)
            if isinstance(model, QStandardItemModel):
                model.item(last).setEnabled(report.usable)
        self.device.setCurrentIndex(max(0, self.device.findData(wanted)))
        self.device.blockSignals(False)

    def take_model(self, path: Path) -> None:
        """Choose a model by its file."""
        self.model.take(path)

    def refresh_models(self) -> None:
        """Offer the models that there are by now; see `ModelBox.refresh`."""
        if self.model.refresh():
            self._model_chosen()

    def _show(self) -> None:
        self.card.setText(self._trouble or ("Reading…" if self._facts is None else card_in_words(self._facts.card)))
        set_role(self.card, "failed" if self._trouble else "small")
        self.profile_words.setText(PROFILES[self.profile.currentData()][1])
        card = None if self._facts is None else self._facts.card
        profile = self.profile.currentData()
        self.width_words.setText(width_in_words(self.cell_width.currentData(), profile, card))
        self.views_words.setText(views_in_words(self.views.currentData(), profile, card))
        expected = self.expected()
        self.forecast_words.setText(
            ""
            if self._trouble
            else "Finding out how long it takes…"
            if expected is None
            else forecast_in_words(expected)
        )
        self.changed.emit()

    def _build(self) -> None:
        # No QFormLayout: it gives text that wraps more height than it needs.
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(MARGIN)
        grid.setVerticalSpacing(SPACING // 2)
        grid.setColumnStretch(1, 1)
        rows: tuple[tuple[str, QComboBox, QLabel], ...] = (
            ("&Model", self.model, self.card),
            ("Cells fo&und", self.profile, self.profile_words),
            ("Cell &width", self.cell_width, self.width_words),
            ("L&ooks", self.views, self.views_words),
            ("&Runs on", self.device, self.forecast_words),
        )
        for number, (text, box, words) in enumerate(rows):
            label = QLabel(text)
            label.setBuddy(box)
            grid.addWidget(label, 3 * number, 0)
            grid.addWidget(box, 3 * number, 1)
            grid.addWidget(words, 3 * number + 1, 1, 1, 2)
            grid.setRowMinimumHeight(3 * number + 2, SPACING)
        grid.addWidget(self.browse, 0, 2)
