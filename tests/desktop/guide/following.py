"""To follow the guide in a window as a new user does: read a sentence, then click and press what it says."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QMenu, QWidget
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.guide.chapters import FOLDER
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.project.project import Project
from cartocell_app.project.values import Sample

Kind = TypeVar("Kind", bound=QWidget)

LONG_MS = 60_000


def plain(text: str) -> str:
    """Words of a button or menu entry, as the guide writes them."""
    return re.sub(r"[&…*]", "", text).strip().lower()


def chapter(number: int) -> str:
    """Text of a chapter on one line, without its marks of bold and italic."""
    (path,) = FOLDER.glob(f"{number}-*.md")
    return re.sub(r"\s+", " ", path.read_text(encoding="utf-8").replace("*", ""))


class Reader:
    """A new user with a chapter of the guide open.

    Parameters
    ----------
    number : int
        Of the chapter.
    window : MainWindow
        What she clicks in.
    qtbot : QtBot
        Waits.
    """

    def __init__(self, number: int, window: MainWindow, qtbot: QtBot) -> None:
        self.text, self.window, self.qtbot = chapter(number), window, qtbot

    @property
    def session(self) -> Session:
        return self.window.session

    @property
    def project(self) -> Project:
        assert self.session.project is not None
        return self.session.project

    def reads(self, *sentences: str) -> None:
        """The guide says these words, in this order; she goes on reading behind them."""
        for sentence in sentences:
            assert sentence in self.text, f"the guide says nowhere, or not here: {sentence}"
            self.text = self.text.split(sentence, 1)[1]

    def wait(self, until: Callable[[], object]) -> None:
        self.qtbot.waitUntil(lambda: bool(until()), timeout=LONG_MS)

    def wait_for_pictures(self) -> None:
        """Until the viewer has drawn all that it is to show."""
        viewer = self.window.load_panels().viewer
        self.wait(lambda: not viewer.is_busy and viewer.viewer.view is not None)

    def click(self, words: str, inside: QWidget | None = None) -> None:
        """Click the button of those words, once it can be clicked."""

        def found() -> list[QAbstractButton]:
            buttons = (inside or self.window).findChildren(QAbstractButton)
            fitting = [one for one in buttons if re.fullmatch(plain(words), plain(one.text()))]
            return [one for one in fitting if one.isVisible() and one.isEnabled()]

        self.wait(found)
        QTest.mouseClick(found()[0], Qt.MouseButton.LeftButton)

    def press(self, keys: str, where: QWidget | None = None) -> None:
        """Press a key, written as the guide writes it, where the window is the active one."""
        *held, key = keys.split("+")
        modifiers = Qt.KeyboardModifier.NoModifier
        for one in held:
            modifiers |= {"Ctrl": Qt.KeyboardModifier.ControlModifier, "Shift": Qt.KeyboardModifier.ShiftModifier}[one]
        names = {"Esc": "Escape", "Enter": "Return", "Arrow": "Right"}
        if where is None:
            # Under Xvfb, a new 3D pane may have taken that from it.
            self.window.activateWindow()
            with self.qtbot.waitActive(self.window):
                pass
            self.window.actions_.refresh()
        QTest.keyClick(where or self.window, getattr(Qt.Key, f"Key_{names.get(key, key)}"), modifiers)

    def menu(self, *words: str) -> QAction:
        """Entry of the menu bar, found by the words of menu and entry as the guide gives them."""
        menu = next(one.menu() for one in self.window.menuBar().actions() if plain(one.text()) == plain(words[0]))
        assert isinstance(menu, QMenu)
        self.window.actions_.refresh()
        for name in words[1:]:
            action = next((one for one in menu.actions() if plain(one.text()) == plain(name)), None)
            assert action is not None, f"no {name} in the menu {words[0]}: {[one.text() for one in menu.actions()]}"
            inner = action.menu()
            if not isinstance(inner, QMenu):
                return action
            menu = inner
        raise AssertionError(f"{words} is a menu")

    def choose(self, *words: str) -> None:
        """Choose an entry of the menu bar."""
        action = self.menu(*words)
        assert action.isEnabled(), action.toolTip()
        action.trigger()

    def dialog(self, kind: type[Kind]) -> Kind:
        """The window of that kind that is shown over the main one, as soon as it is."""
        self.wait(lambda: [one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible()])
        return next(one for one in QApplication.topLevelWidgets() if isinstance(one, kind) and one.isVisible())

    def sample(self, ending: str) -> Sample:
        """Sample whose name ends so."""
        (found,) = [sample for sample in self.project.samples() if sample.name.endswith(ending)]
        return found

    def click_sample(self, ending: str, column: int = 0) -> None:
        """Click a line of the list."""
        samples, number = self.window.samples, self.sample(ending).id
        QApplication.processEvents()  # new lines get their places
        index = samples.shown.mapFromSource(samples.model.find(number)).siblingAtColumn(column)
        samples.tree.scrollTo(index)
        where = samples.tree.visualRect(index).center()
        QTest.mouseClick(samples.tree.viewport(), Qt.MouseButton.LeftButton, pos=where)
        assert self.session.current is not None
        assert self.session.current.id == number

    def no_question_is_open(self) -> bool:
        QApplication.processEvents()
        return not [dialog for dialog in self.window.findChildren(QDialog) if dialog.isVisible()]


def scroll(over: QWidget, steps: int, held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """Turn the wheel over the middle of a widget; down is positive."""
    middle = QPointF(over.rect().center())
    event = QWheelEvent(
        middle, over.mapToGlobal(middle), QPoint(), QPoint(0, -120 * steps),
        Qt.MouseButton.NoButton, held, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(over, event)


def table(number: int, heading: str) -> dict[str, str]:
    """First and second column of the table below a heading, without its head."""
    (path,) = FOLDER.glob(f"{number}-*.md")
    below = path.read_text(encoding="utf-8").split(f"# {heading}\n", 1)[1]
    rows = re.findall(r"^\| ([^|]+?) *\| ([^|]+?) *\|", re.split(r"\n#+ ", below)[0], re.MULTILINE)
    return dict(rows[2:] if rows[1][0].startswith("---") else rows)


def files_below(folder: Path) -> set[str]:
    """Names of all files below a folder, from it on."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
