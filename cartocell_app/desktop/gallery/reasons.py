"""Why a cyst is rejected: a menu that takes one key."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QWidget

from cartocell_app.desktop.sample_commands import REASONS


class ReasonMenu(QMenu):
    """Usual reasons by number, and any other.

    Parameters
    ----------
    parent : QWidget
        Owner.
    """

    chosen = Signal(str)
    """The reason."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__("Why do you reject it?", parent)
        for number, reason in enumerate(REASONS, start=1):
            action = self.addAction(f"&{number}  {reason}")
            action.triggered.connect(lambda _=False, reason=reason: self.chosen.emit(reason))
        self.addSeparator()
        self.addAction("&Another reason…").triggered.connect(self._ask)
        self.aboutToShow.connect(lambda: self.setActiveAction(self.actions()[0]))

    def _ask(self) -> None:
        reason, is_given = QInputDialog.getText(self.parentWidget(), "Reject", "Why do you reject it?")
        if is_given:
            self.chosen.emit(reason.strip())
