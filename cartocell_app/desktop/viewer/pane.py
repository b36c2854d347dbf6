"""What the four panes of the viewer have in common."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.viewer.overlay import Overlay

ZOOM_STEP = 1.15
ZOOMS = {
    Qt.Key.Key_Plus: 1 / ZOOM_STEP,
    Qt.Key.Key_Equal: 1 / ZOOM_STEP,
    Qt.Key.Key_Minus: ZOOM_STEP,
}
"""Keys, and how much more of the stack is seen after one."""

MINIMUM_PX = (120, 100)


class Pane(QWidget):
    """A pane that takes keys while the pointer is over it, with words and a scale bar on it.

    Parameters
    ----------
    name : str
        For screen readers.
    keys : str
        What keys do here, for screen readers.
    parent : QWidget, optional
        Owner.
    """

    maximise_wanted = Signal()
    """Make this pane the only one, or one of four again."""

    menu_wanted = Signal(object)
    """Show what can be done, at this place (global QPoint)."""

    def __init__(self, name: str, keys: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(*MINIMUM_PX)
        self.setAccessibleName(name)
        self.setAccessibleDescription(keys)
        self.overlay = Overlay(self, self.seen_um)

    def seen_um(self) -> float:
        """Width that is seen."""
        raise NotImplementedError

    def enterEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        super().enterEvent(event)
        # Unless she is typing somewhere else.
        if isinstance(self.window().focusWidget(), Pane | None):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
