"""What to export, and where to."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.results.exporting import KINDS, count_paths, export_paths
from cartocell_app.desktop.theme import set_role

USUAL = ("csv", "xlsx", "labels", "picture")


class ExportDialog(QDialog):
    """Asks what of a sample's results to export and into which folder.

    Parameters
    ----------
    name : str
        Of the sample.
    folder : Path
        Proposed.
    parent : QWidget, optional
        Owner.
    """

    chosen = Signal(tuple, object)
    """Keys of the kinds of files, and the folder (`Path`)."""

    def __init__(self, name: str, folder: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(f"Export {name}")
        self._name = name
        self.boxes: dict[str, QCheckBox] = {}
        self.folder = QLineEdit(str(folder))
        self.folder.setAccessibleName("Folder")
        self.replaced = QLabel(wordWrap=True)
        set_role(self.replaced, "doubt")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.export = self.buttons.addButton("Export", QDialogButtonBox.ButtonRole.AcceptRole)
        self._lay_out()
        self.folder.textChanged.connect(self._refresh)
        self.buttons.accepted.connect(self._accept)
        self.buttons.rejected.connect(self.reject)
        self._refresh()

    def kinds(self) -> tuple[str, ...]:
        """Keys of the kinds that are ticked."""
        return tuple(key for key, box in self.boxes.items() if box.isChecked())

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 12)
        layout.setSpacing(8)
        title = QLabel(f"Export {self._name}")
        set_role(title, "title")
        layout.addWidget(title)
        for kind in KINDS:
            box = QCheckBox(kind.title, checked=kind.key in USUAL, toolTip=kind.words)
            box.toggled.connect(self._refresh)
            self.boxes[kind.key] = box
            layout.addWidget(box)
        layout.addSpacing(8)
        into = QLabel("&Folder")
        into.setBuddy(self.folder)
        choose = QPushButton("Choose…", autoDefault=False)
        choose.clicked.connect(self._choose)
        row = QHBoxLayout()
        row.setSpacing(8)
        for widget, stretch in ((into, 0), (self.folder, 1), (choose, 0)):
            row.addWidget(widget, stretch)
        layout.addLayout(row)
        layout.addWidget(self.replaced)
        layout.addSpacing(8)
        layout.addWidget(self.buttons)
        self.setMinimumWidth(520)

    def _refresh(self) -> None:
        paths = export_paths(self._name, self.kinds(), Path(self.folder.text()))
        self.export.setText(f"Export {count_paths(paths)}" if paths else "Export")
        self.export.setEnabled(bool(paths) and bool(self.folder.text().strip()))
        self.export.setToolTip("" if paths else "Tick what to export first.")
        there = [path for path in paths if path.exists()]
        self.replaced.setText(f"{count_paths(there)} of that name will be replaced." if there else "")
        self.replaced.setVisible(bool(there))

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the files", self.folder.text())
        if folder:
            self.folder.setText(folder)

    def _accept(self) -> None:
        self.chosen.emit(self.kinds(), Path(self.folder.text().strip()).expanduser())
        self.accept()
