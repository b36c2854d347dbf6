"""A window of text to read beside the work: device, log, keys, about."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.theme import MARGIN


class Page(QDialog):
    """A window with a title, some content and a Close button; the rest can be used meanwhile.

    Parameters
    ----------
    title : str
        Of the window and on top of the page.
    parent : QWidget, optional
        Window that it belongs to.
    enter_closes : bool
        Not where Enter in a search field would close the page under the hands of whoever searches.
    """

    def __init__(self, title: str, parent: QWidget | None = None, *, enter_closes: bool = True) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        heading = QLabel(title)
        heading.setProperty("role", "page-title")
        self.content = QVBoxLayout()
        self.content.setSpacing(MARGIN)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._buttons.rejected.connect(self.close)
        close = self._buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setDefault(enter_closes)
        close.setAutoDefault(enter_closes)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        layout.setSpacing(MARGIN)
        layout.addWidget(heading)
        layout.addLayout(self.content, 1)
        layout.addWidget(self._buttons)

    def add_button(self, text: str) -> QPushButton:
        """Add a button beside Close and give it back."""
        button = self._buttons.addButton(text, QDialogButtonBox.ButtonRole.ActionRole)
        button.setAutoDefault(False)
        return button


def paragraph(text: str, role: str = "") -> QLabel:
    """Text that wraps and can be selected."""
    label = QLabel(text)
    label.setProperty("role", role)
    label.setWordWrap(True)
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.LinksAccessibleByMouse
    )
    label.setOpenExternalLinks(True)
    return label


def copy_text(text: str) -> None:
    """Put `text` on the clipboard."""
    QGuiApplication.clipboard().setText(text)
