"""Panels around the middle: closed, moved, and back where they were at the next start."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QToolBar, QWidget

from cartocell_app.desktop.session import Session

VERSION = 1
"""Raise it when panels come or go: a remembered layout of another version is not used."""

DOCKS = (
    ("samples", "Samples", Qt.DockWidgetArea.LeftDockWidgetArea, 300),
    ("layers", "Layers", Qt.DockWidgetArea.RightDockWidgetArea, 300),
    ("results", "Results", Qt.DockWidgetArea.RightDockWidgetArea, 300),
    ("jobs", "Jobs", Qt.DockWidgetArea.BottomDockWidgetArea, 120),
)
"""Name, title, where it is at first, and width or height in pixels."""

ABOUT_ONE_SAMPLE = ("layers", "results")
"""Panels that belong to the sample in the viewer."""


class Docks(QObject):
    """The panels of a window, all hidden while no project is open.

    Parameters
    ----------
    window : QMainWindow
        Where they are docked.
    session : Session
        Whose settings remember the layout.
    """

    def __init__(self, window: QMainWindow, session: Session) -> None:
        super().__init__(window)
        self._window = window
        self._session = session
        self._is_shown = False
        self._put_away: list[QDockWidget] = []
        self.by_name: dict[str, QDockWidget] = {}
        for name, title, area, _ in DOCKS:
            dock = QDockWidget(title, window)
            dock.setObjectName(f"dock-{name}")
            dock.setWidget(QWidget())
            window.addDockWidget(area, dock)
            self.by_name[name] = dock
        for area in (Qt.Orientation.Horizontal, Qt.Orientation.Vertical):
            self._resize(area)
        window.tabifyDockWidget(self.by_name["layers"], self.by_name["results"])
        self._first = QByteArray()

    def mark_first(self) -> None:
        """Take the layout as it is now, with all panels and tool bars made, for that of the first start."""
        self._first = self._window.saveState(VERSION)

    def fill(self, name: str, widget: QWidget) -> None:
        """Put a panel into its dock."""
        empty = self.by_name[name].widget()
        self.by_name[name].setWidget(widget)
        if empty is not None:
            empty.deleteLater()

    def show(self) -> None:
        """Show the panels as they were when a project was last open."""
        if not self._is_shown:
            self._is_shown = True
            remembered = QByteArray.fromBase64(self._session.settings.layout.encode())
            if remembered.isEmpty() or not self._window.restoreState(remembered, VERSION):
                self.reset()

    def hide(self, bars: list[QToolBar]) -> None:
        """Remember how the panels are, and hide them and `bars`."""
        self.remember()
        self._is_shown = False
        for thing in (*self.by_name.values(), *bars):
            thing.hide()

    def make_room(self) -> None:
        """Put those panels away that belong to the sample in the viewer, until `give_back`."""
        if not self._put_away:
            visible = [dock for dock in (self.by_name[name] for name in ABOUT_ONE_SAMPLE) if not dock.isHidden()]
            # The one in front last, so that it is in front again.
            self._put_away = sorted(visible, key=lambda dock: not dock.visibleRegion().isEmpty())
            for dock in self._put_away:
                dock.hide()

    def give_back(self) -> None:
        """Show the panels again that `make_room` put away."""
        docks, self._put_away = self._put_away, []
        for dock in docks:
            dock.show()
            dock.raise_()

    def reset(self) -> None:
        """Put all panels where they were at the first start."""
        self._put_away.clear()
        self._window.restoreState(self._first, VERSION)
        for area in (Qt.Orientation.Horizontal, Qt.Orientation.Vertical):
            self._resize(area)

    def remember(self) -> None:
        """Keep places and sizes of panels and window for the next start."""
        self.give_back()
        geometry = bytes(self._window.saveGeometry().toBase64().data()).decode()
        if self._is_shown:
            layout = bytes(self._window.saveState(VERSION).toBase64().data()).decode()
            self._session.remember(layout=layout, geometry=geometry)
        else:
            self._session.remember(geometry=geometry)

    def _resize(self, orientation: Qt.Orientation) -> None:
        below = Qt.DockWidgetArea.BottomDockWidgetArea
        chosen = [
            (self.by_name[name], size)
            for name, _, area, size in DOCKS
            if (area == below) == (orientation == Qt.Orientation.Vertical)
        ]
        self._window.resizeDocks([dock for dock, _ in chosen], [size for _, size in chosen], orientation)
