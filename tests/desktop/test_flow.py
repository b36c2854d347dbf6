"""A first hour: a folder dropped, imported, segmented, looked at, a cell picked in 3D, exported, opened again."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from cartocell_app.desktop import status
from cartocell_app.desktop.importing.import_dialog import ImportDialog
from cartocell_app.desktop.importing.segment_dialog import SegmentDialog
from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.desktop.new_project import NewProjectDialog
from cartocell_app.desktop.results.export_dialog import ExportDialog
from cartocell_app.desktop.session import Session
from cartocell_app.stacks.reading import read_labels

LONG_MS = 120_000


@pytest.fixture
def window(session: Session, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> MainWindow:
    monkeypatch.setattr(status, "_probe", lambda: [])
    window = MainWindow(session)
    qtbot.addWidget(window)
    window.resize(1300, 850)
    window.show()
    qtbot.waitExposed(window)
    return window


def shown(window: MainWindow, kind: type[QDialog], qtbot: QtBot) -> QDialog:
    qtbot.waitUntil(lambda: any(dialog.isVisible() for dialog in window.findChildren(kind)), timeout=LONG_MS)
    return next(dialog for dialog in window.findChildren(kind) if dialog.isVisible())


def do(window: MainWindow, key: str, qtbot: QtBot) -> None:
    action = window.actions_.action(key)
    qtbot.waitUntil(action.isEnabled, timeout=LONG_MS)
    action.trigger()


@pytest.mark.slow
def test_from_a_dropped_folder_to_numbers(
    window: MainWindow, session: Session, cyst_folder: Path, tmp_path: Path, qtbot: QtBot, monkeypatch
):
    stacks = cyst_folder / "x"
    shutil.copy(stacks / "7d.4C.8_2.tif", stacks / "4d.1B.2_1.tif")
    (stacks / "broken.tif").write_bytes(b"II*\0")
    (stacks / "notes.txt").write_text("microscope 3")

    def agree(dialog: NewProjectDialog) -> int:
        dialog.folder.setText(str(tmp_path / "projects"))
        return QDialog.DialogCode.Accepted

    monkeypatch.setattr(NewProjectDialog, "exec", agree)

    # Drop: the broken file says why and stays out, the foreign one is left aside.
    window.receive([stacks])
    importing = shown(window, ImportDialog, qtbot)
    qtbot.waitUntil(lambda: importing.do_import.text() == "&Import 2 stacks", timeout=LONG_MS)
    importing.do_import.click()
    qtbot.waitUntil(lambda: session.project is not None and len(session.project.samples()) == 2, timeout=LONG_MS)
    assert [(sample.name, sample.day) for sample in session.project.samples()] == [
        ("4d.1B.2_1", "4 d"),
        ("7d.4C.8_2", "7 d"),
    ]

    # Segment all: one confirmation.
    session.set_selection([sample.id for sample in session.project.samples()])
    do(window, "segment.samples", qtbot)
    segmenting = shown(window, SegmentDialog, qtbot)
    segmenting.accept()
    qtbot.waitUntil(lambda: {sample.state for sample in session.project.samples()} == {"segmented"}, timeout=LONG_MS)

    # Look: raw and cells of the chosen sample.
    panels = window.panels
    session.set_current(session.project.samples()[1].id)
    qtbot.waitUntil(lambda: not panels.viewer.is_busy and panels.viewer.viewer.view is not None, timeout=LONG_MS)
    labels = read_labels(session.current.labels)[0]
    assert (panels.viewer.viewer.view.labels == labels).all()

    # Pick a cell in 3D: it is selected everywhere.
    volume = panels.viewer.viewer.volume
    with qtbot.waitSignal(session.cell_changed, timeout=LONG_MS):
        volume.pick(volume.width() / 2, volume.height() / 2)
    cell = session.cell
    assert cell > 0
    assert cell in labels
    assert panels.viewer.viewer.display.cell == cell

    # Export its numbers.
    do(window, "results.export", qtbot)
    exporting = shown(window, ExportDialog, qtbot)
    exporting.folder.setText(str(tmp_path / "for R"))
    for key, box in exporting.boxes.items():
        box.setChecked(key in ("csv", "ply"))
    exporting.export.click()
    table = tmp_path / "for R" / "7d.4C.8_2_cells.csv"
    qtbot.waitUntil(
        lambda: table.exists() and (tmp_path / "for R" / "7d.4C.8_2_surfaces.ply").exists(), timeout=LONG_MS
    )
    assert len(pd.read_csv(table)) == len(set(labels.ravel().tolist()) - {0})

    # Close and come back.
    folder = session.project.folder
    session.close_project()
    session.open_project(folder)
    assert {sample.state for sample in session.project.samples()} == {"segmented"}
