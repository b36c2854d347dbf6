"""Where a new project goes, and what it is called."""

from pathlib import Path

from PySide6.QtCore import QStandardPaths
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import MARGIN, SPACING, set_role

ENDING = ".cartocell"
NOT_IN_NAMES = '<>:"/\\|?*'
"""Characters that some system does not allow in names; projects travel between systems."""


def usual_folder() -> Path:
    """Where projects go unless the user says otherwise: the folder CartoCell in her documents."""
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return (Path(documents) if documents else Path.home()) / "CartoCell"


class NewProjectDialog(QDialog):
    """Asks for name and folder of a new project.

    Parameters
    ----------
    folder : Path
        Proposed folder, in which the project gets a folder of its own.
    name : str
        Proposed name.
    why : str
        What happens with it, in a sentence; empty for none.
    button : str
        Text of the button that makes it: "Make project and add 12 stacks".
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(
        self, folder: Path, name: str = "", why: str = "", button: str = "&Make project", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("New project")
        self.setMinimumWidth(560)
        self.name = QLineEdit(name)
        self.name.setPlaceholderText("MDCK hypoxia")
        self.folder = QLineEdit(str(folder))
        browse = QPushButton("&Browse…")
        browse.setAutoDefault(False)
        browse.clicked.connect(self._browse)
        self._where = QLabel()
        self._where.setWordWrap(True)
        where = QHBoxLayout()
        where.setSpacing(SPACING)
        where.addWidget(self.folder, 1)
        where.addWidget(browse)
        form = QFormLayout()
        form.setSpacing(SPACING)
        form.addRow("&Name", self.name)
        words = QLabel("In &folder")
        words.setBuddy(self.folder)
        form.addRow(words, where)
        form.addRow("", self._where)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.make = self._buttons.addButton(button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.make.setDefault(True)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        layout.setSpacing(MARGIN)
        layout.addWidget(paragraph("New project", "page-title"))
        layout.addWidget(
            paragraph(
                why
                or "A project is a folder with your samples, their cells and all results. Your stacks stay where "
                "they are.",
                "muted",
            )
        )
        layout.addLayout(form)
        layout.addStretch()
        layout.addWidget(self._buttons)
        self.name.textChanged.connect(self._check)
        self.folder.textChanged.connect(self._check)
        self._check()

    def path(self) -> Path:
        """Folder of the project itself."""
        return Path(self.folder.text()).expanduser() / f"{self.name.text().strip()}{ENDING}"

    def _browse(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder for the project", self.folder.text())
        if chosen:
            self.folder.setText(chosen)

    def _check(self) -> None:
        problem = self._problem()
        self.make.setEnabled(not problem)
        self.make.setToolTip(problem)
        self._where.setText(problem or f"Is saved as {self.path()}")
        set_role(self._where, "doubt" if problem and self.name.text() else "small")

    def _problem(self) -> str:
        name = self.name.text().strip()
        if not name:
            return "Give the project a name."
        bad = [character for character in NOT_IN_NAMES if character in name]
        if bad or name.startswith("."):
            return f"A name cannot hold {' '.join(bad)}." if bad else "A name cannot begin with a dot."
        if not self.folder.text().strip():
            return "Choose a folder."
        return f"There is a project of that name already: {self.path()}" if self.path().exists() else ""
