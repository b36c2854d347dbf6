"""Phase 1 on its page: pairs are checked, shown, judged and corrected."""

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from cartocell_app.desktop.curation.panel import CHECK, STATE
from cartocell_app.stacks.reading import read_labels
from cartocell_app.stacks.writing import write_labels
from tests.desktop.curation.conftest import add_cyst, cells

LONG_MS = 20_000


def opened(window, qtbot):
    """The panel on the page of phase 1, once all pairs were looked at."""
    window.show_phase(1)
    panel = window.panels.pairs
    qtbot.waitUntil(panel.isVisible)
    settled(panel, qtbot)
    return panel


def settled(panel, qtbot):
    qtbot.waitUntil(lambda: not panel.checker.is_busy and not panel._soon.isActive(), timeout=LONG_MS)


def remedies(panel):
    """Buttons beside what was found."""
    return [button for button in panel.view.findChildren(QPushButton) if button.isVisible()]


def row(panel, name):
    (item,) = panel.list.findItems(name, Qt.MatchFlag.MatchExactly)
    return item


def test_what_is_odd_is_told_and_shown(window, project, qtbot, tmp_path):
    odd = cells()
    odd[6] += np.where(odd[6] > 0, 50, 0).astype(np.uint16)
    add_cyst(project, tmp_path / "stacks", "odd plane", odd)
    panel = opened(window, qtbot)
    assert row(panel, "raw alone").text(CHECK) == "no labels"
    assert "Slice 7 (of 12) has numbers of its own" in row(panel, "odd plane").text(CHECK)
    panel.list.setCurrentItem(row(panel, "odd plane"))
    assert "Leave this pair out" in panel.view.words
    assert not panel.view.pictures[0].pixmap().isNull()
    panel.list.setCurrentItem(row(panel, "one"))
    assert "1 cell has crumbs beside it (3)." in panel.view.words
    assert "Keep the largest piece" in panel.view.words


def test_judged_by_keys_and_taken_back(window, project, qtbot):
    panel = opened(window, qtbot)
    panel.list.setCurrentItem(row(panel, "one"))
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_A)
    assert project.samples()[0].state == "accepted"
    qtbot.waitUntil(lambda: row(panel, "one").text(STATE) == "Accepted")
    assert panel.current.name == "two"
    qtbot.keyClick(panel.list, Qt.Key.Key_R)
    qtbot.waitUntil(panel.reasons.isVisible)
    panel.reasons.actions()[0].trigger()
    panel.reasons.close()
    assert (project.samples()[1].state, project.samples()[1].reason) == ("rejected", "Cells run together")
    qtbot.waitUntil(lambda: row(panel, "two").text(STATE) == "Rejected")
    panel.list.setCurrentItem(row(panel, "raw alone"))
    assert not panel.accept.isEnabled()
    assert panel.accept.toolTip() == "It has no cells yet."
    window.actions_.action("edit.undo").trigger()
    assert project.samples()[1].state != "rejected"


def test_opened_corrected_and_looked_at_again(window, project, session, qtbot):
    panel = opened(window, qtbot)
    panel.list.setCurrentItem(row(panel, "one"))
    qtbot.mouseClick(panel.correct, Qt.MouseButton.LeftButton)
    assert window.page == "viewer"
    assert window.panels.corrector.is_on
    qtbot.waitUntil(lambda: not window.panels.corrector.why_not(), timeout=LONG_MS)
    window.panels.corrector.keep_largest_pieces()
    qtbot.waitUntil(lambda: window.panels.corrector.is_changed, timeout=LONG_MS)
    with qtbot.waitSignal(window.panels.corrector.said, timeout=LONG_MS):
        window.panels.corrector.save()
    assert project.samples()[0].state == "curated"
    panel = opened(window, qtbot)
    assert "crumbs" not in row(panel, "one").text(CHECK)


def test_stacks_without_cells_get_first_ones(window, project, qtbot, monkeypatch):
    started = []
    monkeypatch.setattr(window.panels.queue, "add", started.append)
    panel = opened(window, qtbot)
    assert panel.find.text() == "&Find the cells of 1 cyst with CartoCell's model"
    qtbot.mouseClick(panel.find, Qt.MouseButton.LeftButton)
    (run,) = started
    assert (run.phase, run.sample_ids) == (1, (project.samples()[2].id,))
    path = project.new_labels_path(project.samples()[2].id)
    write_labels(path, cells(), None)
    project.add_labels(project.samples()[2].id, path, "segmented", cells=3)
    qtbot.waitUntil(lambda: not panel.find.isEnabled())
    assert panel.find.toolTip() == "All high-resolution cysts have cells."
    settled(panel, qtbot)


def test_an_empty_project_says_what_a_pair_is(window, session, qtbot, tmp_path):
    session.create_project(tmp_path / "empty.cartocell")
    window.load_panels()
    panel = opened(window, qtbot)
    assert "the same names in folders x and y" in panel.how.text()
    assert not panel.list.isVisible()
    assert panel.find.toolTip() == "Add stacks first."


def test_a_button_beside_a_finding_mends_it_and_it_can_be_undone(window, project, session, qtbot):
    panel = opened(window, qtbot)
    panel.list.setCurrentItem(row(panel, "one"))
    before = read_labels(project.samples()[0].labels)[0]
    qtbot.waitUntil(lambda: len(remedies(panel)) == 2, timeout=LONG_MS)
    (crumbs,) = [button for button in remedies(panel) if "largest" in button.text()]
    qtbot.mouseClick(crumbs, Qt.MouseButton.LeftButton)
    assert window.page == "viewer"
    corrector = window.panels.corrector
    qtbot.waitUntil(lambda: corrector.is_changed and not corrector.why_not(), timeout=LONG_MS)
    shown = window.panels.viewer.viewer.view
    assert shown.labels[6, 27, 38] == 0
    window.actions_.refresh()
    window.actions_.action("edit.undo").trigger()
    assert not corrector.is_changed
    assert np.array_equal(shown.labels, before)

    window.actions_.refresh()
    window.actions_.action("edit.redo").trigger()
    with qtbot.waitSignal(corrector.said, timeout=LONG_MS):
        corrector.save()
    panel = opened(window, qtbot)
    panel.list.setCurrentItem(row(panel, "one"))
    qtbot.waitUntil(lambda: len(remedies(panel)) == 1, timeout=LONG_MS)
    (renumber,) = remedies(panel)
    assert "Number" in renumber.text()
    qtbot.mouseClick(renumber, Qt.MouseButton.LeftButton)
    # It is shown already, so it is done at once.
    qtbot.waitUntil(lambda: corrector.is_changed, timeout=LONG_MS)
    assert set(np.unique(window.panels.viewer.viewer.view.labels)) == {0, 1, 2, 3}


def test_nothing_is_judged_before_corrections_are_saved(window, project, qtbot):
    panel, corrector = opened(window, qtbot), window.panels.corrector
    panel.list.setCurrentItem(row(panel, "one"))
    qtbot.mouseClick(panel.correct, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not corrector.why_not(), timeout=LONG_MS)
    corrector.keep_largest_pieces()
    qtbot.waitUntil(lambda: corrector.is_changed and not corrector.is_busy, timeout=LONG_MS)
    panel = opened(window, qtbot)
    for button in (panel.accept, panel.reject):
        assert not button.isEnabled()
        assert button.toolTip() == window.actions_.reason("sample.accept") == "Save your corrections first (Ctrl+S)."
    assert panel.correct.isEnabled()
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_A)
    assert project.samples()[0].state != "accepted"
    corrector.undo()
    assert panel.accept.isEnabled()
    corrector.redo()
    assert not panel.accept.isEnabled()
    corrector.save()
    qtbot.waitUntil(panel.accept.isEnabled, timeout=LONG_MS)
    qtbot.mouseClick(panel.accept, Qt.MouseButton.LeftButton)
    assert project.samples()[0].state == "accepted"
    settled(panel, qtbot)


@pytest.fixture
def new(window, project, qtbot, tmp_path):
    """A segmented cyst of phase 5, which is selected in the list at the left."""
    sample = add_cyst(project, tmp_path / "stacks", "new", cells())
    project.update_samples([sample.id], role="new", state="segmented")
    qtbot.waitUntil(lambda: sample.id in window.samples.numbers())
    window.samples.go_to(sample.id)
    return sample.id


def test_keys_are_for_the_marked_pair_after_its_buttons_were_clicked(window, project, session, qtbot, new):
    panel = opened(window, qtbot)
    panel.list.setCurrentItem(row(panel, "one"))
    window.centre.phase.ensureWidgetVisible(panel.accept)
    qtbot.mouseClick(panel.accept, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: row(panel, "one").text(STATE) == "Accepted")
    settled(panel, qtbot)
    assert window.focusWidget() is panel.accept
    assert session.selection == (panel.current.id,) == (project.samples()[1].id,)
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_A)
    assert [sample.state for sample in project.samples()] == ["accepted", "accepted", "to do", "segmented"]
    # What is marked now cannot be accepted, and neither is another one.
    qtbot.waitUntil(lambda: window.focusWidget() is panel.list)
    qtbot.keyClick(panel.list, Qt.Key.Key_A)
    assert [sample.state for sample in project.samples()] == ["accepted", "accepted", "to do", "segmented"]


def test_the_list_has_its_selection_again_once_the_page_is_left(window, project, session, qtbot, new):
    panel = opened(window, qtbot)
    panel.list.setCurrentItem(row(panel, "two"))
    assert session.selection == (project.samples()[1].id,)
    window.show_samples()
    assert session.selection == (new,)
    # Not where the page itself leads to another cyst, which the list then selects.
    panel = opened(window, qtbot)
    panel.list.itemActivated.emit(panel.list.currentItem(), 0)
    assert window.page == "viewer"
    assert session.selection == (session.current.id,) == (project.samples()[1].id,)
