"""Menus and tool bars, as data: keys of actions; None is a line between groups, a tuple in a menu is a menu in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu, QMenuBar, QToolBar

from cartocell_app.desktop.actions import Actions

Entry = str | None | tuple[str, tuple["Entry", ...]]

USE_FOR: Final[tuple[str, tuple[Entry, ...]]] = (
    "&Use for",
    (
        "sample.use-high-resolution",
        "sample.use-low-resolution",
        "sample.use-field",
        "sample.use-validation",
        "sample.use-new",
    ),
)

RECENT = "recent"
"""Stands for the list of recent projects."""

MENUS: Final[tuple[tuple[str, tuple[Entry, ...]], ...]] = (
    (
        "&File",
        (
            "file.new", "file.open", ("Open &recent", (RECENT,)), None,
            "file.sample", "file.sample-project", "file.only-segment", None,
            "file.import", "file.relocate", None, "results.export", "file.report", "file.save-zip", None,
            "file.close", "file.quit",
        ),
    ),
    ("&Edit", ("edit.undo", "edit.redo", None, "edit.find", "edit.select-all", None, "sample.rename", "sample.remove")),
    (
        "&View",
        (
            "view.palette", None, "view.batch", "view.gallery", None,
            ("&Panels", ("view.samples", "view.layers", "view.results", "view.jobs")),
            ("&Theme", ("view.theme-system", "view.theme-light", "view.theme-dark")),
            "view.reset-layout", "view.full-screen",
        ),
    ),
    (
        "&Sample",
        (
            "sample.next", "sample.previous", None, "sample.accept", "sample.reject", "sample.judge-anew", None,
            USE_FOR, "sample.voxel-size", "results.show-files", "results.copy",
        ),
    ),
    (
        "&Cells",
        (
            "correct.start", None, "correct.delete", "correct.merge", "correct.largest", "correct.fill", None,
            "correct.all-largest", "correct.all-fill", "correct.renumber", None, "correct.save", "correct.versions",
        ),
    ),
    ("Se&gment", ("segment.samples",)),
    ("&Help", ("help.guide", "help.keys", "help.device", "help.log", None, "help.about")),
)  # fmt: skip

CONTEXT: Final[tuple[Entry, ...]] = (
    "segment.samples", "sample.accept", "sample.reject", "sample.judge-anew", USE_FOR, "sample.rename",
    "sample.voxel-size", "results.show-files", "sample.remove",
)  # fmt: skip
"""What a right click on samples offers."""

TOOLBARS: Final[tuple[tuple[str, tuple[str | None, ...]], ...]] = (
    (
        "Main",
        (
            "file.import", "segment.samples", None, "sample.previous", "sample.next", None,
            "sample.accept", "sample.reject", None, "results.export",
        ),
    ),
)  # fmt: skip


def build_menus(bar: QMenuBar, actions: Actions, recent: QMenu) -> None:
    """Fill the menu bar anew.

    Parameters
    ----------
    bar : QMenuBar
        Whose menus are replaced.
    actions : Actions
        Keys that it does not have yet (of panels still to be loaded) are left out.
    recent : QMenu
        The menu that stands where `RECENT` is.
    """
    bar.clear()
    for name, entries in MENUS:
        menu = bar.addMenu(name)
        menu.setToolTipsVisible(True)
        _fill(menu, entries, actions, recent)


def build_toolbars(window: QMainWindow, actions: Actions) -> list[QToolBar]:
    """Make the tool bars of a window."""
    bars = []
    for name, keys in TOOLBARS:
        bar = QToolBar(name, window)
        bar.setObjectName(f"toolbar-{name}")
        bar.setMovable(False)
        bar.setIconSize(QSize(20, 20))
        bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        window.addToolBar(bar)
        bars.append(bar)
        fill_toolbar(bar, keys, actions)
    return bars


def fill_context(menu: QMenu, actions: Actions) -> list[QAction]:
    """Fill `menu` anew with what a right click on samples offers, and give back its entries."""
    menu.clear()
    _fill(menu, CONTEXT, actions, menu)
    return menu.actions()


def fill_toolbar(bar: QToolBar, keys: tuple[str | None, ...], actions: Actions) -> None:
    """Fill a tool bar anew."""
    bar.clear()
    for key in keys:
        if key is None:
            bar.addSeparator()
        elif actions.has(key):
            bar.addAction(actions.action(key))


def _fill(menu: QMenu, entries: Iterable[Entry], actions: Actions, recent: QMenu) -> None:
    for entry in entries:
        if entry is None:
            menu.addSeparator()
        elif isinstance(entry, tuple):
            _add_submenu(menu, entry, actions, recent)
        elif actions.has(entry):
            menu.addAction(actions.action(entry))


def _add_submenu(menu: QMenu, entry: tuple[str, tuple[Entry, ...]], actions: Actions, recent: QMenu) -> QAction:
    name, entries = entry
    if RECENT in entries:
        recent.setTitle(name)
        return menu.addMenu(recent)
    submenu = menu.addMenu(name)
    submenu.setToolTipsVisible(True)
    _fill(submenu, entries, actions, recent)
    return submenu.menuAction()
