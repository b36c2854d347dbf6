"""BiaPy 3.7.1 and our `biapy-latest` preset, same data, same rounds: seconds a round, and F1 of each.

Run with ``BIAPY_PYTHON=/path/to/environment/bin/python .venv/bin/python tests/benchmarks/bench_biapy_training.py``,
where that environment has biapy 3.7.1 and the same torch as ours; without it, it says so and ends. ``ROUNDS`` sets how
many rounds (3), ``MAPS`` the feature maps of both networks (52,68,84, the published ones; narrower ones let more rounds
fit into an evening), ``KEEP`` a folder for all files, where it takes up what is done.
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

import pandas as pd
import tifffile
import yaml

SETS = {"train": (3, 800_003), "val": (1, 810_003), "test": (2, 820_003)}
"""How many cysts of 4 days, and the first seed."""

VOXEL_UM = (1.1, 1.1, 1.1)
"""So coarse that a cyst fits into one patch."""

PATCH = 80
MAPS = os.environ.get("MAPS", "52,68,84")
VORONOI = "per_image_instances_voronoi"


def main() -> None:
    python = os.environ.get("BIAPY_PYTHON")
    if not python:
        print("BiaPy side by side: left out, as BIAPY_PYTHON names no Python that has BiaPy")
        return
    rounds = int(os.environ.get("ROUNDS", "3"))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(os.environ.get("KEEP", scratch))
        for name, (count, seed) in SETS.items():
            run("synthesize", "-o", folder / name, "--preset", "4d", "--count", count, "--seed", seed,
                "--voxel-size", *VOXEL_UM, "--progress", "none")  # fmt: skip
        sizes = (" × ".join(map(str, tifffile.imread(path).shape)) for path in sorted(folder.glob("train/x/*.tif")))
        print(f"{rounds} rounds over cysts of {', '.join(sizes)} voxels; patches of {PATCH}³, batch 2, maps {MAPS}")
        ours(folder, rounds)
        theirs(folder, python, rounds)


def ours(folder: Path, rounds: int) -> None:
    run("train", folder / "train", "--validation", folder / "val", "-o", folder / "ours",
        "--preset", "biapy-latest", "--feature-maps", MAPS, "--epochs", rounds, "--device", "cpu",
        "--progress", "none")  # fmt: skip
    history = pd.read_csv(next((folder / "ours").rglob("*history.csv")))
    run("export", folder / "ours" / "network.pt", "-o", folder / "ours.onnx", "--name", "ours")
    start = time.perf_counter()
    # The profile of BiaPy 3.7, so that only the training differs.
    run("segment", folder / "test" / "x", "-o", folder / "ours_cells", "--model", folder / "ours.onnx",
        "--profile", "biapy-3.7", "--device", "cpu", "--progress", "none")  # fmt: skip
    run("segment", folder / "test" / "x", "-o", folder / "ours_default", "--model", folder / "ours.onnx",
        "--device", "cpu", "--progress", "none")  # fmt: skip
    seconds = time.perf_counter() - start
    say("CartoCell", history["seconds"].mean(), seconds / 2, scores(folder, folder / "ours_cells" / VORONOI))
    print(f"    with our own profile: {in_words(scores(folder, folder / 'ours_default' / VORONOI))}")


def theirs(folder: Path, python: str, rounds: int) -> None:
    config = folder / "biapy.yaml"
    config.write_text(yaml.safe_dump(configuration(folder, rounds)))
    start = time.perf_counter()
    log = folder / "biapy.log"
    with log.open("w") as words:
        command = [python, "-u", "-c", "from biapy import main; main()", "--config", config, "--result_dir", folder,
                   "--name", "biapy", "--run_id", "1"]  # fmt: skip
        ended = subprocess.run([str(word) for word in command], stdout=words, stderr=subprocess.STDOUT, check=False)
    seconds = time.perf_counter() - start
    if ended.returncode:
        sys.exit(f"BiaPy ended with {ended.returncode}: {log.read_text()[-600:]}")
    hours, minutes, rest = map(int, re.findall(r"Training time: (\d+):(\d+):(\d+)", log.read_text())[0])
    trained = hours * 3600 + minutes * 60 + rest
    cells = next((folder / "biapy").rglob("per_image_post_processing"))
    say("BiaPy 3.7.1", trained / rounds, seconds - trained, scores(folder, cells))


def configuration(folder: Path, rounds: int) -> dict[str, Any]:
    """What `cartocell_training_latest.yaml` and `cartocell_inference_latest.yaml` ask for, in one run.

    Without CLEAR_BORDER, whose presence alone makes BiaPy delete cells at the border; and with no loaders beside, which
    on two cores would only take turns with the network.
    """
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
            "ARCHITECTURE": "resunet", "FEATURE_MAPS": [int(width) for width in MAPS.split(",")],
            "DROPOUT_VALUES": [0.1, 0.1, 0.1], "Z_DOWN": [1, 1], "LOAD_CHECKPOINT": False,
        },
        "LOSS": {"CLASS_REBALANCE": True},
        "TRAIN": {
            "ENABLE": True, "OPTIMIZER": "ADAMW", "LR": 1e-3, "BATCH_SIZE": 2, "EPOCHS": rounds, "PATIENCE": 30,
            "LR_SCHEDULER": {"NAME": "onecycle"},
        },
        "TEST": {"ENABLE": True, "AUGMENTATION": False, "FULL_IMG": False,
                 "POST_PROCESSING": {"VORONOI_ON_MASK": True}},
    }  # fmt: skip


def scores(folder: Path, cells: Path) -> dict[str, float]:
    run("evaluate", folder / "test" / "y", cells, "--scores", folder / "scores.json")
    return json.loads((folder / "scores.json").read_text())


def in_words(found: dict[str, float]) -> str:
    return f"after Voronoi F1 {found['f1_0.3']:.3f} at IoU 0.3, {found['f1_0.5']:.3f} at 0.5"


def say(who: str, seconds_a_round: float, test_s: float, found: dict[str, float]) -> None:
    print(f"{who}: {seconds_a_round:.0f} s a round, {test_s:.0f} s for the test cysts; {in_words(found)}", flush=True)


def run(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "cartocell_app.cli", *map(str, words)], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
