"""What was saved, and where, with the way there."""

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.theme import set_role


class SavedBar(QWidget):
    """A line such as "Saved to … [Open folder]" that stays until it is closed or something else is saved.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder: Path | None = None
        self.words = QLabel(wordWrap=True)
        self.open = QPushButton("Open folder", icon=icon("mdi6.folder-open-outline"))
        self.open.clicked.connect(self._open)
        close = QToolButton(icon=icon("mdi6.close"), toolTip="Hide this message")
        close.setAccessibleName("Hide this message")
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 8, 8, 8)
        layout.setSpacing(8)
        layout.addWidget(self.words, 1)
        layout.addWidget(self.open)
        layout.addWidget(close)
        self.hide()

    def say_working(self, sentence: str) -> None:
        """Say what is being done."""
        self._say(sentence, "muted", None)

    def say_saved(self, sentence: str, folder: Path) -> None:
        """Say what was saved into `folder`."""
        self._say(sentence, "accepted", folder)

    def say_failed(self, sentence: str) -> None:
        """Say why it was not saved."""
        self._say(sentence, "failed", None)

    def _say(self, sentence: str, role: str, folder: Path | None) -> None:
        self._folder = folder
        self.words.setText(sentence)
        set_role(self.words, role)
        self.open.setVisible(folder is not None)
        self.show()

    def _open(self) -> None:
        if self._folder is not None:
            open_folder(self._folder)


def open_folder(folder: Path) -> None:
    """Show a folder in the system's file manager."""
    QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))
