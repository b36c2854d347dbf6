"""For the pictures of phases 3 and 5 where something failed: a stack, the disk, a model; in the program's own words."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from screenshots import Studio

    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run

Usage = namedtuple("Usage", "total used free")

UNREADABLE = (
    "{name}.tif cannot be used. It should hold 42 pictures, but it ends before the last. Copy it again from where it "
    "came from."
)
NO_VOXELS = "{name}.tif is 2D. CartoCell needs a stack with several slices."
FULL = "{file} could not be written. The disk is full. Free some space or choose another folder, then run this again."
NO_WEIGHTS = (
    "nuclei_2D.pth holds no weights of a network. CartoCell runs BiaPy's 3D ResU-Net with three output maps, as its "
    "CartoCell workflow trains it."
)
IN_PART = "2 of {all} stacks could not be done; the list of samples says why."
NO_ROOM_BYTES = 3_000_000


def phase_3_failed(studio: Studio) -> QWidget:
    """Labelling: two stacks could not be read, the others wait to be looked through."""
    project = _project(studio, "Labelling in part", role="low-resolution", left_out=2)
    return _shown(studio, project, 3)


def phase_3_full_disk(studio: Studio) -> QWidget:
    """Labelling: the disk ran full after three cysts, and still is."""
    project = _project(studio, "Labelling stopped", role="low-resolution", left_out=5, is_full=True)
    with _no_room():
        return _shown(studio, project, 3)


def phase_5_failed(studio: Studio) -> QWidget:
    """Segmenting: two of three stacks could not be read."""
    project = _project(studio, "Segmenting in part", role="new", left_out=2)
    return _shown(studio, project, 5)


def phase_5_wrong_model(studio: Studio) -> QWidget:
    """A network that is no model of CartoCell was chosen, and one of another program could not be turned into one."""
    project = _project(studio, "Wrong model", role="new", left_out=3, ran=False)
    model = project.folder / "models" / "nuclei.onnx"
    if not model.exists():
        _network_without_card(model)
        message = NO_WEIGHTS
        run = project.new_run("import-model", "Import the model nuclei_2D.pth", [], lambda _: ["import-model"])
        project.update_run(run.id, state="failed", message=message)
    _shown(studio, project, 5)
    studio.window.panels.new_cysts.form.take_model(model)
    return _shown(studio, project, 5)


def _project(
    studio: Studio, name: str, *, role: str, left_out: int, is_full: bool = False, ran: bool = True
) -> Project:
    """Open a sample project whose cysts of a role were segmented but for some at the end."""
    from cartocell_app.project.sample_project import make_sample_project
    from cartocell_app.resources import CPU_MODEL

    folder = studio.folder / f"{name}.cartocell"
    if folder.exists():
        return studio.session.open_project(folder)
    project = studio.session.open_project(make_sample_project(folder))
    project.add_model("M1", CPU_MODEL, {})
    cysts = [sample for sample in project.samples() if sample.role == role]
    labelled = next(sample for sample in project.samples() if sample.labels is not None)
    for cyst in cysts[: len(cysts) - left_out]:
        labels = project.new_labels_path(cyst.id)
        labels.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(labelled.labels, labels)
        project.add_labels(cyst.id, labels, "segmented", cells=9)
    if not ran:
        return project
    run = project.new_run(
        "segment", "Segment", [cyst.id for cyst in cysts], lambda _: ["segment"], 3 if role != "new" else 5
    )
    if is_full:
        _end(project, run, "failed", FULL.format(file=run.folder / "per_image" / f"{cysts[-left_out].name}.tif"))
    else:
        for cyst, words in zip(cysts[-2:], (UNREADABLE, NO_VOXELS), strict=True):
            project.update_samples([cyst.id], state="failed", reason=words.format(name=cyst.name))
        _end(project, run, "some failed", IN_PART.format(all=len(cysts)))
    return project


def _end(project: Project, run: Run, state: str, message: str) -> None:
    project.update_run(run.id, state=state, message=message)


def _network_without_card(path: Path) -> None:
    import onnx

    from cartocell_app.resources import CPU_MODEL

    model = onnx.load(CPU_MODEL)
    del model.metadata_props[:]
    onnx.save(model, path)


@contextmanager
def _no_room() -> Iterator[None]:
    with mock.patch.object(shutil, "disk_usage", return_value=Usage(10**9, 10**9, NO_ROOM_BYTES)):
        yield


def _shown(studio: Studio, project: Project, phase: int) -> QWidget:
    assert studio.session.project is project
    studio.window.show_samples()
    studio.window.show_phase(phase)
    studio.settle()
    return studio.window
