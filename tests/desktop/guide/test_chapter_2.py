"""The second chapter, The window, done as it says."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu

from cartocell_app.desktop.help_page import HelpPage
from cartocell_app.desktop.importing.segment_dialog import SegmentDialog
from cartocell_app.desktop.palette import Palette
from cartocell_app.desktop.samples.model import CONDITION, DAY, HEADERS, NAME
from cartocell_app.desktop.samples.words import FIELD, MISSING, SIGNS
from cartocell_app.desktop.viewer.geometry import XY
from tests.conftest import Answer
from tests.desktop.guide.following import Reader, scroll, table
from tests.desktop.guide.test_chapters import part

pytestmark = pytest.mark.slow


@pytest.fixture
def she(sample_project: Path, reader: Callable[[int], Reader]) -> Reader:
    return reader(2)


def test_what_can_be_done_and_all_keys(she: Reader) -> None:
    she.reads("Ctrl+K lists everything", "type a few letters of what you want and press Enter")
    she.press("Ctrl+K")
    palette = she.dialog(Palette)
    QTest.keyClicks(palette.search, "gall")
    she.press("Enter", palette.search)
    assert she.window.page == "gallery"
    she.reads("Shift+F1 lists all keys")
    she.press("Shift+F1")
    she.dialog(HelpPage).close()
    she.reads("Panels can be closed and moved; View, Reset layout brings them back")
    samples = she.window.docks.by_name["samples"]
    samples.close()
    she.choose("View", "Reset layout")
    assert samples.isVisible()


def test_the_list_of_samples(she: Reader) -> None:
    assert set(table(2, "Samples")) == {sign.word for sign in (*SIGNS.values(), FIELD, MISSING)}
    she.reads("Make the list wider to see more columns; click a name, day or condition and press F2 to change it")
    dock, tree = she.window.docks.by_name["samples"], she.window.samples.tree
    she.window.resizeDocks([dock], [760], Qt.Orientation.Horizontal)
    she.wait(lambda: not any(map(tree.isColumnHidden, range(len(HEADERS)))))
    number, model = she.sample("low_2").id, she.window.samples.model
    for column, was, new in ((DAY, "4 d", "5 d"), (CONDITION, "control", "4C"), (NAME, "synthetic_4d_low_2", "mine")):
        she.click_sample("low_2", column)
        she.wait_for_pictures()
        she.press("F2")
        she.wait(lambda: isinstance(QApplication.focusWidget(), QLineEdit))
        field = QApplication.focusWidget()
        assert isinstance(field, QLineEdit)
        assert field.text() == was
        QTest.keyClicks(field, new)
        she.press("Enter", field)
        she.wait(lambda at=column, new=new: model.find(number).siblingAtColumn(at).data() == new)
    assert (she.sample("mine").day, she.sample("mine").condition) == ("5 d", "4C")
    she.reads("N and P go to the next and the previous one")
    before = she.session.current
    she.press("N")
    assert she.session.current != before
    she.press("P")
    assert she.session.current.name == "mine"


def test_views(she: Reader) -> None:
    she.click_sample("high_1")
    she.wait_for_pictures()
    viewer = she.window.load_panels().viewer.viewer
    pane = viewer.slices.panes[XY]
    slice_, in_3d = pane._graphics.viewport(), viewer.volume.scene.native
    for words in ("go through slices | scroll over a slice", "zoom | Ctrl + scroll; in 3D scroll alone"):
        she.reads(words)
    before = viewer.voxel, pane.seen_um(), viewer.volume.seen_um()
    scroll(slice_, 1)
    scroll(slice_, -2, Qt.KeyboardModifier.ControlModifier)
    scroll(in_3d, -2)
    assert viewer.voxel[0] != before[0][0]
    assert pane.seen_um() < before[1]
    assert viewer.volume.seen_um() < before[2]
    she.reads("see one view alone, and all again | double-click it")
    for widget, view in ((slice_, pane), (in_3d, viewer.volume)):
        QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())
        she.wait(lambda view=view: viewer.maximised is view)
        QTest.mouseDClick(widget, Qt.MouseButton.LeftButton, pos=widget.rect().center())
        she.wait(lambda: viewer.maximised is None)
    viewer.reset_zoom()
    she.reads("select a cell | click it; Esc selects none", "hide a cell, or see it alone | click it, then right click")
    QTest.mouseClick(in_3d, Qt.MouseButton.LeftButton, pos=in_3d.rect().center())
    she.wait(lambda: she.session.cell > 0)
    QTest.mouseClick(in_3d, Qt.MouseButton.RightButton, pos=in_3d.rect().center())
    menu = she.dialog(QMenu)
    offered = [action.text() for action in menu.actions()]
    menu.close()
    assert {f"Hide cell {she.session.cell}", f"Show only cell {she.session.cell}"} <= set(offered)
    she.press("Esc", pane)
    assert she.session.cell == 0


def test_layers_results_and_jobs_of_a_segmented_cyst(
    she: Reader, sample_project: Path, cartocell: Callable[..., Answer], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    she.click_sample("new_1")
    she.click("Segment cysts")
    asked = she.dialog(SegmentDialog)
    she.click("Only synthetic_4d_new_1", asked)
    she.click("Segment 1 cyst", asked)
    she.wait(lambda: she.sample("new_1").state == "segmented")
    panels = she.window.load_panels()
    she.wait(lambda: panels.results.results is not None)
    told = re.findall(r"`([^`/]+)", part("6-results.md", "What a segmentation writes"))
    she.wait(lambda: not panels.queue.running())  # its record is written last
    assert {path.name for path in (sample_project / "runs" / "0001-segment").iterdir()} <= set(told)
    she.wait_for_pictures()

    she.reads("shows what the model saw", "the maps of cell interior, contour and tissue, and the seeds")
    layer, levels = panels.viewer.layers_panel.layer, panels.viewer.viewer.display.levels
    names = [layer.itemText(place) for place in range(layer.count())]
    assert {"Interior (B)", "Contour (C)", "Tissue (M)", "Seeds"} <= set(names)
    for name in ("Interior (B)", "Raw"):
        layer.setCurrentText(name)
        she.wait_for_pictures()
    panels.viewer.layers_panel.cut.setValue(20)
    assert panels.viewer.viewer.display.levels == levels

    she.reads(
        "The Results panel at the right has three pages. Summary", "Cells", "click a line to find its cell", "Doubts"
    )
    tabs = panels.results.tabs
    assert [tabs.tabText(at).split(" (")[0] for at in range(tabs.count())] == ["Summary", "Cells", "Doubts"]
    tabs.setCurrentWidget(panels.results.cells)
    lines = panels.results.cells.view
    QTest.mouseClick(
        lines.viewport(), Qt.MouseButton.LeftButton, pos=lines.visualRect(lines.model().index(2, 1)).center()
    )
    she.wait(lambda: she.session.cell == 3)

    she.reads("View, All cysts (Ctrl+5)", "Its button Export tables writes one table of cysts and one of cells")
    she.choose("View", "All cysts")
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    she.click("Export tables", panels.batch)
    she.wait((tmp_path / "cells.csv").exists)
    assert len(pd.read_csv(tmp_path / "cysts.csv")) == sum(one.cells is not None for one in she.project.samples())

    she.reads("The button at the right end of the bar (1 finished) lists all jobs", "Copy as command")
    she.click("1 finished", panels.jobs)
    she.click("Copy as command", panels.jobs)
    program, *words = shlex.split(QApplication.clipboard().text())
    assert program == "cartocell"
    assert cartocell(*words).code == 0


def test_a_project_is_a_folder_and_a_copy_of_it_a_file(
    she: Reader, tmp_path: Path, sample_project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = set(re.findall(r"`([^`]+?)/?`", " ".join(table(2, "Projects"))))
    assert {path.name for path in sample_project.iterdir()} <= told
    she.reads("File, Save a copy as zip", "who opens it by dropping it on the window")
    path = tmp_path / "for a colleague" / "copy.zip"
    path.parent.mkdir()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    she.choose("File", "Save a copy as zip")
    she.wait(path.exists)
    she.wait(she.no_question_is_open)
    number = len(she.project.samples())
    she.window.receive([path])
    she.wait(lambda: she.session.project is not None and path.parent in she.project.folder.parents)
    assert len(she.project.samples()) == number
    assert not she.project.missing()
