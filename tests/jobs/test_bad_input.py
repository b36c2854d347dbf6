"""Bad stacks, disks and memory: one sentence that names the file and says what to do, and nothing lost."""

import csv
import errno
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile

from cartocell_app.segmentation import machine
from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_stack

SIZE = VoxelSize(0.7, 0.6, 0.6, "test")


def sentence_for(folder, name, cartocell, *words):
    """Segment `folder` and return what ``summary.csv`` says of the stack `name`."""
    answer = cartocell("segment", folder, "-o", folder.parent / "out", "--progress", "none", *words)
    assert answer.code == 1, answer
    assert "Traceback" not in answer.err
    with (folder.parent / "out" / "summary.csv").open(encoding="utf-8-sig", newline="") as table:
        (row,) = [row for row in csv.DictReader(table) if row["name"] == name]
    assert row["state"] == "failed"
    for results in ("per_image", "per_image_instances_voronoi", "overview"):
        assert not list((folder.parent / "out").glob(f"{results}/*"))
    return row["error"]


def _truncated(path):
    write_stack(path, np.arange(8000, dtype=np.uint8).reshape(20, 20, 20), SIZE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def _zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "no stack")


def _nan(path):
    data = np.random.default_rng(0).random((6, 20, 20), np.float32)
    data[2, 3, 4] = np.nan
    metadata = {"axes": "ZYX", "spacing": 0.7, "unit": "um"}
    tifffile.imwrite(path, data, imagej=True, resolution=(1 / 0.6, 1 / 0.6), metadata=metadata)


def _with_spacing(spacing, resolution=(1 / 0.6, 1 / 0.6)):
    def write(path):
        data = np.random.default_rng(0).integers(0, 255, (6, 20, 20), np.uint8)
        metadata = {"axes": "ZYX", "unit": "um"} | ({} if spacing is None else {"spacing": spacing})
        tifffile.imwrite(path, data, imagej=True, resolution=resolution, metadata=metadata)

    return write


def _channels(path):
    data = np.random.default_rng(0).integers(0, 255, (6, 2, 20, 20), np.uint8)
    metadata = {"axes": "ZCYX", "unit": "um", "spacing": 0.7}
    tifffile.imwrite(path, data, imagej=True, resolution=(1 / 0.6, 1 / 0.6), metadata=metadata)


BAD = {
    "truncated": (_truncated, ".tif"),
    "empty file": (lambda path: path.write_bytes(b""), ".tif"),
    "text": (lambda path: path.write_text("dear reader"), ".tif"),
    "a zip called czi": (_zip, ".czi"),
    "a zip called nd2": (_zip, ".nd2"),
    "a zip called lif": (_zip, ".lif"),
    "a zip called h5": (_zip, ".h5"),
    "2D": (lambda path: tifffile.imwrite(path, np.ones((30, 30), np.uint8)), ".tif"),
    "RGB": (lambda path: tifffile.imwrite(path, np.ones((5, 30, 30, 3), np.uint8), photometric="rgb"), ".tif"),
    "time series": (
        lambda path: tifffile.imwrite(
            path,
            np.ones((3, 4, 20, 20), np.uint8),
            imagej=True,
            metadata={"axes": "TZYX", "spacing": 0.7, "unit": "um"},
        ),
        ".tif",
    ),
    "NaN": (_nan, ".tif"),
    "no z spacing": (_with_spacing(None), ".tif"),
    "zero z spacing": (_with_spacing(0.0), ".tif"),
    "negative z spacing": (_with_spacing(-0.7), ".tif"),
    "two channels": (_channels, ".tif"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_stack_gets_one_sentence(tmp_path, cartocell, kind):
    write, ending = BAD[kind]
    folder = tmp_path / "Año prüfung ü"
    folder.mkdir()
    write(folder / f"10d.1B.26.2{ending}")
    sentence = sentence_for(folder, "10d.1B.26.2", cartocell)
    assert "10d.1B.26.2" in sentence
    assert sentence.rstrip().endswith((".", "?", ")"))
    assert len(sentence) < 600
    wanted = {
        "spacing": "--voxel-size",
        "channels": "--channel",
        "time": "--time",
        "NaN": "not a number",
        "2D": "2D",
        "RGB": "colour",
        "truncated": "damaged",
        "zip": "ZIP",
        "text": "text",
    }
    for part, option in wanted.items():
        if part in kind:
            assert option in sentence


def test_too_little_memory_is_said_before_it_runs_out(tmp_path, cartocell, small_cyst, monkeypatch):
    write_stack(tmp_path / "x" / "cyst.tif", small_cyst.raw, small_cyst.voxel_size)
    monkeypatch.setattr(machine, "free_memory_bytes", lambda: 30e6)
    sentence = sentence_for(tmp_path / "x", "cyst", cartocell)
    assert "memory" in sentence
    assert "GB" in sentence or "MB" in sentence


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_a_full_disk_stops_the_job_with_one_sentence(tmp_path, cartocell, small_cyst, monkeypatch):
    write_stack(tmp_path / "x" / "cyst.tif", small_cyst.raw, small_cyst.voxel_size)
    really_sync = os.fsync

    def full(descriptor):
        if "per_image" in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.ENOSPC, "No space left on device")
        really_sync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    answer = cartocell("segment", tmp_path / "x", "-o", tmp_path / "out", "--progress", "none")
    assert answer.code == 2
    assert "The disk is full" in answer.err
    assert not [path for path in (tmp_path / "out").rglob("*.tif") if "per_image" in str(path)]
    assert not list((tmp_path / "out").rglob(".partial-*"))


def test_a_read_only_folder_is_refused_before_the_work(tmp_path, cartocell, small_cyst, monkeypatch):
    write_stack(tmp_path / "x" / "cyst.tif", small_cyst.raw, small_cyst.voxel_size)

    def refuse(*_args, **_named):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    answer = cartocell("segment", tmp_path / "x", "-o", tmp_path / "out", "--progress", "none")
    assert answer.code == 2
    assert "read-only" in answer.err


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "labels.tif"
    path.write_bytes(b"old")

    def write_half():
        with whole_file(path) as partial:
            partial.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
