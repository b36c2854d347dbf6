"""Correcting cells in the window as a person does: by clicks, buttons and keys, to a saved version and back."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QToolButton

from cartocell_app.desktop.curation import corrector as corrector_module
from cartocell_app.desktop.curation.versions import VersionsDialog
from cartocell_app.desktop.viewer import sample_viewer
from cartocell_app.desktop.viewer.geometry import XY
from cartocell_app.desktop.viewer.loading import BEFORE_VORONOI
from cartocell_app.stacks.reading import read_labels
from cartocell_app.stacks.writing import write_labels
from tests.desktop.curation.conftest import cells

LONG_MS = 20_000


@pytest.fixture
def correcting(window, project, session, qtbot):
    """The first cyst in the viewer, with the tools shown by a click on their button."""
    look_at(window, session, qtbot, project.samples()[0].id)
    panels = window.panels
    click(window, "correct.start", qtbot)
    assert panels.corrector.is_on
    return panels.corrector


@pytest.fixture
def may_write(monkeypatch):
    """Until it is set, nothing is written: as with a large stack."""
    gate, write = threading.Event(), corrector_module.save_version

    def slowly(*what):
        assert gate.wait(20)
        return write(*what)

    monkeypatch.setattr(corrector_module, "save_version", slowly)
    yield gate
    gate.set()


def look_at(window, session, qtbot, number):
    session.set_current(number)
    qtbot.waitUntil(lambda: not window.panels.viewer.is_busy and not window.panels.viewer.words, timeout=LONG_MS)
    window.actions_.refresh()


def click(window, key, qtbot):
    """Click the button of the bar that does `key`."""
    window.actions_.refresh()
    action = window.actions_.action(key)
    button = window.panels.bar.tools.widgetForAction(action)
    assert isinstance(button, QToolButton)
    assert button.isEnabled(), window.actions_.reason(key)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def pick(window, y, x, z=6):
    """Click a voxel of the XY slice."""
    viewer = window.panels.viewer.viewer
    viewer.go_to((z + 0.5, 0.5, 0.5))
    viewer.slices.panes[XY].picked.emit(y + 0.5, x + 0.5)


def press(window, key, qtbot, modifiers=Qt.KeyboardModifier.NoModifier):
    """Press a key in a slice, once the window is the active one: under Xvfb, a new 3D pane may have taken that."""
    qtbot.waitUntil(lambda: not window.panels.viewer.is_busy, timeout=LONG_MS)
    window.activateWindow()
    with qtbot.waitActive(window):
        pass
    window.actions_.refresh()
    pane = window.panels.viewer.viewer.slices.panes[XY]
    pane.setFocus()
    qtbot.keyClick(pane, key, modifiers)


def now(window):
    return window.panels.viewer.viewer.view.labels


def settled(window, qtbot):
    qtbot.waitUntil(lambda: not window.panels.corrector.is_busy, timeout=LONG_MS)


def test_the_button_says_why_it_cannot_be_used(window, project, session, qtbot):
    assert "Choose a sample" in window.actions_.reason("correct.start")
    look_at(window, session, qtbot, project.samples()[2].id)
    assert "no cells yet" in window.actions_.action("correct.start").toolTip()
    assert window.actions_.reason("correct.delete") == "Choose Correct cells first."
    assert window.panels.bar.words.text().startswith("raw alone · to do")


def test_delete_merge_fill_and_undo(window, project, session, correcting, qtbot):
    assert "Click a cell" in window.panels.bar.words.text()
    pick(window, 10, 30)
    assert "Cell 9 is picked" in window.panels.bar.words.text()
    click(window, "correct.delete", qtbot)
    assert not (now(window) == 9).any()
    assert session.cell == 0
    pick(window, 10, 6)
    click(window, "correct.merge", qtbot)
    assert "belongs to cell 3" in window.panels.bar.words.text()
    pick(window, 10, 20)
    assert not (now(window) == 5).any()
    assert session.cell == 3
    click(window, "correct.fill", qtbot)
    click(window, "correct.largest", qtbot)
    assert (now(window) == 3).sum() == 8 * 20 * 20
    for _ in range(4):
        press(window, Qt.Key.Key_Z, qtbot, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(now(window), cells())
    assert not correcting.is_changed
    assert window.actions_.reason("edit.undo") == "There is nothing to undo."
    press(window, Qt.Key.Key_Z, qtbot, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert not (now(window) == 9).any()
    qtbot.waitUntil(lambda: not window.panels.viewer.is_busy, timeout=LONG_MS)


def test_keys_of_the_tools(window, project, session, correcting, qtbot):
    assert window.actions_.reason("sample.remove").startswith("Cells are being corrected")
    pick(window, 10, 30)
    press(window, Qt.Key.Key_Delete, qtbot)
    assert not (now(window) == 9).any()
    pick(window, 10, 6)
    press(window, Qt.Key.Key_M, qtbot)
    press(window, Qt.Key.Key_Escape, qtbot)
    assert not correcting.merging
    pick(window, 10, 20)
    assert (now(window) == 5).any()
    pick(window, 10, 6)
    press(window, Qt.Key.Key_L, qtbot)
    assert now(window)[6, 27, 38] == 0
    press(window, Qt.Key.Key_L, qtbot)
    assert "in one piece" in window.status.currentMessage()
    press(window, Qt.Key.Key_C, qtbot)
    assert not correcting.is_on
    assert "corrections not saved" in window.panels.bar.words.text()


def test_all_cells_at_once(window, project, session, correcting, qtbot):
    window.actions_.action("correct.all-largest").trigger()
    settled(window, qtbot)
    window.actions_.action("correct.all-fill").trigger()
    settled(window, qtbot)
    window.actions_.action("correct.renumber").trigger()
    assert np.unique(now(window)).tolist() == [0, 1, 2, 3]
    assert (now(window) == 1).sum() == 8 * 20 * 10
    for _ in range(3):
        correcting.undo()
    assert np.array_equal(now(window), cells())


def test_saved_as_a_version_and_back(window, project, session, correcting, qtbot):
    number = project.samples()[0].id
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    view = window.panels.viewer.viewer.view
    with qtbot.waitSignal(session.current_changed, timeout=LONG_MS):
        press(window, Qt.Key.Key_S, qtbot, Qt.KeyboardModifier.ControlModifier)
    sample = project.sample(number)
    assert (sample.state, sample.cells) == ("curated", 2)
    assert not (read_labels(sample.labels)[0] == 9).any()
    assert window.panels.viewer.viewer.view is view  # not read again
    first, second = project.label_versions(number)
    assert (second.kind, second.note) == ("curated", "Delete cell 9.")
    assert (read_labels(first.path)[0] == 9).any()
    correcting.undo()  # also after saving
    assert (now(window) == 9).any()
    assert "Save or undo" in window.actions_.reason("correct.versions")
    correcting.redo()
    click(window, "correct.versions", qtbot)
    (dialog,) = window.findChildren(VersionsDialog)
    assert dialog.list.currentItem().text(1) == "Imported"
    qtbot.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(project.label_versions(number)) == 3, timeout=LONG_MS)
    qtbot.waitUntil(lambda: bool((now(window) == 9).any()), timeout=LONG_MS)
    assert project.sample(number).labels == first.path
    assert project.sample(number).cells == 3


@pytest.mark.parametrize(("answer", "versions", "goes"), [("Save", 2, True), ("Throw", 1, True), ("Keep", 1, False)])
def test_asked_before_another_sample_is_shown(window, project, session, correcting, qtbot, answer, versions, goes):
    one, two, _ = project.samples()
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    window.samples.go_to(two.id)
    (box,) = window.findChildren(QMessageBox)
    assert one.name in box.text()
    assert session.current.id == one.id
    button = next(button for button in box.buttons() if answer in button.text())
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: (session.current.id == two.id) == goes, timeout=LONG_MS)
    settled(window, qtbot)
    qtbot.waitUntil(lambda: not window.panels.viewer.is_busy, timeout=LONG_MS)
    assert len(project.label_versions(one.id)) == versions
    assert correcting.is_changed != goes
    qtbot.waitUntil(lambda: window.samples.tree.currentIndex().data() == session.current.name)


@pytest.mark.parametrize(("answer", "versions", "closes"), [("Save", 2, True), ("Throw", 1, True), ("Keep", 1, False)])
def test_asked_before_the_window_closes(
    window, project, session, correcting, qtbot, monkeypatch, answer, versions, closes
):
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    number = project.samples()[0].id

    def choose(box):
        button = next(button for button in box.buttons() if answer in button.text())
        monkeypatch.setattr(box, "clickedButton", lambda: button)

    monkeypatch.setattr(QMessageBox, "exec", choose)
    assert window.may_leave() == closes
    assert len(project.label_versions(number)) == versions


def test_new_labels_from_elsewhere_do_not_take_corrections_away(window, project, session, correcting, qtbot):
    sample = project.samples()[0]
    other = project.folder / "labels" / "again.tif"
    write_labels(other, cells(), None)
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    with qtbot.waitSignal(session.current_changed, timeout=LONG_MS):
        project.add_labels(sample.id, other, "segmented", "Again.", 3)
    assert not (now(window) == 9).any()
    assert correcting.is_changed
    assert window.actions_.reason("sample.accept") == "Save your corrections first (Ctrl+S)."
    with qtbot.waitSignal(correcting.said, timeout=LONG_MS):
        click(window, "correct.save", qtbot)
    assert [version.kind for version in project.label_versions(sample.id)] == ["imported", "segmented", "curated"]
    press(window, Qt.Key.Key_A, qtbot)
    assert project.sample(sample.id).state == "accepted"


def test_the_next_sample_waits_for_a_save_under_way(window, project, session, correcting, qtbot, may_write):
    one, two, _ = project.samples()
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    click(window, "correct.save", qtbot)
    window.samples.go_to(two.id)
    assert not window.findChildren(QMessageBox)
    assert session.current.id == one.id
    may_write.set()
    qtbot.waitUntil(lambda: session.current.id == two.id, timeout=LONG_MS)
    assert len(project.label_versions(one.id)) == 2
    qtbot.waitUntil(lambda: window.panels.viewer.sample_id == two.id, timeout=LONG_MS)
    assert (now(window) == 9).any()
    look_at(window, session, qtbot, one.id)
    assert window.panels.viewer.viewer.view.name == one.name
    assert not (now(window) == 9).any()


def test_corrections_thrown_away_while_they_are_saved(window, project, session, correcting, qtbot, may_write):
    one, two, _ = project.samples()
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    correcting.save()
    correcting.throw_away()
    look_at(window, session, qtbot, two.id)
    with qtbot.waitSignal(correcting.said, timeout=LONG_MS):
        may_write.set()
    look_at(window, session, qtbot, one.id)
    assert window.panels.viewer.viewer.view.name == one.name
    assert not (now(window) == 9).any()


def test_the_window_closes_after_a_save_under_way(window, project, session, correcting, qtbot, may_write, monkeypatch):
    monkeypatch.setattr(QMessageBox, "exec", lambda _: pytest.fail("there is nothing to ask"))
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    click(window, "correct.save", qtbot)
    threading.Timer(0.2, may_write.set).start()
    assert window.may_leave()
    assert len(project.label_versions(project.samples()[0].id)) == 2


def test_what_comes_after_saving_comes_where_nothing_is_to_be_saved(window, project, correcting, qtbot):
    done = []
    correcting.save(then=lambda: done.append("at once"))
    assert done == ["at once"]
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    correcting.save()
    correcting.save(then=lambda: done.append("once saved"))
    assert done == ["at once"]
    qtbot.waitUntil(lambda: done == ["at once", "once saved"], timeout=LONG_MS)
    assert not correcting.is_changed


def test_cells_wait_until_they_are_those_of_the_sample(window, project, session, correcting, qtbot, monkeypatch):
    may_read, read = threading.Event(), sample_viewer._read_labels

    def slowly(path):
        assert may_read.wait(20)
        return read(path)

    monkeypatch.setattr(sample_viewer, "_read_labels", slowly)
    shown = window.panels.viewer
    before = np.minimum(cells(), 1)
    shown.viewer.show_volume(replace(shown.viewer.view, extras={BEFORE_VORONOI: lambda: before}))
    window.panels.results.before_voronoi_wanted.emit(True)
    qtbot.waitUntil(lambda: now(window) is before, timeout=LONG_MS)
    assert correcting.why_not().startswith("Cells before Voronoi are shown")
    window.panels.results.before_voronoi_wanted.emit(False)
    assert correcting.why_not() == "Wait until its cells are shown."
    may_read.set()
    qtbot.waitUntil(lambda: not correcting.why_not(), timeout=LONG_MS)
    assert np.array_equal(now(window), cells())
    monkeypatch.setattr(type(session), "current", project.samples()[1])  # the session is ahead of the viewer
    assert correcting.why_not() == "Wait until its cells are shown."
    monkeypatch.undo()


def test_the_gallery_judges_nothing_before_corrections_are_saved(window, project, session, correcting, qtbot):
    number = project.samples()[0].id
    project.update_samples([number], role="low-resolution", state="segmented")
    pick(window, 10, 30)
    click(window, "correct.delete", qtbot)
    window.actions_.action("view.gallery").trigger()
    gallery = window.panels.phase3.gallery
    qtbot.waitUntil(lambda: [sample.id for sample in gallery.chosen] == [number])
    for button in (gallery.bar.accept, gallery.bar.reject):
        assert not button.isEnabled()
        assert button.toolTip() == window.actions_.reason("sample.accept") == "Save your corrections first (Ctrl+S)."
    qtbot.keyClick(gallery.view, Qt.Key.Key_A)
    assert project.sample(number).state == "segmented"
    correcting.save()
    qtbot.waitUntil(lambda: gallery.bar.accept.isEnabled(), timeout=LONG_MS)
    qtbot.mouseClick(gallery.bar.accept, Qt.MouseButton.LeftButton)
    settled(window, qtbot)
    assert (project.sample(number).state, project.sample(number).cells) == ("accepted", 2)
