"""The results of the current sample, from choosing it to exported files."""

import threading
from dataclasses import replace

import numpy as np
import openpyxl
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLabel

from cartocell_app.desktop.actions import Actions
from cartocell_app.desktop.messages import Message
from cartocell_app.desktop.results.actions import actions
from cartocell_app.desktop.results.export_dialog import ExportDialog
from cartocell_app.desktop.results.exporting import export_sample
from cartocell_app.desktop.results.loading import colours_of, load_results
from cartocell_app.desktop.results.panel import ResultsPanel
from cartocell_app.desktop.results.summary_panel import SummaryPanel
from cartocell_app.segmentation.colours import label_colours
from cartocell_app.stacks.reading import read, read_labels
from cartocell_app.stacks.writing import write_labels
from tests.desktop.results.conftest import VOXEL, ListedProject
from tests.segmentation.toy_cysts import shell


@pytest.fixture
def panel(qtbot, session, sample, tmp_path):
    session.adopt(ListedProject(tmp_path / "MDCK.cartocell", [sample]))
    widget = ResultsPanel(session)
    qtbot.addWidget(widget)
    widget.resize(400, 700)
    widget.show()
    return widget


def texts(widget):
    from PySide6.QtWidgets import QLabel

    return [label.text() for label in widget.findChildren(QLabel)]


def measured(qtbot, panel, session, sample):
    with qtbot.waitSignal(panel.results_shown, check_params_cb=lambda results: results is not None):
        session.set_current(sample.id)


def test_an_empty_panel_teaches(panel):
    assert "Choose a cyst" in panel.message.text()
    assert panel.pages.currentIndex() == 0


def test_a_chosen_sample_is_measured_and_shown(qtbot, panel, session, sample):
    measured(qtbot, panel, session, sample)
    assert panel.name.text() == "7d.4C.8_2"
    assert panel.facts.text() == "20 cells · 0.7 × 0.6 × 0.6 µm (ImageJ tag)"
    words = texts(panel.summary)
    assert "closed" in words
    assert "0.950" in words
    assert "0.900" in words  # before Voronoi
    assert "m2-fast 0.1" in words
    assert "12.5\u00a0s" in words
    assert "The slices are far apart." in words
    assert panel.cells.model.rowCount() == 20


def test_cell_and_row_are_one_selection(qtbot, panel, session, sample):
    measured(qtbot, panel, session, sample)
    session.set_cell(7)
    (index,) = panel.cells.view.selectionModel().selectedRows()
    assert panel.cells.model.label(index.row()) == 7
    panel.cells.view.selectRow(2)
    assert session.cell == 3


def test_doubts_lead_to_their_cells(qtbot, panel, session, sample):
    labels = shell(20)
    labels[(labels == 7) & (np.arange(len(labels)) % 5 == 0)[:, None, None]] = 0
    write_labels(sample.labels, labels, VOXEL)
    measured(qtbot, panel, session, sample)
    assert panel.tabs.tabText(2).startswith("Doubts (")
    qtbot.mouseClick(panel.doubts.buttons[7][0], Qt.MouseButton.LeftButton)
    assert session.cell == 7
    session.set_cell(8)
    assert not panel.doubts.buttons[7][0].isChecked()


def test_an_unknown_voxel_size_is_asked_for(qtbot, panel, session, sample):
    write_labels(sample.labels, shell(6), None)
    session.set_current(sample.id)
    qtbot.waitUntil(panel.give_voxel_size.isVisible)
    assert "voxel size is not known" in panel.message.text()
    assert "--voxel-size" not in panel.message.text()
    with qtbot.waitSignal(panel.voxel_size_wanted) as wanted:
        qtbot.mouseClick(panel.give_voxel_size, Qt.MouseButton.LeftButton)
    assert wanted.args == [sample.id]
    with qtbot.waitSignal(panel.results_shown, check_params_cb=lambda results: results is not None):
        panel.follow(replace(sample, voxel_size=VOXEL))
    assert panel.cells.model.rowCount() == 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": None, "state": "to do"}, "not segmented yet"),
        ({"labels": None, "state": "running"}, "is being segmented"),
        ({"labels": None, "state": "failed", "reason": "7d.4C.8_2.tif is 2D."}, "7d.4C.8_2.tif is 2D."),
    ],
)
def test_a_sample_without_labels_says_why(panel, sample, change, words):
    panel.follow(replace(sample, **change))
    assert words in panel.message.text()
    assert not panel.give_voxel_size.isVisible()


def test_labels_that_are_gone(qtbot, panel, session, sample):
    sample.labels.unlink()
    session.set_current(sample.id)
    qtbot.waitUntil(lambda: "There is no file" in panel.message.text())


def test_a_newer_choice_wins(qtbot, panel, sample, tmp_path):
    other = tmp_path / "other.tif"
    write_labels(other, shell(9), VOXEL)
    panel.follow(sample)
    with qtbot.waitSignal(panel.results_shown, check_params_cb=lambda results: results is not None):
        panel.follow(replace(sample, id=4, name="other", labels=other))
    assert panel.name.text() == "other"
    assert panel.cells.model.rowCount() == 9


def test_the_switch_before_voronoi(qtbot, panel, session, sample):
    measured(qtbot, panel, session, sample)
    with qtbot.waitSignal(panel.before_voronoi_wanted) as wanted:
        qtbot.mouseClick(panel.summary.before, Qt.MouseButton.LeftButton)
    assert wanted.args == [True]
    with qtbot.waitSignal(panel.before_voronoi_wanted) as wanted:
        qtbot.mouseClick(panel.summary.after, Qt.MouseButton.LeftButton)
    assert wanted.args == [False]


def test_the_summary_is_copied_as_text(qtbot, sample):
    summary = SummaryPanel()
    qtbot.addWidget(summary)
    summary.show_results(load_results(sample))
    summary.copy.click()
    text = QGuiApplication.clipboard().text()
    assert text.startswith("7d.4C.8_2\n")
    assert "F1 at IoU 0.5\t0.950\t0.900" in text


def test_colours_are_those_of_the_viewer():
    labels = shell(12)
    ids = np.arange(1, 13)
    assert np.array_equal(colours_of(labels, ids), label_colours(labels)[1:])
    far = np.where(labels > 0, labels.astype(np.uint32) + 4_000_000_000, 0).astype(np.uint32)
    assert colours_of(far, ids + 4_000_000_000).shape == (12, 3)


def test_export_writes_files_and_says_where(qtbot, panel, session, sample, tmp_path):
    measured(qtbot, panel, session, sample)
    panel.export_button.click()
    dialog = panel.findChild(ExportDialog)
    assert dialog.folder.text() == str(tmp_path / "MDCK.cartocell" / "exports")
    assert dialog.export.text() == "Export 6 files"
    folder = tmp_path / "Año, prüfung"
    dialog.folder.setText(str(folder))
    dialog.export.click()
    qtbot.waitUntil(lambda: panel.saved.words.text() == f"Saved 6 files to {folder}")
    assert panel.saved.open.isVisible()
    labels, voxel_size = read_labels(folder / "7d.4C.8_2_cells.tif")
    assert np.array_equal(labels, shell(20))
    assert voxel_size.zyx_um == pytest.approx(VOXEL.zyx_um, rel=1e-4)
    book = openpyxl.load_workbook(folder / "7d.4C.8_2_measurements.xlsx")
    assert book.sheetnames == ["Cells", "Contacts", "Cyst"]
    assert (folder / "7d.4C.8_2_overview.png").stat().st_size > 1000


def asked_to_export(panel, folder, *kinds):
    """The dialog, with a folder typed and only those kinds ticked."""
    panel.export_button.click()
    dialog = panel.findChild(ExportDialog)
    dialog.folder.setText(str(folder))
    for key, box in dialog.boxes.items():
        box.setChecked(key in kinds)
    return dialog


def test_cells_of_large_stacks_are_exported_as_a_folder(qtbot, panel, session, sample, tmp_path):
    measured(qtbot, panel, session, sample)
    dialog = asked_to_export(panel, tmp_path / "napari", "labels", "zarr")
    assert dialog.export.text() == "Export 1 file and 1 folder"
    dialog.export.click()
    qtbot.waitUntil(lambda: panel.saved.words.text() == f"Saved 1 file and 1 folder to {tmp_path / 'napari'}")
    names = sorted(path.name for path in (tmp_path / "napari").iterdir())
    assert names == ["7d.4C.8_2_cells.ome.zarr", "7d.4C.8_2_cells.tif"]
    stack = read(tmp_path / "napari" / names[0])
    assert np.array_equal(stack.data, shell(20))
    assert stack.voxel_size.zyx_um == VOXEL.zyx_um


def test_a_full_disk_leaves_no_half_written_folder(qtbot, panel, session, sample, tiny_disk):
    older = tiny_disk / "7d.4C.8_2_cells.ome.zarr"
    older.mkdir()
    (older / ".zgroup").write_text("earlier")
    measured(qtbot, panel, session, sample)
    dialog = asked_to_export(panel, tiny_disk, "zarr")
    assert dialog.replaced.text() == "1 folder of that name will be replaced."
    dialog.export.click()
    qtbot.waitUntil(lambda: "The disk is full" in panel.saved.words.text())
    assert list(tiny_disk.rglob("*")) == [older, older / ".zgroup"]
    assert (older / ".zgroup").read_text() == "earlier"


def test_export_asked_for_while_it_is_measured_comes_once_that_is_done(qtbot, panel, session, sample):
    session.set_current(sample.id)
    panel.export()
    assert panel.results is None
    qtbot.waitUntil(lambda: panel.findChild(ExportDialog) is not None)
    panel.findChild(ExportDialog).close()


def test_what_cannot_be_measured_says_why_it_is_not_exported(qtbot, panel, session, sample):
    write_labels(sample.labels, shell(6), None)
    session.set_current(sample.id)
    qtbot.waitUntil(panel.give_voxel_size.isVisible)
    panel.export()
    message = panel.findChild(Message)
    assert any("voxel size is not known" in label.text() for label in message.findChildren(QLabel))
    message.close()


def test_export_dialog_says_what_it_replaces_and_why_it_cannot(qtbot, tmp_path):
    dialog = ExportDialog("a", tmp_path)
    qtbot.addWidget(dialog)
    dialog.show()
    (tmp_path / "a_cells.tif").write_bytes(b"x")
    dialog.boxes["csv"].setChecked(False)
    assert dialog.replaced.text() == "1 file of that name will be replaced."
    for box in dialog.boxes.values():
        box.setChecked(False)
    assert not dialog.export.isEnabled()
    assert "Tick" in dialog.export.toolTip()


def test_a_folder_that_cannot_be_written_is_said(qtbot, panel, session, sample, tmp_path):
    measured(qtbot, panel, session, sample)
    (tmp_path / "file").write_bytes(b"in the way")
    panel._export(("csv",), tmp_path / "file")
    qtbot.waitUntil(lambda: "is a file" in panel.saved.words.text())
    assert not panel.saved.open.isVisible()


@pytest.fixture
def go_on(monkeypatch):
    """Exports wait until this is set."""
    go_on = threading.Event()

    def slowly(*args):
        assert go_on.wait(10)
        return export_sample(*args)

    monkeypatch.setattr("cartocell_app.desktop.results.panel.export_sample", slowly)
    yield go_on
    go_on.set()


def test_exports_asked_for_in_a_row_are_all_written(qtbot, panel, session, sample, tmp_path, go_on):
    session.project.listed = [replace(sample, id=number, name=f"cyst {number}") for number in (1, 2, 3)]
    for each in session.project.listed:
        measured(qtbot, panel, session, each)
        dialog = asked_to_export(panel, tmp_path / "out", "labels")
        dialog.export.click()
        qtbot.waitUntil(lambda: panel.findChild(ExportDialog) is None)
    assert panel.saved.words.text() == "Exporting cyst 1, then 2 more …"
    go_on.set()
    qtbot.waitUntil(lambda: panel.saved.words.text() == f"Saved 3 files to {tmp_path / 'out'}")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["cyst_1_cells.tif", "cyst_2_cells.tif", "cyst_3_cells.tif"]


def test_an_export_that_failed_is_said_after_the_others(qtbot, panel, session, sample, tmp_path, go_on):
    measured(qtbot, panel, session, sample)
    (tmp_path / "file").write_bytes(b"in the way")
    for folder in ("one", "file", "two"):
        dialog = asked_to_export(panel, tmp_path / folder, "labels")
        dialog.export.click()
        qtbot.waitUntil(lambda: panel.findChild(ExportDialog) is None)
    go_on.set()
    qtbot.waitUntil(lambda: "is a file" in panel.saved.words.text())
    words = panel.saved.words.text()
    assert words.startswith(f"Saved 2 files to 2 folders, the last of them {tmp_path / 'two'}. 7d.4C.8_2: ")
    assert (tmp_path / "two" / "7d.4C.8_2_cells.tif").exists()


def test_actions_are_ready_once_there_are_results(qtbot, panel, session, sample, monkeypatch):
    registry = Actions(session, panel)
    registry.add(actions(session, panel))
    assert "Choose a sample" in registry.reason("results.export")
    measured(qtbot, panel, session, sample)
    assert registry.reason("results.export") == ""
    opened = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(url.toLocalFile()))
    registry.action("results.show-files").trigger()
    assert opened == [str(sample.results)]
    registry.action("results.copy").trigger()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 21


def test_surfaces_are_exported(sample, tmp_path):
    pytest.importorskip("cartocell_app.morphology.surfaces", reason="surfaces are not there yet")
    ply, obj = export_sample(sample, ("ply", "obj"), tmp_path / "out")
    assert ply.read_bytes().startswith(b"ply")
    assert "v " in obj.read_text()
