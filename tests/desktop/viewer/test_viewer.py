"""Four panes, one cursor, one selected cell: what the mouse and keys do."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from cartocell_app.desktop.viewer.geometry import XY, XZ, YZ
from cartocell_app.desktop.viewer.layers_panel import LayersPanel
from cartocell_app.desktop.viewer.view import VolumeView


def place_on(pane, down_um, right_um) -> QPoint:
    at = pane.box.mapViewToScene(QPointF(right_um, down_um))
    return QPoint(round(at.x()), round(at.y()))


def click(qtbot, pane, down_um, right_um, button=Qt.MouseButton.LeftButton):
    qtbot.mouseClick(pane._graphics.viewport(), button, pos=place_on(pane, down_um, right_um))


def turn_wheel(pane, steps, modifiers=Qt.KeyboardModifier.NoModifier):
    viewport = pane._graphics.viewport()
    middle = QPointF(viewport.rect().center())
    event = QWheelEvent(
        middle, viewport.mapToGlobal(middle), QPoint(), QPoint(0, -120 * steps),
        Qt.MouseButton.NoButton, modifiers, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(viewport, event)


def test_it_starts_in_the_middle(viewer):
    assert viewer.voxel == (10, 15, 20)
    assert [viewer.panes[plane].image.image.shape for plane in (XY, XZ, YZ)] == [(30, 40), (20, 40), (20, 30)]


def test_a_click_moves_the_cursor_of_all_panes_and_picks_the_cell(viewer, qtbot):
    with qtbot.waitSignal(viewer.cell_picked) as picked:
        click(qtbot, viewer.panes[XY], 12.5, 9.5)
    assert picked.args == [3]
    assert viewer.voxel == (10, 12, 9)
    with qtbot.waitSignal(viewer.cell_picked) as picked:
        click(qtbot, viewer.panes[XZ], 11.0, 25.5)
    assert picked.args == [9]
    assert viewer.voxel == (5, 12, 25)
    np.testing.assert_array_equal(viewer.panes[YZ].image.image, viewer.view.raw[:, :, 25])


def test_a_click_beside_all_cells_picks_none(viewer, qtbot):
    with qtbot.waitSignal(viewer.cell_picked) as picked:
        click(qtbot, viewer.panes[XY], 2.5, 2.5)
    assert picked.args == [0]


def test_scrolling_changes_the_slice_and_stops_at_the_end(viewer):
    turn_wheel(viewer.panes[XY], 3)
    assert viewer.voxel[0] == 13
    turn_wheel(viewer.panes[YZ], -2)
    assert viewer.voxel == (13, 15, 18)
    for _ in range(30):
        turn_wheel(viewer.panes[XY], 1)
    assert viewer.voxel[0] == 19


def test_scrolling_with_control_zooms(viewer):
    before = viewer.panes[XY].seen_um()
    turn_wheel(viewer.panes[XY], -2, Qt.KeyboardModifier.ControlModifier)
    assert viewer.panes[XY].seen_um() < before
    assert viewer.voxel[0] == 10


def test_keys_move_the_cursor(viewer, qtbot):
    pane = viewer.panes[XY]
    qtbot.keyClick(pane, Qt.Key.Key_Right)
    qtbot.keyClick(pane, Qt.Key.Key_Up)
    qtbot.keyClick(pane, Qt.Key.Key_PageDown)
    assert viewer.voxel == (11, 14, 21)


def test_double_click_and_enter_maximise_and_back(viewer, qtbot):
    pane = viewer.panes[XZ]
    viewport = pane._graphics.viewport()
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=viewport.rect().center())
    assert [other.isVisible() for other in (*viewer.panes.values(), viewer.volume)] == [False, True, False, False]
    qtbot.keyClick(pane, Qt.Key.Key_Return)
    assert all(other.isVisible() for other in (*viewer.panes.values(), viewer.volume))


def test_slices_have_the_true_aspect(viewer):
    rect = viewer.panes[XZ].image.mapRectToView(viewer.panes[XZ].image.boundingRect())
    assert (rect.width(), rect.height()) == (40, 40)  # 20 slices of 2 µm


def test_the_cursor_is_told_in_um_with_what_lies_there(viewer, qtbot):
    with qtbot.waitSignal(viewer.cursor_moved) as moved:
        viewer.go_to((21.0, 15.5, 25.5))
    assert moved.args == [(21.0, 15.5, 25.5), "intensity 100 · cell 9"]


def test_an_unknown_voxel_size_is_said_and_has_no_scale_bar(viewer, two_cells):
    viewer.show_volume(VolumeView("?", two_cells.raw))
    words = viewer.panes[XY]._words
    assert "voxel size unknown" in words._place
    assert not words._known


def test_outlines_hidden_cells_and_selection(viewer):
    cells = viewer.panes[XY].cells
    assert cells.image[15, 10, 3] == round(viewer.display.opacity * 255)
    viewer.set_display(replace(viewer.display, cell_style="outlines"))
    assert cells.image[15, 10, 3] == 0  # inside
    assert cells.image[6, 10, 3] == 255  # at the border
    viewer.set_display(replace(viewer.display, cell_style="fill"))
    viewer.set_cell(9)
    assert cells.image[15, 25, 3] > cells.image[15, 10, 3] > 0
    viewer.show_only(frozenset({9}))
    assert cells.image[15, 10, 3] == 0
    viewer.set_display(replace(viewer.display, show_cells=False))
    assert cells.image is None


def test_other_layers_are_read_when_wanted(viewer, qtbot):
    viewer.set_display(replace(viewer.display, layer="Tissue (M)"))
    qtbot.waitUntil(lambda: not viewer.is_busy)
    assert viewer.panes[XY].image.image.max() == 1.0
    assert viewer.display.levels[1] <= 1.0


def test_a_cell_is_picked_in_3d_and_what_is_cut_away_is_not(viewer, qtbot):
    volume = viewer.volume
    assert not volume.problem
    volume._box.camera.elevation, volume._box.camera.azimuth = 90, 0  # from above: x to the right
    middle_x, middle_y = volume.width() / 2, volume.height() / 2
    left, right = (volume.cell_at(middle_x + shift, middle_y) for shift in (-20, 20))
    assert (left, right) == (3, 9)
    assert volume.cell_at(2, 2) == 0
    viewer.show_only(frozenset({9}))
    assert volume.cell_at(middle_x - 20, middle_y) == 0


def test_3d_really_draws_the_cells(viewer):
    picture = viewer.volume.picture()
    colours = {
        picture.pixelColor(x, y).name() for x in range(0, picture.width(), 5) for y in range(0, picture.height(), 5)
    }
    assert len(colours) > 10


def test_a_raw_volume_is_drawn_in_each_way(viewer):
    empty = viewer.volume.picture()
    for method in ("mip", "attenuated_mip", "translucent", "iso"):
        viewer.set_display(
            replace(viewer.display, show_surfaces=False, show_volume=True, method=method, levels=(0, 100))
        )
        picture = viewer.volume.picture()
        assert picture != empty, method
        row = [picture.pixelColor(x, picture.height() // 2).lightness() for x in range(picture.width())]
        assert max(row) > 60, method


def test_no_opengl_leaves_the_slices_and_says_why(qtbot, two_cells, monkeypatch):
    from cartocell_app.desktop.viewer.viewer import Viewer
    from cartocell_app.desktop.viewer.volume_pane import VolumePane

    def fails(self):
        raise RuntimeError("no GLX")

    monkeypatch.setattr(VolumePane, "_make_canvas", fails)
    viewer = Viewer()
    qtbot.addWidget(viewer)
    viewer.show()
    viewer.show_volume(two_cells)
    assert "graphics driver" in viewer.volume._words.text()
    assert viewer.panes[XY].image.image is not None
    viewer.tear_down()


@pytest.fixture
def panel(qtbot, viewer) -> LayersPanel:
    panel = LayersPanel()
    qtbot.addWidget(panel)
    panel.display_changed.connect(viewer.set_display)
    viewer.display_changed.connect(panel.set_display)
    panel.show_view(viewer.view, viewer.display, viewer.sample)
    return panel


def test_the_panel_changes_what_is_shown(panel, viewer):
    panel.opacity.setValue(90)
    panel.style_of_cells.setCurrentIndex(1)
    panel.colour_map.setCurrentIndex(2)
    panel.explode.setValue(50)
    assert viewer.display.opacity == pytest.approx(0.9)
    assert viewer.display.cell_style == "outlines"
    assert viewer.display.colour_map == "green"
    assert viewer.display.explode == pytest.approx(0.5)


def test_only_the_selected_cell_needs_a_selected_cell(panel, viewer):
    assert not panel.only_selected.isEnabled()
    assert panel.only_selected.toolTip() == "Click a cell first."
    viewer.set_cell(3)
    panel.only_selected.setChecked(True)
    assert viewer.display.only == {3}
    viewer.set_cell(9)
    assert viewer.display.only == {9}
    panel.only_selected.setChecked(False)
    assert viewer.display.only is None


def test_automatic_brightness(panel, viewer):
    viewer.set_display(replace(viewer.display, levels=(0.0, 1.0)))
    panel.automatic.click()
    assert viewer.display.levels == (10.0, 100.0)


def test_without_cells_their_controls_say_why(panel, viewer, two_cells):
    viewer.show_volume(VolumeView("raw", two_cells.raw, None, (1, 1, 1)))
    panel.show_view(viewer.view, viewer.display, viewer.sample)
    assert not panel.show_cells.isEnabled()
    assert "segment it first" in panel.show_cells.toolTip()
