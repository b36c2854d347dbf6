"""Training: does the network wait for patches? Share of time, seconds a patch, peak memory. Run: ``make bench``."""

import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import psutil

CYSTS = 3
STEPS = 20


def main() -> None:
    if find_spec("torch") is None:
        print("training loader: left out, torch is not installed")
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name, count, seed in (("known", CYSTS, 900_003), ("unseen", 1, 910_003)):
            run("synthesize", "-o", folder / name, "--preset", "4d", "--count", count, "--seed", seed,
                "--voxel-size", 1.1, 1.1, 1.1, "--progress", "none")  # fmt: skip
        peak = train(folder)
        seconds_a_patch(folder / "known")
        history = pd.read_csv(next((folder / "run").rglob("*history.csv")))
        print(
            f"training, preset quick, {STEPS} steps: the network waited {100 * history['waiting'].mean():.2f} % of the "
            f"time; peak memory, loaders included, {peak / 1e9:.2f} GB"
        )


def train(folder: Path) -> int:
    """Train a little in a process of its own; bytes of memory that it and its loaders took at most, together."""
    words = ["train", folder / "known", "--validation", folder / "unseen", "-o", folder / "run", "--preset", "quick",
             "--steps", STEPS, "--progress", "none"]  # fmt: skip
    peak = 0
    with subprocess.Popen(command(*words), stdout=subprocess.DEVNULL) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            peak = max(peak, memory_of(watched))
            time.sleep(0.2)
    if process.returncode:
        sys.exit(f"the training ended with {process.returncode}")
    return peak


def memory_of(process: psutil.Process) -> int:
    """Proportional memory of a process and its children; shared pages count once."""
    try:
        family = [process, *process.children(recursive=True)]
        infos = [member.memory_full_info() for member in family]
    except psutil.Error:  # one of them ended meanwhile
        return 0
    return sum(getattr(info, "pss", info.rss) for info in infos)


def seconds_a_patch(training_set: Path) -> None:
    from training.data import PatchDataset
    from training.datasets import examples, read_training_set
    from training.settings import training_settings

    settings = training_settings("quick")
    known = read_training_set(training_set, None, lambda *_: None)
    drawn = examples(known, settings.voxel_um or known.middle_voxel_um, settings.normalisation)
    patches = PatchDataset(drawn, settings.patch, 20, settings.seed, settings.augmentation)
    start = time.perf_counter()
    for number in range(len(patches)):
        patches[number]
    each = (time.perf_counter() - start) / len(patches)
    sizes = " × ".join(map(str, settings.patch))
    print(f"training patch of {sizes}, cut, varied, with its targets: {each:.3f} s on one core")


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "cartocell_app.cli", *map(str, words)]


def run(*words: object) -> None:
    subprocess.run(command(*words), check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
