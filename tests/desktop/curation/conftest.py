"""A window with two cysts whose cells can be corrected."""

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import status
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.session import Session
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample, Sample
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

VOXEL = VoxelSize(1.0, 1.0, 1.0, "ImageJ tag")


def cells() -> np.ndarray:
    """12 × 30 × 40: cell 3 with a hole and a crumb, cell 5 beside it, cell 9 beside that."""
    labels = np.zeros((12, 30, 40), np.uint16)
    labels[2:10, 5:25, 4:14], labels[2:10, 5:25, 14:24], labels[2:10, 5:25, 24:34] = 3, 5, 9
    labels[5, 10, 8] = 0
    labels[6, 27, 38] = 3
    return labels


def add_cyst(project: Project, folder: Path, name: str, labels: np.ndarray | None) -> Sample:
    """A high-resolution cyst, with its labels as an imported version."""
    folder.mkdir(exist_ok=True)
    raw = np.where(cells() > 0, 20, 5).astype(np.uint8)
    write_stack(folder / f"{name}.tif", raw, VOXEL)
    new = NewSample(
        folder / f"{name}.tif", voxel_size=VOXEL, shape=raw.shape, dtype="uint8", role="high-resolution", name=name
    )
    (sample,) = project.add_samples([new])
    if labels is not None:
        path = project.new_labels_path(sample.id)
        write_labels(path, labels, VOXEL)
        project.add_labels(sample.id, path, "imported", "From the microscope room.", len(np.unique(labels)) - 1)
    return project.sample(sample.id)


def nothing_to_lose(window: MainWindow) -> None:
    """Nobody is there to answer what becomes of corrections."""
    if window.panels is not None:
        window.panels.corrector.throw_away()


@pytest.fixture
def window(session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setattr(status, "_probe", lambda: [])
    window = MainWindow(session)
    qtbot.addWidget(window, before_close_func=nothing_to_lose)
    window.resize(1300, 850)
    window.show()
    window.activateWindow()
    with qtbot.waitActive(window):
        pass
    return window


@pytest.fixture
def project(session: Session, window: MainWindow, tmp_path: Path) -> Project:
    """An open project with two labelled cysts and one without cells."""
    project = session.create_project(tmp_path / "MDCK.cartocell", "MDCK")
    for name, labels in (("one", cells()), ("two", cells()), ("raw alone", None)):
        add_cyst(project, tmp_path / "stacks", name, labels)
    window.load_panels()
    return project
