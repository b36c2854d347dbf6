"""`cartocell downsample` as its users call it."""

import csv
import json

import numpy as np
import pytest
import tifffile

from cartocell_app.stacks.reading import read, read_labels
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

NAME = "Cyst 4d filt 2po Pha,Bcat,DAPI 02.08.19 40x POC 3 Z6"
FINE = VoxelSize(0.5, 0.2, 0.2, "test")
TO = ("--to", 1.0, 0.6, 0.6)


def table(folder):
    with (folder / "downsampling.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def ball_in_halves(shape=(40, 90, 90)):
    """A ball of two cells, and what a microscope would give for it."""
    z, y, x = np.indices(shape)
    ball = ((z - 20) * 0.5) ** 2 + ((y - 45) * 0.2) ** 2 + ((x - 45) * 0.2) ** 2 < 7**2
    labels = np.where(ball, np.where(x < 45, 3, 12), 0).astype(np.uint16)  # with a gap in the numbers
    raw = np.where(ball, 180, 20).astype(np.uint8) + (z % 2).astype(np.uint8)
    return raw, labels


@pytest.fixture
def fine_set(tmp_path):
    raw, labels = ball_in_halves()
    write_stack(tmp_path / "fine" / "x" / f"{NAME}.tif", raw, FINE)
    write_labels(tmp_path / "fine" / "y" / f"{NAME}.tif", labels, FINE)
    return tmp_path / "fine"


def test_brings_raw_and_labels_to_the_voxel_size(fine_set, tmp_path, cartocell):
    out = tmp_path / "coarse"
    answer = cartocell("downsample", fine_set, "-o", out, *TO, "--progress", "none")
    assert answer.code == 0, answer.err
    raw, (labels, size) = read(out / "x" / f"{NAME}.tif"), read_labels(out / "y" / f"{NAME}.tif")
    assert raw.shape == labels.shape == (20, 30, 30)
    assert raw.data.dtype == np.uint8
    assert raw.voxel_size.zyx_um == pytest.approx((1.0, 0.6, 0.6), rel=1e-3)
    assert size.zyx_um == pytest.approx((1.0, 0.6, 0.6), rel=1e-3)
    # Volumes in µm³ and numbers stay.
    assert set(np.unique(labels)) == {0, 3, 12}
    before = ball_in_halves()[1]
    for cell in (3, 12):
        fine_um3, coarse_um3 = (before == cell).sum() * 0.5 * 0.04, (labels == cell).sum() * 0.36
        assert coarse_um3 == pytest.approx(fine_um3, rel=0.06)
    # Slices alternate between 20 and 21 (180 and 181): the mean of both is there, not one of them.
    assert set(np.unique(raw.data[:, 0, 0])) <= {20, 21}
    row = table(out)[NAME]
    assert (row["size_z_before"], row["size_z_after"], row["cells_before"], row["cells_after"]) == (
        "40",
        "20",
        "2",
        "2",
    )
    assert float(row["x_um_before"]) == 0.2
    assert row["remarks"] == ""
    assert json.loads((out / "run.json").read_text())["voxel_um"] == [1.0, 0.6, 0.6]


def test_fine_stripes_average_out(tmp_path, cartocell):
    raw = np.tile(np.array([0, 60_000], np.uint16), (20, 40, 20))
    write_stack(tmp_path / "x" / "stripes.tif", raw, VoxelSize(1.0, 0.6, 0.2, "test"))
    assert cartocell("downsample", tmp_path / "x", "-o", tmp_path / "out", *TO).code == 0
    coarse = tifffile.imread(tmp_path / "out" / "x" / "stripes.tif")
    assert coarse.dtype == np.uint16
    assert coarse.min() > 25_000
    assert coarse.max() < 35_000
    assert not (tmp_path / "out" / "y").exists()


def test_cells_that_suffer_are_reported(fine_set, tmp_path, cartocell):
    _, labels = ball_in_halves()
    labels[0:2, 0, 0] = 40  # vanishes
    labels[2:6, 80:87, 80:87] = 41  # is left with some voxels
    labels[30:40, 0:20, 0:20] = labels[30:40, 30:50, 0:20] = 42
    labels[35, 20:30, 10] = 42  # a thread that holds it together
    write_labels(fine_set / "y" / f"{NAME}.tif", labels, FINE)
    answer = cartocell("downsample", fine_set, "-o", tmp_path / "out", *TO)
    assert answer.code == 0, answer.err
    row = table(tmp_path / "out")[NAME]
    assert (row["cells_before"], row["cells_after"]) == ("5", "4")
    for words in ("1 cell vanished (40)", "fewer than 10 voxels (41)", "1 cell broken into pieces (42)"):
        assert words in row["remarks"]
        assert words in answer.err


def test_running_again_does_only_what_is_missing(fine_set, tmp_path, cartocell):
    out = tmp_path / "out"
    command = ("downsample", fine_set, "-o", out, "--progress", "none")
    assert cartocell(*command, *TO).code == 0
    raw, labels = out / "x" / f"{NAME}.tif", out / "y" / f"{NAME}.tif"
    before = raw.stat().st_mtime_ns
    assert cartocell(*command, *TO).code == 0
    assert raw.stat().st_mtime_ns == before
    assert table(out)[NAME]["state"] == "done"
    labels.unlink()
    assert cartocell(*command, *TO).code == 0
    assert labels.exists()
    assert cartocell(*command, "--to", 1.0, 0.9, 0.9).code == 0
    assert tifffile.imread(raw).shape == (20, 20, 20)


def test_bad_pairs_do_not_stop_the_others(fine_set, tmp_path, cartocell):
    raw, labels = ball_in_halves()
    write_stack(fine_set / "x" / "lonely.tif", raw, FINE)
    write_labels(fine_set / "y" / "orphan.tif", labels, FINE)
    write_stack(fine_set / "x" / "sizes.tif", raw, FINE)
    write_labels(fine_set / "y" / "sizes.tif", labels[1:], FINE)
    (fine_set / "x" / "broken.tif").write_bytes(b"II*\0 nothing")
    write_labels(fine_set / "y" / "broken.tif", labels, FINE)
    answer = cartocell("downsample", fine_set, "-o", tmp_path / "out", *TO)
    assert answer.code == 1
    rows = table(tmp_path / "out")
    assert {name for name, row in rows.items() if row["state"] == "failed"} == {"lonely", "orphan", "sizes", "broken"}
    assert rows[NAME]["state"] == "done"
    assert "no labels" in rows["lonely"]["error"]
    assert "no raw stack" in rows["orphan"]["error"]
    assert "40 × 90 × 90" in rows["sizes"]["error"]
    assert "39 × 90 × 90" in rows["sizes"]["error"]
    assert "lonely: not done" in answer.err
    assert not (tmp_path / "out" / "x" / "sizes.tif").exists()


def small_set(folder, names):
    raw, labels = ball_in_halves()
    for name in names:
        write_stack(folder / "x" / f"{name}.tif", raw[10:20, 20:50, 20:50], FINE)
        write_labels(folder / "y" / f"{name}.tif", labels[10:20, 20:50, 20:50], FINE)
    return folder


def set_in(folder):
    return [sorted(path.stem for path in (folder / kind).iterdir()) for kind in ("x", "y")]


def test_what_fails_or_is_gone_now_does_not_stay_in_the_set(tmp_path, cartocell):
    source, out = small_set(tmp_path / "set", ("c1", "c2", "c3", "c4", "c5")), tmp_path / "out"
    command = ("downsample", source, "-o", out, *TO)
    assert cartocell(*command).code == 0
    (out / "y" / "c5.tif").write_bytes((out / "y" / "c4.tif").read_bytes())  # corrected by hand
    (out / "x" / "mine.tif").write_bytes(b"of the user")
    for name in ("c2", "c5"):
        (source / "x" / f"{name}.tif").unlink()
        (source / "y" / f"{name}.tif").unlink()
    (source / "y" / "c1.tif").write_bytes(b"II*\0 nothing")
    (source / "y" / "c3.tif").unlink()
    answer = cartocell(*command)
    assert answer.code == 1
    assert set_in(out) == [["c4", "mine"], ["c4", "c5"]]
    assert "c2 is no pair of" in answer.err
    assert "c5.tif was changed by hand and is kept" in answer.err
    assert {name: row["state"] for name, row in table(out).items()} == {"c1": "failed", "c3": "failed", "c4": "done"}


def test_sets_of_several_sources_are_kept(tmp_path, cartocell):
    out = tmp_path / "out"
    for folder, names in (("one", ("a", "b")), ("two", ("c",))):
        assert cartocell("downsample", small_set(tmp_path / folder, names), "-o", out, *TO).code == 0
    assert cartocell("downsample", tmp_path / "one" / "x" / "b.tif", "-o", out, *TO).code == 0
    assert set_in(out) == [["a", "b", "c"], ["a", "c"]]  # b was asked for without labels


def test_an_unknown_voxel_size_is_a_question(tmp_path, cartocell):
    raw, labels = ball_in_halves()
    for folder, data in (("x", raw), ("y", labels)):
        (tmp_path / "set" / folder).mkdir(parents=True)
        tifffile.imwrite(tmp_path / "set" / folder / "a.tif", data)
    out = tmp_path / "out"
    assert cartocell("downsample", tmp_path / "set", "-o", out, *TO).code == 1
    assert "--voxel-size" in table(out)["a"]["error"]
    assert cartocell("downsample", tmp_path / "set", "-o", out, *TO, "--voxel-size", 0.5, 0.2, 0.2).code == 0
    assert read(out / "x" / "a.tif").voxel_size.x_um == pytest.approx(0.6)
    assert table(out)["a"]["voxel_size_source"] == "given by you"


def test_nothing_is_made_finer(fine_set, tmp_path, cartocell):
    answer = cartocell("downsample", fine_set, "-o", tmp_path / "out", "--to", 0.25, 0.4, 0.1)
    assert answer.code == 0
    assert tifffile.imread(tmp_path / "out" / "x" / f"{NAME}.tif").shape == (40, 45, 90)
    assert "along z and x its voxels are larger already" in answer.err


def test_originals_are_never_written_over(fine_set, cartocell):
    for source in (fine_set, fine_set / "x", fine_set / "x" / f"{NAME}.tif"):
        answer = cartocell("downsample", source, "-o", fine_set, *TO)
        assert answer.code == 2
        assert "Choose another folder" in answer.err
    assert tifffile.imread(fine_set / "x" / f"{NAME}.tif").shape == (40, 90, 90)


def test_an_impossible_voxel_size_is_refused(fine_set, tmp_path, cartocell):
    answer = cartocell("downsample", fine_set, "-o", tmp_path / "out", "--to", 0, 1, 1)
    assert answer.code == 2
    assert "--to" in answer.err
