"""What a right click on a pane offers."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QWidget

from cartocell_app.desktop.viewer.pane import Pane

if TYPE_CHECKING:
    from cartocell_app.desktop.viewer.viewer import Viewer

Choice = tuple[str, Callable[[], None] | None]


def choices(viewer: "Viewer", pane: Pane) -> list[Choice]:
    """What can be done with a pane: words, and what they do; None separates."""
    cell, display = viewer.display.cell, viewer.display
    found: list[Choice] = [
        ("All panes" if viewer.maximised else "This pane only", partial(viewer.maximise, pane)),
        ("Show the whole stack", viewer.reset_zoom),
    ]
    if cell:
        found += [
            ("", None),
            (f"Show only cell {cell}", partial(viewer.show_only, frozenset({cell}))),
            (f"Hide cell {cell}", partial(viewer.hide_cells, frozenset({cell}))),
            ("Select no cell", partial(viewer.cell_picked.emit, 0)),
        ]
    if display.only is not None or display.hidden:
        found.append(("Show all cells", partial(viewer.show_only, None)))
    return found


def pop_up(owner: QWidget, found: list[Choice], at: QPoint) -> None:
    """Show the choices at a place of the screen."""
    menu = QMenu(owner)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for words, does in found:
        if does is None:
            menu.addSeparator()
        else:
            menu.addAction(words, does)
    menu.popup(at)
