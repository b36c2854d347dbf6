"""For the pictures of phase 1: pairs with what is odd about them, and cells that are corrected."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from screenshots import Studio

CELL = 30


def _pairs(studio: Studio) -> None:
    """Open a project with four pairs and a stack without cells."""
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import NewSample
    from cartocell_app.resources import SAMPLE_LABELS, SAMPLE_STACK
    from cartocell_app.stacks.reading import read, read_labels
    from cartocell_app.stacks.writing import write_labels

    folder = studio.folder / "High resolution.cartocell"
    if not folder.exists():
        stack, (labels, voxel) = read(SAMPLE_STACK), read_labels(SAMPLE_LABELS)
        plane, crumbs, flipped = labels.copy(), labels.copy(), labels[:, ::-1]
        plane[60] += np.where(plane[60] > 0, 200, 0).astype(labels.dtype)
        crumbs[2:4, 4:7, 4:7] = CELL
        project = Project.create(folder, "High resolution")
        pairs = {"4d.1A.1_1": labels, "4d.1A.2_1": crumbs, "7d.2B.1_3": plane, "7d.2B.2_1": flipped, "7d.2B.4_2": None}
        for name, cells in pairs.items():
            path = folder.parent / f"{name}.tif"
            shutil.copy(SAMPLE_STACK, path)
            new = NewSample(path, voxel_size=stack.voxel_size, shape=stack.shape, role="high-resolution", day=name[:2])
            (sample,) = project.add_samples([new])
            if cells is not None:
                target = project.new_labels_path(sample.id)
                write_labels(target, cells, voxel)
                project.add_labels(sample.id, target, "imported", f"From {name}_label.tif.", len(np.unique(cells)) - 1)
        project.update_samples([1], state="accepted")
        project.close()
    studio.session.open_project(folder)


def phase_1(studio: Studio) -> QWidget:
    """Pairs that were checked, one with a slice that has numbers of its own."""
    _pairs(studio)
    studio.window.show_phase(1)
    panel = studio.window.panels.pairs
    studio.settle(lambda: not panel.checker.is_busy)
    panel.list.setCurrentItem(panel.list.topLevelItem(2))
    return studio.window


def phase_1_remedy(studio: Studio) -> QWidget:
    """What was found in a pair, and a button that mends it."""
    phase_1(studio)
    panel = studio.window.panels.pairs
    panel.list.setCurrentItem(panel.list.topLevelItem(1))
    studio.settle()
    bar = studio.window.centre.phase.verticalScrollBar()
    bar.setValue(round(0.45 * bar.maximum()))
    return studio.window


def correcting(studio: Studio) -> QWidget:
    """A cell is picked, another one was deleted."""
    _pairs(studio)
    panels = studio.window.panels
    studio.session.set_current(2)
    studio.window.show_samples()
    studio.settle(lambda: not panels.corrector.why_not())
    panels.corrector.throw_away()
    studio.settle(lambda: not panels.corrector.why_not())
    panels.corrector.set_on(True)
    there = [label for label, box in enumerate(panels.viewer.viewer.view.boxes, 1) if box is not None]
    studio.session.set_cell(there[CELL])
    panels.corrector.delete()
    studio.session.set_cell(there[CELL + 1])
    return studio.window


def versions(studio: Studio) -> QWidget:
    """Versions of the cells of a sample."""
    from cartocell_app.desktop.curation.versions import VersionsDialog

    correcting(studio)
    corrector = studio.window.panels.corrector
    corrector.save_now()
    studio.settle()
    dialog = VersionsDialog(corrector.versions(), studio.window)
    dialog.open()
    return dialog
