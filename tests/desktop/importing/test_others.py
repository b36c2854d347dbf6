import shutil
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from cartocell_app.desktop.importing.models import model_choices
from cartocell_app.desktop.importing.others import add_model, import_model, run_configuration
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.errors import UserError
from cartocell_app.project.project import Project
from cartocell_app.resources import CPU_MODEL


def test_a_model_is_copied_into_the_project_and_can_be_chosen(project: Project, tmp_path: Path):
    shutil.copyfile(CPU_MODEL, tmp_path / "mine.onnx")
    first, second = add_model(project, tmp_path / "mine.onnx"), add_model(project, tmp_path / "mine.onnx")
    assert (first.name, second.name) == ("mine.onnx", "mine (2).onnx")
    choices = model_choices(project.folder)
    assert choices[0].word == "auto"
    assert {choice.path for choice in choices[1:]} >= {first, second}


def test_what_is_no_model_is_not_copied(project: Project, tmp_path: Path):
    (tmp_path / "x.onnx").write_bytes(b"nothing")
    with pytest.raises(UserError, match="not an ONNX model"):
        add_model(project, tmp_path / "x.onnx")
    assert not list((project.folder / "models").iterdir())


@pytest.mark.parametrize(
    ("name", "command"), [("w.pth", "import-model"), ("zoo.zip", "import-model"), ("n.pt", "export")]
)
def test_a_foreign_model_becomes_a_job(project: Project, queue: JobQueue, tmp_path: Path, name: str, command: str):
    run = import_model(project, queue, tmp_path / name)
    queue.cancel(run.id)
    assert run.words[:2] == (command, str(tmp_path / name))
    assert Path(run.words[3]).parent == project.folder / "models"


def test_a_foreign_model_that_cannot_be_imported_says_why(
    qtbot: QtBot, project: Project, queue: JobQueue, tmp_path: Path
):
    (tmp_path / "w.pth").write_bytes(b"nothing")
    run = import_model(project, queue, tmp_path / "w.pth")
    qtbot.waitUntil(lambda: queue.job(run.id).state == "failed", timeout=240_000)
    qtbot.waitUntil(lambda: not queue.running())
    assert "w.pth" in queue.job(run.id).message
    assert "Traceback" not in queue.job(run.id).message


def test_a_biapy_configuration_becomes_a_job(project: Project, queue: JobQueue, tmp_path: Path):
    run = run_configuration(project, queue, tmp_path / "cartocell.yaml")
    queue.cancel(run.id)
    assert run.words[0] == "run"
    assert str(run.folder) in run.words
