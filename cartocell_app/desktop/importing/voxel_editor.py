"""Giving the voxel size: three lengths, or one of the lab's by its name."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QInputDialog, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.importing.candidates import GIVEN
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.settings import VoxelPreset
from cartocell_app.desktop.theme import SPACING, set_role
from cartocell_app.stacks.voxel_size import VoxelSize

CHOOSE = "Voxel sizes of your lab…"


class VoxelEditor(QWidget):
    """Edits a voxel size.

    Parameters
    ----------
    session : Session
        Remembers the lab's voxel sizes.
    parent : QWidget, optional
        Owner.
    """

    given = Signal(object)
    """The `VoxelSize` that was typed or chosen; it is a possible one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.fields = {axis: self._field(axis) for axis in "zyx"}
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.presets = QComboBox()
        self.presets.setAccessibleName("Voxel sizes of your lab")
        self.presets.activated.connect(self._take_preset)
        self.keep = QPushButton("Remem&ber…")
        self.keep.setAutoDefault(False)
        self.keep.clicked.connect(self._remember)
        lengths = QHBoxLayout()
        lengths.setSpacing(SPACING)
        for axis, field in self.fields.items():
            label = QLabel(axis)
            label.setBuddy(field)
            lengths.addWidget(label)
            lengths.addWidget(field)
        lengths.addWidget(QLabel("µm"))
        known = QHBoxLayout()
        known.setSpacing(SPACING)
        known.addWidget(self.presets, 1)
        known.addWidget(self.keep)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addLayout(lengths)
        layout.addWidget(self.words)
        layout.addLayout(known)
        self._fill_presets()
        self.show_voxel_size(None, "")

    def show_voxel_size(self, voxel_size: VoxelSize | None, words: str = "") -> None:
        """Show a voxel size and a sentence on it; None where it is unknown."""
        lengths_um = ("", "", "") if voxel_size is None else tuple(f"{length_um:.6g}" for length_um in voxel_size)
        for field, text in zip(self.fields.values(), lengths_um, strict=True):
            field.setText(text)
            field.setCursorPosition(0)  # where it is too long, its beginning counts
        unknown = "Unknown. It is needed before measuring; looking works without."
        self.words.setText(words or (unknown if voxel_size is None else f"Source: {voxel_size.source}."))
        set_role(self.words, "doubt" if voxel_size is None and not words else "small")
        self._check()

    def voxel_size(self) -> VoxelSize | None:
        """What stands in the fields; None if that is none."""
        try:
            return VoxelSize(*(float(field.text().replace(",", ".")) for field in self.fields.values()), GIVEN)
        except ValueError:
            return None

    def _field(self, axis: str) -> QLineEdit:
        field = QLineEdit()
        field.setMinimumWidth(56)
        field.setPlaceholderText("0.7" if axis == "z" else "0.62")
        field.setAccessibleName(f"Length of a voxel along {axis} in µm")
        if axis == "z":
            field.setToolTip("Distance of two slices in µm.")
        field.editingFinished.connect(self._typed)
        field.textEdited.connect(self._check)
        return field

    def _typed(self) -> None:
        voxel_size = self.voxel_size()
        if voxel_size is not None:
            self.given.emit(voxel_size)
        elif all(field.text().strip() for field in self.fields.values()):
            self.words.setText("A voxel of a light microscope is between 0.001 and 1000 µm long on each side.")
            set_role(self.words, "failed")

    def _check(self) -> None:
        possible = self.voxel_size() is not None
        self.keep.setEnabled(possible)
        self.keep.setToolTip(
            "Keep these lengths under a name, for other stacks of this microscope."
            if possible
            else "Type the three lengths first."
        )

    def _fill_presets(self) -> None:
        presets = self._session.settings.voxel_presets
        self.presets.clear()
        self.presets.addItem(CHOOSE if presets else "None remembered yet")
        self.presets.addItems([f"{preset.name} ({_lengths(preset)})" for preset in presets])
        self.presets.setEnabled(bool(presets))

    def _take_preset(self, place: int) -> None:
        presets = self._session.settings.voxel_presets
        if 0 < place <= len(presets):
            preset = presets[place - 1]
            voxel_size = VoxelSize(preset.z_um, preset.y_um, preset.x_um, f"{GIVEN}: {preset.name}")
            self.show_voxel_size(voxel_size)
            self.given.emit(voxel_size)

    def _remember(self) -> None:
        voxel_size = self.voxel_size()
        if voxel_size is None:
            return
        name, is_given = QInputDialog.getText(
            self, "Remember voxel size", "Name, such as the microscope and its settings:"
        )
        if is_given and name.strip():
            self.remember_as(name.strip(), voxel_size)

    def remember_as(self, name: str, voxel_size: VoxelSize) -> None:
        """Remember a voxel size of the lab; an older one of that name is replaced."""
        z_um, y_um, x_um = voxel_size
        others = tuple(preset for preset in self._session.settings.voxel_presets if preset.name != name)
        new = VoxelPreset(name=name, z_um=z_um, y_um=y_um, x_um=x_um)
        self._session.remember(voxel_presets=(*others, new))
        self._fill_presets()
        self.presets.setCurrentIndex(len(others) + 1)


def _lengths(preset: VoxelPreset) -> str:
    return " × ".join(f"{length_um:.3g}" for length_um in (preset.z_um, preset.y_um, preset.x_um))
