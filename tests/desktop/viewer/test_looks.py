"""What is drawn, given what is wanted and what there is."""

import numpy as np

from cartocell_app.desktop.viewer.looks import (
    DIMMED,
    CellsLook,
    Cut,
    Facts,
    Looks,
    drawn_cells,
    label_lut,
    resolve,
    shown_labels,
)
from cartocell_app.desktop.viewer.view import Display

COLOURS = np.array([[0, 0, 0], [10, 20, 30], [40, 50, 60], [70, 80, 90]], np.uint8)
ALL = Facts(has_picture=True, has_cells=True)


def look(**values) -> CellsLook:
    return CellsLook(**{"style": "fill", "opacity": 0.5, "cell": 0, "only": None, "hidden": frozenset()} | values)


def test_what_is_not_there_is_not_drawn():
    wanted = Display(show_volume=True)
    assert resolve(wanted, Facts(has_picture=False, has_cells=False)) == Looks(None, None, None, None)
    only_raw = resolve(wanted, Facts(has_picture=True, has_cells=False))
    assert (only_raw.cells, only_raw.surfaces) == (None, None)
    assert only_raw.picture is not None


def test_what_is_not_wanted_is_not_drawn():
    wanted = Display(show_image=False, show_cells=False, show_volume=False, show_surfaces=False)
    assert resolve(wanted, ALL) == Looks(None, None, None, None)


def test_each_wish_touches_only_what_it_concerns():
    before = resolve(Display(show_volume=True), ALL)
    apart = resolve(Display(show_volume=True, explode=0.5), ALL)
    assert (apart.picture, apart.cells, apart.volume) == (before.picture, before.cells, before.volume)
    assert apart.surfaces != before.surfaces
    bright = resolve(Display(show_volume=True, levels=(0.0, 9.0)), ALL)
    assert (bright.cells, bright.surfaces) == (before.cells, before.surfaces)


def test_one_cut_for_layer_and_cells():
    cut = resolve(Display(show_volume=True, cut_axis=1, cut=0.3), ALL)
    assert cut.volume.cut == cut.surfaces.cut == Cut(1, 0.3)
    assert resolve(Display(), ALL).surfaces.cut is None


def test_labels_are_drawn_in_colours_and_in_3d_as_being_there():
    looks = resolve(Display(show_volume=True, levels=(0, 70.0)), Facts(True, True, picture_is_labels=True))
    assert looks.picture.in_colours
    assert looks.volume.levels == (0.0, 1.0)


def test_bright_empty_space_would_hide_what_it_surrounds():
    looks = resolve(Display(show_volume=True, colour_map="inverted grey"), ALL)
    assert (looks.picture.colour_map, looks.volume.colour_map) == ("inverted grey", "grey")


def test_cells_are_see_through_and_background_is_clear():
    lut = label_lut(COLOURS, look(opacity=0.5))
    assert lut[:, 3].tolist() == [0, 128, 128, 128]
    np.testing.assert_array_equal(lut[:, :3], COLOURS)


def test_the_selected_cell_stands_out():
    lut = label_lut(COLOURS, look(opacity=0.8, cell=2))
    assert lut[2, 3] == 204
    assert lut[1, 3] == round(204 * DIMMED)


def test_only_some_cells_and_hidden_ones():
    lut = label_lut(COLOURS, look(only=frozenset({2, 3, 99}), hidden=frozenset({2})))
    assert (lut[:, 3] > 0).tolist() == [False, False, False, True]
    assert shown_labels(4, None, frozenset({1})).tolist() == [False, False, True, True]


def test_the_selected_cell_has_a_bold_outline():
    labels = np.zeros((12, 12), np.uint16)
    labels[1:10, 1:10], labels[1:10, 10:] = 2, 3
    drawn = drawn_cells(labels, None, label_lut(COLOURS, look(cell=2)), 2)
    white = (drawn == 255).all(axis=-1)
    expected = labels == 2
    expected[3:8, 3:8] = False
    np.testing.assert_array_equal(white, expected)
    assert drawn[5, 5, :3].tolist() == COLOURS[2].tolist()


def test_a_hidden_cell_has_no_outline():
    labels = np.full((5, 5), 2)
    lut = label_lut(COLOURS, look(cell=2, hidden=frozenset({2})))
    assert not drawn_cells(labels, None, lut, 2)[..., 3].any()
