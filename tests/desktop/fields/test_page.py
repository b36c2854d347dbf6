"""The page of fields through clicks and keys: found, corrected, kept, cut out."""

import shutil
import threading

import numpy as np
import pytest
import tifffile
from pyqtgraph import ROI
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QKeySequence, QShortcut

from cartocell_app.desktop.fields import page as page_module
from cartocell_app.desktop.fields.canvas import ABOVE, SIDE
from cartocell_app.desktop.fields.cutting import cut_out_of, keep_boxes, kept_boxes
from cartocell_app.desktop.fields.keeper import CystKeeper
from cartocell_app.desktop.fields.page import FieldsPage
from cartocell_app.desktop.fields.reading import found_boxes
from cartocell_app.project.project import Project
from cartocell_app.project.values import NewSample
from cartocell_app.stacks.boxes import Box

from .conftest import MIDDLES_YX, SHAPE, VOXEL

WAIT_MS = 60_000
BOXES = [
    Box(1, (2, 10, 20), (28, 50, 60), touches_border=False),
    Box(2, (2, 40, 100), (28, 80, 140), touches_border=False),
]
Key = Qt.Key


@pytest.fixture
def page(qtbot, session, queue, field):
    """The page in a window of its own."""
    page = FieldsPage(session, queue)
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    qtbot.waitExposed(page)
    return page


@pytest.fixture
def corrected(qtbot, project, page, field):
    """The page with two boxes that were kept."""
    keep_boxes(project, field.id, BOXES)
    show(qtbot, page, field)
    return page


@pytest.fixture
def other_field(project, field):
    """A second field, which shows the same as the first."""
    path = field.path.with_name("second field.tif")
    shutil.copyfile(field.path, path)
    (sample,) = project.add_samples([NewSample(path, voxel_size=VOXEL, shape=SHAPE, dtype="uint8", role="field")])
    return sample


@pytest.fixture
def search(monkeypatch):
    """A search that is slow: it ends once `may_end` is set; `seen` are the stacks that were searched."""
    may_end, seen = threading.Event(), []

    def slow(stack):
        seen.append(stack)
        may_end.wait(20)
        return found_boxes(stack)

    monkeypatch.setattr(page_module, "found_boxes", slow)
    yield may_end, seen
    may_end.set()


def show(qtbot, page, field):
    page.show_field(field.id)
    qtbot.waitUntil(lambda: page._stack is not None and not page.is_busy, timeout=WAIT_MS)


def choose(page, field):
    """Choose a field above the picture."""
    at = page.top.fields.findData(field.id)
    page.top.fields.setCurrentIndex(at)
    page.top.fields.activated.emit(at)


def press(qtbot, page, key, modifier=Qt.KeyboardModifier.NoModifier):
    page.canvas.setFocus()
    qtbot.keyClick(page.canvas, key, modifier)
    qtbot.waitUntil(lambda: not page.is_busy, timeout=WAIT_MS)


def is_around(box, y, x):
    (_, top, left), (_, bottom, right) = box.start_vox, box.stop_vox
    return top < y < bottom and left < x < right


def pixel(page, y, x, axes=ABOVE):
    """Place in the canvas of a voxel."""
    place = page.canvas.views[axes].mapViewToScene(QPointF(x, y))
    return page.canvas.mapFromScene(place)


def drawn_boxes(page, axes):
    return [item for item in page.canvas.views[axes].addedItems if isinstance(item, ROI)]


def drag(qtbot, page, start, stop):
    canvas = page.canvas.viewport()
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    for share in (0.3, 0.6, 1.0):
        here = start + (stop - start) * share
        qtbot.mouseMove(canvas, QPoint(round(here.x()), round(here.y())))
        qtbot.wait(60)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=stop)
    qtbot.waitUntil(lambda: not page.is_busy, timeout=WAIT_MS)


def test_cysts_are_found_at_the_first_look_and_kept_for_the_next(qtbot, session, project, queue, page, field):
    assert page.bar.cut.toolTip() == "Choose a field first."
    show(qtbot, page, field)
    assert page.bar.state.text().startswith("3 cysts were found")
    assert page.bar.list.count() == 3
    for place in MIDDLES_YX:
        assert sum(is_around(box, *place) for box in page.edits.boxes) == 1
    assert kept_boxes(project, field) == list(page.edits.boxes)
    assert page.bar.cut.text() == "&Cut out 3 cysts"


def test_boxes_are_corrected_with_keys_and_every_step_is_undone(qtbot, project, corrected, field):
    page = corrected
    page.bar.list.setCurrentRow(1)
    assert page.chosen == 2
    press(qtbot, page, Key.Key_Left)
    press(qtbot, page, Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    press(qtbot, page, Key.Key_PageDown)
    assert page.edits.box(2).start_vox == (3, 50, 99)
    press(qtbot, page, Key.Key_Plus)
    assert page.edits.box(2).shape == (28, 42, 42)
    press(qtbot, page, Key.Key_N)
    assert page.chosen == 3
    assert page.edits.box(3).shape[1:] == (41, 41)
    press(qtbot, page, Key.Key_Delete)
    assert [box.number for box in kept_boxes(project, field)] == [1, 2]
    for _ in range(6):
        press(qtbot, page, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert list(page.edits.boxes) == BOXES == kept_boxes(project, field)
    assert not page.bar.undo.isEnabled()
    press(qtbot, page, Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert page.edits.box(2).start_vox == (2, 40, 99)


def test_keys_are_for_boxes_wherever_the_focus_is_on_the_page(qtbot, project, corrected, field):
    page, samples = corrected, []
    # As the window has them; for samples.
    for keys in ("Ctrl+Z", "Del", "N"):
        QShortcut(QKeySequence(keys), page, lambda keys=keys: samples.append(keys))
    qtbot.mouseClick(page.bar.add, Qt.MouseButton.LeftButton)
    page.bar.add.setFocus()
    assert len(page.edits.boxes) == 3
    qtbot.keyClick(page.bar.add, Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert list(page.edits.boxes) == BOXES
    for widget in (page.bar.add, page.top.fields, page.top.back):
        qtbot.keyClick(widget, Key.Key_N)
        assert len(page.edits.boxes) == 3
        qtbot.keyClick(widget, Key.Key_Delete)
        assert list(page.edits.boxes) == BOXES
    assert samples == []
    # What is typed into a field of numbers stays there.
    page.choose(1)
    page.top.first.selectAll()
    qtbot.keyClick(page.top.first, Key.Key_Delete)
    qtbot.keyClick(page.top.first, Key.Key_N)
    assert list(page.edits.boxes) == BOXES


def test_boxes_are_drawn_with_the_mouse(qtbot, project, corrected, field):
    page = corrected
    drag(qtbot, page, pixel(page, 30, 40), pixel(page, 40, 60))
    moved = page.edits.box(1)
    assert moved.start_vox == pytest.approx((2, 20, 40), abs=1)
    assert moved.shape == (26, 40, 40)
    assert page.chosen == 1
    drag(qtbot, page, pixel(page, moved.stop_vox[1], moved.stop_vox[2]), pixel(page, 70, 90))
    assert page.edits.box(1).stop_vox == pytest.approx((28, 70, 90), abs=1)
    drag(qtbot, page, pixel(page, 28, 65, SIDE), pixel(page, 20, 65, SIDE))
    assert page.edits.box(1).stop_vox[0] == pytest.approx(20, abs=1)
    qtbot.mouseDClick(page.canvas.viewport(), Qt.MouseButton.LeftButton, pos=pixel(page, 100, 30))
    qtbot.waitUntil(lambda: page.bar.list.count() == 3)
    assert page.chosen == 3
    qtbot.mouseClick(page.bar.remove, Qt.MouseButton.LeftButton)
    assert len(kept_boxes(project, field)) == 2


def test_a_box_that_may_not_be_moved_goes_back(qtbot, project, corrected, field, monkeypatch):
    corrected.choose(1)
    qtbot.waitUntil(lambda: not corrected.is_busy)
    monkeypatch.setattr(corrected, "why_not", lambda: "They are being cut out at the moment.")
    drag(qtbot, corrected, pixel(corrected, 30, 40), pixel(corrected, 40, 60))
    assert list(corrected.edits.boxes) == BOXES
    (first, *_) = drawn_boxes(corrected, ABOVE)
    assert (first.pos().x(), first.pos().y()) == (20, 10)


def test_boxes_that_come_and_go_are_drawn_by_the_same_items(qtbot, corrected):
    press(qtbot, corrected, Qt.Key.Key_N)
    items = drawn_boxes(corrected, ABOVE)
    assert [len(item.getHandles()) for item in items if item.isVisible()] == [0, 0, 8]
    press(qtbot, corrected, Qt.Key.Key_Delete)
    assert [item.isVisible() for item in items] == [True, True, False]
    corrected.choose(2)
    press(qtbot, corrected, Qt.Key.Key_Left)
    press(qtbot, corrected, Qt.Key.Key_N)
    assert drawn_boxes(corrected, ABOVE) == items
    assert all(item.isVisible() for item in items)
    assert items[1].pos().x() == corrected.edits.box(2).start_vox[2]


def test_cut_out_cysts_keep_their_boxes_and_the_rest_can_be_cut_later(qtbot, session, project, corrected, field):
    page, keeper = corrected, CystKeeper(session)
    qtbot.mouseClick(page.bar.cut, Qt.MouseButton.LeftButton)
    assert page.bar.cut.toolTip() == "They are being cut out at the moment."
    qtbot.waitUntil(lambda: len(cut_out_of(project.samples(), field.id)) == 2, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: "All cysts are cut out" in page.bar.obstacle.text(), timeout=WAIT_MS)
    page.bar.list.setCurrentRow(0)
    press(qtbot, page, Key.Key_Delete)
    assert page.bar.remove.toolTip().startswith("This cyst was cut out already")
    assert "· cut out" in page.bar.list.item(0).text()
    press(qtbot, page, Key.Key_N)
    assert page.bar.cut.text() == "&Cut out 1 cyst"
    qtbot.mouseClick(page.bar.cut, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(cut_out_of(project.samples(), field.id)) == 3, timeout=WAIT_MS)
    names = {cyst.name for cyst in cut_out_of(project.samples(), field.id)}
    assert names == {"7d.4C.field_cyst01", "7d.4C.field_cyst02", "7d.4C.field_cyst03"}
    keeper.deleteLater()


def test_without_a_voxel_size_boxes_are_drawn_by_hand(qtbot, project, page, field):
    project.update_samples([field.id], voxel_size=None)
    field.path.unlink()
    tifffile.imwrite(field.path, np.zeros(SHAPE, "u1"))
    show(qtbot, page, field)
    qtbot.waitUntil(lambda: "voxel size" in page.bar.state.text(), timeout=WAIT_MS)
    press(qtbot, page, Key.Key_N)
    assert page.bar.list.item(0).text() == "1 · 30 × 20 × 26 voxels · at the frame"
    assert page.bar.cut.isEnabled()


def test_a_field_that_cannot_be_read_is_said(qtbot, page, field):
    field.path.write_bytes(b"II*\0 nothing")
    page.show_field(field.id)
    qtbot.waitUntil(lambda: field.path.name in page.bar.state.text(), timeout=WAIT_MS)
    assert page.bar.add.toolTip() == "The field could not be read."


def test_another_field_that_is_chosen_while_cysts_are_found_is_searched_as_well(
    qtbot, project, page, field, other_field, search
):
    may_end, seen = search
    page.show_field(field.id)
    qtbot.waitUntil(lambda: len(seen) == 1, timeout=WAIT_MS)
    assert page.bar.obstacle.text() == "Its cysts are still being found."
    choose(page, other_field)
    qtbot.waitUntil(lambda: page.bar.state.text().startswith("Finding cysts"), timeout=WAIT_MS)
    may_end.set()
    qtbot.waitUntil(lambda: page.bar.state.text().startswith("3 cysts were found"), timeout=WAIT_MS)
    qtbot.waitUntil(page.bar.cut.isEnabled)
    assert page.bar.add.isEnabled()
    assert kept_boxes(project, other_field) == list(page.edits.boxes)


def test_a_field_that_was_left_before_its_cysts_were_found_is_searched_on_return(
    qtbot, project, page, field, other_field, search
):
    may_end, seen = search
    page.show_field(field.id)
    qtbot.waitUntil(lambda: len(seen) == 1, timeout=WAIT_MS)
    choose(page, other_field)
    may_end.set()
    qtbot.waitUntil(lambda: page._stack is not None and not page.is_busy, timeout=WAIT_MS)
    assert kept_boxes(project, field) is None
    choose(page, field)
    qtbot.waitUntil(lambda: page._stack is not None and not page.is_busy, timeout=WAIT_MS)
    assert page.bar.state.text().startswith("3 cysts were found")
    assert page.bar.list.count() == 3


def test_a_field_without_any_cyst_is_not_searched_again(qtbot, project, page, field, monkeypatch):
    searches = []
    monkeypatch.setattr(page_module, "found_boxes", lambda stack: searches.append(stack) or [])
    show(qtbot, page, field)
    qtbot.waitUntil(lambda: kept_boxes(project, field) == [], timeout=WAIT_MS)
    page.hide()
    page.show()
    show(qtbot, page, field)
    assert len(searches) == 1


def test_a_field_that_can_only_be_read_does_not_stay_at_being_read(qtbot, session, project, page, field):
    other = Project.open(project.folder)
    page._session._project = other
    show(qtbot, page, field)
    assert page.bar.state.text() == ""
    assert "can only be read here" in page.bar.find.toolTip()
    page._session._project = project
    other.close()


def test_a_window_that_only_looks_changes_nothing(qtbot, session, project, corrected, field, queue):
    other = Project.open(project.folder)
    assert other.read_only
    corrected._session._project = other
    corrected._show()
    assert "can only be read here" in corrected.bar.cut.toolTip()
    press(qtbot, corrected, Key.Key_N)
    assert len(corrected.edits.boxes) == 2
    corrected._session._project = project
    other.close()
