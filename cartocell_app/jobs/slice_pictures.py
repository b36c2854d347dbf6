"""A slice of a cyst as a small picture: the raw stack with the outlines of its cells over it."""

import io
from typing import Any

import fastremap
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cartocell_app.segmentation.colours import label_colours
from cartocell_app.stacks.voxel_size import VoxelSize

WIDTH_PX = 440
GREYS = 64
"""The rest of 256 is for colours of cells: rounds of ten, of which no slice needs nineteen."""

DARKEST_PERCENT, BRIGHTEST_PERCENT = 1.0, 99.7


def outlined_slice(raw: NDArray[Any], labels: NDArray[Any], voxel_size: VoxelSize | None) -> bytes:
    """PNG of the slice XY through the middle of the tissue, with a line in its own colour around each cell.

    Parameters
    ----------
    raw, labels : (Z, Y, X) ndarray
        Intensities, and one number per cell (0 is background and lumen) on the same grid. Not changed.
    voxel_size : VoxelSize or None
        For true proportions; square pixels if it is not known.

    Returns
    -------
    bytes
        The PNG file.
    """
    z = _middle(labels)
    _, y_um, x_um = (1.0, 1.0, 1.0) if voxel_size is None else voxel_size.zyx_um
    rows, columns = labels.shape[1:]
    height_px = max(1, round(WIDTH_PX * rows * y_um / (columns * x_um)))
    flat = np.ascontiguousarray(raw[z], np.float32)
    tones = np.asarray(Image.fromarray(flat).resize((WIDTH_PX, height_px), Image.Resampling.BILINEAR))
    darkest, brightest = np.percentile(tones, (DARKEST_PERCENT, BRIGHTEST_PERCENT))
    grey = ((tones - darkest) / max(brightest - darkest, 1e-6)).clip(0, 1) * 255
    # Renumbered, so that labels with great gaps make no long table of colours.
    cells, _ = fastremap.renumber(np.ascontiguousarray(labels[z]))
    cells = cells[_places(rows, height_px)][:, _places(columns, WIDTH_PX)]
    # A palette of greys and of the colours of cells: a third of the size of a picture in full colour.
    colours, which = np.unique(label_colours(cells), axis=0, return_inverse=True)
    edge = _edges(cells)
    picture = Image.fromarray(np.where(edge, GREYS + which.ravel()[cells], grey // (256 / GREYS)).astype(np.uint8))
    greys = np.repeat(np.linspace(0, 255, GREYS).astype(np.uint8)[:, None], 3, axis=1)
    picture.putpalette(np.concatenate([greys, colours[: 256 - GREYS]]).tobytes())
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()


def _middle(labels: NDArray[Any]) -> int:
    """Slice with half of the tissue on either side; the middle of the stack if there is none."""
    sizes = np.count_nonzero(labels, axis=(1, 2)).cumsum()
    return int(np.searchsorted(sizes, sizes[-1] / 2)) if sizes[-1] else len(labels) // 2


def _places(length: int, pixels: int) -> NDArray[np.intp]:
    return ((np.arange(pixels) + 0.5) * length / pixels).astype(np.intp)


def _edges(cells: NDArray[Any]) -> NDArray[np.bool_]:
    """Pixels of cells that lie beside something else, two wide."""
    edge = np.zeros(cells.shape, bool)
    for shift in (1, 2):
        for axis in (0, 1):
            for step in (shift, -shift):
                edge |= np.roll(cells, step, axis) != cells
    return edge & (cells > 0)
