"""The gallery through clicks and keys: flipped, accepted, rejected, opened, undone."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication, QInputDialog

from cartocell_app.desktop.gallery.model import PICTURE_ROLE
from cartocell_app.desktop.gallery.page import Gallery
from cartocell_app.desktop.gallery.pictures import EDGE_PX, pair_picture
from cartocell_app.desktop.samples.edits import SampleEdits
from cartocell_app.project.project import Project

WAIT_MS = 20_000
Key = Qt.Key


@pytest.fixture
def gallery(qtbot, session, project):
    """The gallery in a window of its own."""
    edits = SampleEdits(session)
    gallery = Gallery(session, edits)
    edits.setParent(gallery)
    qtbot.addWidget(gallery)
    gallery.resize(700, 600)
    gallery.show()
    qtbot.waitExposed(gallery)
    return gallery


@pytest.fixture
def three(qtbot, gallery, label):
    """The gallery with three cysts, the second the most doubtful."""
    for name, reason in (("a", "Doubt 10 %: 1 tiny cell."), ("b", "Doubt 60 %: 2 cells in pieces."), ("c", "")):
        label(name, reason or "Nothing odd was found.")
    qtbot.waitUntil(lambda: names(gallery) == ["b", "a", "c"])
    return gallery


def names(gallery):
    return [sample.name for sample in gallery.model.samples]


def chosen(gallery):
    return [sample.name for sample in gallery.chosen]


def states(project):
    return {sample.name: (sample.state, sample.reason) for sample in project.samples()}


def show(gallery, which):
    gallery.bar.filter.setCurrentIndex(gallery.bar.filter.findData(which))


def test_accepting_goes_on_to_the_next_and_can_be_undone(qtbot, project, three):
    assert chosen(three) == ["b"]
    assert three.why.text() == "2 cells in pieces."
    qtbot.keyClick(three.view, Key.Key_A)
    qtbot.waitUntil(lambda: names(three) == ["a", "c"])
    assert states(project)["b"] == ("accepted", "")
    assert chosen(three) == ["a"]
    qtbot.keyClick(three.view, Key.Key_Right)
    assert chosen(three) == ["c"]
    qtbot.mouseClick(three.bar.accept, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: chosen(three) == ["a"])
    three._edits.stack.undo()
    qtbot.waitUntil(lambda: names(three) == ["a", "c"])
    assert three.bar.filter.itemText(1) == "Accepted (1)"


def test_rejecting_takes_a_number_for_the_reason(qtbot, project, three, monkeypatch):
    qtbot.keyClick(three.view, Key.Key_R)
    qtbot.waitUntil(three.reasons.isVisible)
    qtbot.keyClick(three.reasons, Key.Key_3)
    qtbot.waitUntil(lambda: names(three) == ["a", "c"])
    assert states(project)["b"] == ("rejected", "Cyst is cut by the frame")
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("Two cysts", True))
    qtbot.mouseClick(three.bar.reject, Qt.MouseButton.LeftButton)
    qtbot.keyClick(three.reasons, Key.Key_A)
    qtbot.waitUntil(lambda: names(three) == ["c"])
    assert states(project)["a"] == ("rejected", "Two cysts")
    show(three, "rejected")
    assert names(three) == ["a", "b"]
    assert three.why.text() == "Two cysts"


def test_several_are_accepted_at_once_and_then_nothing_waits(qtbot, project, session, three):
    three.view.selectAll()
    assert session.selection == tuple(sample.id for sample in three.chosen)
    qtbot.keyClick(three.view, Key.Key_A)
    qtbot.waitUntil(lambda: names(three) == [])
    assert "No cyst waits" in three.nothing.text()
    assert three.nothing.isVisible()
    assert three.bar.accept.toolTip() == "Choose a cyst first."
    show(three, "accepted")
    assert names(three) == ["a", "b", "c"]
    three.hide()
    assert session.selection == ()


def test_a_cyst_that_is_opened_stays_the_one_that_is_accepted(qtbot, project, session, three):
    by_name = {sample.name: sample.id for sample in project.samples()}
    three.hide()
    session.set_current(by_name["a"])
    session.set_selection([by_name["a"]])
    three.show()
    three.view.setCurrentIndex(three.model.index(names(three).index("b"), 0))
    assert session.selection == (by_name["b"],)
    three.opened.connect(session.set_current)
    qtbot.keyClick(three.view, Key.Key_Return)
    three.hide()
    assert session.selection == (by_name["b"],)


def test_pictures_are_made_in_the_background_kept_and_flipped(qtbot, project, three):
    indexes = [three.model.index(row) for row in range(3)]
    qtbot.waitUntil(lambda: all(index.data(PICTURE_ROLE) is not None for index in indexes), timeout=WAIT_MS)
    assert indexes[0].data(PICTURE_ROLE).width() == 2 * EDGE_PX
    assert len(list((project.folder / "thumbnails").glob("cells-*.png"))) == 3
    before = three.view.grab().toImage()
    qtbot.keyClick(three.view, Key.Key_Space)
    assert three.bar.flip.text() == "Sho&w their cells"
    assert three.view.grab().toImage() != before
    qtbot.mouseClick(three.bar.flip, Qt.MouseButton.LeftButton)
    QApplication.processEvents()
    assert three.view.grab().toImage() == before


def test_a_picture_shows_the_raw_slice_and_the_cells_over_it(label):
    sample = label("a")
    picture = pair_picture(sample, None)
    left, right = (EDGE_PX * 2 // 24, EDGE_PX * 18 // 24)
    middle = EDGE_PX // 2
    assert picture.pixelColor(left // 2, middle) == QColor(0, 0, 0)
    assert picture.pixelColor(right, middle).value() > 200
    assert picture.pixelColor(right, middle).saturation() == 0
    assert picture.pixelColor(EDGE_PX + right, middle).saturation() > 30
    sample.labels.unlink()
    assert pair_picture(sample, None) is None


def test_it_begins_with_the_most_doubtful_whatever_was_labelled_first(qtbot, session, project, label):
    edits = SampleEdits(session)
    gallery = Gallery(session, edits)
    edits.setParent(gallery)
    qtbot.addWidget(gallery)
    label("a")
    qtbot.waitUntil(lambda: chosen(gallery) == ["a"])
    label("b", reason="Doubt 60 %: 2 cells in pieces.")
    qtbot.waitUntil(lambda: chosen(gallery) == ["b"])
    gallery.show()
    label("c", reason="Doubt 80 %: 5 cells in pieces.")
    qtbot.waitUntil(lambda: names(gallery) == ["c", "b", "a"])
    assert chosen(gallery) == ["b"]


def test_enter_opens_a_cyst_in_the_viewer(qtbot, three):
    with qtbot.waitSignal(three.opened) as opened:
        qtbot.keyClick(three.view, Key.Key_Return)
    assert opened.args == [three.model.samples[0].id]
    with qtbot.waitSignal(three.closed):
        qtbot.mouseClick(three.bar.back, Qt.MouseButton.LeftButton)


def test_a_window_that_only_looks_judges_nothing(qtbot, session, project, three):
    other = Project.open(project.folder)
    session._project = other
    three.refresh()
    assert "can only be read here" in three.bar.accept.toolTip()
    qtbot.keyClick(three.view, Key.Key_A)
    assert states(project)["b"][0] == "segmented"
    session._project = project
    other.close()
