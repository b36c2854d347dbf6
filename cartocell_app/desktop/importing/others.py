"""What happens with models and configurations of other programs that were dropped: each becomes a job."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.desktop.importing.models import PROJECT_MODELS
from cartocell_app.stacks.files import whole_file

if TYPE_CHECKING:
    from cartocell_app.desktop.jobs.queue import JobQueue
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run


def free_place(project: Project, stem: str) -> Path:
    """A file for a model of that name in the project, with a number behind it if there is one already."""
    folder = project.folder / PROJECT_MODELS
    place, number = folder / f"{stem}.onnx", 2
    while place.exists():
        place, number = folder / f"{stem} ({number}).onnx", number + 1
    return place


def add_model(project: Project, path: Path) -> Path:
    """Copy a model of CartoCell into the project, where it can be chosen; for a worker thread.

    Raises
    ------
    UserError
        If it is none, or cannot be copied.
    """
    from cartocell_app.segmentation.model_card import read_card

    read_card(path)
    if path.parent == project.folder / PROJECT_MODELS:
        return path
    place = free_place(project, path.stem)
    with whole_file(place) as partial:
        shutil.copyfile(path, partial)
    return place


def import_model(project: Project, queue: JobQueue, path: Path) -> Run:
    """Have a model of another program turned into one of ours, in the project; puts that into the queue."""
    place = free_place(project, path.stem)
    command = "export" if path.suffix.lower() == ".pt" else "import-model"

    def make_words(_: Path) -> list[str]:
        return [command, str(path), "--output", str(place), "--name", path.stem]

    run = project.new_run(command, f"Import the model {path.name}", [], make_words)
    queue.add(run)
    return run


def run_configuration(project: Project, queue: JobQueue, path: Path) -> Run:
    """Have done what a YAML file of BiaPy asks, into the folder of the run; puts that into the queue."""

    def make_words(folder: Path) -> list[str]:
        return ["run", "--config", str(path), "--result_dir", str(folder), "--name", path.stem]

    run = project.new_run("run", f"Do what {path.name} asks", [], make_words)
    queue.add(run)
    return run
