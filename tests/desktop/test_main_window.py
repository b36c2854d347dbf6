import shutil
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QInputDialog, QMessageBox
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import menus, status
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.palette import Palette
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import is_dark
from cartocell_app.desktop.window_commands import THEMES
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample
from cartocell_app.resources import SAMPLE_STACK
from cartocell_app.stacks.voxel_size import VoxelSize


@pytest.fixture(autouse=True)
def no_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying devices takes seconds, and has a test of its own."""
    monkeypatch.setattr(status, "_probe", lambda: [])


def opened(session: Session, qtbot: QtBot) -> MainWindow:
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    window.activateWindow()
    with qtbot.waitActive(window):
        pass
    return window


@pytest.fixture
def window(session: Session, qtbot: QtBot) -> MainWindow:
    return opened(session, qtbot)


@pytest.fixture
def project(session: Session, window: MainWindow, tmp_path: Path) -> Project:
    """An open project with three samples, of which two are segmented."""
    project = session.create_project(tmp_path / "MDCK.cartocell", "MDCK")
    voxel = VoxelSize(0.7, 0.7, 0.7, "ImageJ tag")
    paths = [tmp_path / f"7d.4C.{number}_1.tif" for number in (1, 2, 3)]
    for path in paths:
        shutil.copy(SAMPLE_STACK, path)
    samples = project.add_samples([NewSample(path, voxel_size=voxel, day="7 d", condition="4C") for path in paths])
    project.update_samples([sample.id for sample in samples[:2]], state="segmented", cells=62)
    return project


def press(
    window: MainWindow,
    qtbot: QtBot,
    key: Qt.Key,
    modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
) -> None:
    """Press a key once the window is the active one: under Xvfb, a new 3D pane may have taken that from it."""
    qtbot.waitUntil(lambda: window.panels is None or not window.panels.viewer.is_busy)
    window.activateWindow()
    with qtbot.waitActive(window):
        pass
    qtbot.keyClick(window, key, modifier)


def states(project: Project) -> list[str]:
    return [sample.state for sample in project.samples()]


def keys_in(entries: Iterable[menus.Entry]) -> list[str]:
    """Keys of all actions in a menu and the menus in it."""
    keys: list[str] = []
    for entry in entries:
        if isinstance(entry, tuple):
            keys += keys_in(entry[1])
        elif entry not in (None, menus.RECENT):
            keys.append(entry)
    return keys


def test_menus_tool_bars_and_right_click_name_only_actions_that_exist(window: MainWindow, project: Project) -> None:
    keys = [key for _, entries in menus.MENUS for key in keys_in(entries)]
    keys += [key for _, bar in menus.TOOLBARS for key in bar if key is not None] + keys_in(menus.CONTEXT)
    assert [key for key in keys if not window.actions_.has(key)] == []


def test_everything_that_can_be_done_is_in_a_menu_and_has_words(window: MainWindow, project: Project) -> None:
    in_menus = [key for _, entries in menus.MENUS for key in keys_in(entries)]
    assert [key for key, count in Counter(in_menus).items() if count > 1] == []
    infos = [info for info in window.actions_.infos() if not info.page]
    assert [info.key for info in infos if info.key not in in_menus] == []
    assert all(info.words and window.actions_.action(info.key).toolTip() for info in infos)


def test_no_two_actions_have_the_same_keys(window: MainWindow, project: Project) -> None:
    keys = Counter(keys for info in window.actions_.infos() if not info.page for keys in info.shortcuts)
    assert [key for key, count in keys.items() if count > 1] == []


def test_without_a_project_there_is_the_welcome_page_alone(window: MainWindow) -> None:
    assert window.page == "welcome"
    assert not any(dock.isVisible() for dock in window.docks.by_name.values())
    assert window.actions_.reason("file.save-zip") == "Open or make a project first."


def test_a_project_brings_panels_and_closing_it_the_welcome_page(
    window: MainWindow, session: Session, tmp_path: Path, qtbot: QtBot
) -> None:
    session.create_project(tmp_path / "MDCK.cartocell", "MDCK hypoxia")
    assert window.page == "empty"
    assert window.windowTitle() == "MDCK hypoxia - CartoCell"
    assert window.docks.by_name["samples"].isVisible()
    assert window.stepper.isVisible()
    window.actions_.action("file.close").trigger()
    assert window.page == "welcome"
    assert not window.stepper.isVisible()
    assert session.project is None


def test_a_second_window_can_only_look(window: MainWindow, project: Project, qtbot: QtBot) -> None:
    other = Session()
    second = opened(other, qtbot)
    other.open_project(project.folder)
    assert second.windowTitle() == "MDCK (read only) - CartoCell"
    second.samples.step(1)
    assert "open in another window" in second.actions_.reason("sample.accept")
    other.close_project()


def test_samples_added_elsewhere_appear_and_the_viewer_takes_the_middle(
    window: MainWindow, project: Project, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: len(window.samples.numbers()) == 3)
    assert window.page == "viewer"


def test_keys_walk_through_samples_accept_and_undo(
    window: MainWindow, project: Project, session: Session, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: len(window.samples.numbers()) == 3)
    press(window, qtbot, Qt.Key.Key_N)
    assert session.current.name == "7d.4C.1_1"
    qtbot.waitUntil(lambda: not window.actions_.reason("sample.accept"))
    qtbot.waitUntil(window.actions_.action("sample.accept").isEnabled)
    press(window, qtbot, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: states(project) == ["accepted", "segmented", "to do"])
    qtbot.waitUntil(window.actions_.action("edit.undo").isEnabled)
    press(window, qtbot, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: states(project) == ["segmented", "segmented", "to do"])


def test_rejecting_asks_why_and_leaves_what_is_not_segmented(
    window: MainWindow, project: Project, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.waitUntil(lambda: len(window.samples.numbers()) == 3)
    monkeypatch.setattr(QInputDialog, "getItem", lambda *_: ("Cyst is cut by the frame", True))
    window.samples.tree.selectAll()
    window.sample_commands.reject()
    assert states(project) == ["rejected", "rejected", "to do"]
    assert project.samples()[0].reason == "Cyst is cut by the frame"


def test_a_phase_takes_the_middle_until_a_sample_or_esc_brings_the_samples_back(
    window: MainWindow, project: Project, session: Session, qtbot: QtBot
) -> None:
    qtbot.waitUntil(lambda: len(window.samples.numbers()) == 3)
    qtbot.mouseClick(window.stepper.buttons[4], Qt.MouseButton.LeftButton)
    assert window.page == "phase"
    assert window.centre.phase.number == 5
    assert window.stepper.buttons[4].isChecked()
    project.update_samples([1], notes="seen")
    qtbot.wait(20)
    assert window.page == "phase"
    window.samples.step(1)
    assert window.page == "viewer"
    assert not window.stepper.buttons[4].isChecked()
    window.show_phase(2)
    press(window, qtbot, Qt.Key.Key_Escape)
    assert window.page == "viewer"


def test_all_cysts_have_a_page(window: MainWindow, project: Project) -> None:
    window.actions_.action("view.batch").trigger()
    assert window.page == "batch"
    window.actions_.action("view.batch").trigger()
    assert window.page == "viewer"


def test_panels_come_back_as_they_were(window: MainWindow, project: Project, session: Session, qtbot: QtBot) -> None:
    window.actions_.action("view.jobs").trigger()
    assert not window.docks.by_name["jobs"].isVisible()
    window.close()
    again = Session()
    second = opened(again, qtbot)
    again.open_project(project.folder)
    assert not second.docks.by_name["jobs"].isVisible()
    assert second.docks.by_name["samples"].isVisible()
    second.docks.reset()
    assert second.docks.by_name["jobs"].isVisible()
    again.close_project()


@pytest.mark.parametrize("choice", [choice for choice, _ in THEMES])
def test_the_theme_is_remembered(window: MainWindow, session: Session, choice: str, qtbot: QtBot) -> None:
    window.actions_.action(f"view.theme-{choice}").trigger()
    assert is_dark() == (choice == "dark")
    assert Session().settings.theme == choice
    qtbot.waitUntil(window.actions_.action(f"view.theme-{choice}").isChecked)


def test_ctrl_k_shows_the_palette(window: MainWindow, qtbot: QtBot) -> None:
    press(window, qtbot, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.findChild(Palette) is not None)
    window.findChild(Palette).close()


def test_pages_of_help_are_there_once_each(window: MainWindow, qtbot: QtBot) -> None:
    for key in ("help.keys", "help.about", "help.log", "help.keys"):
        window.actions_.action(key).trigger()
    pages = window.commands._pages
    assert sorted(pages) == ["about", "keys", "log"]
    for page in list(pages.values()):
        page.close()
    qtbot.waitUntil(lambda: not pages)


def test_a_dropped_project_is_opened(window: MainWindow, session: Session, tmp_path: Path, qtbot: QtBot) -> None:
    folder = tmp_path / "dropped.cartocell"
    Project.create(folder).close()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(folder))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    entered = QDragEnterEvent(QPoint(10, 10), copy, data, left, none)
    window.dragEnterEvent(entered)
    assert entered.isAccepted()
    window.dropEvent(QDropEvent(QPointF(10, 10), copy, data, left, none))
    qtbot.waitUntil(lambda: session.project is not None)
    assert session.project.folder == folder


def test_closing_with_jobs_asks(
    window: MainWindow, project: Project, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    stopped: list[bool] = []
    queue = window.load_panels().queue
    monkeypatch.setattr(queue, "running", lambda: (1,))
    monkeypatch.setattr(queue, "stop_all", lambda: stopped.append(True))
    asked: list[str] = []

    def answer(box: QMessageBox) -> int:
        asked.append(box.text())
        box.button_ = box.buttons()[1 if len(asked) == 1 else 0]
        return 0

    monkeypatch.setattr(QMessageBox, "exec", answer)
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.button_)
    assert not window.close()
    assert session.project is project
    assert not stopped
    assert window.close()
    assert asked == ["A job is not done yet."] * 2
    assert stopped


def test_the_sample_cyst_is_one_click_away(
    window: MainWindow, session: Session, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cartocell_app.desktop.project_commands.usual_folder", lambda: tmp_path / "CartoCell")
    window.actions_.action("file.sample").trigger()
    qtbot.waitUntil(lambda: session.current is not None)
    assert session.current.name == "Sample cyst"
    assert session.current.voxel_size is not None
    assert window.page == "viewer"
    session.close_project()
    window.actions_.action("file.sample").trigger()
    assert len(session.project.samples()) == 1


def test_a_bug_does_not_take_the_window_down(window: MainWindow, qtbot: QtBot) -> None:
    window.errors.report(ZeroDivisionError, ZeroDivisionError("slip"), None)
    qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
    QApplication.activeModalWidget().accept()
    assert window.isVisible()


def test_a_right_click_says_what_samples_are_for_and_that_can_be_undone(window: MainWindow, project: Project):
    (use_for,) = [action for action in window.samples.tree.actions() if action.text() == "&Use for"]
    assert use_for.menu().actions()[0].text() == "&High-resolution cysts"
    window.samples.go_to(1)
    window.actions_.refresh()
    window.actions_.action("sample.use-low-resolution").trigger()
    assert [sample.role for sample in project.samples()] == ["low-resolution", "new", "new"]
    window.actions_.refresh()
    assert window.actions_.action("sample.use-low-resolution").isChecked()

    window.actions_.action("edit.undo").trigger()
    assert project.sample(1).role == "new"


def test_pages_of_training_phases_have_their_panels_also_after_other_pages(window: MainWindow, project: Project):
    for number in (2, 5, 2):
        window.show_phase(number)
    panels = window.panels
    assert panels is not None
    assert panels.trainings[2].isVisible()
    assert not panels.trainings[4].isVisible()
    assert "Right-click" in panels.trainings[2].form.start.toolTip()
    window.show_phase(3)
    assert panels.labelling.isVisible()
    assert "M1 comes first" in panels.labelling.label.toolTip()
