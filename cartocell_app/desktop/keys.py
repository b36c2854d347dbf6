"""Keys of one panel, which there come before those of the window."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QKeyCombination, QObject
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QWidget


class PanelKeys(QObject):
    """Does what belongs to a key while one of its widgets has the focus.

    The window has shortcuts of its own for some of the same keys (N is the next sample there): Qt asks the widget
    first, and this takes the key before the shortcut sees it.

    Parameters
    ----------
    keys : mapping of str to callable
        As Qt writes keys: ``"Del"``, ``"Shift+Up"``.
    parent : QObject
        Owner.
    """

    def __init__(self, keys: Mapping[str, Callable[[], object]], parent: QObject) -> None:
        super().__init__(parent)
        self._keys = {QKeySequence(words)[0]: run for words, run in keys.items()}

    def watch(self, *widgets: QWidget) -> None:
        """Hold for these widgets from now on."""
        for widget in widgets:
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        if not isinstance(event, QKeyEvent):
            return super().eventFilter(watched, event)
        run = self._keys.get(_pressed(event))
        if run is None or event.type() not in (QEvent.Type.ShortcutOverride, QEvent.Type.KeyPress):
            return super().eventFilter(watched, event)
        event.accept()
        if event.type() == QEvent.Type.KeyPress:
            run()
        return True


def _pressed(event: QKeyEvent) -> QKeyCombination:
    """The key as it stands in shortcuts: whether it lies on the number pad does not count."""
    from PySide6.QtCore import Qt

    modifiers = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
    return QKeyCombination(modifiers, Qt.Key(event.key()))
