"""Pictures of the window with few colours, so that they stay small."""

import numpy as np
from PIL import Image
from scipy.spatial import KDTree

COLOURS, COMMON = 256, 96
"""All colours of a picture, and those of them that are kept as they are: grounds, words, buttons."""


def with_few_colours(picture: Image.Image) -> Image.Image:
    """`picture` with its most common colours as they are, and the nearest of some others for all the rest."""
    picture = picture.convert("RGB")
    pixels = np.asarray(picture).astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    packed, where, counts = np.unique(pixels, return_inverse=True, return_counts=True)
    colours = np.stack([packed >> 16, (packed >> 8) & 255, packed & 255], axis=1).astype(np.uint8)
    common = colours[np.argsort(-counts, kind="stable")[:COMMON]]
    # The method that keeps rare colours: those of the signs for doubt and failure.
    others = picture.quantize(COLOURS - COMMON, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).getpalette()
    palette = np.concatenate([common, np.asarray(others, np.uint8).reshape(-1, 3)])[:COLOURS]
    nearest = KDTree(palette).query(colours)[1].astype(np.uint8)
    few = Image.fromarray(nearest[where].reshape(pixels.shape), "P")
    few.putpalette(palette.tobytes())
    return few
