"""Phases 2 to 5 as their user runs them: commands on a tiny data set in the published layout, with real training."""

import csv
import shutil

import numpy as np
import pytest
import tifffile

from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

pytest.importorskip("torch", reason="training is not installed")

COARSE = VoxelSize(0.7, 0.6, 0.6, "test")
FINE = VoxelSize(0.35, 0.3, 0.3, "test")


def ball(shape, cells, seed):
    """A hollow ball of `cells` wedges, its picture and its labels."""
    rng = np.random.default_rng(seed)
    middle = (np.array(shape) - 1) / 2
    where = (np.indices(shape).T - middle).T / (np.array(shape) / 2).reshape(3, 1, 1, 1)
    radius = np.sqrt((where**2).sum(0))
    wedge = np.floor((np.arctan2(where[1], where[2]) / (2 * np.pi) + 0.5) * cells).clip(0, cells - 1) + 1
    labels = np.where((radius > 0.45) & (radius < 0.85), wedge, 0).astype(np.uint16)
    edge = np.zeros(shape, bool)
    for axis in range(3):
        edge |= labels != np.roll(labels, 1, axis)
    raw = 20 + 150 * edge + rng.normal(0, 8, shape)
    return raw.clip(0, 255).astype(np.uint8), labels


def put(folder, name, shape, size, seed, labels=True):
    raw, truth = ball(shape, 6, seed)
    write_stack(folder / "x" / f"{name}.tif", raw, size)
    if labels:
        write_labels(folder / "y" / f"{name}.tif", truth, size)


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published") / "data"
    for number in range(2):
        put(folder / "train_M1", f"high {number}", (48, 64, 64), FINE, number)
        put(folder / "train_M2", f"7d.4C.{number}_2", (24, 32, 32), COARSE, 10 + number, labels=False)
    put(folder / "validation", "seen", (24, 32, 32), COARSE, 20)
    put(folder / "test", "new", (24, 32, 32), COARSE, 30)
    return folder


def test_downsample(published, tmp_path, cartocell):
    answer = cartocell("downsample", published / "train_M1", "-o", tmp_path, "--to", 0.7, 0.6, 0.6)
    assert answer.code == 0, answer.err
    raw, labels = (tifffile.imread(tmp_path / part / "high 0.tif") for part in "xy")
    assert raw.shape == labels.shape == (24, 32, 32)
    assert raw.dtype == np.uint8
    _, truth = ball((24, 32, 32), 6, 0)
    assert set(np.unique(labels)) == set(np.unique(truth))
    assert (labels == truth).mean() > 0.95
    again = cartocell("downsample", published / "train_M1", "-o", tmp_path, "--to", 0.7, 0.6, 0.6)
    assert "done before" in again.err


def test_label_curate_merge(published, tmp_path, cartocell):
    labelled = tmp_path / "phase3"
    answer = cartocell("label", published / "train_M2" / "x", "-o", labelled, "--progress", "none", "--leave-out", 1)
    assert answer.code == 0, answer.err
    rows = list(csv.DictReader((labelled / "curation.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert {row["name"] for row in rows} == {"7d.4C.0_2", "7d.4C.1_2"}
    assert [float(row["doubt"]) for row in rows] == sorted((float(row["doubt"]) for row in rows), reverse=True)
    text = (labelled / "curation.csv").read_text(encoding="utf-8-sig")
    changed = [line.replace(",yes,", ",no,") if line.startswith("7d.4C.0_2") else line for line in text.splitlines()]
    (labelled / "curation.csv").write_text("\n".join(changed) + "\n", encoding="utf-8")
    answer = cartocell("merge", published / "validation", labelled, "-o", tmp_path / "merged")
    assert answer.code == 0, answer.err
    assert sorted(path.name for path in (tmp_path / "merged" / "x").iterdir()) == ["7d.4C.1_2.tif", "seen.tif"]


@pytest.mark.slow
def test_all_phases_and_again(published, tmp_path, cartocell):
    """From a zip file as downloaded: a folder in it, and what a Mac leaves behind."""
    shutil.copytree(published, tmp_path / "zipped" / "CartoCell data")
    (tmp_path / "zipped" / "__MACOSX").mkdir()
    (tmp_path / "zipped" / "__MACOSX" / "._x").write_bytes(b"mac")
    archive = shutil.make_archive(str(tmp_path / "download"), "zip", tmp_path / "zipped")
    words = ("phases", archive, "-o", tmp_path / "out", "--steps", 2, "--leave-out", 1,
             "--device", "cpu", "--progress", "none")  # fmt: skip
    answer = cartocell(*words)
    assert answer.code == 0, answer.err
    assert "M1" in answer.out
    assert "M2" in answer.out
    rows = list(csv.DictReader((tmp_path / "out" / "table.csv").read_text(encoding="utf-8-sig").splitlines()))
    assert [(row["model"], row["stage"]) for row in rows] == [
        (model, stage) for model in ("M1", "M2") for stage in ("before Voronoi", "after Voronoi")
    ]
    assert (tmp_path / "out" / "table.md").exists()
    weights = (tmp_path / "out" / "M2" / "network.pt").read_bytes()
    again = cartocell(*words[:-1], "auto")
    assert again.code == 0, again.err
    assert again.err.count("done before") >= 10
    assert (tmp_path / "out" / "M2" / "network.pt").read_bytes() == weights
