"""The main job on a 110 × 130 × 130 cyst: time of each part, ratios, peak memory. Run: ``make bench``."""

import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from cartocell_app.models import find_model
from cartocell_app.segmentation.devices import available_threads
from cartocell_app.segmentation.model_card import read_card, write_card
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.overview import write_overview
from cartocell_app.segmentation.pipeline import segment_stack
from cartocell_app.segmentation.receptive_field import receptive_field
from cartocell_app.segmentation.settings import PROFILES
from cartocell_app.stacks.reading import read
from cartocell_app.stacks.resampling import resample_maps
from cartocell_app.stacks.writing import write_labels, write_maps, write_stack
from training.synthetic import synthesize

SHAPE = (110, 130, 130)
REPEATS = 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        stack_path = Path(folder) / "cyst.tif"
        cyst = synthesize("10d", 1, shape=SHAPE)
        write_stack(stack_path, cyst.raw, cyst.voxel_size)
        paper = Path(folder) / "paper.onnx"
        if find_spec("torch"):
            write_paper_network(paper)
            peak_memory(stack_path, Path(folder), paper)  # first: Linux counts a parent's memory to its children
        else:
            print("52/68/84 network: left out, torch is not installed")
        everything_but_the_network(stack_path, Path(folder))
        network_against_one_call(stack_path, find_model("auto"), "m2-fast", "target < 1.1")
        if paper.exists():
            network_against_one_call(stack_path, paper, "52/68/84", "ours in tiles, with a third of the memory")
    help_and_imports()


def best(work, repeats: int = REPEATS) -> float:
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


def everything_but_the_network(stack_path: Path, folder: Path) -> None:
    network = Network.open(find_model("auto"))

    def job() -> float:
        start = time.perf_counter()
        stack = read(stack_path)
        result = segment_stack(stack, network, PROFILES["default"])
        before = result.on_input(result.instances.before_voronoi)
        write_labels(folder / "cells.tif", result.labels, stack.voxel_size)
        write_labels(folder / "before.tif", before, stack.voxel_size)
        write_maps(folder / "maps.tif", resample_maps(result.maps, stack.shape), stack.voxel_size)
        write_overview(folder / "overview.png", stack.data, result.labels, stack.voxel_size, "cyst", None)
        job.steps = result.seconds  # type: ignore[attr-defined]
        return time.perf_counter() - start - result.seconds["network"]

    seconds = min(job() for _ in range(REPEATS))
    steps = ", ".join(f"{step} {value:.2f}" for step, value in job.steps.items())  # type: ignore[attr-defined]
    print(
        f"everything but the network, reading and writing all files: {seconds:.2f} s (target < 1); "
        f"steps of the last: {steps}"
    )


def network_against_one_call(stack_path: Path, model: Path, name: str, remark: str) -> None:
    import onnxruntime

    network = Network.open(model)
    stack = read(stack_path)
    divisor = network.card.size_divisor
    shape = [-(-size // by) * by for size, by in zip(SHAPE, divisor, strict=True)]
    picture = np.random.default_rng(0).random(shape, np.float32)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = available_threads()
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: picture[None, None]}
    once = best(lambda: session.run(None, feed))
    ours = best(lambda: network.predict(picture))
    print(
        f"network {name}, {stack.shape} voxels: ours {ours:.2f} s, one whole-volume call {once:.2f} s, "
        f"ratio {ours / once:.2f} ({remark})"
    )


def write_paper_network(path: Path) -> None:
    from training.export import write_onnx
    from training.resunet import ResUNet

    write_onnx(ResUNet(), path)
    field = receptive_field(path)
    needs = {"halo_vox": field.halo_vox, "size_divisor": field.divisor, "name": "paper"}
    write_card(path, read_card(find_model("auto")).model_copy(update=needs))


def peak_memory(stack_path: Path, folder: Path, model: Path) -> None:
    script = (
        "import resource, sys\nfrom cartocell_app.cli import main\n"
        "try: main()\n"
        "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)"
    )
    command = [
        sys.executable,
        "-c",
        script,
        "segment",
        str(stack_path),
        "-o",
        str(folder / "out"),
        "--model",
        str(model),
    ]
    start = time.perf_counter()
    done = subprocess.run([*command, "--progress", "none"], capture_output=True, text=True, check=True)
    print(
        f"cartocell segment with the 52/68/84 network: peak memory {float(done.stdout.splitlines()[-1]):.2f} GB "
        f"(target < 2.5), {time.perf_counter() - start:.1f} s in all"
    )


def help_and_imports() -> None:
    command = [sys.executable, "-m", "cartocell_app.cli", "--help"]
    seconds = best(lambda: subprocess.run(command, capture_output=True, check=True), 5)
    print(f"cartocell --help: {seconds:.2f} s (target < 0.7)")


if __name__ == "__main__":
    main()
