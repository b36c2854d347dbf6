"""A dialog that is as high as its text needs, also after the text changed."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from cartocell_app.desktop.theme import MARGIN

WIDTH_PX = 620


class FittingDialog(QDialog):
    """A dialog of one width whose height follows its content.

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
        self.content = QVBoxLayout(self)
        self.content.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        self.content.setSpacing(MARGIN)

    def event(self, event: QEvent) -> bool:
        handled = super().event(event)
        # Labels that wrap tell their height only once they have their text and width.
        if event.type() == QEvent.Type.LayoutRequest:
            self.resize(WIDTH_PX, self.content.totalHeightForWidth(WIDTH_PX))
        return handled
