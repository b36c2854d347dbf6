"""Training as its user does it: labelled stacks in, a network out; killed, gone on with, on two processes."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack

torch = pytest.importorskip("torch", reason="training is not installed")

SMALL = ("--feature-maps", "2,4", "--z-pool", "2", "--patch", 16, 16, 16, "--device", "cpu")
TREE = [
    "checkpoints/best.ckpt",
    "checkpoints/last.ckpt",
    "config_files/settings.json",
    "network.pt",
    "run.json",
    "results/first_2/charts/first_2_jaccard_index.png",
    "results/first_2/charts/first_2_jaccard_index_B.png",
    "results/first_2/charts/first_2_jaccard_index_C.png",
    "results/first_2/charts/first_2_jaccard_index_M.png",
    "results/first_2/charts/first_2_loss.png",
    "results/first_2/charts/first_2_validation_slice.png",
    "results/first_2/charts/model_plot_first_2.png",
    "results/first_2/aug/0_x_aug.tif",
    "results/first_2/aug/0_y_aug.tif",
]


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("set") / "train"
    rng = np.random.default_rng(0)
    for number in range(3):
        labels = np.zeros((20, 24, 24), np.uint16)
        labels[4:16, 4:12, 4:20], labels[4:16, 12:20, 4:20] = 1, 2
        raw = (rng.random(labels.shape) * 60 + 90 * (labels > 0)).astype(np.uint8)
        write_stack(folder / "x" / f"cyst {number}.tif", raw, VoxelSize(0.7, 0.6, 0.6, "test"))
        write_labels(folder / "y" / f"cyst {number}.tif", labels, VoxelSize(0.7, 0.6, 0.6, "test"))
    return folder


def command(*words):
    return [sys.executable, "-m", "cartocell_app.cli", *map(str, words)]


def weights(run):
    return torch.load(run / "network.pt", weights_only=True)["weights"]


def test_all_that_the_tutorial_names_is_there(dataset, tmp_path, cartocell):
    words = ("--epochs", 2, "--preset", "quick", *SMALL, "--name", "first", "--run-id", 2)
    answer = cartocell("train", dataset, "-o", tmp_path / "run", *words, "--progress", "json")
    assert answer.code == 0, answer.err
    for name in TREE:
        assert (tmp_path / "run" / name).stat().st_size > 0, name
    assert list((tmp_path / "run" / "logs").glob("events.out.tfevents*"))
    events = [json.loads(line) for line in answer.out.splitlines()]
    rounds = [event for event in events if event["event"] == "epoch"]
    assert [event["epoch"] for event in rounds] == [1, 2]
    assert all(0 <= event[f"iou_{channel}"] <= 1 for event in rounds for channel in "BCM")
    assert Path(rounds[-1]["slice"]).exists()
    steps = [event for event in events if event["event"] == "progress" and event["stage"] == "Training"]
    assert steps[-1]["done"] == steps[-1]["total"] == 100
    assert steps[-1]["eta_s"] == 0
    assert any("kept apart cyst" in event.get("message", "") for event in events)


def test_killed_in_the_middle_it_ends_as_if_it_had_not_been(dataset, tmp_path, cartocell):
    settings = tmp_path / "settings.json"
    settings.write_text('{"preset": "quick", "epochs": 4, "steps_per_epoch": 6, "dropout": 0.1, "feature_maps": [2, 4],'
                        '"z_pool": [2], "patch": [16, 16, 16]}')  # fmt: skip
    words = ("train", dataset, "--settings", settings, "--device", "cpu", "--progress", "none")
    assert cartocell(*words, "-o", tmp_path / "whole").code == 0
    run = tmp_path / "killed"
    with subprocess.Popen(command(*words, "-o", run)) as process:
        while not (run / "checkpoints" / "last.ckpt").exists() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert not (run / "network.pt").exists()
    answer = cartocell("train", "--resume", "-o", run, "--device", "cpu", "--progress", "none")
    assert answer.code == 0, answer.err
    whole, resumed = weights(tmp_path / "whole"), weights(run)
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_another_run_needs_a_folder_of_its_own(dataset, tmp_path, cartocell):
    words = ("train", dataset, "-o", tmp_path / "run", "--validation", dataset, "--steps", 1, *SMALL)
    assert cartocell(*words, "--run-id", 1).code == 0
    before = weights(tmp_path / "run")
    answer = cartocell(*words, "--run-id", 2)
    assert answer.code == 2
    assert "holds the run cartocell_1, and this one is cartocell_2" in answer.err
    assert cartocell(*words, "--run-id", 1).code == 0
    assert all(torch.equal(before[name], value) for name, value in weights(tmp_path / "run").items())


def test_resuming_keeps_name_and_number(dataset, tmp_path, cartocell):
    words = (dataset, "-o", tmp_path, "--validation", dataset, "--steps", 1, *SMALL, "--name", "mine", "--run-id", 3)
    assert cartocell("train", *words).code == 0
    before = sorted(path.name for path in tmp_path.rglob("*"))
    assert cartocell("train", "--resume", "-o", tmp_path, "--device", "cpu").code == 0
    assert sorted(path.name for path in tmp_path.rglob("*") if "tfevents" not in path.name) == [
        name for name in before if "tfevents" not in name
    ]


def test_two_processes_train_together(dataset, tmp_path):
    words = ("--steps", 3, *SMALL, "--devices", 2, "--progress", "none", "--validation", dataset)
    done = subprocess.run(
        command("train", dataset, "-o", tmp_path / "run", *words), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    assert all(torch.isfinite(value.float()).all() for value in weights(tmp_path / "run").values())


def test_other_settings_in_the_same_folder_are_refused(dataset, tmp_path, cartocell):
    words = ("train", dataset, "-o", tmp_path / "run", "--steps", 1, *SMALL, "--progress", "none")
    assert cartocell(*words).code == 0
    answer = cartocell(*words, "--learning-rate", "0.01")
    assert answer.code == 2
    assert "other settings" in answer.err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("--resume", "--epochs", 3), "--resume already says what --epochs"),
        (("--resume", "--run-id", 2), "--resume already says what --run-id"),
        (("--steps", 3, "--epochs", 3), "--steps already says what --epochs"),
        (("--settings", "s.json", "--seed", 3), "--settings already says what --seed"),
    ],
)
def test_options_that_would_have_no_effect_are_refused(tmp_path, cartocell, words, named):
    answer = cartocell("train", "-o", tmp_path / "run", *words)
    assert answer.code == 2
    assert named in answer.err


def test_nothing_to_resume(tmp_path, cartocell):
    answer = cartocell("train", "--resume", "-o", tmp_path / "run")
    assert answer.code == 2
    assert "no training to resume" in answer.err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "no JSON file"),
        ("[1]", "holds no settings"),
        ('{"epochs": 0}', "cannot be set up"),
        ('{"epoch": 3}', "cannot be set up"),
    ],
)
def test_settings_that_are_none(tmp_path, dataset, cartocell, content, words):
    (tmp_path / "s.json").write_text(content)
    answer = cartocell("train", dataset, "-o", tmp_path / "run", "--settings", tmp_path / "s.json")
    assert answer.code == 2
    assert words in answer.err


def test_a_set_that_cannot_be_trained_on(tmp_path, dataset, cartocell):
    (tmp_path / "x").mkdir()
    answer = cartocell("train", tmp_path, "-o", tmp_path / "run")
    assert answer.code == 2
    assert "no folder y" in answer.err


@pytest.mark.parametrize(("said", "taken"), [({"learning_rate": 0.0012}, 0.0012), ({}, 5e-4)], ids=["said", "left out"])
def test_a_file_of_settings_says_how_large_the_steps_from_a_start_are(dataset, tmp_path, cartocell, said, taken):
    small = {
        "feature_maps": [2, 4],
        "z_pool": [2],
        "patch": [16, 16, 16],
        "epochs": 1,
        "steps_per_epoch": 1,
        "batch": 1,
    }
    (tmp_path / "s.json").write_text(json.dumps({"preset": "standard"} | small | said))
    words = ("--settings", tmp_path / "s.json", "--device", "cpu", "--progress", "none")
    assert cartocell("train", dataset, "-o", tmp_path / "one", *words).code == 0
    start = tmp_path / "one" / "network.pt"
    answer = cartocell("train", dataset, "-o", tmp_path / "two", *words, "--start-from", start)
    assert answer.code == 0, answer.err
    assert json.loads((tmp_path / "two" / "run.json").read_text())["settings"]["learning_rate"] == taken
