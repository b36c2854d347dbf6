"""BiaPy 3.7.1 and our `biapy-latest` preset, same data, same rounds: seconds a round, and F1 of each.

Run with ``BIAPY=/path/to/an/environment/bin/biapy .venv/bin/python tests/benchmarks/bench_biapy_training.py``, where
that environment has biapy 3.7.1 and its torch. On two cores it takes about half an hour; ``ROUNDS`` sets the rounds.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

SETS = {"train": (3, 800_003), "val": (1, 810_003), "test": (2, 820_003)}
"""Cysts of 4 days, about 1.2 µm a voxel so that each is about one patch; how many, and the first seed."""

VOXEL_UM = ("1.2", "1.2", "1.2")
PATCH = 80


def main() -> None:
    biapy = os.environ.get("BIAPY")
    if not biapy:
        print("BiaPy side by side: left out, since BIAPY does not name a `biapy` to run (see this file's first lines)")
        return
    rounds = int(os.environ.get("ROUNDS", "2"))
    keep = os.environ.get("KEEP")
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(keep or scratch)
        for name, (count, seed) in SETS.items():
            run("synthesize", "-o", folder / name, "--preset", "4d", "--count", count, "--seed", seed,
                "--voxel-size", *VOXEL_UM, "--progress", "none")  # fmt: skip
        print(f"{rounds} rounds, {SETS['train'][0]} cysts, patches of {PATCH}³, batch 2, 52/68/84, on the processor")
        theirs(folder, biapy, rounds)
        ours(folder, rounds)


def ours(folder: Path, rounds: int) -> None:
    start = time.perf_counter()
    run("train", folder / "train", "--validation", folder / "val", "-o", folder / "ours",
        "--preset", "biapy-latest", "--epochs", rounds, "--progress", "none")  # fmt: skip
    seconds = time.perf_counter() - start
    histories = list((folder / "ours").rglob("*history.csv"))
    each = [float(line.split(",")[4]) for line in histories[0].read_text().splitlines()[1:]]
    run("export", folder / "ours" / "network.pt", "-o", folder / "ours.onnx", "--name", "ours")
    start = time.perf_counter()
    run("segment", folder / "test" / "x", "-o", folder / "ours_cells", "--model", folder / "ours.onnx",
        "--progress", "none")  # fmt: skip
    inference = (time.perf_counter() - start) / SETS["test"][0]
    say("CartoCell", each, seconds, inference, score(folder, folder / "ours_cells" / "per_image_instances_voronoi"))


def theirs(folder: Path, biapy: str, rounds: int) -> None:
    config = folder / "biapy.yaml"
    config.write_text(yaml.safe_dump(configuration(folder, rounds)))
    start = time.perf_counter()
    command = [biapy, "--config", config, "--result_dir", folder / "biapy", "--name", "job", "--run_id", "1"]
    ended = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    (folder / "biapy.log").write_text(ended.stdout + ended.stderr)
    if ended.returncode:
        print(f"BiaPy ended with {ended.returncode}: {(ended.stdout + ended.stderr)[-600:]}")
        return
    each = [_seconds(words) for words in re.findall(r"Epoch\] \d+ .*?Total time: (\S+)", ended.stdout)] or epoch_times(
        ended.stdout
    )
    cells = next((folder / "biapy").rglob("per_image_post_processing"))
    say("BiaPy 3.7.1", each, seconds, None, score(folder, cells))


def epoch_times(text: str) -> list[float]:
    """Seconds of each round, training and validation, from BiaPy's log."""
    found = re.findall(r"Epoch: \[\d+\] Total time: (\d+):(\d+):(\d+)", text)
    return [int(hours) * 3600 + int(minutes) * 60 + int(seconds) for hours, minutes, seconds in found]


def _seconds(words: str) -> float:
    hours, minutes, seconds = words.split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)


def configuration(folder: Path, rounds: int) -> dict[str, Any]:
    """What `cartocell_training_latest.yaml` and `cartocell_inference_latest.yaml` ask for, in one run."""
    paths = {name: {"PATH": str(folder / name / "x"), "GT_PATH": str(folder / name / "y")} for name in SETS}
    return {
        "SYSTEM": {"NUM_CPUS": -1, "NUM_WORKERS": 0},
        "PROBLEM": {
            "TYPE": "INSTANCE_SEG", "NDIM": "3D",
            "INSTANCE_SEG": {
                "DATA_CHANNELS": "BCM", "DATA_MW_TH_TYPE": "auto", "DATA_REMOVE_BEFORE_MW": True,
                "DATA_REMOVE_SMALL_OBJ_BEFORE": 5,
            },
        },
        "DATA": {
            "PATCH_SIZE": f"({PATCH}, {PATCH}, {PATCH}, 1)", "REFLECT_TO_COMPLETE_SHAPE": True,
            "TRAIN": paths["train"] | {"IN_MEMORY": True}, "VAL": paths["val"] | {"FROM_TRAIN": False},
            "TEST": paths["test"] | {"IN_MEMORY": True, "LOAD_GT": True, "PADDING": "(16,16,16)"},
        },
        "AUGMENTOR": {
            "ENABLE": True, "VFLIP": True, "HFLIP": True, "ZFLIP": True, "ELASTIC": True, "RANDOM_ROT": True,
            "BRIGHTNESS": True, "BRIGHTNESS_FACTOR": "(0.1, 0.15)",
        },
        "MODEL": {
            "ARCHITECTURE": "resunet", "FEATURE_MAPS": [52, 68, 84], "DROPOUT_VALUES": [0.1, 0.1, 0.1],
            "Z_DOWN": [1, 1], "LOAD_CHECKPOINT": False,
        },
        "LOSS": {"CLASS_REBALANCE": True},
        "TRAIN": {
            "ENABLE": True, "OPTIMIZER": "ADAMW", "LR": 1e-3, "BATCH_SIZE": 2, "EPOCHS": rounds, "PATIENCE": 30,
            "LR_SCHEDULER": {"NAME": "onecycle"},
        },
        "TEST": {"ENABLE": True, "AUGMENTATION": False, "FULL_IMG": False,
                 "POST_PROCESSING": {"VORONOI_ON_MASK": True}},
    }  # fmt: skip


def score(folder: Path, cells: Path) -> dict[str, float]:
    run("evaluate", folder / "test" / "y", cells, "--scores", folder / "scores.json")
    return json.loads((folder / "scores.json").read_text())


def say(who: str, each: list[float], seconds: float, inference: float | None, scores: dict[str, float]) -> None:
    mean = f"{sum(each) / len(each):.0f} s a round" if each else "rounds not found in its log"
    tested = "" if inference is None else f", {inference:.1f} s a test cyst with all files"
    print(
        f"{who}: {mean} ({seconds:.0f} s in all{' with its test' if inference is None else ''}{tested}); after "
        f"Voronoi F1 {scores['f1_0.5']:.3f} at IoU 0.5, {scores['f1_0.75']:.3f} at 0.75"
    )


def run(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "cartocell_app.cli", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
