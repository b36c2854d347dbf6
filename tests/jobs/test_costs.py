"""What the work of a phase costs: figures, their words, and a real segmentation against them."""

from dataclasses import replace
from pathlib import Path

import pytest

from cartocell_app.jobs import costs, forecast
from cartocell_app.jobs.cost_words import cost_line, cost_of, size_in_words
from cartocell_app.jobs.costs import CheckWork, Cost, Room, SegmentWork, room_of
from cartocell_app.jobs.forecast import Subject
from cartocell_app.jobs.training_costs import TrainingWork
from cartocell_app.presets import PAPER, QUICK, STANDARD, TRIAL
from cartocell_app.resources import CPU_MODEL, SAMPLE_STACK
from cartocell_app.segmentation import machine
from cartocell_app.segmentation.devices import DeviceReport
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.stacks.reading import read
from cartocell_app.stacks.voxel_size import VoxelSize

MB, GB = 10**6, 10**9
PLENTY = Room(20 * GB, 80 * GB)
CYST = Subject("a", (100, 100, 100), VoxelSize(*read_card(CPU_MODEL).voxel_size_um, "test"))


@pytest.fixture
def quick_devices(monkeypatch):
    """Trying devices takes seconds, and has a test of its own."""
    report = DeviceReport("CPU", "CPUExecutionProvider", usable=True, seconds_per_mvoxel=5.0)
    monkeypatch.setattr(forecast, "_probed", lambda *_: (report,))


def test_the_line_says_time_memory_and_disk_always_in_this_order():
    line = cost_line(Cost("Labelling 3 cysts", 44, 12 * 10**8, 30 * MB), PLENTY)
    assert (
        line.words
        == "Labelling 3 cysts: about 40 s · 1.2 GB of memory (20 GB free) · up to 30 MB of disk (80 GB free)."
    )
    assert line.warning == ""


def test_what_is_not_known_is_said_in_words():
    line = cost_line(Cost("Training M1"), Room(GB, None))
    assert line.words == "Training M1: how long is not known yet · memory not known yet · disk not known yet."
    assert line.warning == ""


def test_too_little_memory_is_a_warning_with_a_way_out():
    cost = Cost("Training M1", 600, 3 * GB, 30 * MB, way_out="train elsewhere")
    assert cost_line(cost, Room(3 * GB, GB)).warning == ""
    assert cost_line(cost, Room(2 * GB, GB)).warning == (
        "There is too little memory: 3.0 GB are needed and 2.0 GB are free. Close other programs, or train elsewhere."
    )


def test_stacks_that_fit_in_pieces_are_no_warning():
    cost = Cost("Segmenting 1 cyst", 60, 2 * GB, MB, least_memory_bytes=GB, in_pieces=True)
    line = cost_line(cost, Room(2 * GB, GB))
    assert "2.0 GB of memory (2.0 GB free), in pieces" in line.words
    assert line.warning == ""
    assert "1.0 GB are needed" in cost_line(cost, Room(GB // 2, GB)).warning


def test_a_full_disk_is_a_warning():
    cost = Cost("Segmenting 1 cyst", 60, GB, 20 * MB)
    warning = cost_line(cost, Room(2 * GB, 5 * MB)).warning
    assert "up to 20 MB are needed and 5.0 MB are free" in warning
    assert "another disk" in warning


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0.1 MB"), (449_000, "0.4 MB"), (12.3e6, "12 MB"), (463e6, "0.5 GB"), (14.6e9, "15 GB")]
)
def test_sizes(size: float, words: str):
    assert size_in_words(size) == words


def test_segmenting_costs_what_the_forecast_says_and_the_files(quick_devices):
    one = SegmentWork("Segmenting", str(CPU_MODEL), (CYST,)).cost()
    voxels = (104**3, 112**3)  # it looks twice, at 0.6 and 0.55 µm, at sizes that are multiples of 8
    assert one.seconds == pytest.approx(2.0 + 5.0 * sum(voxels) / 1e6 + 0.9)
    two = SegmentWork("Segmenting", str(CPU_MODEL), (CYST, CYST)).cost()
    assert two.memory_bytes == one.memory_bytes
    assert two.disk_bytes == pytest.approx(2 * one.disk_bytes, abs=1)
    assert 10 * MB < one.disk_bytes < 13 * MB
    assert one.least_memory_bytes <= one.memory_bytes


def test_a_large_stack_needs_less_memory_at_the_least_than_at_once(quick_devices, monkeypatch):
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: GB)
    large = replace(CYST, shape=(300, 300, 300))
    cost = SegmentWork("Segmenting", str(CPU_MODEL), (large,)).cost()
    assert cost.in_pieces
    assert cost.memory_bytes == GB
    # The stack, its maps and labels are there at once all the same.
    assert 72 * 27 * MB < cost.least_memory_bytes < 4 * GB


def test_stacks_of_unknown_size_cost_nobody_knows_what(quick_devices):
    cost = SegmentWork("Segmenting", str(CPU_MODEL), (Subject("a", None, None),)).cost()
    assert (cost.seconds, cost.memory_bytes, cost.disk_bytes) == (None, None, None)


def test_a_file_that_is_no_model_is_said_instead(tmp_path: Path):
    (tmp_path / "M1.onnx").write_bytes(b"no model")
    line = cost_of(SegmentWork("Labelling 1 cyst with M1", str(tmp_path / "M1.onnx"), (CYST,)), tmp_path)
    assert line.words == "Labelling 1 cyst with M1: what it costs is not known."
    assert "M1.onnx" in line.warning
    assert str(tmp_path) not in line.warning


def test_a_training_costs_more_with_larger_pieces_and_the_published_network():
    shapes = ((64, 80, 80),) * 5
    trial, quick, paper = (TrainingWork("Training M1", preset, shapes).cost() for preset in (TRIAL, QUICK, PAPER))
    assert trial.seconds < 150
    assert trial.seconds < quick.seconds < paper.seconds
    assert trial.memory_bytes < quick.memory_bytes
    assert trial.memory_bytes < paper.memory_bytes
    wide = TrainingWork("Training M1", PAPER, shapes, is_published=True).cost()
    assert wide.seconds > 5 * paper.seconds
    assert wide.memory_bytes > paper.memory_bytes
    assert wide.disk_bytes > paper.disk_bytes


def test_a_training_without_cysts_says_what_can_be_said():
    assert TrainingWork("Training M1", STANDARD, ()).cost().seconds is None
    assert TrainingWork("Training M1", QUICK, ()).cost().seconds > 60
    assert TrainingWork("Training M1", STANDARD, ()).cost().memory_bytes > GB


def test_what_watches_is_held_in_memory_too():
    alone, watched = (
        TrainingWork("Training M1", QUICK, ((64, 80, 80),), watching).cost() for watching in ((), ((640, 800, 800),))
    )
    assert watched.memory_bytes - alone.memory_bytes > 400 * MB
    assert watched.seconds == alone.seconds


def test_checking_pairs_is_cheap():
    cost = CheckWork("Checking 2 pairs", ((100, 100, 100),) * 2).cost()
    assert cost.seconds < 2
    assert cost.memory_bytes < 0.2 * GB
    assert cost.disk_bytes == round(costs.LABEL_BYTES_PER_VOXEL * 2 * 10**6)


def test_room_is_that_of_this_computer_and_unknown_on_a_disk_that_is_gone(tmp_path: Path):
    room = room_of(tmp_path)
    assert room.memory_bytes > 0
    assert room.disk_bytes > 0
    assert room_of(tmp_path / "gone").disk_bytes is None


def test_a_real_segmentation_stays_below_what_was_said_of_its_disk(cartocell, quick_devices, tmp_path: Path):
    stack = read(SAMPLE_STACK)
    subject = Subject(stack.name, stack.shape, stack.voxel_size)
    said = SegmentWork("Segmenting", str(CPU_MODEL), (subject,)).cost()
    assert cartocell("segment", SAMPLE_STACK, "-o", tmp_path / "out", "--progress", "none").code == 0
    written = sum(file.stat().st_size for file in (tmp_path / "out").rglob("*") if file.is_file())
    assert 0.7 * said.disk_bytes < written < said.disk_bytes
