"""Several threads, or computers, that measure the same labels at once."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cartocell_app.jobs import measurements
from cartocell_app.jobs.measurements import kept_measurements, kept_paths, measured_labels, measurements_of
from cartocell_app.stacks.files import PARTIAL_PREFIX
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels
from tests.segmentation.toy_cysts import VOXEL_UM, shell

VOXEL = VoxelSize(*VOXEL_UM, source="test")
TWICE = VoxelSize(*(2 * length_um for length_um in VOXEL_UM), source="given by you")


@pytest.fixture
def label_file(tmp_path):
    path = tmp_path / "labels" / "7d.4C.8_2.tif"
    write_labels(path, shell(20), VOXEL)
    return path


def test_labels_that_two_ask_for_at_once_are_measured_once(label_file, monkeypatch):
    together = threading.Barrier(2)
    asked = []

    def slowly(*what):
        asked.append(what)
        with contextlib.suppress(threading.BrokenBarrierError):  # nobody else measures
            together.wait(1)
        return measure(*what)

    measure = measurements.measure
    monkeypatch.setattr(measurements, "measure", slowly)
    with ThreadPoolExecutor(2) as pool:
        panel = pool.submit(measured_labels, label_file)
        batch = pool.submit(measurements_of, label_file)
        assert panel.result().measurements.cyst["cells"] == batch.result().cyst["cells"] == 20
    assert len(asked) == 1


def test_tables_of_two_voxel_sizes_are_not_mixed(label_file, monkeypatch):
    """Both are measured before either is kept, if nothing keeps one of them waiting."""
    together = threading.Barrier(2)
    write = measurements.write_measured

    def in_turns(path, table):
        with contextlib.suppress(threading.BrokenBarrierError):  # nobody else writes
            together.wait(0.5)
        write(path, table)

    monkeypatch.setattr(measurements, "write_measured", in_turns)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(measured_labels, label_file, size) for size in (None, TWICE)]
    known = [each.result().measurements for each in both]
    found = [kept_measurements(label_file, size) for size in (None, TWICE)]
    (which,) = [number for number, kept in enumerate(found) if kept is not None]
    assert found[which].cells["volume_um3"].tolist() == pytest.approx(known[which].cells["volume_um3"].tolist())


def test_a_table_that_vanishes_while_it_is_kept_costs_nothing(label_file, monkeypatch):
    def tidy_up(_):
        for partial in kept_paths(label_file)[0].parent.glob(f"{PARTIAL_PREFIX}*"):
            partial.unlink()

    monkeypatch.setattr("os.fsync", tidy_up)
    assert measured_labels(label_file).measurements.cyst["cells"] == 20
    assert kept_measurements(label_file) is None
