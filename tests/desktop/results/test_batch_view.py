"""Many cysts side by side: measured once in the background, in a table and in charts."""

import csv
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from cartocell_app.desktop.results import batch_measuring
from cartocell_app.desktop.results.batch import BATCH_MEASURES, batch_table, in_order, measure_sample
from cartocell_app.desktop.results.batch_measuring import BatchMeasurer
from cartocell_app.desktop.results.batch_view import BatchView
from cartocell_app.desktop.theme import apply_theme, colour
from tests.desktop.answers import answered
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
    with qtbot.captureExceptions() as raised:
        measurer.measure(samples)
        qtbot.waitUntil(lambda: len(measurer.numbers()) == 6 and not measurer._worker.is_busy)
        measurer.measure(samples)
        qtbot.waitUntil(lambda: not measurer._worker.is_busy)
    assert [kind for kind, *_ in raised] == [KeyError]
    assert all(each.measurements is None and each.problem for each in measurer.numbers())


def test_a_bug_with_one_sample_leaves_the_others_their_numbers(qtbot, view, monkeypatch):
    def broken(sample):
        if sample.id == 1:
            raise FileNotFoundError("a bug")
        return measure_sample(sample)

    monkeypatch.setattr(batch_measuring, "measure_sample", broken)
    with qtbot.captureExceptions() as raised:
        all_measured(qtbot, view)
    assert [kind for kind, *_ in raised] == [FileNotFoundError]
    assert [view.model.data(view.model.index(row, CELLS)) for row in (0, 2, 3, 4)] == ["8", "10", "11", "12"]
    assert "failed to measure" in view.model.data(view.model.index(1, CELLS), Qt.ItemDataRole.ToolTipRole)
    assert view.facts.text().startswith("6 cysts, 2 of them not measured")


def test_another_project_never_shows_the_numbers_of_the_one_before(qtbot, view, session, samples, tmp_path):
    all_measured(qtbot, view)
    others = []
    for sample in samples[:3]:
        path = tmp_path / "other" / sample.labels.name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(samples[4].labels.read_bytes())
        others.append(replace(sample, name=f"other {sample.id}", path=path, labels=path))
    session.adopt(ListedProject(tmp_path / "other", others))
    assert view.model.rowCount() == 0
    assert view.measurer.numbers() == []
    qtbot.waitUntil(lambda: view.export_button.isEnabled(), timeout=20_000)
    assert [view.model.data(view.model.index(row, CELLS)) for row in range(3)] == ["12"] * 3


def test_numbers_in_names_and_days_are_sorted_as_numbers(qtbot, view, session, samples):
    days = ("10 d", "4 d", "7 d")
    session.project.listed = [
        replace(sample, name=f"Ctrl {number}", day=day)
        for sample, number, day in zip(samples[:3], (10, 2, 1), days, strict=True)
    ]
    all_measured(qtbot, view)
    names = [measure.name for measure in BATCH_MEASURES]

    def shown(name):
        column = names.index(name)
        return [view.model.data(view.model.index(row, column)) for row in range(3)]

    assert shown("cyst") == ["Ctrl 1", "Ctrl 2", "Ctrl 10"]
    view.table.sortByColumn(names.index("day"), Qt.SortOrder.AscendingOrder)
    assert shown("day") == ["4 d", "7 d", "10 d"]
    view.table.sortByColumn(names.index("day"), Qt.SortOrder.DescendingOrder)
    assert shown("day") == ["10 d", "7 d", "4 d"]


def test_a_row_or_a_dot_leads_to_its_sample(qtbot, view, session):
    all_measured(qtbot, view)
    view.model.sort(CELLS, Qt.SortOrder.DescendingOrder)
    view.table.doubleClicked.emit(view.model.index(0, 0))
    assert session.current.name == "cyst 4"
    view.charts.scatter.sample_picked.emit(2)
    assert session.current.id == 2


def test_commands_are_for_the_row_that_is_marked(qtbot, view, session, samples):
    session.set_selection((0,))
    all_measured(qtbot, view)
    view.table.selectRow(2)
    assert session.selection == (2,)
    # It stays marked where the table is drawn anew, also in another place.
    session.project.listed = [replace(samples[2], state="accepted"), *samples[3:5]]
    session.samples_changed.emit((2,))
    qtbot.waitUntil(lambda: view.model.rowCount() == 3 and view.export_button.isEnabled())
    assert session.selection == (2,)
    assert [index.row() for index in view.table.selectionModel().selectedRows()] == [0]
    session.project.listed = samples
    view.hide()
    assert session.selection == (0,)
    view.show()
    assert session.selection == (2,)


def test_a_row_that_is_opened_is_what_the_list_has_selected(qtbot, view, session):
    session.set_current(0)
    session.set_selection((0,))
    all_measured(qtbot, view)
    view.table.selectRow(3)
    view.table.activated.emit(view.model.index(3, 0))
    view.hide()
    assert session.selection == (3,)


def test_rows_of_another_project_are_not_marked(qtbot, view, session, samples, tmp_path):
    all_measured(qtbot, view)
    view.table.selectRow(2)
    session.adopt(ListedProject(tmp_path, samples))
    qtbot.waitUntil(lambda: view.export_button.isEnabled())
    assert session.selection == ()


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


def test_tables_of_that_name_are_not_replaced_unasked(qtbot, view, tmp_path, monkeypatch):
    all_measured(qtbot, view)
    out = tmp_path / "out"
    out.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(out))
    (out / "cells.csv").write_text("another project's numbers")
    asked = answered(monkeypatch, "Cancel")
    view.export_button.click()
    ((words, more),) = asked
    assert words == "1 file of that name will be replaced."
    assert "cells.csv" in more
    assert [path.name for path in out.iterdir()] == ["cells.csv"]

    answered(monkeypatch, "Replace")
    view.export_button.click()
    qtbot.waitUntil(lambda: view.saved.words.text() == f"Saved 3 tables to {out}", timeout=10_000)
    assert "volume_um3" in (out / "cells.csv").read_text(encoding="utf-8-sig")


def test_a_project_without_results_teaches(qtbot, view, session):
    session.project.listed = []
    view.show()
    assert view.pages.currentIndex() == 0
    assert not view.export_button.isEnabled()
    assert view.export_button.toolTip()
