"""What a network is shown: synthetic cysts on its own grid, and patches drawn from them."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import Tensor
from torch.utils.data import Dataset

from cartocell_app.progress import Progress, silent
from cartocell_app.segmentation.normalisation import Normalisation, normalise
from cartocell_app.segmentation.targets import bcm_from_labels
from cartocell_app.stacks.resampling import resample_raw, resampled_shape, resampled_voxel_size
from cartocell_app.stacks.voxel_size import VoxelSize
from training.synthetic import PRESETS, Preset, draw_scene, render, truth_labels

Shape = tuple[int, int, int]

NORMALISATION = Normalisation(kind="percentile", low_percent=2.0, high_percent=99.8, clip=(-0.2, 1.6))

WIDER_OPTICS = (
    ("psf_xy_um", (0.12, 0.75)),
    ("psf_z_um", (0.4, 2.0)),
    ("depth_blur", (0.0, 1.4)),
    ("attenuation_length_um", (28.0, 600.0)),
    ("photons", (6.0, 200.0)),
    ("read_noise", (0.2, 2.5)),
    ("background", (0.003, 0.30)),
    ("offset_grey", (0.0, 40.0)),
)
WIDER_STAIN = (
    ("apical", (0.6, 4.5)),
    ("basal", (0.3, 1.4)),
    ("texture", (0.05, 0.7)),
    ("gaps", (0.0, 0.16)),
    ("cytoplasm", (0.0, 0.35)),
    ("bright_cells", (0.0, 0.25)),
    ("debris", (0.0, 2.5)),
)
"""Training reaches beyond the ranges of ordinary pictures, so that a model does not end where they end."""

MIX = (("4d", 0.25), ("7d", 0.25), ("10d", 0.25), ("clump", 0.25))
"""Shares of the presets in a training set. Clumps teach that tissue need not have a lumen."""

SMALLEST_FRAME_UM = np.array([46.0, 58.0, 58.0], np.float32)


@dataclass(frozen=True)
class Example:
    """A normalised picture and its truth at the network's voxel size.

    Attributes
    ----------
    raw : (Z, Y, X) ndarray of float16
    labels : (Z, Y, X) ndarray of uint16
        0 is lumen and outside.
    """

    raw: NDArray[np.float16]
    labels: NDArray[np.uint16]


def synthetic_examples(
    count: int, first_seed: int, voxel_um: tuple[float, float, float], workers: int = 2, progress: Progress = silent
) -> list[Example]:
    """Draw `count` synthetic specimens with seeds from `first_seed`, pictured at various voxel sizes."""
    examples = []
    # Forked children would inherit torch's thread locks in an unknown state.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        seeds = range(first_seed, first_seed + count)
        for example in pool.map(partial(synthetic_example, voxel_um=voxel_um), seeds, chunksize=4):
            examples.append(example)
            progress("Synthetic cysts", len(examples), count)
    return examples


def synthetic_example(seed: int, voxel_um: tuple[float, float, float]) -> Example:
    """Draw one specimen at a random voxel size, and bring it to `voxel_um` as an input would be."""
    rng = np.random.default_rng([seed, 0xCA27])
    preset = _wider(PRESETS[str(rng.choice([name for name, _ in MIX], p=[share for _, share in MIX]))])
    scene = draw_scene(preset, rng)
    # The frame grows at the far end; small cysts then lie towards a corner, as badly cropped ones do.
    scene = replace(scene, extent_um=np.maximum(scene.extent_um, SMALLEST_FRAME_UM))
    z_um, yx_um = np.exp(rng.uniform(np.log([0.4, 0.35]), np.log([1.4, 0.95])))
    seen_at = VoxelSize(z_um, yx_um, yx_um, "synthetic")
    seen_shape = np.rint(scene.extent_um / seen_at.zyx_um).astype(int)
    seen = render(scene, tuple(seen_shape), seen_at)
    shape = resampled_shape(seen.raw.shape, seen_at, voxel_um)
    labels = truth_labels(scene, shape, resampled_voxel_size(seen.raw.shape, seen_at, shape))
    # In the order of the pipeline: resample, then normalise.
    raw = normalise(resample_raw(seen.raw, shape), NORMALISATION)
    return Example(raw.astype(np.float16), labels)


def _wider(preset: Preset) -> Preset:
    return replace(preset, optics=WIDER_OPTICS, stain=WIDER_STAIN, neighbours=0.7)


class PatchDataset(Dataset[tuple[Tensor, Tensor]]):
    """Patches drawn at random around tissue, each turned, flipped and re-lit in its own way.

    Item `i` depends on `seed` and `i` alone, so a run can be repeated whatever the number of workers.
    Stored examples are never changed.

    Parameters
    ----------
    examples : sequence of Example
        To draw from.
    patch : tuple of int
        Size (z, y, x) in voxels.
    count : int
        Number of items.
    seed : int
        Of all draws.
    """

    def __init__(self, examples: Sequence[Example], patch: Shape, count: int, seed: int) -> None:
        self.examples, self.patch, self.count, self.seed = examples, patch, count, seed

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Picture (1, Z, Y, X) float32 and targets (3, Z, Y, X) float32 of item `index`."""
        rng = np.random.default_rng([self.seed, index])
        example = self.examples[int(rng.integers(len(self.examples)))]
        raw, labels = _cut(example, self.patch, rng)
        raw, labels = _turned(raw, labels, rng)
        picture = _relit(raw.astype(np.float32), rng)
        # Targets come after the turning, from the labels themselves, so that contours stay one voxel sharp.
        return torch.from_numpy(picture[None]), torch.from_numpy(bcm_from_labels(labels).astype(np.float32))


def _cut(example: Example, patch: Shape, rng: np.random.Generator) -> tuple[NDArray[np.float16], NDArray[np.uint16]]:
    """Cut a patch whose centre is mostly in tissue; too small examples are mirrored at the far end."""
    raw, labels = example.raw, example.labels
    missing = [(0, max(0, size - have)) for size, have in zip(patch, raw.shape, strict=True)]
    if any(after for _, after in missing):
        raw, labels = np.pad(raw, missing, "symmetric"), np.pad(labels, missing, "symmetric")
    centre = rng.integers(raw.shape)
    if rng.random() < 0.85:
        for _ in range(50):
            if labels[tuple(centre)]:
                break
            centre = rng.integers(raw.shape)
        else:  # little tissue, if any
            tissue = np.flatnonzero(labels)
            centre = np.array(np.unravel_index(rng.choice(tissue), raw.shape)) if tissue.size else centre
    starts = [
        int(np.clip(middle - size // 2, 0, have - size))
        for middle, size, have in zip(centre, patch, raw.shape, strict=True)
    ]
    box = tuple(slice(start, start + size) for start, size in zip(starts, patch, strict=True))
    return raw[box], labels[box]


def _turned(
    raw: NDArray[np.float16], labels: NDArray[np.uint16], rng: np.random.Generator
) -> tuple[NDArray[np.float16], NDArray[np.uint16]]:
    """Flip and turn in the plane by right angles: the optical axis stays where it is."""
    flips = tuple(int(axis) for axis in np.flatnonzero(rng.random(3) < 0.5))
    turns = int(rng.integers(4)) if raw.shape[1] == raw.shape[2] else 0
    raw, labels = np.flip(raw, flips), np.flip(labels, flips)
    return np.ascontiguousarray(np.rot90(raw, turns, (1, 2))), np.ascontiguousarray(np.rot90(labels, turns, (1, 2)))


def _relit(raw: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Change gain, offset, contrast, sharpness and noise."""
    if rng.random() < 0.2:
        raw = ndimage.gaussian_filter(raw, rng.uniform(0.3, 0.9, 3))
    gamma = np.exp(rng.uniform(-0.35, 0.35))
    raw = np.maximum(raw, 0) ** np.float32(gamma) + np.minimum(raw, 0)
    raw = raw * np.float32(np.exp(rng.uniform(-0.5, 0.4))) + np.float32(rng.uniform(-0.06, 0.12))
    if rng.random() < 0.3:
        raw = raw + rng.standard_normal(raw.shape, dtype=np.float32) * np.float32(rng.uniform(0.02, 0.15))
    return np.ascontiguousarray(raw, np.float32)
