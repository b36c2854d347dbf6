"""Four panes, one cursor, one selected cell: what the mouse and keys do."""

import gc
import weakref
from dataclasses import replace

import numpy as np
import psutil
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from cartocell_app.desktop.viewer.geometry import XY, XZ, YZ
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
    assert [viewer.slices.panes[plane].image.image.shape for plane in (XY, XZ, YZ)] == [(30, 40), (20, 40), (20, 30)]


def test_a_click_moves_the_cursor_of_all_panes_and_picks_the_cell(viewer, qtbot):
    with qtbot.waitSignal(viewer.cell_picked) as picked:
        click(qtbot, viewer.slices.panes[XY], 12.5, 9.5)
    assert picked.args == [3]
    assert viewer.voxel == (10, 12, 9)
    with qtbot.waitSignal(viewer.cell_picked) as picked:
        click(qtbot, viewer.slices.panes[XZ], 11.0, 25.5)
    assert picked.args == [9]
    assert viewer.voxel == (5, 12, 25)
    np.testing.assert_array_equal(viewer.slices.panes[YZ].image.image, viewer.view.raw[:, :, 25])


def test_a_click_beside_all_cells_picks_none(viewer, qtbot):
    with qtbot.waitSignal(viewer.cell_picked) as picked:
        click(qtbot, viewer.slices.panes[XY], 2.5, 2.5)
    assert picked.args == [0]


def test_scrolling_changes_the_slice_and_stops_at_the_end(viewer):
    turn_wheel(viewer.slices.panes[XY], 3)
    assert viewer.voxel[0] == 13
    turn_wheel(viewer.slices.panes[YZ], -2)
    assert viewer.voxel == (13, 15, 18)
    for _ in range(30):
        turn_wheel(viewer.slices.panes[XY], 1)
    assert viewer.voxel[0] == 19


def test_scrolling_with_control_zooms(viewer):
    before = viewer.slices.panes[XY].seen_um()
    turn_wheel(viewer.slices.panes[XY], -2, Qt.KeyboardModifier.ControlModifier)
    assert viewer.slices.panes[XY].seen_um() < before
    assert viewer.voxel[0] == 10


def test_a_middle_drag_or_a_left_one_with_space_moves_the_slice(viewer, qtbot):
    pane = viewer.slices.panes[XY]

    def dragged(button) -> tuple[float, float]:
        before = pane.box.viewRect().center()
        viewport = pane._graphics.viewport()
        qtbot.mousePress(viewport, button, pos=QPoint(100, 100))
        for at in (115, 130, 145):
            qtbot.wait(15)  # pyqtgraph leaves out what follows too quickly
            move = QPointF(at, 100)
            QApplication.sendEvent(
                viewport,
                QMouseEvent(
                    QEvent.Type.MouseMove, move, viewport.mapToGlobal(move),
                    Qt.MouseButton.NoButton, button, Qt.KeyboardModifier.NoModifier,
                ),
            )  # fmt: skip
        qtbot.mouseRelease(viewport, button, pos=QPoint(145, 100))
        after = pane.box.viewRect().center()
        return after.x() - before.x(), after.y() - before.y()

    assert dragged(Qt.MouseButton.MiddleButton)[0] < 0
    voxel = viewer.voxel
    qtbot.keyPress(pane, Qt.Key.Key_Space)
    assert dragged(Qt.MouseButton.LeftButton)[0] < 0
    assert viewer.voxel == voxel
    qtbot.keyRelease(pane, Qt.Key.Key_Space)
    assert dragged(Qt.MouseButton.LeftButton) == (0, 0)
    assert viewer.voxel != voxel


def test_keys_move_the_cursor(viewer, qtbot):
    pane = viewer.slices.panes[XY]
    qtbot.keyClick(pane, Qt.Key.Key_Right)
    qtbot.keyClick(pane, Qt.Key.Key_Up)
    qtbot.keyClick(pane, Qt.Key.Key_PageDown)
    assert viewer.voxel == (11, 14, 21)


def test_double_click_and_enter_maximise_and_back(viewer, qtbot):
    pane = viewer.slices.panes[XZ]
    viewport = pane._graphics.viewport()
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton, pos=viewport.rect().center())
    assert [other.isVisible() for other in viewer.panes] == [False, True, False, False]
    qtbot.keyClick(pane, Qt.Key.Key_Return)
    assert all(other.isVisible() for other in viewer.panes)


def test_slices_have_the_true_aspect(viewer):
    rect = viewer.slices.panes[XZ].image.mapRectToView(viewer.slices.panes[XZ].image.boundingRect())
    assert (rect.width(), rect.height()) == (40, 40)  # 20 slices of 2 µm


def test_the_cursor_is_told_in_um_with_what_lies_there(viewer, qtbot):
    with qtbot.waitSignal(viewer.cursor_moved) as moved:
        viewer.go_to((21.0, 15.5, 25.5))
    assert moved.args == [(21.0, 15.5, 25.5), "intensity 100 · cell 9"]


def test_an_unknown_voxel_size_is_said_and_has_no_scale_bar(viewer, two_cells):
    viewer.show_volume(VolumeView("?", two_cells.raw))
    overlay = viewer.slices.panes[XY].overlay
    assert "voxel size unknown" in overlay.place
    assert not overlay.has_bar
    assert not viewer.volume.overlay.has_bar


def test_outlines_hidden_cells_and_selection(viewer):
    cells = viewer.slices.panes[XY].cells
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
    assert viewer.slices.panes[XY].image.image.max() == 1.0
    assert viewer.display.levels[1] <= 1.0


def test_a_cell_selected_elsewhere_is_gone_to(viewer):
    viewer.set_cell(3)
    assert viewer.view.labels[viewer.voxel] == 3
    there = viewer.voxel
    viewer.set_cell(0)
    assert viewer.voxel == there


def test_hidden_cells_and_showing_all_again(viewer):
    cells = viewer.slices.panes[XY].cells
    viewer.hide_cells(frozenset({3}))
    assert (cells.image[15, 10, 3], cells.image[15, 25, 3] > 0) == (0, True)
    viewer.show_only(None)
    assert cells.image[15, 10, 3] > 0


def test_other_cells_of_the_same_stack(viewer, qtbot):
    edited = viewer.view.labels.copy()
    edited[edited == 9] = 12
    viewer.take_cells(viewer.view.with_labels(edited))
    qtbot.waitUntil(lambda: not viewer.is_busy)
    viewer.go_to((21.0, 15.5, 25.5))
    assert viewer.slices.panes[XY].cells.image[15, 25, 3] > 0
    viewer.set_cell(12)
    assert viewer.view.labels[viewer.voxel] == 12


def test_labels_of_another_layer_have_the_colours_of_the_cells(viewer, qtbot, two_cells):
    seeds = np.zeros_like(two_cells.labels)
    seeds[10, 15, 25] = 9
    viewer.show_volume(VolumeView("s", two_cells.raw, two_cells.labels, (2, 1, 1), {"Seeds": lambda: seeds}, {"Seeds"}))
    viewer.set_display(replace(viewer.display, layer="Seeds"))
    qtbot.waitUntil(lambda: not viewer.is_busy)
    shown = viewer.slices.panes[XY].image.image
    assert shown[15, 25].tolist() == [*viewer.view.colours[9], 255]
    assert shown[15, 10, 3] == 0
    viewer.go_to((21.0, 15.5, 25.5))


def test_moving_cells_apart_leaves_the_slices_alone(viewer):
    drawn = viewer.slices.panes[XY].cells.image
    viewer.set_display(replace(viewer.display, explode=0.5))
    assert viewer.slices.panes[XY].cells.image is drawn
    viewer.set_display(replace(viewer.display, opacity=0.9))
    assert viewer.slices.panes[XY].cells.image is not drawn


def test_nothing_of_a_stack_is_kept_when_another_is_shown(viewer, qtbot):
    raw = np.zeros((8, 9, 10), np.uint16)
    gone = weakref.ref(raw)
    viewer.show_volume(VolumeView("a", raw, np.ones(raw.shape, np.uint16), (1, 1, 1)))
    viewer.set_display(replace(viewer.display, show_volume=True))
    qtbot.waitUntil(lambda: not viewer.is_busy)
    viewer.clear()
    del raw
    gc.collect()
    assert gone() is None


@pytest.mark.slow
def test_memory_does_not_grow_from_stack_to_stack(viewer, qtbot):
    """Ten stacks of 42 MB with their cells, one after the other, as a person leafs through a project."""
    viewer.resize(320, 260)

    def visit(number: int) -> int:
        raw = np.full((40, 512, 512), number, np.uint16)
        labels = np.zeros(raw.shape, np.uint16)
        labels[10:20, 10:30, 10:30] = 1
        viewer.clear()
        viewer.show_volume(VolumeView(str(number), raw, labels, (1, 0.3, 0.3)).prepared())
        viewer.set_display(replace(viewer.display, show_volume=True))
        qtbot.waitUntil(lambda: not viewer.is_busy, timeout=30_000)
        gc.collect()
        return psutil.Process().memory_info().rss

    used = [visit(number) for number in range(10)]
    assert max(used[6:]) - used[5] < 42_000_000, [round(one / 1e6) for one in used]
