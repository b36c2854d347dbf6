"""Ctrl+K: type a few letters of what you want, press Enter."""

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QIcon, QKeyEvent, QPainter, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.actions import ActionInfo, Actions, keys_in_words
from cartocell_app.desktop.theme import SPACING, colour

WIDTH_PX, HEIGHT_PX, TOP_PX = 560, 420, 72
ROW_PX, ICON_PX = 32, 16

KEY_ROLE = int(Qt.ItemDataRole.UserRole)
SHORTCUT_ROLE = KEY_ROLE + 1


def score(wanted: str, words: str) -> float | None:
    """How well `words` answer to `wanted`: higher is better, None if letters are missing.

    All letters must be there in their order. Letters at the beginning of words and in a row count most, so that
    "ss" finds "Segment stacks" before "Close this project".
    """
    letters, text = wanted.lower().replace(" ", ""), words.lower()
    if not letters:
        return 0.0
    if wanted.lower() in text:
        at = text.index(wanted.lower())
        return 100.0 + (50.0 if at == 0 or text[at - 1] == " " else 0.0) - 0.1 * len(text)
    total, at = 0.0, -1
    for letter in letters:
        found = _next_beginning(text, letter, at)
        if found < 0:
            found = text.find(letter, at + 1)
        if found < 0:
            return None
        total += 3.0 if found == 0 or text[found - 1] == " " else 2.0 if found == at + 1 else 0.5
        at = found
    return total - 0.1 * len(text)


def _next_beginning(text: str, letter: str, after: int) -> int:
    """Place of `letter` directly behind `after` or at the beginning of a later word; -1 if there is none."""
    if text[after + 1 : after + 2] == letter:
        return after + 1
    found = text.find(f" {letter}", after + 1)
    return found + 1 if found >= 0 else -1


class _WithShortcut(QStyledItemDelegate):
    """Paints the keys at the right end of a row."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        painter.save()
        painter.setPen(colour("muted"))
        place = option.rect.adjusted(0, 0, -2 * SPACING, 0)
        painter.drawText(place, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, index.data(SHORTCUT_ROLE))
        painter.restore()


class Palette(QDialog):
    """Everything that can be done, found by a few letters.

    Parameters
    ----------
    actions : Actions
        What can be done.
    parent : QWidget
        Window over which it is shown.
    """

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("palette")
        self._actions = actions
        blank = QPixmap(ICON_PX, ICON_PX)
        blank.fill(Qt.GlobalColor.transparent)
        self._no_sign = QIcon(blank)  # so that all words begin below each other
        self.search = QLineEdit()
        self.search.setPlaceholderText("What do you want to do?")
        self.search.setAccessibleName("What do you want to do?")
        self.search.textChanged.connect(self._fill)
        self.search.installEventFilter(self)
        self.list = QListWidget()
        self.list.setAccessibleName("What can be done")
        self.list.setItemDelegate(_WithShortcut(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setIconSize(QSize(ICON_PX, ICON_PX))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.itemClicked.connect(self._run)
        self._why = QLabel()
        self._why.setProperty("role", "small")
        self.list.currentItemChanged.connect(self._explain)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        layout.setSpacing(SPACING)
        layout.addWidget(self.search)
        layout.addWidget(self.list, 1)
        layout.addWidget(self._why)
        self.resize(min(WIDTH_PX, parent.width() - 4 * SPACING), HEIGHT_PX)
        middle = parent.mapToGlobal(parent.rect().center())
        self.move(middle.x() - self.width() // 2, parent.mapToGlobal(parent.rect().topLeft()).y() + TOP_PX)
        self._fill("")
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Let the arrow keys move in the list and Enter choose, while the letters go to the field."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
            if event.key() in steps:
                row = self.list.currentRow() + steps[Qt.Key(event.key())]
                self.list.setCurrentRow(max(0, min(row, self.list.count() - 1)))
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self.list.currentItem())
                return True
        return super().eventFilter(watched, event)

    def _fill(self, wanted: str) -> None:
        self.list.clear()
        infos = [info for info in self._actions.infos() if not info.page]
        scored = [(score(wanted.strip(), info.words), info) for info in infos]
        found = [(points, info) for points, info in scored if points is not None]
        # What can be done comes first; among equals the order of the menus stays.
        for _, info in sorted(found, key=lambda pair: (bool(self._actions.reason(pair[1].key)), -pair[0])):
            self.list.addItem(self._item(info))
        self.list.setCurrentRow(0)
        if not found:
            self._why.setText("Nothing of that name. Try another word.")

    def _item(self, info: ActionInfo) -> QListWidgetItem:
        sign = self._actions.action(info.key).icon()
        item = QListWidgetItem(sign if info.icon else self._no_sign, info.words)
        item.setData(KEY_ROLE, info.key)
        item.setData(SHORTCUT_ROLE, keys_in_words(info.shortcuts[0]) if info.shortcuts else "")
        item.setSizeHint(QSize(0, ROW_PX))
        if self._actions.reason(info.key):
            item.setForeground(colour("disabled"))
        return item

    def _explain(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            key = item.data(KEY_ROLE)
            self._why.setText(self._actions.reason(key) or self._actions.info(key).tooltip)

    def _run(self, item: QListWidgetItem | None) -> None:
        if item is None or self._actions.reason(item.data(KEY_ROLE)):
            return
        action = self._actions.action(item.data(KEY_ROLE))
        self.close()
        action.trigger()
