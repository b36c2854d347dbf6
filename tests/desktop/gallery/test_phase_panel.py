"""The panel of phase 3: fields, labelling, counts and the way to the gallery."""

from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt

from cartocell_app.desktop.gallery.labelling import cysts_to_label_again
from cartocell_app.desktop.gallery.phase_panel import LabellingPanel
from cartocell_app.desktop.gallery.showing import second_line, shown_cysts, why
from cartocell_app.desktop.training.doubts import NOTHING_ODD, doubt_of, judged, waiting_for_doubts
from cartocell_app.project.values import NewSample
from cartocell_app.stacks.voxel_size import VoxelSize

VOXEL = VoxelSize(1.0, 1.0, 1.0, "test")


@pytest.fixture
def panel(qtbot, session, queue):
    panel = LabellingPanel(session, queue)
    qtbot.addWidget(panel)
    panel.show()
    return panel


@pytest.fixture
def m1(project, tmp_path):
    """Adds an M1 to the project."""

    def add():
        (tmp_path / "m1.onnx").write_bytes(b"model")
        return project.add_model("M1", tmp_path / "m1.onnx", {})

    return add


def add(project, tmp_path, name, role, edge=50):
    (tmp_path / f"{name}.tif").write_bytes(name.encode())
    new = NewSample(tmp_path / f"{name}.tif", voxel_size=VOXEL, shape=(20, edge, edge), day="4 d", role=role)
    return project.add_samples([new])[0]


def row(table, number):
    return [table.topLevelItem(number).text(column) for column in range(table.columnCount())]


def test_labelling_needs_m1_then_cysts_and_the_doubtful_come_first(qtbot, panel, project, label, m1, tmp_path):
    assert "M1 comes first" in panel.label.toolTip()
    assert panel.gallery.toolTip() == "No cyst is labelled yet."
    m1()
    qtbot.waitUntil(lambda: "Add low-resolution stacks" in panel.label.toolTip())
    field = add(project, tmp_path, "field", "field")
    qtbot.waitUntil(lambda: panel.label.toolTip() == "Cut the cysts out of your fields first.")
    add(project, tmp_path, "low", "low-resolution")
    qtbot.waitUntil(lambda: panel.label.text() == "Label 1 cyst &with M1")
    project.remove_samples([field.id])

    first, second, third = (label(name, reason="") for name in "xyz")
    assert len(waiting_for_doubts(project.samples())) == 3
    words = judged(project.sample(first.id))
    assert words.startswith("Doubt ")
    project.update_samples([first.id], reason=NOTHING_ODD)
    project.update_samples([second.id], reason="Doubt 30 %: 1 tiny cell.")
    shown = shown_cysts(project.samples(), "waiting")
    assert [sample.name for sample in shown] == ["y", "x", "z"]
    assert [doubt_of(sample) for sample in shown] == [30, 0, -1]
    assert [second_line(sample) for sample in shown] == [
        "2 cells · doubt 30 %", "2 cells · nothing odd", "2 cells · being looked through",
    ]  # fmt: skip
    assert why(shown[0]) == "1 tiny cell."
    qtbot.waitUntil(lambda: panel.gallery.text() == "&Look through 3 cysts…")
    with qtbot.waitSignal(panel.gallery_wanted):
        qtbot.mouseClick(panel.gallery, Qt.MouseButton.LeftButton)
    project.update_samples([third.id], state="accepted")
    qtbot.waitUntil(lambda: row(panel.counts, 1)[2:] == ["·", "2", "1", "·", "3"])
    assert row(panel.counts, 0) == ["4 d", "not given", "1", "·", "·", "·", "1"]
    assert row(panel.counts, 2) == ["All", "", "1", "2", "1", "·", "4"]


def test_what_an_earlier_m1_labelled_can_be_labelled_again_unless_it_was_corrected(
    qtbot, panel, project, queue, label, m1
):
    old, corrected = label("old", state="accepted"), label("corrected")
    project.add_labels(corrected.id, corrected.labels, "curated")
    m1()
    assert [sample.name for sample in cysts_to_label_again(project)] == ["old"]
    qtbot.waitUntil(panel.again.isVisible)
    assert panel.again.text() == "Label 1 cyst &again"
    qtbot.mouseClick(panel.again, Qt.MouseButton.LeftButton)
    (run,) = project.runs()
    assert (run.sample_ids, run.phase) == ((old.id,), 3)
    qtbot.waitUntil(panel.again.isHidden)
    assert project.sample(corrected.id).state == "curated"
    assert run.queued < datetime.now(UTC)
    queue.cancel(run.id)


def test_fields_are_listed_with_what_was_cut_out_and_wide_stacks_are_asked_about(qtbot, panel, project, tmp_path):
    assert panel.fields.isHidden()
    add(project, tmp_path, "wide", "low-resolution", edge=400)
    qtbot.waitUntil(panel.fields.take.isVisible)
    assert "wide may hold several cysts" in panel.fields.question.text()
    qtbot.mouseClick(panel.fields.take, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(panel.fields.list.isVisible)
    assert panel.fields.list.topLevelItem(0).text(1) == "none cut out yet"
    assert panel.fields.take.isHidden()
    with qtbot.waitSignal(panel.fields.field_wanted) as wanted:
        qtbot.mouseClick(panel.fields.open, Qt.MouseButton.LeftButton)
    assert wanted.args == [project.samples()[0].id]


@pytest.mark.parametrize(
    ("state", "message", "said"),
    [
        ("done", "2 stacks done.", ""),
        ("some failed", "1 of 2 stacks could not be done; the list of samples says why.",
         "The labelling is done in part. 1 of 2 stacks could not be done."),
        ("failed", "{folder}/a.tif could not be written. The disk is full.",
         "The labelling failed. a.tif could not be written. The disk is full."),
    ],
)  # fmt: skip
def test_how_the_labelling_ended_is_said_with_the_reason_of_each_cyst(
    qtbot, panel, project, m1, tmp_path, state, message, said
):
    m1()
    cyst = add(project, tmp_path, "low", "low-resolution")
    project.update_samples([cyst.id], state="failed", reason="It is 2D.")
    run = project.new_run("segment", "Label 2 cysts", [cyst.id], lambda _: ["segment"], 3)
    project.update_run(run.id, state=state, message=message.format(folder=run.folder))
    qtbot.waitUntil(lambda: panel.failed.words == "low: It is 2D." and panel.run_words.text() == said)
    assert panel.failed.isVisible()
    assert panel.run_words.isVisible() == bool(said)
