"""A model from lists of cysts in one command: trained and exported, stopped with its best round, gone on with."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from cartocell_app import commands_models
from cartocell_app.jobs.model_training import (
    KEEP_BEST,
    Cyst,
    keep_round,
    read_cysts,
    read_rounds,
    round_pictures,
    write_cysts,
)
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.stacks.reading import describe
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

pytest.importorskip("torch", reason="training is not installed")

TINY = {
    "preset": "quick", "feature_maps": [2, 4], "z_pool": [2], "patch": [8, 16, 16], "epochs": 2, "steps_per_epoch": 2,
}  # fmt: skip
FINE = VoxelSize(0.35, 0.3, 0.3, "test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of a training with two cysts to learn from and one to watch with, which does not say its voxel size."""
    rng = np.random.default_rng(0)
    cysts = {}
    for name, size in (("a", FINE), ("b", FINE), ("c", None)):
        labels = np.zeros((24, 40, 40), np.uint16)
        labels[4:20, 6:20, 6:34], labels[4:20, 20:34, 6:34] = 1, 2
        write_stack(tmp_path / f"{name}.tif", (rng.random(labels.shape) * 60 + 90 * (labels > 0)).astype("u1"), size)
        write_labels(tmp_path / "labels" / f"{name}.tif", labels, size)
        reading = ReadingChoices(voxel_um=None if size else FINE.zyx_um)
        cysts[name] = Cyst(tmp_path / f"{name}.tif", tmp_path / "labels" / f"{name}.tif", reading)
    folder = tmp_path / "run"
    write_cysts(folder, "learn", {name: cysts[name] for name in "ab"})
    write_cysts(folder, "watch", {"c": cysts["c"]})
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    return folder


@pytest.fixture
def words(folder: Path) -> tuple[object, ...]:
    tiny = ("--settings", folder.parent / "tiny.json", "--device", "cpu")
    return ("train-model", folder, "--name", "M1", "--to", 0.7, 0.6, 0.6, *tiny, "--progress", "json")


def test_lists_come_back_as_they_were_written(folder):
    assert list(read_cysts(folder, "learn")) == ["a", "b"]
    cyst = read_cysts(folder, "watch")["c"]
    assert cyst.reading.voxel_um == FINE.zyx_um
    assert cyst.labels == folder.parent / "labels" / "c.tif"


def test_a_round_that_was_done_twice_counts_as_the_last_time_and_half_a_line_does_not_count(tmp_path):
    for epoch, loss in ((1, 0.9), (2, 0.8), (2, 0.7)):
        keep_round(tmp_path, {"epoch": epoch, "loss": loss})
    with (tmp_path / "rounds.jsonl").open("a") as history:
        history.write('{"epoch": 3, "lo')
    assert [(row["epoch"], row["loss"]) for row in read_rounds(tmp_path)] == [(1, 0.9), (2, 0.7)]


def test_cysts_become_a_model_at_the_wanted_voxel_size(folder, words, cartocell):
    answer = cartocell(*words)

    assert answer.code == 0, answer.err
    card = read_card(folder / "M1.onnx")
    assert card.name == "M1"
    assert card.voxel_size_um == pytest.approx((0.7, 0.6, 0.6), rel=0.1)
    assert describe(folder / "low-resolution" / "learn" / "x" / "a.tif").scenes[0].shape == (12, 20, 20)
    events = [json.loads(line) for line in answer.out.splitlines()]
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == [1, 2]
    assert [row["epoch"] for row in read_rounds(folder)] == [1, 2]
    pictures = round_pictures(folder)
    assert list(pictures) == [1, 2]
    assert [event["slice"] for event in events if event["event"] == "epoch"] == [
        str(path) for path in pictures.values()
    ]


def test_keep_best_ends_a_training_with_its_best_round(folder, words, cartocell):
    (folder / KEEP_BEST).touch()
    answer = cartocell(*words)
    assert answer.code == 2
    assert "nothing to keep yet" in answer.err

    (folder / KEEP_BEST).unlink()
    assert cartocell(*words).code == 0
    (folder / "M1.onnx").unlink()
    (folder / KEEP_BEST).touch()
    answer = cartocell(*words)

    assert answer.code == 0, answer.err
    assert read_card(folder / "M1.onnx").voxel_size_um == pytest.approx((0.7, 0.6, 0.6), rel=0.1)


def test_it_starts_from_the_model_in_the_box_and_is_as_wide_as_that(folder, words, cartocell):
    answer = cartocell(*words, "--start-from", "auto", "--learning-rate", 0.0001)

    assert answer.code == 0, answer.err
    card = read_card(folder / "M1.onnx")
    assert "started from the model m2-fast" in card.training
    assert "ResU-Net 16/32/32/64" in card.training
    assert "learning rate 0.0001" in card.training
    assert card.training_command == (
        "cartocell train-model --name M1 --to 0.7 0.6 0.6 --settings tiny.json --start-from m2-fast.onnx "
        "--learning-rate 0.0001"
    )


def test_a_training_that_is_paused_goes_on_to_the_same_model(folder, words, cartocell, monkeypatch):
    import torch

    (folder.parent / "tiny.json").write_text(json.dumps(TINY | {"epochs": 3, "steps_per_epoch": 2}))
    whole = folder.parent / "whole"
    for part in ("learn", "watch"):
        write_cysts(whole, part, read_cysts(folder, part))
    assert cartocell(words[0], whole, *words[2:]).code == 0

    tell = commands_models._tell

    def tell_and_be_asked_to_stop(folder, epoch, *others):
        tell(folder, epoch, *others)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(commands_models, "_tell", tell_and_be_asked_to_stop)
    assert cartocell(*words).code == 130
    monkeypatch.setattr(commands_models, "_tell", tell)
    assert [row["epoch"] for row in read_rounds(folder)] == [1]
    assert not (folder / "M1.onnx").exists()

    assert cartocell(*words).code == 0
    one, other = (torch.load(run / "training" / "network.pt", weights_only=True)["weights"] for run in (whole, folder))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert [row["epoch"] for row in read_rounds(folder)] == [1, 2, 3]
