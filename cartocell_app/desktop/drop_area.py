"""A large place to drop things on, for pages that would otherwise be empty."""

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.theme import MARGIN, SPACING, colour

ICON_PX = 56
RADIUS_PX = 12


class DropArea(QFrame):
    """Says what can be dropped; the window itself takes what is dropped, wherever that is.

    Parameters
    ----------
    title : str
        ``"Drop your stacks here"``.
    words : str
        What that means, in a sentence.
    buttons : sequence of (str, str)
        Names and texts of buttons that do the same without dragging; the first is the main one.
    parent : QWidget, optional
        Owner.
    """

    clicked = Signal(str)
    """The button of that name was clicked."""

    def __init__(
        self, title: str, words: str, buttons: tuple[tuple[str, str], ...] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._hot = False
        self._icon = icon("mdi6.tray-arrow-down", "accent")
        self._sign = QLabel()
        self._sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._sign.setFixedHeight(ICON_PX)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2 * MARGIN, 2 * MARGIN, 2 * MARGIN, 2 * MARGIN)
        layout.setSpacing(SPACING)
        layout.addStretch()
        layout.addWidget(self._sign)
        for text, role in ((title, "page-title"), (words, "muted")):
            label = QLabel(text)
            label.setProperty("role", role)
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            label.setWordWrap(True)
            layout.addWidget(label)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        row.addStretch()
        for number, (name, text) in enumerate(buttons):
            button = QPushButton(text)
            button.setObjectName(name)
            button.setProperty("role", "primary" if number == 0 else "")
            button.clicked.connect(lambda _=False, name=name: self.clicked.emit(name))
            row.addWidget(button)
        row.addStretch()
        layout.addSpacing(SPACING)
        layout.addLayout(row)
        layout.addStretch()

    def set_hot(self, hot: bool) -> None:
        """Show that letting go now would drop here."""
        self._hot = hot
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(colour("accent" if self._hot else "border"), 2, Qt.PenStyle.DashLine))
        painter.setBrush(colour("drop" if self._hot else "base"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS_PX, RADIUS_PX)
        # Painted each time: a pixmap would keep the colour of the theme in which it was made.
        self._icon.paint(painter, self._sign.geometry())
        painter.end()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        return QSize(560, 260)
