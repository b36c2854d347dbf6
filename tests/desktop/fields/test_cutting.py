"""From boxes to cysts of the project, by the real command, also when the window was closed meanwhile."""

import numpy as np
import pytest

from cartocell_app.desktop.fields.cutting import (
    cut_out_of,
    is_being_cut,
    keep_boxes,
    kept_boxes,
    perhaps_fields,
    start_cutting,
)
from cartocell_app.desktop.fields.keeper import CystKeeper
from cartocell_app.desktop.gallery.labelling import cysts_to_label
from cartocell_app.project.values import NewSample
from cartocell_app.stacks.boxes import Box
from cartocell_app.stacks.reading import read

RUN_MS = 60_000
BOXES = [
    Box(1, (0, 5, 15), (30, 55, 65), touches_border=True),
    Box(4, (5, 60, 20), (25, 110, 70), touches_border=False),
]


def until_done(qtbot, project, run):
    qtbot.waitUntil(lambda: project.run(run.id).state == "done", timeout=RUN_MS)


def test_what_is_cut_out_becomes_cysts_with_day_and_condition(qtbot, session, project, queue, field):
    keeper = CystKeeper(session)
    with qtbot.waitSignal(keeper.cysts_taken, timeout=RUN_MS) as taken:
        run = start_cutting(project, queue, field, BOXES)
        assert is_being_cut(project, field.id)
    assert taken.args == [2]
    cysts = cut_out_of(project.samples(), field.id)
    assert [cyst.name for cyst in cysts] == ["7d.4C.field_cyst01", "7d.4C.field_cyst04"]
    for cyst, box in zip(cysts, BOXES, strict=True):
        assert (cyst.role, cyst.day, cyst.condition, cyst.shape) == ("low-resolution", "7 d", "4C", box.shape)
        np.testing.assert_array_equal(read(cyst.path).data, read(field.path).data[box.slices])
    assert cysts_to_label(project.samples()) == cysts
    assert not is_being_cut(project, field.id)

    # What she removes stays away.
    project.remove_samples([cysts[0].id])
    project.update_run(run.id, title="again")
    qtbot.wait(50)
    assert len(cut_out_of(project.samples(), field.id)) == 1
    keeper.deleteLater()


def test_what_was_cut_out_while_the_window_was_closed_is_there_at_the_next_opening(
    qtbot, session, project, queue, field
):
    run = start_cutting(project, queue, field, BOXES)
    until_done(qtbot, project, run)
    session.close_project()
    again = session.open_project(project.folder)
    assert len(again.samples()) == 1
    keeper = CystKeeper(session)
    qtbot.waitUntil(lambda: len(again.samples()) == 3, timeout=RUN_MS)
    keeper.deleteLater()


def test_boxes_are_kept_and_those_of_cysts_stay_where_they_were_cut(qtbot, session, project, queue, field):
    assert kept_boxes(project, field) is None
    keep_boxes(project, field.id, BOXES)
    project.update_samples([field.id], name="another name")
    assert kept_boxes(project, project.sample(field.id)) == BOXES
    keeper = CystKeeper(session)
    start_cutting(project, queue, field, BOXES)
    qtbot.waitUntil(lambda: len(project.samples()) == 3, timeout=RUN_MS)
    keep_boxes(project, field.id, [])
    assert [box.number for box in kept_boxes(project, field)] == [1, 4]
    keeper.deleteLater()


@pytest.mark.parametrize("content", ["rubbish", "field,number\n1,2"])
def test_kept_boxes_that_cannot_be_read_are_no_boxes(project, field, content):
    keep_boxes(project, field.id, BOXES)
    (project.folder / "fields" / f"{field.id:04d}" / "boxes.csv").write_text(content)
    assert kept_boxes(project, field) == []


def test_wide_low_resolution_stacks_may_be_fields(project, field, tmp_path):
    wide = NewSample(tmp_path / "w.tif", voxel_size=field.voxel_size, shape=(30, 400, 400), role="low-resolution")
    narrow = NewSample(tmp_path / "n.tif", voxel_size=field.voxel_size, shape=(30, 400, 90), role="low-resolution")
    first, _ = project.add_samples([wide, narrow])
    assert perhaps_fields(project.samples()) == [first]


def test_a_field_that_is_gone_is_said_where_the_job_is_listed_and_can_be_cut_later(
    qtbot, session, project, queue, field
):
    keeper = CystKeeper(session)
    content = field.path.read_bytes()
    field.path.write_bytes(b"II*\0 nothing")
    run = start_cutting(project, queue, field, BOXES)
    qtbot.waitUntil(lambda: project.run(run.id).state == "some failed", timeout=RUN_MS)
    qtbot.waitUntil(lambda: run.id not in queue.running())
    assert project.run(run.id).message.startswith("7d.4C.field could not be done.")
    assert not is_being_cut(project, field.id)
    field.path.write_bytes(content)
    queue.retry(run.id)
    qtbot.waitUntil(lambda: len(cut_out_of(project.samples(), field.id)) == 2, timeout=RUN_MS)
    keeper.deleteLater()
