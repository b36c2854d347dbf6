"""How bright a picture is, and the handles that say what is drawn darkest and brightest."""

import numpy as np
import pytest

from cartocell_app.desktop.viewer.colour_maps import colour_lut
from cartocell_app.desktop.viewer.histogram import Histogram, histogram
from cartocell_app.desktop.viewer.view import COLOUR_MAPS


def test_counts_of_known_intensities():
    counts, edges = histogram(np.repeat([0, 10, 100], [400, 100, 25]))
    assert (edges[0], edges[-1]) == (0, 100)
    assert (counts[0], counts[-1]) == (20, 5)  # square roots
    assert np.square(counts).sum() == pytest.approx(525)


@pytest.mark.parametrize("sample", [np.zeros(0), np.full(9, 3)])
def test_an_empty_or_constant_picture_has_a_histogram_too(sample):
    counts, edges = histogram(sample)
    assert len(edges) == len(counts) + 1
    assert edges[-1] > edges[0]


def test_a_moved_handle_is_told_but_not_what_the_program_sets(qtbot):
    shown = Histogram()
    qtbot.addWidget(shown)
    told = []
    shown.levels_changed.connect(lambda low, high: told.append((low, high)))
    shown.show_picture(np.arange(200), (20.0, 150.0))
    assert told == []
    shown._range.lines[1].setValue(120.0)
    assert told[-1] == (20.0, 120.0)


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_colour_maps_go_from_dark_to_bright_or_back(name):
    lut = colour_lut(name)
    assert lut.shape == (256, 3)
    brightness = lut @ np.array([0.3, 0.6, 0.1])
    assert (brightness[-1] > brightness[0]) == (name != "inverted grey")
