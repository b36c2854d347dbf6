"""The middle of the window: one page at a time."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from cartocell_app.desktop.drop_area import DropArea
from cartocell_app.desktop.phase_page import PhasePage
from cartocell_app.desktop.theme import MARGIN
from cartocell_app.desktop.welcome import Welcome


class Centre(QStackedWidget):
    """Pages by name; those of panels that load later are empty until then.

    Welcome without a project; an invitation to drop stacks; the viewer; a phase; all cysts together; of phase 3 the
    fields and the labelled cysts.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    page_changed = Signal(str)
    """Name of the page that is shown from now on."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # Not what its widest page would like: the window fits on 1000 pixels with all its panels.
        self.setMinimumSize(320, 240)
        self.welcome = Welcome()
        self.drop = DropArea(
            "Drop your stacks here",
            "Files, or a whole folder. They stay where they are; you see what was found before anything is added.",
            (("file.import", "Choose &stacks…"),),
        )
        self.phase = PhasePage()
        self._pages: dict[str, QWidget] = {}
        for name, widget in (
            ("welcome", self.welcome),
            ("empty", _with_margins(self.drop)),
            ("viewer", QWidget()),
            ("phase", self.phase),
            *((name, QWidget()) for name in ("batch", "fields", "gallery")),
        ):
            self._pages[name] = widget
            self.addWidget(widget)

    @property
    def page(self) -> str:
        """Name of the page that is shown."""
        return next(name for name, widget in self._pages.items() if widget is self.currentWidget())

    def show_page(self, name: str) -> None:
        """Show the page of that name."""
        if name != self.page:
            self.setCurrentWidget(self._pages[name])
            self.page_changed.emit(name)

    def fill(self, name: str, widget: QWidget) -> None:
        """Put a panel on the page that waited for it."""
        empty, is_shown = self._pages[name], self.page == name
        self._pages[name] = widget
        self.addWidget(widget)
        if is_shown:
            self.setCurrentWidget(widget)
        self.removeWidget(empty)
        empty.deleteLater()

    def set_hot(self, hot: bool) -> None:
        """Show that letting go now would drop here."""
        self.welcome.drop.set_hot(hot)
        self.drop.set_hot(hot)


def _with_margins(widget: QWidget) -> QWidget:
    page = QWidget()
    layout = QVBoxLayout(page)
    layout.setContentsMargins(2 * MARGIN, 2 * MARGIN, 2 * MARGIN, 2 * MARGIN)
    layout.addWidget(widget)
    return page
