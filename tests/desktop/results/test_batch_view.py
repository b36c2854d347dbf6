"""Many cysts side by side: measured once in the background, in a table and in charts."""

import csv
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from cartocell_app.desktop.results import batch_measuring
from cartocell_app.desktop.results.batch import BATCH_MEASURES, batch_table, in_order, measure_sample
from cartocell_app.desktop.results.batch_measuring import BatchMeasurer
from cartocell_app.desktop.results.batch_view import BatchView
from cartocell_app.desktop.theme import apply_theme, colour
from tests.desktop.results.conftest import ListedProject

CELLS = [measure.name for measure in BATCH_MEASURES].index("cells")


@pytest.fixture
def view(qtbot, session, samples, tmp_path):
    session.adopt(ListedProject(tmp_path, samples))
    widget = BatchView(session)
    qtbot.addWidget(widget)
    widget.resize(1000, 700)
    return widget


def all_measured(qtbot, view):
    view.show()
    qtbot.waitUntil(lambda: view.export_button.isEnabled(), timeout=20_000)


def test_the_table_of_samples(samples):
    table = batch_table([measure_sample(sample) for sample in samples]).set_index("cyst")
    assert table.loc["cyst 0", ["cells", "day", "condition", "lumen"]].tolist() == [8, "10 d", "4C", "closed"]
    assert table["cells"].tolist()[:5] == [8, 9, 10, 11, 12]
    assert table["cells"].isna().tolist() == [False] * 5 + [True]
    assert "voxel size is not known" in table.loc["cyst 5", "problem"]


def test_groups_come_in_peoples_order():
    assert in_order(["10 d", "not given", "7 d", "4 d", "7 d"]) == ["4 d", "7 d", "10 d", "not given"]
    assert in_order(["7 d, hypoxia", "7 d, 4C", "10 d, 4C"]) == ["7 d, 4C", "7 d, hypoxia", "10 d, 4C"]


def test_each_sample_is_measured_once(qtbot, samples, monkeypatch):
    asked = []
    monkeypatch.setattr(
        batch_measuring, "measure_sample", lambda sample: asked.append(sample.id) or measure_sample(sample)
    )
    measurer = BatchMeasurer()

    def measure(chosen):
        # The answers come later, so the wait can begin after the request.
        measurer.measure(chosen)
        qtbot.waitUntil(lambda: len(measurer.numbers()) == len(chosen) and not measurer._worker.is_busy)

    measure(samples[:3])
    assert asked == [0, 1, 2]
    renamed = [replace(samples[0], day="5 d"), *samples[1:4]]
    measure(renamed)
    assert asked == [0, 1, 2, 3]
    assert measurer.numbers()[0].sample.day == "5 d"
    samples[1].labels.touch()
    measure(renamed)
    assert asked == [0, 1, 2, 3, 1]


def test_nothing_is_measured_before_it_is_seen(qtbot, view):
    assert view.measurer.numbers() == []
    assert view.charts is None
    all_measured(qtbot, view)
    assert view.model.rowCount() == 6
    assert "1 of them not measured" in view.facts.text()
    assert len(view.charts.histogram.listDataItems()) == 2
    assert view.model.data(view.model.index(0, CELLS)) == "8"
    tip = view.model.data(view.model.index(5, CELLS), Qt.ItemDataRole.ToolTipRole)
    assert "voxel size" in tip


def test_charts_have_units_and_follow_the_choices(qtbot, view):
    all_measured(qtbot, view)
    charts = view.charts
    assert charts.histogram.getAxis("bottom").labelText == "Volume (µm³)"
    assert charts.scatter.getAxis("left").labelText == "Volume, mean (µm³)"
    charts.along_x.setCurrentText("Outer diameter (µm)")
    assert charts.scatter.getAxis("bottom").labelText == "Outer diameter (µm)"
    charts.group_by.setCurrentText("Day and condition")
    assert (
        len(charts.scatter.listDataItems())
        + sum(type(item).__name__ == "ScatterPlotItem" for item in charts.scatter.getPlotItem().items)
        >= 4
    )
    charts.group_by.setCurrentText("Nothing")
    assert len(charts.histogram.listDataItems()) == 1
    charts.of_cells.setCurrentText("Neighbours")
    assert charts.histogram.getAxis("bottom").labelText == "Neighbours"


def test_charts_follow_the_theme(qtbot, qapp, view):
    all_measured(qtbot, view)
    light = view.charts.histogram.backgroundBrush().color()
    apply_theme(qapp, "dark")
    assert view.charts.histogram.backgroundBrush().color() == colour("base") != light


def test_a_bug_shows_itself_once_and_measuring_ends(qtbot, samples, monkeypatch):
    def broken(_sample):
        raise KeyError("a bug")

    monkeypatch.setattr(batch_measuring, "measure_sample", broken)
    measurer = BatchMeasurer()
    with qtbot.captureExceptions() as raised, qtbot.waitSignals([measurer.progressed] * 2):
        measurer.measure(samples)
    assert [kind for kind, *_ in raised] == [KeyError]
    assert measurer.numbers() == []


def test_a_row_or_a_dot_leads_to_its_sample(qtbot, view, session):
    all_measured(qtbot, view)
    view.model.sort(CELLS, Qt.SortOrder.DescendingOrder)
    view.table.doubleClicked.emit(view.model.index(0, 0))
    assert session.current.name == "cyst 4"
    view.charts.scatter.sample_picked.emit(2)
    assert session.current.id == 2


def test_new_samples_are_added(qtbot, view, session, samples):
    session.project.listed = samples[:2]
    all_measured(qtbot, view)
    assert view.model.rowCount() == 2
    session.project.listed = samples[:4]
    session.samples_changed.emit((2, 3))
    qtbot.waitUntil(lambda: view.model.rowCount() == 4 and view.export_button.isEnabled())


def test_tables_of_all_are_exported(qtbot, view, tmp_path):
    all_measured(qtbot, view)
    out = tmp_path / "out"
    view.export(out)
    qtbot.waitUntil(lambda: view.saved.words.text() == f"Saved 3 tables to {out}", timeout=10_000)
    with (out / "cells.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8 + 9 + 10 + 11 + 12
    assert {"cyst", "day", "condition", "volume_um3"} <= rows[0].keys()


def test_a_project_without_results_teaches(qtbot, view, session):
    session.project.listed = []
    view.show()
    assert view.pages.currentIndex() == 0
    assert not view.export_button.isEnabled()
    assert view.export_button.toolTip()
