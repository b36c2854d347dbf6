"""For every test of the desktop: settings of its own, and nothing left behind - no window, thread or timer."""

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QThreadPool, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import status
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.settings import FOLDER_VARIABLE
from cartocell_app.desktop.theme import apply_theme
from cartocell_app.jobs import forecast
from cartocell_app.project.project import Project
from cartocell_app.segmentation.devices import DeviceReport

WORKERS_END_MS = 60_000
"""Long enough for a busy machine; one that hangs is found all the same."""


@pytest.fixture(autouse=True)
def own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder that holds the settings of this test."""
    folder = tmp_path / "settings"
    monkeypatch.setenv(FOLDER_VARIABLE, str(folder))
    return folder


@pytest.fixture(autouse=True)
def leaves_nothing(qapp: QApplication) -> Iterator[None]:
    """Fail a test that leaves windows, running threads, workers or timers, and say which.

    Autouse, so set up before `qtbot` and torn down after it has closed its widgets.
    """
    apply_theme(qapp, "light")
    before = {id(widget) for widget in qapp.topLevelWidgets()}
    # What is there already is none of this test's, and need not be looked through (torch's alone takes a second).
    gc.freeze()
    yield
    _settle()
    left = [f"window {_named(widget)}" for widget in qapp.topLevelWidgets() if id(widget) not in before]
    if QThreadPool.globalInstance().activeThreadCount():
        left.append("a worker that did not end")
    left += [f"running {_named(thing)}" for thing in _running()]
    assert not left, f"the test left behind: {', '.join(left)}. Give them to qtbot.addWidget, or close and stop them."


@pytest.fixture
def session(qapp: QApplication) -> Iterator[Session]:
    """A session without a project; whatever is open at the end is closed."""
    session = Session()
    yield session
    session.close_project()
    session.deleteLater()


@pytest.fixture
def window(session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    """The window; a device that is tried in no time."""
    report = DeviceReport("CPU", "CPUExecutionProvider", usable=True, seconds_per_mvoxel=5.0)
    monkeypatch.setattr(forecast, "_probed", lambda *_: (report,))
    monkeypatch.setattr(status, "_probe", lambda: [])
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


@pytest.fixture
def project(session: Session, tmp_path: Path) -> Project:
    """An empty project, open in the session."""
    return session.create_project(tmp_path / "Cysts.cartocell")


@pytest.fixture
def queue(session: Session, project: Project) -> Iterator[JobQueue]:
    """A queue that runs ``cartocell``; stopped at the end."""
    queue = JobQueue(session)
    yield queue
    queue.stop_all()
    queue.deleteLater()


def _settle() -> None:
    """Let workers end, answers arrive and what was told to go go."""
    for _ in range(3):
        # Anew each time: an answer that arrives may begin what was asked for meanwhile.
        QThreadPool.globalInstance().waitForDone(WORKERS_END_MS)
        QCoreApplication.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QThreadPool.globalInstance().waitForDone(WORKERS_END_MS)
    gc.collect()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _running() -> list[QObject]:
    """Threads and timers that were made since the test began, still live and run."""
    # The type itself and not isinstance, which would ask other libraries' stand-in objects to load themselves.
    found = [thing for thing in gc.get_objects() if issubclass(type(thing), QThread | QTimer)]
    alive = [thing for thing in found if shiboken6.isValid(thing) and thing is not QThread.currentThread()]
    return [thing for thing in alive if (thing.isActive() if isinstance(thing, QTimer) else thing.isRunning())]


def _named(thing: QObject) -> str:
    parent = thing.parent()
    inside = f" in {type(parent).__name__}" if parent is not None else ""
    return f"{type(thing).__name__} {thing.objectName()!r}{inside}"
