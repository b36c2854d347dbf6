"""A folder with a training on other stacks: refused, whereas the same ones go on wherever they lie."""

import io
import json
import shutil

import numpy as np
import pytest
import torch

from cartocell_app.errors import UserError
from cartocell_app.jobs.biapy_folders import JobFolders
from cartocell_app.jobs.biapy_models import RunChoices
from cartocell_app.jobs.biapy_run import run_config
from cartocell_app.jobs.child import Ended
from cartocell_app.progress import CancelledError
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack
from tests.jobs.biapy_files import published

SIZE = VoxelSize(0.7, 0.6, 0.6, "test")
TINY = ("--steps", 1, "--batch", 1, "--feature-maps", "2,4", "--z-pool", 2, "--patch", 8, 16, 16, "--device", "cpu")


def put(folder, names, split_at=10):
    """Two cells that touch in the plane `split_at`."""
    labels = np.zeros((12, 20, 20), np.uint16)
    labels[2:-2, 4:split_at, 4:-4], labels[2:-2, split_at:16, 4:-4] = 1, 2
    for seed, name in enumerate(names):
        raw = np.random.default_rng(seed).integers(0, 200, labels.shape, np.uint8)
        write_stack(folder / "x" / f"{name}.tif", raw, SIZE)
        write_labels(folder / "y" / f"{name}.tif", labels, SIZE)


@pytest.fixture
def dataset(tmp_path):
    put(tmp_path / "A", ("c1", "c2"))
    return tmp_path / "A"


def test_the_same_stacks_go_on_and_others_are_refused(dataset, tmp_path, cartocell):
    run = tmp_path / "run"
    assert cartocell("train", dataset, "-o", run, *TINY).code == 0
    content = (run / "network.pt").read_bytes()
    shutil.copytree(dataset, tmp_path / "copy", copy_function=shutil.copyfile)  # newer, and elsewhere
    assert cartocell("train", tmp_path / "copy", "-o", run, *TINY).code == 0

    recorded = (run / "run.json").read_bytes(), (run / "config_files" / "settings.json").read_bytes()
    put(tmp_path / "B", ("c1", "c2"), split_at=8)
    put(tmp_path / "C", ("c1", "c2", "c3"))
    for words, said in (
        ((tmp_path / "B", *TINY), "holds a training on other stacks (y/c1 is another one)"),
        ((tmp_path / "C", *TINY), "holds a training on other stacks (x/c3 is new)"),
        ((dataset, "--validation", tmp_path / "B", *TINY), "holds a training watched with other stacks (x/c1 is new)"),
        ((dataset, "--voxel-size", 1, 1, 1, *TINY), "with another --voxel-size"),
    ):
        answer = cartocell("train", *words, "-o", run)
        assert (answer.code, said in answer.err) == (2, True), answer.err
    put(tmp_path / "copy", ("c2",), split_at=8)  # corrected in place
    answer = cartocell("train", "--resume", "-o", run)
    assert (answer.code, "other stacks" in answer.err, "Choose another folder" in answer.err) == (2, True, True)
    assert ((run / "run.json").read_bytes(), (run / "config_files" / "settings.json").read_bytes()) == recorded

    forget_stacks(run / "config_files" / "settings.json", "made_of")
    assert cartocell("train", "--resume", "-o", run, "--device", "cpu").code == 0
    weights, again = (
        torch.load(path, weights_only=True)["weights"] for path in (io.BytesIO(content), run / "network.pt")
    )
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def forget_stacks(path, key):
    """Write a file as versions did that did not keep what is in the stacks."""
    kept = json.loads(path.read_text())
    kept.pop(key)
    path.write_text(json.dumps(kept))


def test_a_training_of_biapys_kind_tells_stacks_of_the_same_size_apart(dataset, tmp_path):
    folders = JobFolders(tmp_path / "results", "job")
    choices = RunChoices(folders)
    sets = {"TRAIN_X": dataset / "x", "TRAIN_Y": dataset / "y", "VAL_X": dataset / "x", "VAL_Y": dataset / "y"}
    config = published(tmp_path, "cartocell_training.yaml", **sets)
    asked = []

    def stopped(words, _):
        asked.append(words[0])
        return Ended(130, "Stopped.")

    for _ in range(2):  # begun, and gone on with
        with pytest.raises(CancelledError):
            run_config(config, choices, stopped)
    raw = dataset / "x" / "c1.tif"
    content = bytearray(raw.read_bytes())
    content[-1] ^= 1
    raw.write_bytes(content)
    with pytest.raises(UserError, match="other settings or other stacks"):
        run_config(config, choices, stopped)
    forget_stacks(folders.training / "state.json", "contents")
    with pytest.raises(CancelledError):
        run_config(config, choices, stopped)
    assert asked == ["train"] * 3


def test_labels_of_the_same_name_are_refused(dataset, tmp_path, cartocell):
    for ending in (".tiff", ".ome.tif"):
        shutil.copy(dataset / "y" / "c1.tif", dataset / "y" / f"c1{ending}")
    answer = cartocell("train", dataset, "-o", tmp_path / "run", *TINY)
    assert answer.code == 2
    assert answer.err.count("would both be called c1") == 2


@pytest.mark.parametrize("damage", ["cut", "junk"])
def test_what_is_no_network_is_said(damage, tmp_path, cartocell):
    path = tmp_path / "network.pth"
    path.write_bytes(b"\x80\x02junk")
    if damage == "cut":
        torch.save({"weights": torch.zeros(9000)}, path)
        path.write_bytes(path.read_bytes()[:5000])
    for words in (("export", path, "-o", tmp_path / "m.onnx"), ("train", "-o", tmp_path / "run", "--start-from", path)):
        answer = cartocell(*words)
        assert answer.code == 2, answer.err
        assert "is no trained network" in answer.err


def test_levels_without_channels_are_refused(dataset, tmp_path, cartocell):
    answer = cartocell("train", dataset, "-o", tmp_path / "run", "--feature-maps", "0,4", "--z-pool", 1)
    assert answer.code == 2
    assert "feature_maps: Input should be greater than 0" in answer.err
