"""Icons of one family (Material Design, from qtawesome's font), drawn in the colours of the theme of the moment.

qtawesome itself is not imported: it loads ten fonts and as many character maps, which the first window would wait for.
"""

import json
from functools import cache

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontDatabase, QIcon, QIconEngine, QPainter, QPixmap

from cartocell_app import resources
from cartocell_app.desktop.theme import colour

PREFIX = "mdi6."


def icon(name: str, role: str = "icon") -> QIcon:
    """Icon that follows the theme.

    Parameters
    ----------
    name : str
        As qtawesome writes it: ``"mdi6.check-circle"``.
    role : str
        Name of its colour in `theme.colour`: ``"icon"``, ``"accent"``, ``"failed"``…

    Raises
    ------
    KeyError
        If there is no such icon: a slip in our code.
    """
    return QIcon(_Engine(_characters()[name.removeprefix(PREFIX)], role))


class _Engine(QIconEngine):
    """Draws one character of the icon font, in the colour that its role has at that moment."""

    def __init__(self, character: str, role: str) -> None:
        super().__init__()
        self._character = character
        self._role = role

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        del state
        font = QFont(_family())
        font.setPixelSize(max(rect.height(), 1))
        # `colour` as it is now: a QIcon made under the light theme is right under the dark one.
        role = {QIcon.Mode.Disabled: "disabled", QIcon.Mode.Selected: "icon"}.get(mode, self._role)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        painter.setFont(font)
        painter.setPen(colour(role))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, self._character)
        painter.restore()

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(QPoint(0, 0), size), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _Engine(self._character, self._role)


@cache
def _characters() -> dict[str, str]:
    (charmap,) = resources.fonts("qtawesome", "fonts").glob("materialdesignicons6-webfont-charmap-*.json")
    return {name: chr(int(code, 16)) for name, code in json.loads(charmap.read_text()).items()}


@cache
def _family() -> str:
    (font,) = resources.fonts("qtawesome", "fonts").glob("materialdesignicons6-webfont-*.ttf")
    return QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(font)))[0]
