"""A small stack with two cells, and a viewer that shows it."""

from collections.abc import Iterator

import numpy as np
import pytest

from cartocell_app.desktop.viewer.view import VolumeView
from cartocell_app.desktop.viewer.viewer import Viewer


@pytest.fixture
def two_cells() -> VolumeView:
    """20 × 30 × 40 voxels of 2 × 1 × 1 µm: cell 3 to the left, cell 9 to the right of x = 20."""
    labels = np.zeros((20, 30, 40), np.uint16)
    labels[4:16, 6:24, 6:20], labels[4:16, 6:24, 20:34] = 3, 9
    raw = np.where(labels > 0, 100, 10).astype(np.uint8)
    raw[0, 0, 0] = 7
    return VolumeView("two", raw, labels, (2.0, 1.0, 1.0), {"Tissue (M)": lambda: raw / np.float32(100)})


@pytest.fixture
def viewer(qtbot, two_cells) -> Iterator[Viewer]:
    """A viewer on the screen that shows `two_cells` with its surfaces."""
    viewer = Viewer()
    qtbot.addWidget(viewer)
    viewer.resize(800, 600)
    viewer.show()
    qtbot.waitExposed(viewer)
    viewer.show_volume(two_cells)
    qtbot.waitUntil(lambda: not viewer.is_busy)
    yield viewer
    viewer.tear_down()
