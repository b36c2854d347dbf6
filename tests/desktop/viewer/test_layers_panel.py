"""The panel's controls change what is shown, and say why where they cannot."""

from dataclasses import replace

import pytest

from cartocell_app.desktop.viewer.layers_panel import LayersPanel
from cartocell_app.desktop.viewer.view import VolumeView


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


def test_hiding_the_selected_cell_and_showing_all_again(panel, viewer):
    assert (panel.hide_selected.toolTip(), panel.show_all.toolTip()) == ("Click a cell first.", "All cells are shown.")
    viewer.set_cell(3)
    panel.hide_selected.click()
    assert viewer.display.hidden == {3}
    panel.show_all.click()
    assert viewer.display.hidden == frozenset()


def test_automatic_brightness(panel, viewer):
    viewer.set_display(replace(viewer.display, levels=(0.0, 1.0)))
    panel.automatic.click()
    assert viewer.display.levels == (10.0, 100.0)


def test_without_cells_their_controls_say_why(panel, viewer, two_cells):
    viewer.show_volume(VolumeView("raw", two_cells.raw, None, (1, 1, 1)))
    panel.show_view(viewer.view, viewer.display, viewer.sample)
    assert not panel.show_cells.isEnabled()
    assert "segment it first" in panel.show_cells.toolTip()


def test_the_raw_stack_keeps_its_brightness_after_another_layer_was_looked_at(panel, viewer, qtbot):
    before = viewer.display.levels
    for name in ("Tissue (M)", "Raw"):
        panel.layer.setCurrentText(name)
        qtbot.waitUntil(lambda: not viewer.is_busy)
    panel.opacity.setValue(90)
    assert viewer.display.levels == before
