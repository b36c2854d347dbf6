"""The voxel size of stacks whose files do not say it, typed once, with presets of the lab."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.settings import VoxelPreset
from cartocell_app.desktop.theme import MARGIN, SPACING
from cartocell_app.stacks.voxel_size import LARGEST_UM, VoxelSize

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

SOURCE = "given by you"


class VoxelDialog(QDialog):
    """Asks how large a voxel is.

    Parameters
    ----------
    session : Session
        Whose settings hold the presets of the lab.
    samples : sequence of Sample
        Stacks that it is for; their present voxel size is proposed.
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(self, session: Session, samples: tuple[Sample, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.setWindowTitle("Voxel size")
        self.setMinimumWidth(460)
        self.presets = QComboBox()
        self.presets.addItem("Choose or type below")
        for preset in session.settings.voxel_presets:
            self.presets.addItem(preset.name, (preset.z_um, preset.y_um, preset.x_um))
        self.presets.currentIndexChanged.connect(self._take_preset)
        self.lengths = {axis: _length(axis) for axis in "zyx"}
        self.keep = QCheckBox("&Remember for other stacks as")
        self.name = QLineEdit()
        self.name.setPlaceholderText("Confocal 40x, steps of 0.7 µm")
        self.name.textEdited.connect(lambda: self.keep.setChecked(True))
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        number = f"{len(samples)} stacks" if len(samples) > 1 else "this stack"
        self.use = self._buttons.addButton(f"&Use for {number}", QDialogButtonBox.ButtonRole.AcceptRole)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self._lay_out(samples)
        known = next((sample.voxel_size for sample in samples if sample.voxel_size is not None), None)
        if known is not None:
            self._set(known.zyx_um)
        self._check()

    def voxel_size(self) -> VoxelSize:
        """What was given."""
        z_um, y_um, x_um = (self.lengths[axis].value() for axis in "zyx")
        return VoxelSize(z_um, y_um, x_um, SOURCE)

    def accept(self) -> None:
        """Take it, and remember it as a preset if that is wanted."""
        name = self.name.text().strip()
        if self.keep.isChecked() and name:
            size = self.voxel_size()
            preset = VoxelPreset(name=name, z_um=size.z_um, y_um=size.y_um, x_um=size.x_um)
            others = tuple(one for one in self._session.settings.voxel_presets if one.name != name)
            self._session.remember(voxel_presets=(preset, *others))
        super().accept()

    def _lay_out(self, samples: tuple[Sample, ...]) -> None:
        form = QFormLayout()
        form.setSpacing(SPACING)
        if self.presets.count() > 1:
            form.addRow("&Preset of your lab", self.presets)
        else:
            self.presets.hide()
        for axis, words in (("z", "&Step between slices (z)"), ("y", "Pixel height (&y)"), ("x", "Pixel width (&x)")):
            form.addRow(words, self.lengths[axis])
            self.lengths[axis].valueChanged.connect(self._check)
        form.addRow(self.keep, self.name)
        names = ", ".join(sample.name for sample in samples[:3]) + (", …" if len(samples) > 3 else "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        layout.setSpacing(MARGIN)
        layout.addWidget(paragraph("How large is a voxel?", "page-title"))
        layout.addWidget(paragraph(f"{names}. The microscope's own file or its report says it.", "muted"))
        layout.addLayout(form)
        layout.addWidget(self._buttons)

    def _take_preset(self) -> None:
        lengths_um = self.presets.currentData()
        if lengths_um is not None:
            self._set(lengths_um)

    def _set(self, lengths_um: tuple[float, float, float]) -> None:
        for axis, length_um in zip("zyx", lengths_um, strict=True):
            self.lengths[axis].setValue(length_um)

    def _check(self) -> None:
        is_given = all(field.value() > 0 for field in self.lengths.values())
        self.use.setEnabled(is_given)
        self.use.setToolTip("" if is_given else "Give all three lengths.")


def _length(axis: str) -> QDoubleSpinBox:
    field = QDoubleSpinBox()
    field.setObjectName(axis)
    field.setRange(0, LARGEST_UM)
    field.setDecimals(4)
    field.setSingleStep(0.05)
    field.setSuffix(" µm")
    field.setSpecialValueText("unknown")
    return field
