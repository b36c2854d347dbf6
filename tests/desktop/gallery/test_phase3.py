"""Phase 3 in the whole window: from its page to fields and gallery, and back."""

import pytest
from PySide6.QtCore import Qt

from cartocell_app.desktop.main_window import MainWindow
from cartocell_app.project.values import NewSample
from cartocell_app.stacks.reading import read

WAIT_MS = 60_000


@pytest.fixture
def window(qtbot, session, project, label):
    label("doubtful", reason="Doubt 60 %: 2 cells in pieces.")
    label("fine")
    window = MainWindow(session)
    qtbot.addWidget(window, before_close_func=lambda window: window.panels.tear_down())
    window.show()
    qtbot.waitExposed(window)
    return window


def test_a_cyst_is_accepted_in_the_gallery_and_another_opened_in_the_viewer(qtbot, window, session, project):
    window.show_phase(3)
    phase3 = window.panels.phase3
    qtbot.mouseClick(phase3.panel.gallery, Qt.MouseButton.LeftButton)
    assert window.page == "gallery"
    assert window.stepper.buttons[2].isChecked()
    qtbot.waitUntil(lambda: len(phase3.gallery.model.samples) == 2)
    view = phase3.gallery.view
    view.setFocus()
    qtbot.keyClick(view, Qt.Key.Key_A)
    qtbot.waitUntil(lambda: [sample.name for sample in phase3.gallery.model.samples] == ["fine"])
    assert window.page == "gallery"
    # Undone as any change of samples.
    window.actions_.refresh()
    window.actions_.action("edit.undo").trigger()
    qtbot.waitUntil(lambda: len(phase3.gallery.model.samples) == 2)
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert window.page == "phase"
    window.actions_.action("view.gallery").trigger()
    assert window.page == "gallery"
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert window.page == "viewer"
    assert session.current.name in ("doubtful", "fine")
    qtbot.waitUntil(lambda: not window.panels.viewer.is_busy, timeout=WAIT_MS)


def test_panels_of_one_sample_make_room_and_come_back(qtbot, window, session):
    docks = window.docks.by_name
    assert not docks["results"].isHidden()
    window.panels.phase3.show_gallery()
    assert docks["results"].isHidden()
    assert docks["layers"].isHidden()
    assert not docks["samples"].isHidden()
    window.show_samples()
    assert not docks["results"].isHidden()
    assert not docks["layers"].isHidden()
    docks["layers"].hide()
    window.show_phase(3)
    window.panels.phase3.show_gallery()
    # What is remembered for the next start is how it is beside the viewer.
    window.docks.remember()
    assert docks["layers"].isHidden()
    assert not docks["results"].isHidden()


def test_a_field_is_opened_from_the_page_and_esc_leads_back(qtbot, window, session, project):
    path = project.samples()[0].path
    copy = path.with_name("field.tif")
    copy.write_bytes(path.read_bytes())
    stack = read(copy)
    new = NewSample(copy, voxel_size=stack.voxel_size, shape=stack.shape, role="field")
    (field,) = project.add_samples([new])
    window.show_phase(3)
    phase3 = window.panels.phase3
    qtbot.waitUntil(phase3.panel.fields.open.isVisible)
    qtbot.mouseClick(phase3.panel.fields.open, Qt.MouseButton.LeftButton)
    assert window.page == "fields"
    qtbot.waitUntil(lambda: "No cysts were found" in phase3.fields.bar.state.text(), timeout=WAIT_MS)
    qtbot.waitUntil(lambda: not phase3.fields.is_busy)
    phase3.fields.canvas.setFocus()
    qtbot.keyClick(phase3.fields.canvas, Qt.Key.Key_N)
    assert window.page == "fields"
    assert phase3.fields.bar.list.count() == 1 or phase3.fields.is_busy
    qtbot.keyClick(phase3.fields.canvas, Qt.Key.Key_Escape)
    assert window.page == "phase"
    assert field.role == "field"
