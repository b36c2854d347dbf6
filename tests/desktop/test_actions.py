import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.actions import ActionInfo, Actions, needs_current
from cartocell_app.desktop.session import Session


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    with qtbot.waitActive(window):
        pass
    return window


def test_a_shortcut_does_it(session: Session, window: QMainWindow, qtbot: QtBot) -> None:
    done: list[str] = []
    actions = Actions(session, window)
    actions.add([ActionInfo("sample.next", "&Next sample", lambda: done.append("next"), shortcut=("N", "Ctrl+Down"))])
    qtbot.keyClick(window, Qt.Key.Key_N)
    qtbot.waitUntil(lambda: done == ["next"])


def test_what_cannot_be_done_says_why(session: Session, window: QMainWindow) -> None:
    actions = Actions(session, window)
    actions.add([ActionInfo("sample.accept", "&Accept", lambda: None, shortcut="A", needs=needs_current)])
    action = actions.action("sample.accept")
    assert not action.isEnabled()
    assert action.toolTip() == "Accept. Choose a sample in the list first."


def test_a_tick_shows_what_holds_and_clicking_it_asks_for_the_other(session: Session, window: QMainWindow) -> None:
    wishes: list[bool] = []
    actions = Actions(session, window)
    actions.add([ActionInfo("view.outlines", "Outlines", wishes.append, checked=lambda: True)])
    action = actions.action("view.outlines")
    assert action.isChecked()
    assert not wishes
    action.trigger()
    assert wishes == [False]


def test_words_have_no_mnemonic_and_no_dots() -> None:
    assert ActionInfo("a", "Save && &close…", lambda: None).words == "Save & close"


def test_two_actions_of_one_key_are_a_slip(session: Session, window: QMainWindow) -> None:
    actions = Actions(session, window)
    actions.add([ActionInfo("a", "A", lambda: None)])
    with pytest.raises(ValueError, match="two actions a"):
        actions.add([ActionInfo("a", "B", lambda: None)])
