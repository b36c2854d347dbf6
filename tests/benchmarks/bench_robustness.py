"""Where a model breaks: scores after Voronoi against one fault of the picture at a time, the rest being ordinary.

Run: ``.venv/bin/python tests/benchmarks/bench_robustness.py [MODEL.onnx]`` (``auto``); takes half an hour on two
cores. ``CYSTS`` sets how many synthetic cysts of each day (2), ``WORST`` that only so many of the worst levels of each
fault are taken, ``TABLE`` a file for the table (Markdown). Seeds from 43,000 are for this alone: nothing is trained or
chosen with them.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cartocell_app.models import find_model
from cartocell_app.segmentation.evaluation import Evaluation, evaluate_pair, pool
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.pipeline import segment_stack
from cartocell_app.segmentation.settings import PROFILES
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize
from training.microscope import Optics, Stain
from training.painting import SyntheticCyst, render
from training.scenes import Scene, draw_scene
from training.specimens import LOW_RESOLUTION_UM, PRESETS

FIRST_SEED = 43_000
DAYS = ("4d", "7d", "10d")

GOOD_OPTICS = Optics(
    psf_xy_um=0.25, psf_z_um=0.8, depth_blur=0.3, attenuation_length_um=250, from_below=0, photons=80,
    read_noise=0.5, background=0.03, offset_grey=8, membrane_grey=130,
)  # fmt: skip
GOOD_STAIN = Stain(
    apical=1.8, basal=0.8, thickness_um=0.2, texture=0.25, texture_um=2, gaps=0, cytoplasm=0.08, bright_cells=0.03,
    debris=0.3,
)  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """One thing that gets worse.

    Attributes
    ----------
    name : str
        With its unit.
    levels : tuple of float
        From good to bad.
    put : callable
        Makes scene and voxel size (µm, cubic along y and x) with the fault at a level.
    """

    name: str
    levels: tuple[float, ...]
    put: Callable[[Scene, float], tuple[Scene, tuple[float, float, float]]]


def optics(**make: Callable[[float], float]) -> Callable[[Scene, float], tuple[Scene, tuple[float, float, float]]]:
    def put(scene: Scene, level: float) -> tuple[Scene, tuple[float, float, float]]:
        values = {name: of(level) for name, of in make.items()}
        return replace(scene, optics=replace(scene.optics, **values)), LOW_RESOLUTION_UM

    return put


def stain(name: str) -> Callable[[Scene, float], tuple[Scene, tuple[float, float, float]]]:
    return lambda scene, level: (replace(scene, stain=replace(scene.stain, **{name: level})), LOW_RESOLUTION_UM)


FAULTS = (
    Fault("photons of a membrane voxel (noise)", (160, 80, 40, 20, 10, 5, 2.5), optics(photons=float)),
    Fault(
        "blur: standard deviation along z (a third in the plane), µm", (0.5, 1, 1.5, 2, 2.5, 3),
        optics(psf_z_um=float, psf_xy_um=lambda level: level / 3),
    ),
    Fault("depth at which light is 1/e, µm", (400, 100, 60, 40, 25, 15), optics(attenuation_length_um=float)),
    Fault("grey value of darkness, of 255", (0, 20, 50, 100, 150), optics(offset_grey=float)),
    Fault("grey value of a membrane above it, of 255", (200, 100, 50, 25, 12, 6), optics(membrane_grey=float)),
    Fault("share of the membrane without stain", (0, 0.05, 0.1, 0.2, 0.3, 0.45), stain("gaps")),
    Fault("signal inside cells, of a membrane's", (0.02, 0.1, 0.25, 0.4, 0.6), stain("cytoplasm")),
    Fault("slice distance at 0.6 µm pixels, µm", (0.5, 0.7, 1, 1.5, 2, 3), lambda scene, z: (scene, (z, 0.6, 0.6))),
    Fault("pixel size at 0.7 µm slices, µm", (0.2, 0.4, 0.6, 0.9, 1.2, 1.6), lambda scene, x: (scene, (0.7, x, x))),
)  # fmt: skip


def main() -> None:
    network = Network.open(find_model(sys.argv[1] if len(sys.argv) > 1 else "auto"))
    scenes = list(ordinary_scenes(int(os.environ.get("CYSTS", "2"))))
    worst = int(os.environ.get("WORST", "0"))
    lines = [f"{len(scenes)} cysts, model {network.card.name} {network.card.version}; after Voronoi", ""]
    for fault in FAULTS:
        levels, halves, quarters, quality = [fault.name], ["F1 at IoU 0.5"], ["F1 at IoU 0.75"], ["panoptic quality"]
        for level in fault.levels[-worst:]:
            scores = pool([scored(*fault.put(scene, level), network) for scene in scenes]).as_row("")
            levels.append(f"{level:g}")
            halves.append(f"{scores['f1_0.5']:.3f}")
            quarters.append(f"{scores['f1_0.75']:.3f}")
            quality.append(f"{scores['pq_0.5']:.3f}")
        rows = [levels, ["---"] * len(levels), halves, quarters, quality]
        table = [f"| {' | '.join(row)} |" for row in rows]
        print("\n".join(table), flush=True)
        lines += [*table, ""]
    if table_file := os.environ.get("TABLE"):
        Path(table_file).write_text("\n".join(lines), encoding="utf-8")


def ordinary_scenes(each: int) -> Iterator[Scene]:
    """Well stained and well seen cysts of all days."""
    for day in DAYS:
        for number in range(each):
            scene = draw_scene(PRESETS[day], np.random.default_rng([FIRST_SEED + number, len(day), int(day[:-1])]))
            yield replace(scene, optics=GOOD_OPTICS, stain=GOOD_STAIN)


def scored(scene: Scene, voxel_um: tuple[float, float, float], network: Network) -> Evaluation:
    cyst = drawn(scene, VoxelSize(*voxel_um, source="synthetic"))
    stack = Stack(cyst.raw, cyst.voxel_size, "cyst")
    return evaluate_pair(cyst.labels, segment_stack(stack, network, PROFILES["default"]).labels)


def drawn(scene: Scene, size: VoxelSize) -> SyntheticCyst:
    z, y, x = np.maximum(np.rint(scene.extent_um / size.zyx_um), 8).astype(int)
    return render(scene, (int(z), int(y), int(x)), size)


if __name__ == "__main__":
    main()
