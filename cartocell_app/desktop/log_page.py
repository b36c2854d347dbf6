"""The end of the log file, for whoever is asked for help."""

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from cartocell_app.desktop.errors import log_path
from cartocell_app.desktop.pages import Page, copy_text, paragraph

LAST_CHARACTERS = 50_000


class LogPage(Page):
    """Warnings and errors of this and earlier starts.

    Parameters
    ----------
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Log", parent)
        self.resize(820, 560)
        path = log_path()
        written = path.read_text(encoding="utf-8", errors="replace")[-LAST_CHARACTERS:] if path.is_file() else ""
        self.content.addWidget(paragraph(f"Warnings and errors, written to {path}", "muted"))
        self.text = QPlainTextEdit(written)
        self.text.setPlaceholderText("Nothing went wrong so far.")
        self.text.setReadOnly(True)
        self.text.setAccessibleName("Log")
        self.text.moveCursor(QTextCursor.MoveOperation.End)
        self.content.addWidget(self.text, 1)
        self.add_button("&Copy").clicked.connect(lambda: copy_text(self.text.toPlainText()))
        folder = QUrl.fromLocalFile(str(path.parent))
        self.add_button("Open &folder").clicked.connect(lambda: QDesktopServices.openUrl(folder))
