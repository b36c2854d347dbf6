"""How everything looks: Fusion, one palette and one small style sheet, light or dark.

Widgets take no style of their own. They say what they are with a property that the style sheet knows:
``label.setProperty("role", "title")``; roles of labels: ``page-title``, ``title``, ``muted``, ``small``, ``doubt``,
``failed``, ``accepted``; of buttons: ``primary``, ``flat``, ``danger``.
"""

from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication, QWidget

from cartocell_app.desktop.settings import ThemeChoice

SPACING = 8
MARGIN = 12
TEXT_PX, SMALL_PX = 13, 11

PANE_COLOUR = "#0b0d0f"
"""Behind images, in both themes: near-black, so that dim membranes are seen."""

_LIGHT = {
    "window": "#f4f5f6", "base": "#ffffff", "raised": "#ffffff", "alternate": "#f7f8f9", "text": "#1b1f23",
    "muted": "#59636e", "disabled": "#a3abb3", "border": "#d4d9de", "hover": "#e9ecef", "pressed": "#dde2e6",
    "selection": "#d2ebe8",
    "accent": "#0a7770", "accent-hover": "#08655f", "on-accent": "#ffffff", "icon": "#434c55", "link": "#0a7770",
    "doubt": "#8f5600", "failed": "#b3261e", "accepted": "#23742b", "running": "#0a7770", "drop": "#eef6f5",
    "pane": PANE_COLOUR, "pane-text": "#e6e9ec", "tooltip": "#22272c", "tooltip-text": "#f4f5f6",
}  # fmt: skip
_DARK = {
    "window": "#1d2023", "base": "#16181b", "raised": "#272b2f", "alternate": "#1a1d20", "text": "#e6e9ec",
    "muted": "#98a2ac", "disabled": "#5d666f", "border": "#383e45", "hover": "#2c3136", "pressed": "#353b41",
    "selection": "#1d4a47",
    "accent": "#3dbdb3", "accent-hover": "#5accc3", "on-accent": "#04201e", "icon": "#bcc4cc", "link": "#3dbdb3",
    "doubt": "#e3ae45", "failed": "#f28b82", "accepted": "#74c779", "running": "#3dbdb3", "drop": "#1b2a2a",
    "pane": PANE_COLOUR, "pane-text": "#e6e9ec", "tooltip": "#383e45", "tooltip-text": "#e6e9ec",
}  # fmt: skip


class _Themes(QObject):
    """The theme of the moment; told by `changed` after palette and style sheet are set."""

    changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.choice: ThemeChoice = "system"
        self.tokens = _LIGHT
        self.follows_system = False


themes = _Themes()
"""``themes.changed(is_dark)`` is for what draws its own colours (charts, 3D); palette and icons follow."""


def apply_theme(app: QApplication, choice: ThemeChoice) -> None:
    """Dress the application; "system" follows the system from then on."""
    themes.choice = choice
    hints = app.styleHints()
    if not themes.follows_system:
        app.setStyle("Fusion")
        font = app.font()
        font.setPixelSize(TEXT_PX)
        app.setFont(font)
        hints.colorSchemeChanged.connect(_system_changed)
        themes.follows_system = True
    # Title bars and native dialogs follow this too.
    schemes = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
    hints.setColorScheme(schemes.get(choice, Qt.ColorScheme.Unknown))
    _dress(app)


def is_dark() -> bool:
    """Whether the dark theme is on."""
    return themes.tokens is _DARK


def colour(name: str) -> QColor:
    """Colour of a role in the theme of the moment: accent, doubt, failed, accepted, muted, text, border, pane…

    Raises
    ------
    KeyError
        If there is no such role: a slip in our code.
    """
    return QColor(themes.tokens[name])


def set_role(widget: QWidget, role: str) -> None:
    """Give `widget` a role of the style sheet, also after it was shown."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        # Qt looks at properties once; polishing anew makes it look again.
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def _system_changed() -> None:
    app = QApplication.instance()
    if isinstance(app, QApplication) and themes.choice == "system":
        _dress(app)


def _dress(app: QApplication) -> None:
    dark = themes.choice == "dark" or (
        themes.choice == "system" and app.styleHints().colorScheme() == Qt.ColorScheme.Dark
    )
    themes.tokens = _DARK if dark else _LIGHT
    app.setPalette(_palette())
    app.setStyleSheet(_style_sheet())
    themes.changed.emit(dark)


def _palette() -> QPalette:
    roles = QPalette.ColorRole
    palette = QPalette()
    for role, token in {
        roles.Window: "window", roles.WindowText: "text", roles.Base: "base", roles.AlternateBase: "alternate",
        roles.Text: "text", roles.Button: "raised", roles.ButtonText: "text", roles.BrightText: "failed",
        roles.Highlight: "accent",
        roles.HighlightedText: "on-accent", roles.Link: "link", roles.LinkVisited: "link",
        roles.PlaceholderText: "muted",
        roles.ToolTipBase: "tooltip", roles.ToolTipText: "tooltip-text", roles.Mid: "border", roles.Accent: "accent",
    }.items():  # fmt: skip
        palette.setColor(role, colour(token))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, colour("disabled"))
    palette.setColor(QPalette.ColorGroup.Disabled, roles.Highlight, colour("border"))
    return palette


def _style_sheet() -> str:
    template = Path(__file__).with_name("style.qss").read_text(encoding="utf-8")
    names = {name.replace("-", "_"): value for name, value in themes.tokens.items()}
    here = {"images": Path(__file__).with_name("images").as_posix(), "shade": "dark" if is_dark() else "light"}
    return Template(template).substitute(names, **here, small_px=SMALL_PX, text_px=TEXT_PX)
