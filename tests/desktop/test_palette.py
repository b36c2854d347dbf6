import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.actions import ActionInfo, Actions, needs_project
from cartocell_app.desktop.palette import KEY_ROLE, Palette, score
from cartocell_app.desktop.session import Session

MENU = ["Segment stacks", "Save a copy as zip", "Close project", "Reset layout", "Always use the light theme"]


@pytest.mark.parametrize(
    ("wanted", "best"),
    [
        ("seg", "Segment stacks"),
        ("SS", "Segment stacks"),
        ("zip", "Save a copy as zip"),
        ("sac", "Save a copy as zip"),
        ("layout", "Reset layout"),
        ("light", "Always use the light theme"),
    ],
)
def test_a_few_letters_find_what_was_meant(wanted: str, best: str) -> None:
    scores = {words: score(wanted, words) for words in MENU}
    found = {words: points for words, points in scores.items() if points is not None}
    assert max(found, key=lambda words: found[words]) == best


def test_letters_that_are_not_there_find_nothing() -> None:
    assert score("xq", "Segment stacks") is None
    assert score("", "Segment stacks") == 0


@pytest.fixture
def done() -> list[str]:
    return []


@pytest.fixture
def palette(session: Session, qtbot: QtBot, done: list[str]) -> Palette:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.resize(800, 600)
    window.show()
    actions = Actions(session, window)
    actions.add(
        [
            ActionInfo("a", "Save a copy as zip…", lambda: done.append("zip"), needs=needs_project),
            ActionInfo(
                "b", "&Segment stacks…", lambda: done.append("segment"), "mdi6.play", "Ctrl+R", "Find the cells."
            ),
            ActionInfo("c", "&Keys", lambda: done.append("keys")),
        ]
    )
    palette = Palette(actions, window)
    palette.show()
    qtbot.waitExposed(palette)
    return palette


def shown(palette: Palette) -> list[str]:
    return [palette.list.item(row).data(KEY_ROLE) for row in range(palette.list.count())]


def test_all_is_listed_with_what_cannot_be_done_last(palette: Palette) -> None:
    assert shown(palette) == ["b", "c", "a"]
    assert palette._why.text() == "Find the cells."


def test_typing_arrows_and_enter_do_it(palette: Palette, done: list[str], qtbot: QtBot) -> None:
    qtbot.keyClicks(palette.search, "s")
    assert shown(palette) == ["b", "c", "a"]
    qtbot.keyClick(palette.search, Qt.Key.Key_Down)
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert done == ["keys"]


def test_what_cannot_be_done_says_why_and_is_not_done(palette: Palette, done: list[str], qtbot: QtBot) -> None:
    qtbot.keyClicks(palette.search, "zip")
    assert palette._why.text() == "Open or make a project first."
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert not done
    assert palette.isVisible()


def test_nothing_found_is_said(palette: Palette, qtbot: QtBot) -> None:
    qtbot.keyClicks(palette.search, "xyz")
    assert "Nothing of that name" in palette._why.text()
    qtbot.keyClick(palette.search, Qt.Key.Key_Return)
    assert palette.isVisible()
