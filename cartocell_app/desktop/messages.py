"""Messages in the user's words: what happened, what to do, and the details behind a button."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.theme import MARGIN, SPACING
from cartocell_app.errors import UserError

ICON_PX = 32
WIDTH_PX = 480


class Message(QDialog):
    """What happened, and what to do about it.

    Parameters
    ----------
    title : str
        What happened, a short sentence.
    body : str
        What to do, in sentences.
    details : str
        For whoever mends it; shown on request.
    role : str
        Of the colour of its sign: ``"doubt"`` or ``"failed"``.
    parent : QWidget, optional
        Window that it belongs to.
    """

    log_wanted = Signal()
    """The log file is asked for."""

    def __init__(
        self, title: str, body: str, details: str = "", role: str = "doubt", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("CartoCell")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(WIDTH_PX)
        sign = QLabel()
        sign.setPixmap(icon("mdi6.alert-circle-outline", role).pixmap(QSize(ICON_PX, ICON_PX)))
        sign.setAlignment(Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(SPACING)
        for text, label_role in ((title, "title"), (body, "")):
            label = QLabel(text)
            label.setProperty("role", label_role)
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setVisible(bool(text))
            words.addWidget(label)
        top = QHBoxLayout()
        top.setSpacing(MARGIN)
        top.addWidget(sign)
        top.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        layout.setSpacing(MARGIN)
        layout.addLayout(top)
        self.details = QPlainTextEdit(details)
        self.details.setReadOnly(True)
        self.details.setAccessibleName("Details")
        self.details.setMinimumHeight(200)
        self.details.hide()
        layout.addWidget(self.details)
        self.buttons = self._make_buttons(bool(details))
        layout.addWidget(self.buttons)

    def _make_buttons(self, has_details: bool) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok)
        buttons.accepted.connect(self.accept)
        buttons.button(QDialogButtonBox.StandardButton.Ok).setDefault(True)
        if has_details:
            self.show_details = buttons.addButton("Show &details", QDialogButtonBox.ButtonRole.HelpRole)
            self.show_details.clicked.connect(self._toggle_details)
            copy = buttons.addButton("&Copy details", QDialogButtonBox.ButtonRole.HelpRole)
            copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.details.toPlainText()))
            log = buttons.addButton("Open &log", QDialogButtonBox.ButtonRole.HelpRole)
            log.clicked.connect(self.log_wanted)
        return buttons

    def _toggle_details(self) -> None:
        hidden = self.details.isHidden()
        self.details.setVisible(hidden)
        self.show_details.setText("Hide &details" if hidden else "Show &details")
        self.adjustSize()


def show_user_error(error: UserError, parent: QWidget | None = None) -> Message:
    """Show a mistake, bad file or full disk in its own words; does not wait for the answer."""
    message = Message(error.title, error.body, parent=parent)
    message.open()
    return message
