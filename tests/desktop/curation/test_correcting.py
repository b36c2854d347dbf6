"""Correcting cells in the window as a person does: by clicks, buttons and keys, to a saved version and back."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QToolButton

from cartocell_app.desktop.curation.versions import VersionsDialog
from cartocell_app.desktop.viewer.geometry import XY
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
