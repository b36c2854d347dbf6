"""What a network is shown: synthetic cysts on its own grid, and patches drawn from them."""

import math
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import product
from multiprocessing import get_context
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from cartocell_app.progress import Progress, silent
from cartocell_app.segmentation.normalisation import Normalisation, normalise
from cartocell_app.segmentation.targets import bcm_from_labels
from cartocell_app.stacks.resampling import resample_raw, resampled_shape, resampled_voxel_size
from training.augmentation import Augmenter
from training.painting import render, truth_labels
from training.settings import NORMALISATION, Augmentation
from training.varied import MIXES, draw_specimen

Shape = tuple[int, int, int]


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
    count: int,
    first_seed: int,
    voxel_um: tuple[float, float, float],
    normalisation: Normalisation,
    workers: int = 2,
    progress: Progress = silent,
    mix: str = "cysts",
) -> list[Example]:
    """Draw `count` specimens of `mix`, a key of `MIXES`, with seeds from `first_seed`, at various voxel sizes."""
    examples = []
    # Forked children would inherit torch's thread locks in an unknown state.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        seeds = range(first_seed, first_seed + count)
        for example in pool.map(
            partial(synthetic_example, voxel_um=voxel_um, normalisation=normalisation, mix=mix), seeds, chunksize=4
        ):
            examples.append(example)
            progress("Synthetic cysts", len(examples), count)
    return examples


def synthetic_example(
    seed: int,
    voxel_um: tuple[float, float, float],
    normalisation: Normalisation = NORMALISATION,
    mix: str = "cysts",
) -> Example:
    """Draw one specimen at a random voxel size, and bring it to `voxel_um` as an input would be."""
    drawn = draw_specimen(seed, MIXES[mix])
    seen = render(drawn.scene, drawn.shape, drawn.voxel_size, drawn.dtype)
    shape = resampled_shape(drawn.shape, drawn.voxel_size, voxel_um)
    labels = truth_labels(drawn.scene, shape, resampled_voxel_size(drawn.shape, drawn.voxel_size, shape))
    # In the order of the pipeline: resample, then normalise.
    raw = normalise(resample_raw(seen.raw, shape), normalisation)
    return Example(raw.astype(np.float16), labels)


class PatchDataset(Dataset[tuple[Tensor, Tensor]]):
    """Patches drawn at random around tissue, each varied in its own way.

    Item `i` depends on `seed`, `epoch` and `i` alone, so a run can be repeated and resumed whatever the number of
    workers. Stored examples are never changed.

    Parameters
    ----------
    examples : sequence of Example
        To draw from.
    patch : tuple of int
        Size (z, y, x) in voxels.
    count : int
        Number of items.
    seed, epoch : int
        Of all draws.
    augmentation : Augmentation
        How patches are varied.
    """

    def __init__(
        self,
        examples: Sequence[Example],
        patch: Shape,
        count: int,
        seed: int,
        augmentation: Augmentation,
        epoch: int = 0,
    ) -> None:
        self.examples, self.patch, self.count, self.seed, self.epoch = examples, patch, count, seed, epoch
        self._vary = Augmenter(augmentation)
        z, y, x = patch
        # Turned, a region of the patch's size would miss its corners.
        self._region = (z, _wider_side(y), _wider_side(x)) if augmentation.rotate else patch

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Picture (1, Z, Y, X) float32 and targets (3, Z, Y, X) float32 of item `index`."""
        if not 0 <= index < self.count:
            raise IndexError(index)
        rng = np.random.default_rng([self.seed, self.epoch, index])
        example = self.examples[int(rng.integers(len(self.examples)))]
        raw, labels = _cut(example, self._region, rng)
        picture, varied = self._vary(_tensor(raw), _tensor(labels), int(rng.integers(2**31)))
        # Targets come after bending and turning, from the labels themselves, so that contours stay one voxel sharp.
        targets = bcm_from_labels(varied[0].numpy().astype(np.int32))
        middle = tuple(
            slice((have - want) // 2, (have - want) // 2 + want)
            for have, want in zip(self._region, self.patch, strict=True)
        )
        return picture[(slice(None), *middle)].contiguous(), torch.from_numpy(targets[(slice(None), *middle)]).float()


class GridDataset(Dataset[tuple[Tensor, Tensor]]):
    """All of the examples in patches, as they are: for validation.

    Parameters
    ----------
    examples : sequence of Example
        To show.
    patch : tuple of int
        Size (z, y, x) in voxels; neighbouring patches overlap where an example is no multiple of it.
    """

    def __init__(self, examples: Sequence[Example], patch: Shape) -> None:
        self.examples, self.patch = examples, patch
        self.places = [
            (number, starts)
            for number, example in enumerate(examples)
            for starts in product(*(_starts(have, size) for have, size in zip(example.raw.shape, patch, strict=True)))
        ]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Picture (1, Z, Y, X) float32 and targets (3, Z, Y, X) float32 of item `index`."""
        number, starts = self.places[index]
        raw, labels = _mirrored(self.examples[number], self.patch)
        # One voxel more on each side: contours at the patch's faces then follow the cells and not the patch.
        outer = tuple(
            slice(max(0, start - 1), start + size + 1) for start, size in zip(starts, self.patch, strict=True)
        )
        targets = bcm_from_labels(labels[outer])
        inner = tuple(
            slice(start - part.start, start - part.start + size)
            for start, part, size in zip(starts, outer, self.patch, strict=True)
        )
        box = tuple(slice(start, start + size) for start, size in zip(starts, self.patch, strict=True))
        return _tensor(raw[box]), torch.from_numpy(targets[(slice(None), *inner)]).float()


def patches_that_cover(examples: Sequence[Example], patch: Shape) -> int:
    """Number of patches that it takes to show all of the examples once."""
    return len(GridDataset(examples, patch))


def _starts(have: int, size: int) -> list[int]:
    count = -(-have // size)
    return [round(step * max(0, have - size) / max(1, count - 1)) for step in range(count)]


def _wider_side(side: int) -> int:
    return math.ceil(1.25 * side / 2) * 2 if side % 2 == 0 else math.ceil(1.25 * side / 2) * 2 + 1


def _tensor(volume: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(volume, np.float32)[None])


def _mirrored(example: Example, shape: Shape) -> tuple[NDArray[np.float16], NDArray[np.uint16]]:
    """Lengthen an example that is smaller than `shape` by mirroring its far end."""
    missing = [(0, max(0, size - have)) for size, have in zip(shape, example.raw.shape, strict=True)]
    if not any(after for _, after in missing):
        return example.raw, example.labels
    return np.pad(example.raw, missing, "symmetric"), np.pad(example.labels, missing, "symmetric")


def _cut(example: Example, shape: Shape, rng: np.random.Generator) -> tuple[NDArray[np.float16], NDArray[np.uint16]]:
    """Cut a region whose centre is mostly in tissue."""
    raw, labels = _mirrored(example, shape)
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
        for middle, size, have in zip(centre, shape, raw.shape, strict=True)
    ]
    box = tuple(slice(start, start + size) for start, size in zip(starts, shape, strict=True))
    return raw[box], labels[box]
