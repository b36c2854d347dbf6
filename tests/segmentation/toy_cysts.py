"""Cysts of known geometry, and the maps that a perfect network would give for them."""

import numpy as np
from scipy import ndimage

from cartocell_app.segmentation.targets import bcm_from_labels

VOXEL_UM = (0.7, 0.6, 0.6)


def shell(cells=20, inner_um=7.0, outer_um=15.0, voxel_um=VOXEL_UM, margin_um=3.0, seed=0):
    """Labels of a hollow sphere of cells around a lumen, each a cone over its part of the sphere."""
    rng = np.random.default_rng(seed)
    index = np.arange(cells) + 0.5
    height, turn = 1 - 2 * index / cells, np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - height**2)
    axes = np.stack([height, ring * np.sin(turn), ring * np.cos(turn)], axis=1)
    rotation, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    half = [int((outer_um + margin_um) / edge) for edge in voxel_um]
    steps = [np.arange(-n, n + 1) * edge for n, edge in zip(half, voxel_um, strict=True)]
    points = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)
    radius = np.linalg.norm(points, axis=-1)
    labels = 1 + (points @ (axes @ rotation).T).argmax(axis=-1)
    labels[(radius < inner_um) | (radius > outer_um)] = 0
    return labels.astype(np.uint16)


def ideal_maps(labels, blur_vox=0.7):
    """B, C and M of `labels` as probabilities with soft edges."""
    return np.stack(
        [ndimage.gaussian_filter(channel.astype(np.float32), blur_vox) for channel in bcm_from_labels(labels)]
    )


def f1(truth, predicted, iou=0.5):
    """F1 of cells matched at an overlap over union above `iou` (at least 0.5, so that matches are unique)."""
    columns = int(predicted.max()) + 1
    pairs = truth.astype(np.int64).ravel() * columns + predicted.ravel()
    table = np.bincount(pairs, minlength=(int(truth.max()) + 1) * columns).reshape(-1, columns)
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    hits = ((table / np.maximum(union, 1))[1:, 1:] > iou).sum()
    found = np.count_nonzero(table.sum(axis=1)[1:]) + np.count_nonzero(table.sum(axis=0)[1:])
    return 2 * hits / max(found, 1)
