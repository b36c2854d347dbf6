"""The table of cells: sorted as numbers, filtered, copied, in step with the selected cell."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester

from cartocell_app.desktop.results.cells_model import CellsModel
from cartocell_app.desktop.results.cells_table import CellsTable
from cartocell_app.morphology.cells import measure_cells
from cartocell_app.morphology.measures import MEASURES
from tests.segmentation.toy_cysts import VOXEL_UM, shell

VOLUME = [measure.name for measure in MEASURES].index("volume_um3")


@pytest.fixture(scope="module")
def cells():
    labels = shell(20).astype(np.uint32)
    labels[labels == 4] = 70_000
    return measure_cells(labels, VOXEL_UM)


@pytest.fixture
def table(qtbot, cells):
    widget = CellsTable()
    qtbot.addWidget(widget)
    widget.show_cells(cells, np.full((len(cells), 3), 200, np.uint8))
    return widget


def shown_labels(table):
    return [table.model.label(row) for row in range(table.model.rowCount())]


def test_the_model_keeps_qts_rules(cells):
    model = CellsModel()
    QAbstractItemModelTester(model, QAbstractItemModelTester.FailureReportingMode.Fatal)
    model.show_cells(cells, None)
    model.sort(VOLUME, Qt.SortOrder.DescendingOrder)
    model.show_only(np.arange(len(cells)) % 2 == 0)
    model.show_cells(None, None)


def test_headers_have_units_and_explain_themselves(table):
    model = table.model
    assert model.headerData(VOLUME, Qt.Orientation.Horizontal) == "Volume\nµm³"
    tip = model.headerData(VOLUME, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
    assert "Volume (µm³)" in tip
    assert MEASURES[VOLUME].words in tip
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    assert model.data(model.index(0, VOLUME), Qt.ItemDataRole.TextAlignmentRole) == right
    assert model.data(model.index(0, 0), Qt.ItemDataRole.DecorationRole).toImage().pixelColor(12, 12).red() == 200


def test_sorted_as_numbers_both_ways(table, cells):
    table.view.sortByColumn(0, Qt.SortOrder.DescendingOrder)
    assert shown_labels(table)[0] == 70_000
    table.view.sortByColumn(VOLUME, Qt.SortOrder.AscendingOrder)
    volumes = cells.set_index("label")["volume_um3"]
    assert [volumes[label] for label in shown_labels(table)] == sorted(volumes)


def test_choosing_a_row_picks_its_cell(qtbot, table):
    table.view.sortByColumn(VOLUME, Qt.SortOrder.DescendingOrder)
    with qtbot.waitSignal(table.cell_picked) as picked:
        table.view.selectRow(3)
    assert picked.args == [shown_labels(table)[3]]


def test_a_cell_picked_elsewhere_marks_its_row_without_an_echo(qtbot, table):
    with qtbot.assertNotEmitted(table.cell_picked):
        table.set_cell(70_000)
    (index,) = table.view.selectionModel().selectedRows()
    assert table.model.label(index.row()) == 70_000
    table.view.sortByColumn(VOLUME, Qt.SortOrder.DescendingOrder)
    (index,) = table.view.selectionModel().selectedRows()
    assert table.model.label(index.row()) == 70_000
    with qtbot.assertNotEmitted(table.cell_picked):
        table.set_cell(0)
        table.set_cell(999)
    assert not table.view.selectionModel().hasSelection()


def test_filtering_keeps_the_chosen_cell(qtbot, table, cells):
    table.set_cell(7)
    qtbot.keyClicks(table.filter, "7, 8, 70000")
    assert shown_labels(table) == [7, 8, 70_000]
    assert table.shown.text() == "3 of 20 cells"
    (index,) = table.view.selectionModel().selectedRows()
    assert table.model.label(index.row()) == 7
    table.filter.setText("volume >")
    assert "not understood" in table.shown.text()
    assert shown_labels(table) == [7, 8, 70_000]
    table.filter.clear()
    assert table.shown.text() == "20 cells"
    assert len(shown_labels(table)) == len(cells)


def test_copying_rows(table):
    table.set_cell(7)
    table.copy_rows()
    header, row = QGuiApplication.clipboard().text().splitlines()
    assert header.split("\t")[:2] == ["Cell", "Volume (µm³)"]
    assert row.startswith("7\t")
    table.set_cell(0)
    table.copy_rows()
    assert len(QGuiApplication.clipboard().text().splitlines()) == 21


def test_no_cells(table):
    table.show_cells(None)
    assert table.model.rowCount() == 0
    assert table.shown.text() == ""
    table.copy_rows()
