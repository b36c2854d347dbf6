"""What can be done with the window itself: panels, theme, help."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication, QDockWidget

from cartocell_app.desktop.actions import ActionInfo, always, needs_project
from cartocell_app.desktop.pages import Page
from cartocell_app.desktop.palette import Palette
from cartocell_app.desktop.settings import ThemeChoice
from cartocell_app.desktop.theme import apply_theme

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow

THEMES: tuple[tuple[ThemeChoice, str], ...] = (
    ("system", "Theme of the &system"),
    ("light", "&Light theme"),
    ("dark", "&Dark theme"),
)

GUIDE_PLACES = {
    "welcome": "1-first-result.md",
    "empty": "1-first-result.md#with-your-own-stacks",
    "viewer": "2-window.md",
    "phase": "3-phases.md",
    "batch": "2-window.md#all-cysts",
}
"""Where the guide is about a page of the window."""

PHASE_ANCHORS = (
    "phase-1-high-resolution-cysts",
    "phase-2-down-sample-and-train-m1",
    "phase-3-low-resolution-stacks-to-labelled-cysts",
    "phase-4-train-m2",
    "phase-5-new-cysts",
)
"""Sections of its chapter about the phases."""


class WindowCommands:
    """Commands on a window.

    Parameters
    ----------
    window : MainWindow
        The window.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._pages: dict[str, Page] = {}

    def actions(self) -> list[ActionInfo]:
        """Actions for menus, keys and the palette."""
        window = self._window
        return [
            ActionInfo(
                "view.palette", "&Find what you want to do…", self.show_palette, "mdi6.magnify",
                ("Ctrl+K", "Ctrl+Shift+P"), "Type a few letters of what you want, and press Enter.",
            ),
            *(self._panel(key, dock) for key, dock in window.docks.by_name.items()),
            ActionInfo(
                "view.batch", "&All cysts", lambda _: window.toggle_page("batch"), "mdi6.chart-scatter-plot", "Ctrl+5",
                "Table and charts over all segmented cysts.", needs_project, checked=lambda: window.page == "batch",
            ),
            *(self._theme(choice, text) for choice, text in THEMES),
            ActionInfo(
                "view.reset-layout", "&Reset layout", window.docks.reset, "mdi6.view-dashboard-outline",
                tooltip="Put all panels back where they were at the first start.", needs=needs_project,
            ),
            ActionInfo(
                "view.full-screen", "F&ull screen", self._full_screen, "mdi6.fullscreen", "F11",
                "Use the whole screen.", checked=window.isFullScreen,
            ),
            ActionInfo(
                "help.guide", "&Guide", self.show_guide, "mdi6.book-open-page-variant-outline", "F1",
                "How everything is done, and what each file and column means; opens at what is shown now.",
            ),
            ActionInfo(
                "help.keys", "&Keys and mouse", self._page("keys"), "mdi6.keyboard-outline", "Shift+F1",
                "All keys on one page.",
            ),
            ActionInfo(
                "help.device", "&This computer", self._page("device"), "mdi6.chip",
                tooltip="Where networks run, memory, file formats, versions.",
            ),
            ActionInfo(
                "help.log", "&Log", self._page("log"), "mdi6.text-box-outline",
                tooltip="Warnings and errors so far.",
            ),
            ActionInfo(
                "help.about", "&About CartoCell", self._page("about"), "mdi6.information-outline",
                tooltip="Version, licence, how to cite.",
            ),
            ActionInfo("file.quit", "&Quit", window.close, shortcut="Ctrl+Q", tooltip="Everything is saved already."),
        ]  # fmt: skip

    def show_palette(self) -> None:
        """Show everything that can be done."""
        Palette(self._window.actions_, self._window).show()

    def show_guide(self) -> None:
        """Show the guide at the place that is about what the window shows."""
        place = GUIDE_PLACES[self._window.page]
        if self._window.page == "phase":
            place += f"#{PHASE_ANCHORS[self._window.centre.phase.number - 1]}"
        page = self.show_page("guide")
        page.go_to(place)

    def show_page(self, name: str) -> Page:
        """Show a page of text: guide, keys, device, log or about; one of each at a time."""
        page = self._pages.get(name)
        if page is None:
            page = self._pages[name] = self._make_page(name)
            page.destroyed.connect(partial(self._pages.pop, name, None))
            page.show()
        page.raise_()
        page.activateWindow()
        return page

    def _make_page(self, name: str) -> Page:
        if name == "keys":
            from cartocell_app.desktop.help_page import HelpPage

            return HelpPage(self._window.actions_.infos(), self._window)
        if name == "guide":
            from cartocell_app.desktop.guide.page import GuidePage

            return GuidePage(self._window)
        if name == "device":
            from cartocell_app.desktop.device_page import DevicePage

            return DevicePage(self._window)
        if name == "log":
            from cartocell_app.desktop.log_page import LogPage

            return LogPage(self._window)
        from cartocell_app.desktop.about import AboutPage

        return AboutPage(self._window)

    def _page(self, name: str) -> Callable[[], None]:
        return lambda: self.show_page(name)

    def _panel(self, key: str, dock: QDockWidget) -> ActionInfo:
        number = list(self._window.docks.by_name).index(key) + 1
        return ActionInfo(
            f"view.{key}", f"&{dock.windowTitle()} panel", dock.setVisible, "", f"Ctrl+{number}",
            f"Show or hide the panel {dock.windowTitle()}", needs_project, checked=lambda: not dock.isHidden(),
        )  # fmt: skip

    def _theme(self, choice: ThemeChoice, text: str) -> ActionInfo:
        session = self._window.session

        def choose(_: bool) -> None:
            app = QApplication.instance()
            if isinstance(app, QApplication):
                apply_theme(app, choice)
            session.remember(theme=choice)
            self._window.actions_.refresh_soon()

        words = "Follow the system's light or dark theme" if choice == "system" else f"Always use the {choice} theme"
        return ActionInfo(
            f"view.theme-{choice}", text, choose, "", (), words, always, lambda: session.settings.theme == choice
        )

    def _full_screen(self, on: bool) -> None:
        if on:
            self._window.showFullScreen()
        else:
            self._window.showNormal()
