"""The voxel size of samples whose files do not say it, or say it wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from cartocell_app.desktop.importing.voxel_editor import VoxelEditor
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import MARGIN

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

MOST_NAMES = 3


class VoxelDialog(QDialog):
    """Asks how large a voxel is.

    Parameters
    ----------
    session : Session
        Whose settings hold the voxel sizes of the lab.
    samples : tuple of Sample
        Stacks that it is for; their present voxel size is proposed.
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(self, session: Session, samples: tuple[Sample, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Voxel size")
        self.setMinimumWidth(460)
        self.editor = VoxelEditor(session)
        self.editor.show_voxel_size(next((one.voxel_size for one in samples if one.voxel_size is not None), None))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        number = f"{len(samples)} stacks" if len(samples) > 1 else "this stack"
        self.use = buttons.addButton(f"&Use for {number}", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setDefault(True)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        names = ", ".join(one.name for one in samples[:MOST_NAMES]) + (", …" if len(samples) > MOST_NAMES else "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        layout.setSpacing(MARGIN)
        layout.addWidget(paragraph("How large is a voxel?", "page-title"))
        layout.addWidget(paragraph(f"{names}: the microscope's own file or its report says it.", "muted"))
        layout.addWidget(self.editor)
        layout.addWidget(buttons)
        for field in self.editor.fields.values():
            field.textChanged.connect(self._check)
        self._check()

    def _check(self) -> None:
        is_given = self.editor.voxel_size() is not None
        self.use.setEnabled(is_given)
        self.use.setToolTip("" if is_given else "Give all three lengths in µm.")
