"""All versions of a sample's cells, and the way back to an earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import MARGIN

if TYPE_CHECKING:
    from cartocell_app.project.values import LabelVersion

KINDS = {"segmented": "Segmented", "curated": "Corrected", "imported": "Imported"}
SIZE_PX = (560, 320)


class VersionsDialog(QDialog):
    """Lists versions, the newest first.

    Parameters
    ----------
    versions : sequence of LabelVersion
        The oldest first.
    parent : QWidget, optional
        Window that it belongs to.
    """

    chosen = Signal(object)
    """The `LabelVersion` to go back to."""

    def __init__(self, versions: Sequence[LabelVersion], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Versions of the cells")
        self.resize(*SIZE_PX)
        self._versions = tuple(reversed(versions))
        self.list = QTreeWidget()
        self.list.setAccessibleName("Versions, the newest first")
        self.list.setHeaderLabels(["Made", "How", "What was done"])
        self.list.setRootIsDecorated(False)
        for number, version in enumerate(self._versions):
            made = f"{version.made.astimezone():%d %b %Y, %H:%M}"
            how = KINDS[version.kind] + (" (now)" if number == 0 else "")
            item = QTreeWidgetItem([made, how, version.note])
            item.setToolTip(2, version.note)
            self.list.addTopLevelItem(item)
        for column, width in ((0, 150), (1, 120)):
            self.list.setColumnWidth(column, width)
        self.words = paragraph("Nothing is lost: going back adds a version, and all others are kept.", "muted")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.go = buttons.addButton("&Go back to this version", QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        layout.setSpacing(MARGIN)
        for widget in (self.words, self.list, buttons):
            layout.addWidget(widget)
        self.list.currentItemChanged.connect(self._show_state)
        self.list.itemActivated.connect(self.accept)
        if self._versions:
            self.list.setCurrentItem(self.list.topLevelItem(min(1, len(self._versions) - 1)))
        self._show_state()

    def accept(self) -> None:
        """Go back to the version that is marked, if it is an earlier one that is still there."""
        if not self.why_not():
            self.chosen.emit(self._versions[self._row()])
            super().accept()

    def why_not(self) -> str:
        """Why one cannot go back to the version that is marked; empty if one can."""
        row = self._row()
        if row < 0:
            return "Mark a version first."
        if row == 0:
            return "This is the present version."
        return "" if self._versions[row].path.exists() else f"{self._versions[row].path.name} is not where it was."

    def _row(self) -> int:
        return self.list.indexOfTopLevelItem(self.list.currentItem())

    def _show_state(self) -> None:
        self.go.setEnabled(not self.why_not())
        self.go.setToolTip(self.why_not())
        self.go.setDefault(True)
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)
