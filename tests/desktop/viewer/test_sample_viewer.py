"""The viewer follows the session: the current sample and its selected cell."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile

from cartocell_app.desktop.viewer import sample_viewer
from cartocell_app.desktop.viewer.loading import BEFORE_VORONOI
from cartocell_app.desktop.viewer.sample_viewer import SampleViewer
from cartocell_app.stacks.voxel_size import VoxelSize


def make_sample(folder, number: int, **values) -> SimpleNamespace:
    labels = np.zeros((6, 10, 12), np.uint16)
    labels[1:5, 2:8, 2:10] = number
    tifffile.imwrite(folder / f"{number}.tif", (labels * 10).astype(np.uint8), photometric="minisblack")
    tifffile.imwrite(folder / f"{number}_labels.tif", labels, photometric="minisblack")
    known = {
        "id": number, "name": f"cyst {number}", "path": folder / f"{number}.tif", "missing": False, "scene": None,
        "channel": None, "time": None, "voxel_size": VoxelSize(1.0, 1.0, 1.0, "typed by the user"),
        "labels": folder / f"{number}_labels.tif", "results": None,
    }  # fmt: skip
    return SimpleNamespace(**known | values)


@pytest.fixture
def shown(qtbot, session) -> Iterator[SampleViewer]:
    viewer = SampleViewer(session)
    qtbot.addWidget(viewer)
    qtbot.addWidget(viewer.layers_panel)
    viewer.resize(700, 500)
    viewer.show()
    yield viewer
    viewer.tear_down()


def look_at(session, sample, monkeypatch):
    """Make the sample the session's current one, as a click in the list does."""
    monkeypatch.setattr(type(session), "current", sample)
    session.current_changed.emit(sample)


def wait(qtbot, shown):
    qtbot.waitUntil(lambda: not shown.is_busy, timeout=20_000)


def test_without_a_sample_it_says_what_to_do(shown):
    assert shown.viewer.view is None
    assert "Choose a sample" in shown.words
    assert not shown.layers_panel.isEnabled()


def test_a_sample_is_loaded_in_the_background(shown, qtbot, tmp_path):
    shown.show_sample(make_sample(tmp_path, 3))
    assert shown.words == "Opening cyst 3 …"
    wait(qtbot, shown)
    assert shown.words == ""
    assert shown.viewer.view.name == "cyst 3"
    assert shown.layers_panel.isEnabled()


def test_a_newer_choice_wins(shown, qtbot, tmp_path):
    for number in (3, 4, 5):
        shown.show_sample(make_sample(tmp_path, number))
    wait(qtbot, shown)
    assert shown.viewer.view.name == "cyst 5"
    assert shown.viewer.view.labels.max() == 5


def test_the_same_sample_is_not_read_again_but_new_cells_are(shown, qtbot, tmp_path):
    sample = make_sample(tmp_path, 3)
    shown.show_sample(sample)
    wait(qtbot, shown)
    view = shown.viewer.view
    shown.show_sample(sample)
    assert not shown.is_busy
    assert shown.viewer.view is view
    sample.labels = None
    shown.show_sample(sample)
    wait(qtbot, shown)
    assert shown.viewer.view.labels is None


def test_a_missing_file_is_said_with_what_to_do(shown, tmp_path):
    shown.show_sample(make_sample(tmp_path, 3, missing=True))
    assert "3.tif is not where it was" in shown.words
    assert "Relocate" in shown.words


def test_a_file_that_cannot_be_read_is_said_in_words(shown, qtbot, tmp_path):
    sample = make_sample(tmp_path, 3)
    sample.path.write_bytes(b"no picture")
    shown.show_sample(sample)
    wait(qtbot, shown)
    assert "3.tif" in shown.words
    assert shown.viewer.view is None


def test_the_selected_cell_is_that_of_the_session(shown, qtbot, tmp_path, session):
    shown.show_sample(make_sample(tmp_path, 3))
    wait(qtbot, shown)
    session.set_cell(3)
    assert shown.viewer.display.cell == 3
    shown.viewer.cell_picked.emit(0)
    assert session.cell == 0


def test_habits_stay_from_sample_to_sample(shown, qtbot, tmp_path):
    shown.show_sample(make_sample(tmp_path, 3))
    wait(qtbot, shown)
    shown.viewer.set_display(replace(shown.viewer.display, colour_map="magenta", hidden=frozenset({3})))
    shown.show_sample(make_sample(tmp_path, 4))
    wait(qtbot, shown)
    assert shown.viewer.display.colour_map == "magenta"
    assert shown.viewer.display.hidden == frozenset()


def test_cells_before_voronoi_and_after_it_in_the_same_colours(shown, qtbot, tmp_path, session, monkeypatch):
    sample = make_sample(tmp_path, 3)
    monkeypatch.setattr(type(session), "current", sample)
    shown.show_sample(sample)
    wait(qtbot, shown)
    after = shown.viewer.view
    before = np.where(after.raw > 0, 3, 0).astype(np.uint16)
    before[2] = 0
    shown.viewer.show_volume(replace(after, extras={BEFORE_VORONOI: lambda: before}))
    shown.show_before_voronoi(True)
    wait(qtbot, shown)
    qtbot.waitUntil(lambda: shown.viewer.view.labels is before)
    np.testing.assert_array_equal(shown.viewer.view.colours, after.colours)
    shown.show_before_voronoi(False)
    qtbot.waitUntil(lambda: not shown.is_busy and (shown.viewer.view.labels == after.labels).all())


def test_cells_before_voronoi_never_appear_on_the_next_sample(shown, qtbot, tmp_path, session, monkeypatch):
    may_read = threading.Event()

    def slowly():
        assert may_read.wait(20)
        return np.full((6, 10, 12), 3, np.uint16)

    look_at(session, make_sample(tmp_path, 3), monkeypatch)
    wait(qtbot, shown)
    shown.viewer.show_volume(replace(shown.viewer.view, extras={BEFORE_VORONOI: slowly}))
    shown.show_before_voronoi(True)
    assert shown.shows_before
    look_at(session, make_sample(tmp_path, 4, labels=None), monkeypatch)
    assert not shown.shows_before
    qtbot.waitUntil(lambda: shown.viewer.view is not None, timeout=20_000)
    may_read.set()
    wait(qtbot, shown)
    assert shown.viewer.view.name == "cyst 4"
    assert shown.viewer.view.labels is None


def test_cells_after_voronoi_never_appear_on_the_next_sample(shown, qtbot, tmp_path, session, monkeypatch):
    may_read, read = threading.Event(), sample_viewer._read_labels

    def slowly(path):
        assert may_read.wait(20)
        return read(path)

    monkeypatch.setattr(sample_viewer, "_read_labels", slowly)
    look_at(session, make_sample(tmp_path, 4), monkeypatch)
    wait(qtbot, shown)
    shown.show_before_voronoi(False)
    assert shown.awaits_cells
    look_at(session, make_sample(tmp_path, 5), monkeypatch)
    qtbot.waitUntil(lambda: shown.sample_id == 5, timeout=20_000)
    may_read.set()
    wait(qtbot, shown)
    assert shown.viewer.view.labels.max() == 5
    assert not shown.awaits_cells


def test_a_sample_that_was_written_is_not_taken_for_the_one_that_is_shown(shown, qtbot, tmp_path):
    first, second = make_sample(tmp_path, 3), make_sample(tmp_path, 4)
    shown.show_sample(second)
    wait(qtbot, shown)
    shown.take_as_shown(first)
    shown.show_sample(first)
    wait(qtbot, shown)
    assert shown.viewer.view.name == "cyst 3"
