"""For the pictures of phase 5: a page that waits for stacks, and one with cysts that are done and to do."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget
    from screenshots import Studio


def phase_5_empty(studio: Studio) -> QWidget:
    """The page of a project that has nothing yet."""
    folder = studio.folder / "New cysts.cartocell"
    if folder.exists():
        studio.session.open_project(folder)
    else:
        studio.session.create_project(folder, "New cysts")
    return _shown(studio)


def phase_5(studio: Studio) -> QWidget:
    """The page of the sample project, with one cyst done and one that failed."""
    from cartocell_app.project.sample_project import make_sample_project
    from cartocell_app.resources import CPU_MODEL

    folder = studio.folder / "Sample project.cartocell"
    is_new = not folder.exists()
    project = studio.session.open_project(make_sample_project(folder) if is_new else folder)
    if is_new:
        first, second, _ = [sample for sample in project.samples() if sample.role == "new"]
        labelled = next(sample for sample in project.samples() if sample.labels is not None)
        labels = project.new_labels_path(first.id)
        labels.parent.mkdir(parents=True)
        shutil.copy(labelled.labels, labels)
        project.add_labels(first.id, labels, "segmented", cells=9)
        project.update_samples([second.id], state="failed", reason="It is 2D.")
        project.add_model("M1", CPU_MODEL, {})
        project.add_model("M2", CPU_MODEL, {})
    return _shown(studio)


def _shown(studio: Studio) -> QWidget:
    studio.window.show_phase(5)
    form = studio.window.panels.new_cysts.form
    studio.settle(lambda: form.isHidden() or form.expected() is not None)
    return studio.window
