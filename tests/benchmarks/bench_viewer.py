"""Scrolling through a 100 × 1024 × 1024 stack of 2,000 cells in the viewer, without a screen. Run: ``make bench``."""

import os
import time
from dataclasses import replace

import numpy as np

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtWidgets import QApplication

from cartocell_app.desktop.viewer.geometry import XY
from cartocell_app.desktop.viewer.view import Display, VolumeView
from cartocell_app.desktop.viewer.viewer import Viewer

SHAPE, VOXEL_UM = (100, 1024, 1024), (1.0, 0.3, 0.3)
STEPS = 60
WAYS = {
    "raw": replace(Display(), show_cells=False),
    "filled cells": Display(),
    "outlines": replace(Display(), cell_style="outlines"),
    "a selected cell": replace(Display(), cell=1000),
}


def main() -> None:
    app = QApplication([])
    viewer = Viewer()
    viewer.volume.problem = "left out: a machine without a graphics card would measure its stand-in"
    viewer.resize(1100, 800)
    viewer.show()
    viewer.show_volume(stack().prepared())
    shown = viewer.display
    for words, wanted in WAYS.items():
        viewer.set_display(replace(wanted, levels=shown.levels))
        start = time.process_time()
        for step in range(STEPS):
            viewer.slices.panes[XY].scrolled.emit(1 if step < STEPS // 2 else -1)
            # Waits until all panes are painted.
            for pane in viewer.panes:
                pane.repaint()
            app.processEvents()
        rate = STEPS / (time.process_time() - start)
        print(f"scrolling, {words}: {rate:.0f} slices in a second of the processor's time")
    viewer.tear_down()


def stack() -> VolumeView:
    raw = np.random.default_rng(0).integers(0, 4000, SHAPE, dtype=np.uint16)
    z, y, x = np.ogrid[tuple(slice(size) for size in SHAPE)]
    labels = (z // 20 * 400 + y // 52 * 20 + x // 52 + 1).astype(np.uint16)
    return VolumeView("benchmark", raw, labels, VOXEL_UM)


if __name__ == "__main__":
    main()
