"""The right-hand side of the import: what can be chosen for the selected stacks, with pictures."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent, QPixmap
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QLineEdit,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.importing.candidates import Candidate, found_in_words
from cartocell_app.desktop.importing.pictures import channel_pictures
from cartocell_app.desktop.importing.voxel_editor import VoxelEditor
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import MARGIN, SPACING, set_role
from cartocell_app.desktop.workers import Latest

PICTURE_PX = 96
CARDS_A_ROW = 3
WIDTH_PX = 360


class ChannelCard(QWidget):
    """Picture of a channel, and the choice of it.

    Parameters
    ----------
    name : str
        Of the channel.
    can_be_chosen : bool
        Whether there are others.
    """

    def __init__(self, name: str, can_be_chosen: bool) -> None:
        super().__init__()
        self.picture = QLabel("…")
        self.picture.setFixedSize(PICTURE_PX, PICTURE_PX)
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setAccessibleName(f"Middle slice of {name}")
        self.radio = QRadioButton(name)
        self.radio.setToolTip(f"Take {name} as the cell outlines.")
        self.radio.setVisible(can_be_chosen)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING // 2)
        layout.addWidget(self.picture)
        layout.addWidget(self.radio)

    def show_picture(self, image: QImage | None) -> None:
        """Show the picture; a dash where there is none."""
        if image is None:
            self.picture.setText("no picture")
        else:
            self.picture.setPixmap(QPixmap.fromImage(image))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        # The picture is the larger target; a click on it counts as one on the choice.
        if self.radio.isVisible() and event.button() == Qt.MouseButton.LeftButton:
            self.radio.click()


class Inspector(QWidget):
    """Edits what was chosen for some candidates.

    Parameters
    ----------
    session : Session
        Remembers voxel sizes.
    parent : QWidget, optional
        Owner.
    """

    channel_chosen = Signal(int, bool)
    """The cell outlines channel, and whether for all stacks with the same channels."""

    chosen = Signal(str, object)
    """Name of a field of `Candidate`, and its new value, for the selected stacks."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(WIDTH_PX)
        self._shown: Candidate | None = None
        self._voxel_of: object = None  # the stacks whose voxel size is shown, and that size
        self.title = paragraph("", "title")
        self.found = paragraph("", "small")
        self.channel_title = QLabel("Which channel shows the cell outlines?")
        self.cards: list[ChannelCard] = []
        self._choices = QButtonGroup(self)
        self._choices.idClicked.connect(lambda channel: self.channel_chosen.emit(channel, self.for_all.isChecked()))
        self._grid = QGridLayout()
        self._grid.setSpacing(SPACING)
        self._grid.setColumnStretch(CARDS_A_ROW, 1)
        self.for_all = QCheckBox()
        self.for_all.setChecked(True)
        self.time = QSpinBox()
        self.time.setAccessibleName("Time point")
        self.time.valueChanged.connect(lambda value: self.chosen.emit("time", value - 1))
        self.voxel = VoxelEditor(session)
        self.voxel.given.connect(lambda voxel_size: self.chosen.emit("voxel_size", voxel_size))
        self.day, self.condition = self._field("day", "7 d"), self._field("condition", "control")
        self._pictures = Latest(self._show_pictures, parent=self)
        self._build()
        self.show_candidates([], 0)

    def show_candidates(self, candidates: list[Candidate], alike: int) -> None:
        """Show the selected candidates.

        Parameters
        ----------
        candidates : list of Candidate
            The first is the one whose pictures are shown.
        alike : int
            Other stacks with the same channels.
        """
        first = candidates[0] if candidates else None
        before, self._shown = self._shown, first
        usable = [candidate for candidate in candidates if not candidate.problem]
        self.title.setText(_title(candidates))
        notes = () if first is None or first.info is None else first.info.notes
        self.found.setText("" if first is None else "\n".join((found_in_words(first), *notes)))
        set_role(self.found, "failed" if first is not None and first.problem else "small")
        self._editors.setVisible(bool(usable))
        if not usable:
            self._pictures.forget()
            self._voxel_of = None
            return
        first = usable[0]
        if before is None or _source(before) != _source(first):
            self._show_cards(first)
            self._pictures.request(lambda: (_source(first), channel_pictures(first)))
        self._check_card(first.channel)
        others = "other stack" if alike == 1 else f"{alike:,} other stacks"
        self.for_all.setText(f"Also for the {others} with these channels")
        self.for_all.setVisible(alike > 0 and len(first.channels) > 1)
        self._show_values(first, usable)

    def _check_card(self, channel: int | None) -> None:
        # An exclusive group would keep the last one checked where none is chosen.
        self._choices.setExclusive(False)
        for number, card in enumerate(self.cards):
            card.radio.setChecked(number == channel)
        self._choices.setExclusive(True)

    def _show_values(self, first: Candidate, usable: list[Candidate]) -> None:
        for widget in (self.time, self.day, self.condition):
            widget.blockSignals(True)
        self._form.setRowVisible(self.time, first.times > 1)
        self.time.setRange(1, max(1, first.times))
        self.time.setSuffix(f" of {first.times}")
        self.time.setValue(first.time + 1)
        for field, values in (
            (self.day, {candidate.day for candidate in usable}),
            (self.condition, {candidate.condition for candidate in usable}),
        ):
            text = next(iter(values)) if len(values) == 1 else ""
            # What is being typed stays as it is: each key stores it without the spaces around it, and comes here.
            if field.text().strip() != text:
                field.setText(text)
            field.setPlaceholderText("several" if len(values) > 1 else field.property("example"))
        for widget in (self.time, self.day, self.condition):
            widget.blockSignals(False)
        sizes = {candidate.voxel_size for candidate in usable}
        voxel_of = ([_source(candidate) for candidate in usable], sizes)
        if voxel_of == self._voxel_of:
            return  # lengths that are half typed stay when something else is chosen
        self._voxel_of = voxel_of
        several = "They differ. What is given here is taken for all selected stacks." if len(sizes) > 1 else ""
        self.voxel.show_voxel_size(None if several else first.voxel_size, several)

    def _show_cards(self, candidate: Candidate) -> None:
        for card in self.cards:
            self._choices.removeButton(card.radio)
            self._grid.removeWidget(card)
            card.hide()
            card.deleteLater()
        several = len(candidate.channels) > 1
        self.channel_title.setText(
            "Which channel shows the cell outlines?" if several else "Its only channel (middle slice)"
        )
        self.cards = [ChannelCard(name, several) for name in candidate.channels]
        for number, card in enumerate(self.cards):
            self._choices.addButton(card.radio, number)
            self._grid.addWidget(card, number // CARDS_A_ROW, number % CARDS_A_ROW)

    def _show_pictures(self, answer: tuple[object, list[QImage | None]]) -> None:
        source, images = answer
        if self._shown is not None and _source(self._shown) == source:
            for card, image in zip(self.cards, images, strict=False):
                card.show_picture(image)

    def _field(self, name: str, example: str) -> QLineEdit:
        field = QLineEdit()
        field.setPlaceholderText(example)
        field.setProperty("example", example)
        field.textEdited.connect(lambda text: self.chosen.emit(name, text.strip()))
        return field

    def _build(self) -> None:
        self._form = QFormLayout()
        self._form.setSpacing(SPACING)
        self._form.addRow("&Time point", self.time)
        self._form.addRow("Da&y", self.day)
        self._form.addRow("C&ondition", self.condition)
        voxel_title = QLabel("Voxel size")
        self._editors = QWidget()
        inner = QVBoxLayout(self._editors)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SPACING)
        inner.addWidget(self.channel_title)
        inner.addLayout(self._grid)
        inner.addWidget(self.for_all)
        inner.addSpacing(SPACING)
        inner.addWidget(voxel_title)
        inner.addWidget(self.voxel)
        inner.addSpacing(SPACING)
        inner.addLayout(self._form)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self.title)
        layout.addWidget(self.found)
        layout.addWidget(self._editors)
        layout.addStretch()


def _source(candidate: Candidate) -> tuple[object, ...]:
    """What the pictures of a candidate depend on."""
    return candidate.path, candidate.scene, candidate.time


def _title(candidates: list[Candidate]) -> str:
    if not candidates:
        return "Choose a stack to look at it."
    return candidates[0].name if len(candidates) == 1 else f"{len(candidates):,} stacks"
