import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.session import Session
from tests.desktop.fake_project import FakeProject, FakeSample


@pytest.fixture
def project(session: Session, tmp_path: Path) -> FakeProject:
    project = FakeProject(tmp_path / "a.cartocell", [FakeSample(1, "a"), FakeSample(2, "b")])
    session.adopt(project)
    return project


def test_what_a_worker_changes_is_told_on_the_windows_thread(
    session: Session, project: FakeProject, qtbot: QtBot
) -> None:
    threads: list[threading.Thread] = []
    session.samples_changed.connect(lambda _: threads.append(threading.current_thread()))
    worker = threading.Thread(target=lambda: project.listeners[0]("samples", (1, 2)))
    with qtbot.waitSignal(session.samples_changed) as told:
        worker.start()
    worker.join()
    assert told.args == [(1, 2)]
    assert threads == [threading.main_thread()]


def test_the_current_sample_is_told_anew_when_it_changes(session: Session, project: FakeProject, qtbot: QtBot) -> None:
    session.set_current(2)
    with qtbot.waitSignal(session.current_changed) as told:
        project.update_samples([2], name="better name")
    assert told.args[0].name == "better name"


def test_a_removed_sample_is_not_current_any_more(session: Session, project: FakeProject, qtbot: QtBot) -> None:
    session.set_current(2)
    session.set_cell(7)
    with qtbot.waitSignal(session.current_changed):
        project.remove_samples([2])
    assert session.current is None
    assert session.cell == 0


def test_another_project_closes_the_first_and_late_words_of_it_are_not_heard(
    session: Session, project: FakeProject, tmp_path: Path, qtbot: QtBot
) -> None:
    session.set_current(1)
    late = project.listeners[0]
    session.adopt(FakeProject(tmp_path / "b.cartocell"))
    assert project.closed
    assert not project.listeners
    assert session.current is None
    with qtbot.assertNotEmitted(session.samples_changed, wait=50):
        late("samples", (1,))


def test_opened_projects_are_remembered_the_latest_first(
    session: Session, project: FakeProject, tmp_path: Path
) -> None:
    session.adopt(FakeProject(tmp_path / "b.cartocell"))
    session.adopt(FakeProject(tmp_path / "a.cartocell"))
    assert Session().settings.recent_projects == (str(tmp_path / "a.cartocell"), str(tmp_path / "b.cartocell"))


def test_the_open_project_opened_again_can_still_be_changed(session: Session, tmp_path: Path) -> None:
    first = session.create_project(tmp_path / "b.cartocell")
    assert session.open_project(tmp_path / "b.cartocell") is first
    assert not first.read_only
