"""Training from the window as it really is: from accepted cysts to a model that labels others."""

import pytest
from PySide6.QtCore import Qt

from cartocell_app.desktop.gallery.phase_panel import LabellingPanel
from cartocell_app.desktop.importing.models import model_choices
from cartocell_app.desktop.training.keeper import Keeper
from cartocell_app.desktop.training.panel import TrainingPanel
from cartocell_app.desktop.training.starting import latest_training
from cartocell_app.project.phases import facts_of, resolve_phase
from cartocell_app.segmentation.model_card import read_card

from .conftest import COARSE

pytest.importorskip("torch", reason="training is not installed")

RUN_MS = 240_000
ENDED = ("done", "failed", "some failed", "cancelled", "interrupted")


@pytest.fixture
def panel(qtbot, session, queue, add, tiny):
    """Page of phase 2 for three accepted cysts, and what takes in models."""
    add("a", "b", "c")
    panel = TrainingPanel(session, queue, 2)
    qtbot.addWidget(panel)
    panel.show()
    keeper = Keeper(session, panel)
    assert keeper is not None
    return panel


def train(qtbot, panel, project):
    panel.refresh()
    qtbot.mouseClick(panel.form.start, Qt.MouseButton.LeftButton)
    return latest_training(project, 2)


def until_ended(qtbot, queue, run):
    qtbot.waitUntil(lambda: run.id not in queue.running() and queue.job(run.id).state in ENDED, timeout=RUN_MS)


def state(project, number):
    return resolve_phase(facts_of(project), number).state


def test_m1_is_trained_from_the_page_and_labels_low_resolution_cysts(qtbot, session, project, queue, add, panel):
    assert state(project, 2) == "ready"
    run = train(qtbot, panel, project)
    qtbot.waitUntil(lambda: state(project, 2) == "in progress")
    assert panel.form.isHidden()
    assert not panel.progress.keep.isEnabled()
    until_ended(qtbot, queue, run)

    assert queue.job(run.id).state == "done", queue.job(run.id).log
    qtbot.waitUntil(lambda: state(project, 2) == "done", timeout=10_000)
    model = project.models()["M1"]
    assert (model.run_id, set(model.trained_on)) == (run.id, {sample.id for sample in project.samples()})
    assert read_card(model.path).voxel_size_um == pytest.approx((0.35, 0.3, 0.3), rel=0.1)
    assert str(model.path) in [choice.word for choice in model_choices(project.folder)]
    assert list(panel.progress.charts.overlap.lines["iou_C"].xData) == [1, 2]
    assert panel.progress.heading.text() == "M1 is trained"

    low = add("field", role="low-resolution", size=COARSE, accepted=False)
    labelling = LabellingPanel(session, queue)
    qtbot.addWidget(labelling)
    labelling.show()
    assert labelling.label.text() == "Label 1 cyst &with M1"
    qtbot.mouseClick(labelling.label, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: project.sample(low[0].id).reason != "", timeout=RUN_MS)
    labelled = project.sample(low[0].id)
    assert labelled.state == "segmented", labelled.reason
    assert labelled.labels.exists()
    qtbot.waitUntil(lambda: labelling.gallery.text() == "&Look through 1 cyst…")
    assert state(project, 3) == "in progress"
