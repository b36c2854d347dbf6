"""A dialog that is as high as its text needs, also after the text changed; it scrolls where the screen is lower."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFrame, QScrollArea, QVBoxLayout, QWidget

from cartocell_app.desktop.theme import MARGIN

WIDTH_PX = 620
TITLE_PX = 40
"""What the system draws around a window needs about so much of the screen's height."""


class _Content(QWidget):
    """What scrolls; it says when it was laid out anew."""

    laid_out = Signal()

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        # Labels that wrap tell their height only once they have their text and width.
        if event.type() == QEvent.Type.LayoutRequest:
            self.laid_out.emit()
        return handled


class FittingDialog(QDialog):
    """A dialog of one width whose height follows its content, as far as the screen allows.

    Parameters
    ----------
    title : str
        Of the window.
    parent : QWidget, optional
        Window that it belongs to.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setFixedWidth(WIDTH_PX)
        inside = _Content()
        self.content = QVBoxLayout(inside)
        self.content.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        self.content.setSpacing(MARGIN)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(inside)
        self._buttons_px = 0
        self._foot = QVBoxLayout()
        self._foot.setContentsMargins(MARGIN * 2, 0, MARGIN * 2, MARGIN)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self._scroll, 1)
        outer.addLayout(self._foot)
        inside.laid_out.connect(self._fit)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        # Its buttons stay in sight below what scrolls.
        buttons = self._scroll.widget().findChild(QDialogButtonBox, options=Qt.FindChildOption.FindDirectChildrenOnly)
        if buttons is not None:
            self._foot.addWidget(buttons)
            self._buttons_px = buttons.sizeHint().height()
        super().showEvent(event)
        self._fit()

    def _foot_px(self) -> int:
        """Height of the foot, also while the buttons that it was given are not in sight yet, and count for nothing."""
        margins = self._foot.contentsMargins()
        return margins.top() + self._buttons_px + margins.bottom()

    def _fit(self) -> None:
        """Become as high as the content, and stay on the screen."""
        room = self.screen().availableGeometry()
        wanted_px = self.content.totalHeightForWidth(WIDTH_PX) + self._foot_px()
        most_px = room.height() - TITLE_PX
        # A bar that came before the dialog grew would stay: the text beside it is narrower, and so higher.
        policy = Qt.ScrollBarPolicy
        self._scroll.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if wanted_px > most_px else policy.ScrollBarAlwaysOff
        )
        self.resize(WIDTH_PX, min(wanted_px, most_px))
        below_px = self.frameGeometry().bottom() - room.bottom()
        if self.isVisible() and below_px > 0:
            self.move(self.x(), max(room.top(), self.y() - below_px))
