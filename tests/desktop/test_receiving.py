import shutil
import time
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtWidgets import QDialog, QMessageBox
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.importing.import_dialog import ImportDialog
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.new_project import NewProjectDialog
from cartocell_app.desktop.session import Session
from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, CancelledError
from cartocell_app.project.project import Project
from cartocell_app.project.values import Run
from cartocell_app.resources import CPU_MODEL, SAMPLE_STACK


@pytest.fixture
def stacks(tmp_path: Path) -> Path:
    """Folder with two stacks, and a file that is none."""
    folder = tmp_path / "MDCK 7d"
    folder.mkdir()
    for name in ("7d.4C.8_1.tif", "7d.4C.8_2.tif"):
        shutil.copy(SAMPLE_STACK, folder / name)
    (folder / "notes.txt").write_text("microscope 3")
    return folder


def shown(window: MainWindow, kind: type[QDialog], qtbot: QtBot) -> QDialog:
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(kind)), timeout=10_000)
    return next(dialog for dialog in window.findChildren(kind) if dialog.isVisible())


def import_all(window: MainWindow, qtbot: QtBot, button: str = "&Import 2 stacks") -> None:
    dialog = shown(window, ImportDialog, qtbot)
    qtbot.waitUntil(lambda: dialog.do_import.text() == button and dialog.do_import.isEnabled(), timeout=10_000)
    assert "1 other file left aside" in dialog.words.text()
    dialog.do_import.click()


def test_a_folder_dropped_without_a_project_makes_one_and_is_imported(
    window: MainWindow,
    session: Session,
    stacks: Path,
    tmp_path: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    offered: list[str] = []

    def agree(dialog: NewProjectDialog) -> int:
        offered.append(f"{dialog.name.text()}: {dialog.make.text()}")
        dialog.folder.setText(str(tmp_path / "projects"))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(NewProjectDialog, "exec", agree)
    window.receive([stacks])
    import_all(window, qtbot)
    qtbot.waitUntil(lambda: session.current is not None)
    assert offered == ["MDCK 7d: &Make project for 2 stacks"]
    assert session.project.folder == tmp_path / "projects" / "MDCK 7d.cartocell"
    assert [sample.name for sample in session.project.samples()] == ["7d.4C.8_1", "7d.4C.8_2"]
    assert window.page == "viewer"


def test_a_folder_with_files_of_another_microscope_says_what_to_do_with_them(
    window: MainWindow, session: Session, stacks: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    session.create_project(tmp_path / "a.cartocell")
    for name in ("7d.4C.8_3.dv", "7d.4C.8_4.dv"):
        (stacks / name).write_bytes(b"x")
    window.receive([stacks])
    dialog = shown(window, ImportDialog, qtbot)
    qtbot.waitUntil(lambda: "2 microscope files" in dialog.words.text(), timeout=10_000)
    assert "CartoCell does not read (.dv) were left aside: save them as TIFF" in dialog.words.text()
    import_all(window, qtbot)
    qtbot.waitUntil(lambda: len(session.project.samples()) == 2)


def test_saying_no_to_a_new_project_imports_nothing(
    window: MainWindow, session: Session, stacks: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    monkeypatch.setattr(NewProjectDialog, "exec", lambda _: asked.append(True) or QDialog.DialogCode.Rejected)
    window.receive([stacks])
    qtbot.waitUntil(lambda: asked == [True])
    assert session.project is None
    assert window.page == "welcome"


def test_stacks_dropped_with_a_model_are_segmented_with_it_after_one_confirmation(
    window: MainWindow, session: Session, stacks: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.create_project(tmp_path / "a.cartocell")
    queued: list[Run] = []
    monkeypatch.setattr(window.load_panels().queue, "add", queued.append)
    window.receive([stacks, CPU_MODEL])
    import_all(window, qtbot, "&Import and segment 2 stacks")
    qtbot.waitUntil(lambda: len(queued) == 1, timeout=10_000)
    model = session.project.folder / "models" / CPU_MODEL.name
    assert model.is_file()
    assert queued[0].title == "Segment 2 cysts"
    assert queued[0].words[queued[0].words.index("--model") + 1] == str(model)


def test_a_model_of_another_program_dropped_with_stacks_is_imported_too(
    window: MainWindow, session: Session, stacks: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.create_project(tmp_path / "a.cartocell")
    queued: list[str] = []
    monkeypatch.setattr(window.load_panels().queue, "add", lambda run: queued.append(run.title))
    (tmp_path / "model.pth").write_bytes(b"x")
    window.receive([stacks, tmp_path / "model.pth"])
    import_all(window, qtbot)
    qtbot.waitUntil(lambda: len(session.project.samples()) == 2)
    assert queued == ["Import the model model.pth"]


def test_closing_the_project_while_new_stacks_are_looked_through_is_no_fault(
    window: MainWindow, session: Session, stacks: Path, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, stopped = Event(), Event()

    def hash_inputs(_: Project, cancelled: Cancelled) -> int:
        begun.set()
        while not cancelled():
            time.sleep(0.01)
        stopped.set()
        raise CancelledError

    monkeypatch.setattr(Project, "hash_inputs", hash_inputs)
    session.create_project(tmp_path / "a.cartocell")
    window.receive([stacks])
    import_all(window, qtbot)
    qtbot.waitUntil(begun.is_set, timeout=10_000)
    with qtbot.captureExceptions() as caught:
        session.close_project()
        qtbot.waitUntil(stopped.is_set)
        qtbot.wait(100)
    assert caught == []


def test_what_is_of_no_use_is_said_in_a_sentence(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    picture = tmp_path / "cyst.png"
    picture.write_bytes(b"")
    with qtbot.captureExceptions() as caught:
        window.receive([picture])
        qtbot.waitUntil(lambda: len(caught) == 1)
    assert caught[0][0] is UserError
    assert "cyst.png is a flat picture" in str(caught[0][1])


def test_a_project_that_can_only_be_read_takes_nothing(
    window: MainWindow, session: Session, stacks: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    first = Project.create(tmp_path / "a.cartocell")
    session.open_project(first.folder)
    with qtbot.captureExceptions() as caught:
        window.receive([stacks])
        qtbot.waitUntil(lambda: len(caught) == 1)
    assert "open in another window" in str(caught[0][1])
    first.close()


def test_a_biapy_configuration_is_run_after_one_question(
    window: MainWindow, session: Session, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.create_project(tmp_path / "a.cartocell")
    queued: list[str] = []
    queue = window.load_panels().queue
    monkeypatch.setattr(queue, "add", lambda run: queued.append(run.title))
    monkeypatch.setattr(QMessageBox, "exec", lambda _: 0)
    monkeypatch.setattr(QMessageBox, "clickedButton", lambda box: box.buttons()[0])
    configuration = tmp_path / "cartocell.yaml"
    configuration.write_text("PROBLEM: {TYPE: INSTANCE_SEG}\nMODEL: {ARCHITECTURE: resunet}\nDATA: {}\n")
    window.receive([configuration])
    qtbot.waitUntil(lambda: queued == ["Do what cartocell.yaml asks"])
