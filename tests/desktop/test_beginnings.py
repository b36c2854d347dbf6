"""From the welcome page to the page of a phase."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QPushButton
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import beginnings, status
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.new_project import NewProjectDialog
from cartocell_app.desktop.session import Session

LONG_MS = 60_000


@pytest.fixture
def window(session: Session, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setattr(status, "_probe", lambda: [])
    monkeypatch.setattr(beginnings, "usual_folder", lambda: tmp_path / "Documents" / "CartoCell")
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def click(window: MainWindow, qtbot: QtBot, name: str) -> None:
    qtbot.mouseClick(window.centre.welcome.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def test_the_sample_project_opens_on_its_first_phase_also_the_second_time(
    window: MainWindow, session: Session, qtbot: QtBot
) -> None:
    click(window, qtbot, "sample-project")
    qtbot.waitUntil(lambda: window.page == "phase", timeout=LONG_MS)
    assert "synthetic" in window.windowTitle()
    assert window.centre.phase.number == 1
    (first,) = [sample for sample in session.project.samples() if sample.name.endswith("high_1")]
    session.project.update_samples([first.id], state="accepted")
    session.close_project()

    click(window, qtbot, "sample-project")
    qtbot.waitUntil(lambda: window.page == "phase", timeout=LONG_MS)
    assert session.project.sample(first.id).state == "accepted"


def test_only_segmenting_makes_a_project_and_goes_to_phase_5(
    window: MainWindow, session: Session, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NewProjectDialog, "exec", lambda _: QDialog.DialogCode.Rejected)
    click(window, qtbot, "only-segment")
    assert (window.page, session.project) == ("welcome", None)

    def agree(dialog: NewProjectDialog) -> int:
        dialog.name.setText("Hypoxia")
        dialog.folder.setText(str(tmp_path))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(NewProjectDialog, "exec", agree)
    click(window, qtbot, "only-segment")
    assert session.project.folder == tmp_path / "Hypoxia.cartocell"
    assert (window.page, window.centre.phase.number) == ("phase", 5)

    window.show_samples()
    window.actions_.action("file.only-segment").trigger()
    assert (window.page, window.centre.phase.number) == ("phase", 5)
