"""The report of a phase, from the button on its page to the file."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import report_commands, status
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.project.sample_project import make_sample_project

LONG_MS = 60_000


@pytest.fixture
def window(session: Session, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setattr(status, "_probe", lambda: [])
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1000, 700)
    window.show()
    qtbot.waitExposed(window)
    session.open_project(make_sample_project(tmp_path / "Sample.cartocell"))
    return window


def report_button(window: MainWindow) -> QPushButton:
    words = window.actions_.info("file.report").words
    return next(one for one in window.centre.phase.widget().findChildren(QPushButton) if one.text() == words)


def test_the_button_of_a_phase_saves_its_report_and_offers_to_open_it(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, why in ((2, "before M1 is trained"), (5, "before a cyst has cells")):
        window.show_phase(number)
        assert not report_button(window).isEnabled()
        assert why in report_button(window).toolTip()
    window.show_phase(1)
    proposed: list[str] = []

    def choose(*arguments: str) -> tuple[str, str]:
        proposed.append(arguments[2])
        return str(tmp_path / "phase 1"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    opened: list[str] = []
    monkeypatch.setattr(report_commands.QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    qtbot.mouseClick(report_button(window), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.findChildren(QMessageBox)), timeout=LONG_MS)
    assert Path(proposed[0]).name == "Sample project (synthetic) - phase 1.html"
    text = (tmp_path / "phase 1.html").read_text(encoding="utf-8")
    assert "Phase 1" in text
    assert "Phase 2" not in text
    (box,) = window.findChildren(QMessageBox)
    next(button for button in box.buttons() if "Open" in button.text()).click()
    assert opened == [str(tmp_path / "phase 1.html")]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_pages_of_phases_fit_a_window_of_1000_pixels(window: MainWindow, qtbot: QtBot, number: int) -> None:
    window.show_phase(number)
    qtbot.waitUntil(lambda: window.centre.phase.viewport().width() > 100)
    qtbot.wait(50)
    page = window.centre.phase
    assert page.widget().minimumSizeHint().width() <= page.viewport().width()
    assert not page.horizontalScrollBar().isVisible()


def test_a_page_that_did_not_change_stays_as_it_is(window: MainWindow) -> None:
    window.show_phase(1)
    page = window.centre.phase.widget()
    window.show_phase(1)
    assert window.centre.phase.widget() is page
    (first, *_) = window.session.project.samples()
    window.session.project.update_samples([first.id], state="accepted")
    window.show_phase(1)
    assert window.centre.phase.widget() is not page
