"""What a network sees in one slice of an example, as a small picture: raw, B, C and M side by side."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from cartocell_app.stacks.files import whole_file
from training.data import Example, Shape
from training.resunet import ResUNet

LARGEST_SIDE = 144
"""Of a picture; what lies outside around a larger example is left out."""

GAP, LOWEST, BRIGHTEST = 2, 1.0, 99.8
"""Pixels between pictures; percentiles of the raw picture that are shown black and white."""


def write_slice(path: Path, network: ResUNet, example: Example, patch: Shape) -> None:
    """Write what `network` sees in the middle slice of `example`; the file is whole or absent.

    Parameters
    ----------
    path : Path
        The PNG file: raw, B, C, M from left to right, each (Y, X) in voxels of the network, 0 to 255.
    network : ResUNet
        As it is now; it is not changed.
    example : Example
        That it is not trained on.
    patch : (z, y, x)
        As it is trained with; as many slices are shown to it.
    """
    from PIL import Image

    slab = _slab(example, patch[0])
    middle, height, width = slab.shape[0] // 2, *slab.shape[1:]
    missing = [(0, -have % by) for have, by in zip(slab.shape, network.size_divisor, strict=True)]
    maps = _maps(network, np.pad(slab, missing, "symmetric"))[:, middle, :height, :width]
    raw = slab[middle]
    low, high = np.percentile(raw, (LOWEST, BRIGHTEST))
    shown = [np.clip((raw - low) / max(high - low, 1e-6), 0, 1), *maps]
    gap = np.ones((raw.shape[0], GAP))
    row = np.hstack([part for one in shown for part in (one, gap)][:-1])
    with whole_file(path) as partial:
        Image.fromarray(np.rint(255 * row).astype(np.uint8)).save(partial, format="PNG", optimize=True)


def _slab(example: Example, slices: int) -> NDArray[np.float32]:
    """The middle of an example (Z, Y, X)."""
    most = (slices, LARGEST_SIDE, LARGEST_SIDE)
    starts = [max(0, have - size) // 2 for have, size in zip(example.raw.shape, most, strict=True)]
    cut = tuple(slice(start, start + size) for start, size in zip(starts, most, strict=True))
    return example.raw[cut].astype(np.float32)


def _maps(network: ResUNet, picture: NDArray[np.float32]) -> NDArray[np.float32]:
    """Probabilities (3, Z, Y, X)."""
    was_training = network.training
    network.eval()
    with torch.no_grad():
        device = next(network.parameters()).device
        logits = network(torch.from_numpy(picture)[None, None].to(device)).float()
    network.train(was_training)
    maps: NDArray[np.float32] = logits.sigmoid()[0].cpu().numpy()
    return maps
