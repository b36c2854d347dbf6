"""For the pictures of phase 3: a field of several cysts, doubts, and the pages that show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from screenshots import Studio

    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample

DOUBTS = ("Nothing odd was found.", "Doubt 43 %: 2 cells lie in pieces; 1 cell is tiny.", "Doubt 12 %: 1 cell is tiny.")
GAP_VOX = 12


def add_phase_3(project: Project, samples: Sequence[Sample]) -> None:
    """Make the samples low-resolution ones, those that wait with doubts; add an M1 and a field of six cysts."""
    from cartocell_app.project.values import NewSample
    from cartocell_app.resources import CPU_MODEL, SAMPLE_STACK
    from cartocell_app.stacks.reading import read
    from cartocell_app.stacks.writing import write_stack

    project.update_samples([sample.id for sample in samples], role="low-resolution")
    waiting = [sample for sample in project.samples() if sample.state == "segmented"]
    for number, sample in enumerate(waiting):
        project.update_samples([sample.id], reason=DOUBTS[number % len(DOUBTS)])
    project.add_model("M1", CPU_MODEL, {})
    cyst = read(SAMPLE_STACK)
    dark = int(np.percentile(cyst.data, 5))
    gaps = ((0, 0), (GAP_VOX, GAP_VOX), (GAP_VOX, GAP_VOX))
    padded = np.pad(cyst.data, gaps, constant_values=dark)
    turned = [padded, padded[:, ::-1], padded[:, ::-1, ::-1]]
    rows = [np.concatenate(turned, axis=2), np.concatenate([each[:, :, ::-1] for each in turned], axis=2)]
    stack = np.concatenate(rows, axis=1)
    path = project.folder.parent / "confocal" / "7d.4C.field_1.tif"
    write_stack(path, stack, cyst.voxel_size)
    new = NewSample(path, voxel_size=cyst.voxel_size, shape=stack.shape, day="7 d", condition="4C", role="field")
    project.add_samples([new])


def field(studio: Studio) -> QWidget:
    """Boxes around the cysts of a field, one of them chosen."""
    _open(studio)
    phase_3 = studio.window.panels.phase3
    (number,) = [sample.id for sample in studio.session.project.samples() if sample.role == "field"]
    phase_3.show_field(number)
    studio.settle(lambda: bool(phase_3.fields.edits.boxes))
    phase_3.fields.choose(2)
    return studio.window


def gallery(studio: Studio) -> QWidget:
    """Labelled cysts, the most doubtful first."""
    _open(studio)
    pages = studio.window.panels.phase3
    pages.show_gallery()
    pages.gallery.bar.filter.setCurrentIndex(pages.gallery.bar.filter.findData("all"))
    studio.settle(lambda: all(_has_picture(pages.gallery, row) for row in range(4)))
    return studio.window


def _has_picture(page: QWidget, row: int) -> bool:
    from cartocell_app.desktop.gallery.model import PICTURE_ROLE

    return page.model.index(row).data(PICTURE_ROLE) is not None


def _open(studio: Studio) -> None:
    # Also in place of the one that another scene opened.
    studio.session.open_project(studio.folder / "MDCK hypoxia.cartocell")
    studio.window.show_samples()
