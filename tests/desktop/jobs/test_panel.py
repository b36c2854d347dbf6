import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.jobs.panel import JobsPanel
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.session import Session
from cartocell_app.project.project import Project
from cartocell_app.project.values import Run

from .test_queue import POLITE, THREE

FAILS = "record('a', cells=1); record('b', state='failed', error='It is 2D.'); sys.exit(1)"


@pytest.fixture
def panel(qtbot: QtBot, session: Session, queue: JobQueue) -> Iterator[JobsPanel]:
    panel = JobsPanel(session, queue)
    qtbot.addWidget(panel)
    panel.resize(1200, 300)
    panel.show()
    return panel


def click(qtbot: QtBot, button) -> None:
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_without_jobs_it_says_what_it_is_for(panel: JobsPanel):
    assert "shows here how far it is" in panel.strip.step.text()
    assert not panel.strip.cancel.isVisible()
    assert not panel.below.isVisible()


def test_a_running_job_is_shown_and_stopped_with_its_button(
    qtbot: QtBot, panel: JobsPanel, queue: JobQueue, new_run: Callable[..., Run], until: Callable[..., None]
):
    run = new_run(POLITE)
    queue.add(run)
    qtbot.waitUntil(lambda: panel.strip.doing.text() == "Segmenting 2 of 3", timeout=10_000)
    assert panel.strip.step.text() == "b · Network"
    assert panel.strip.bar.value() == round(1000 / 3)

    click(qtbot, panel.strip.cancel)
    until(run, "cancelled")

    qtbot.waitUntil(lambda: "Stopped" in panel.strip.step.text())
    assert panel.strip.retry.isVisible()
    assert panel.strip.more.text() == "1 finished"


def test_the_log_and_the_buttons_of_a_finished_job(
    qtbot: QtBot,
    panel: JobsPanel,
    queue: JobQueue,
    new_run: Callable[..., Run],
    until: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
):
    run = new_run(FAILS)
    queue.add(run)
    until(run, "some failed")
    click(qtbot, panel.strip.more)
    qtbot.waitUntil(lambda: "It is 2D." in panel.details.log.toPlainText())
    assert panel.model.index(0, 1).data() == "Done in part"

    opened: list[Path] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())))
    click(qtbot, panel.details.folder)
    assert opened == [run.folder]

    with qtbot.waitSignal(panel.told):
        click(qtbot, panel.details.command)
    assert QGuiApplication.clipboard().text().startswith("cartocell segment ")

    click(qtbot, panel.details.retry)
    assert queue.job(run.id).state == "queued"
    until(run, "some failed")


def test_interrupted_jobs_are_offered(
    qtbot: QtBot,
    panel: JobsPanel,
    queue: JobQueue,
    project: Project,
    new_run: Callable[..., Run],
    until: Callable[..., None],
):
    first, second = new_run(THREE, title="First"), new_run(THREE, title="Second")
    for run in (first, second):
        project.update_run(run.id, state="interrupted", message="CartoCell was closed.")
    qtbot.waitUntil(lambda: panel.strip.doing.text() == "Second")

    click(qtbot, panel.strip.leave)
    qtbot.waitUntil(lambda: panel.strip.doing.text() == "First")
    click(qtbot, panel.strip.retry)
    until(first, "done")

    assert project.run(second.id).state == "cancelled"
    qtbot.waitUntil(lambda: panel.strip.step.text() == "3 stacks done.")


def test_a_waiting_job_is_moved_and_taken_out(
    qtbot: QtBot, panel: JobsPanel, queue: JobQueue, new_run: Callable[..., Run], until: Callable[..., None]
):
    runs = [new_run(POLITE), new_run(THREE), new_run(THREE)]
    for run in runs:
        queue.add(run)
    qtbot.waitUntil(lambda: panel.strip.doing.text() == "Segmenting 2 of 3", timeout=10_000)
    panel.choose(runs[2].id)

    click(qtbot, panel.details.first)
    assert queue.waiting() == (runs[2].id, runs[1].id)
    click(qtbot, panel.details.cancel)
    assert queue.waiting() == (runs[1].id,)

    queue.cancel(runs[1].id)
    queue.cancel(runs[0].id)
    until(runs[0], "cancelled")


def test_exported_numbers_are_shown_where_the_user_wanted_them(
    qtbot: QtBot,
    panel: JobsPanel,
    queue: JobQueue,
    project: Project,
    until: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
):
    program = "out = pathlib.Path(sys.argv[3]); out.mkdir(); (out / 'cells.csv').write_text('volume_um3')"
    chosen = tmp_path / "numbers"
    run = project.new_run(
        "measure", "Export", [], lambda folder: ["measure", program, str(folder), "--output", str(chosen)]
    )
    queue.add(run)
    until(run, "done", "some failed")
    opened: list[Path] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())))
    click(qtbot, panel.strip.folder)
    assert opened == [chosen]
    # Where it is not any more, there is still the log.
    shutil.rmtree(chosen)
    click(qtbot, panel.strip.folder)
    assert opened[1:] == [run.folder]
