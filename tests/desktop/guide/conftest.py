"""A window to follow the guide in, and the project of its walk through the phases."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import beginnings, project_commands, status
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.project.sample_project import make_sample_project
from tests.desktop.guide.following import Reader


@pytest.fixture
def window(session: Session, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setattr(status, "_probe", lambda: [])
    for module in (project_commands, beginnings):
        monkeypatch.setattr(module, "usual_folder", lambda: tmp_path / "projects")
    window = MainWindow(session)
    qtbot.addWidget(window, before_close_func=_stop)
    window.resize(1440, 860)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def sample_project(session: Session, tmp_path: Path) -> Path:
    """Folder of the sample project, which is open."""
    folder = make_sample_project(tmp_path / "projects" / "Sample project.cartocell")
    session.open_project(folder)
    return folder


@pytest.fixture
def reader(window: MainWindow, qtbot: QtBot) -> Callable[[int], Reader]:
    """Make somebody who reads the chapter of that number before the window."""
    return lambda number: Reader(number, window, qtbot)


def _stop(window: MainWindow) -> None:
    """End jobs, or the window would ask whether they may be ended."""
    if window.panels is not None:
        window.panels.queue.stop_all()
