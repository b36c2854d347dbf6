import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QMainWindow, QPushButton
from pytestqt.qtbot import QtBot

from cartocell_app import __version__
from cartocell_app.citation import CITATION
from cartocell_app.desktop.about import AboutPage
from cartocell_app.desktop.actions import ActionInfo
from cartocell_app.desktop.busy import Busy
from cartocell_app.desktop.help_page import MOUSE, HelpPage, key_table
from cartocell_app.desktop.new_project import NewProjectDialog
from cartocell_app.desktop.phase_page import PhasePage
from cartocell_app.desktop.stepper import Stepper
from cartocell_app.desktop.welcome import Welcome
from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, CancelledError, Progress


@dataclass(frozen=True)
class Phase:
    """Stands in for `PhaseState`."""

    number: int
    title: str
    state: str
    needs: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def texts(page: object) -> list[str]:
    return [label.text() for label in page.findChildren(QLabel) if label.isVisibleTo(page)]


def test_welcome_lists_recent_projects_that_are_still_there(tmp_path: Path, qtbot: QtBot) -> None:
    page = Welcome()
    qtbot.addWidget(page)
    there = tmp_path / "MDCK.cartocell"
    there.mkdir()
    page.show_recent((str(tmp_path / "gone.cartocell"), str(there)))
    (button,) = [button for button in page.findChildren(QPushButton) if button.toolTip().startswith("Open ")]
    with qtbot.waitSignal(page.project_wanted) as told:
        button.click()
    assert told.args == [there]


@pytest.mark.parametrize("name", ["import", "sample", "new", "open"])
def test_every_button_of_the_welcome_page_asks_for_something(name: str, qtbot: QtBot) -> None:
    page = Welcome()
    qtbot.addWidget(page)
    with qtbot.waitSignal(page.wanted) as told:
        page.findChild(QPushButton, name).click()
    assert told.args == [name]


def test_the_stepper_says_each_state_in_words_and_opens_and_closes_pages(qtbot: QtBot) -> None:
    stepper = Stepper()
    qtbot.addWidget(stepper)
    states = ("done", "done", "in progress", "blocked", "ready")
    phases = tuple(Phase(n, f"Title {n}", state, missing=("M1 is missing.",)) for n, state in enumerate(states, 1))
    stepper.show_phases(phases)
    assert stepper.buttons[3].toolTip() == "Phase 4, Title 4: waits for something.\nM1 is missing."
    asked: list[int] = []
    stepper.phase_clicked.connect(asked.append)
    qtbot.mouseClick(stepper.buttons[2], Qt.MouseButton.LeftButton)
    stepper.show_open(3)
    qtbot.mouseClick(stepper.buttons[2], Qt.MouseButton.LeftButton)
    assert asked == [3, 0]


def test_a_phase_page_says_what_is_needed_there_and_missing(qtbot: QtBot) -> None:
    page = PhasePage()
    qtbot.addWidget(page)
    page.show()
    phase = Phase(3, "Label low-res", "blocked", ("A model M1.",), ("293 stacks.",), ("M1 is not trained yet.",))
    actions = {"file.import": ("Import stacks", ""), "segment.samples": ("Segment", "There is nothing to segment.")}
    page.show_phase(phase, actions)
    shown = texts(page)
    assert shown[0] == "3 · Label low-res"
    places = [shown.index(text) for text in ("M1 is not trained yet.", "293 stacks.", "A model M1.")]
    assert places == sorted(places)
    segment = next(button for button in page.findChildren(QPushButton) if button.text() == "Segment")
    assert not segment.isEnabled()
    assert segment.toolTip() == "There is nothing to segment."
    imports = next(button for button in page.findChildren(QPushButton) if button.text() == "Import stacks")
    with qtbot.waitSignal(page.action_wanted) as told:
        imports.click()
    assert told.args == ["file.import"]


def test_keys_are_made_from_the_actions(qtbot: QtBot) -> None:
    infos = [
        ActionInfo("sample.next", "&Next sample", print, shortcut="N"),
        ActionInfo("file.about", "About", print),
        ActionInfo("viewer.slice", "Next slice", print, shortcut="Up", page="Image panes"),
    ]
    assert key_table(infos)[0] == ("Sample", "Next sample", "N")
    assert ("Image panes", "Next slice", "Up") in key_table(infos)
    assert len(key_table(infos)) == 2 + len(MOUSE)
    page = HelpPage(infos)
    qtbot.addWidget(page)
    page.show()
    qtbot.keyClicks(page.search, "next sample")
    qtbot.keyClick(page.search, Qt.Key.Key_Return)
    assert page.isVisible()
    assert "Next sample" in texts(page)
    assert "Next slice" not in texts(page)
    assert "Image panes" not in texts(page)


def test_about_gives_version_and_citation(qtbot: QtBot) -> None:
    page = AboutPage()
    qtbot.addWidget(page)
    page.show()
    assert f"Version {__version__}" in texts(page)
    next(button for button in page.findChildren(QPushButton) if "citation" in button.text()).click()
    assert QApplication.clipboard().text() == CITATION


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "Give the project a name."),
        ("a/b", "A name cannot hold /."),
        (".hidden", "A name cannot begin with a dot."),
        ("there", "There is a project of that name already"),
        ("Año prüfung ü, 4d", ""),
    ],
)
def test_a_new_project_needs_a_good_name(name: str, problem: str, tmp_path: Path, qtbot: QtBot) -> None:
    (tmp_path / "there.cartocell").mkdir()
    dialog = NewProjectDialog(tmp_path, "start")
    qtbot.addWidget(dialog)
    dialog.name.setText(name)
    assert dialog.make.isEnabled() == (not problem)
    assert dialog.make.toolTip().startswith(problem)
    if not problem:
        assert dialog.path() == tmp_path / f"{name}.cartocell"


class TestBusy:
    @pytest.fixture
    def window(self, qtbot: QtBot) -> QMainWindow:
        window = QMainWindow()
        qtbot.addWidget(window)
        window.show()
        return window

    def test_the_answer_comes_back(self, window: QMainWindow, qtbot: QtBot) -> None:
        answers: list[int] = []

        def work(progress: Progress, cancelled: Cancelled) -> int:
            progress("Stack 1", 1, 2)
            return 7

        busy = Busy(window, "Saving…", work, answers.append)
        with qtbot.waitSignal(busy.over):
            pass
        assert answers == [7]

    def test_stopping_ends_the_work_and_is_no_error(self, window: QMainWindow, qtbot: QtBot) -> None:
        answers: list[int] = []

        def work(progress: Progress, cancelled: Cancelled) -> None:
            while not cancelled():
                time.sleep(0.01)
            raise CancelledError

        busy = Busy(window, "Saving…", work, answers.append)
        with qtbot.waitSignal(busy.over):
            busy.dialog.findChild(QPushButton).click()
        assert not answers

    def test_an_error_is_shown_the_usual_way(self, window: QMainWindow, qtbot: QtBot) -> None:
        def work(progress: Progress, cancelled: Cancelled) -> None:
            raise UserError("The disk is full.")

        with qtbot.captureExceptions() as caught:
            busy = Busy(window, "Saving…", work, print)
            with qtbot.waitSignal(busy.over):
                pass
        assert [str(error) for _, error, _ in caught] == ["The disk is full."]
