"""One picture of a segmented stack: three orthogonal slices, raw beside cells."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import fastremap
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cartocell_app import resources
from cartocell_app.segmentation.boxes import neighbour_pairs
from cartocell_app.segmentation.colours import label_colours
from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.voxel_size import VoxelSize

BLOCK_PX = 760
"""Greatest width and height of the three slices together."""

MARGIN_PX, BETWEEN_BLOCKS_PX, GAP_PX, CAPTION_PX = 28, 40, 10, 28
TITLE_PX, LINE_PX, FOOTER_PX, NARROWEST_PX = 42, 25, 30, 900

BACKGROUND, FAINT, TEXT = (17, 18, 21), (158, 163, 173), (240, 241, 244)

RAW_UNDER_CELLS, RAW_ELSEWHERE, BORDER = 0.22, 0.55, 0.15
"""Share of the raw picture in the cells, brightness of it beside them, and brightness of the cells' borders."""

DARKEST_PERCENT, BRIGHTEST_PERCENT = 1.0, 99.7
SAMPLES_PER_AXIS = 128

Lengths = tuple[float, ...]
Font = ImageFont.FreeTypeFont


@dataclass(frozen=True)
class _Pane:
    """A slice at the size at which it is shown, and its place in the block of three.

    Attributes
    ----------
    captions : tuple of str
        The first that fits is shown.
    left, top : int
        Place in pixels.
    raw, labels : 2D ndarray
    mark : tuple of int
        Row and column where the other slices cut this one.
    """

    captions: tuple[str, ...]
    left: int
    top: int
    raw: NDArray[np.float32]
    labels: NDArray[Any]
    mark: tuple[int, int]

    @property
    def right(self) -> int:
        return self.left + int(self.raw.shape[1])

    @property
    def bottom(self) -> int:
        return self.top + int(self.raw.shape[0])

    @property
    def place(self) -> tuple[slice, slice]:
        return slice(self.top, self.bottom), slice(self.left, self.right)


def write_overview(
    path: Path,
    raw: NDArray[Any],
    labels: NDArray[Any],
    voxel_size: VoxelSize | None,
    title: str,
    scores: str | None = None,
) -> None:
    """Write a PNG of the slices XY, XZ and YZ through the middle of the tissue, raw on the left, cells on the right.

    Parameters
    ----------
    path : Path
        Of the picture; whole or absent.
    raw, labels : (Z, Y, X) ndarray
        Intensities, and one number per cell (0 is background and lumen) on the same grid. Not changed.
    voxel_size : VoxelSize or None
        For true proportions and a scale bar; cubic voxels and no scale bar if it is not known.
    title : str
        Name of the stack.
    scores : str, optional
        A line about how good the segmentation is.

    Raises
    ------
    DiskError
        If it cannot be written.
    """
    lengths_um = (1.0, 1.0, 1.0) if voxel_size is None else voxel_size.zyx_um
    px_per_um = _scale(labels.shape, lengths_um)
    panes = _panes(raw, labels, lengths_um, px_per_um)
    tones = _in_tones(panes)
    lines = [_in_words(labels, voxel_size), *([scores] if scores else [])]
    picture, corners = _laid_out((tones, _in_colours(panes, tones)), title, lines)
    draw = ImageDraw.Draw(picture)
    for corner, name in zip(corners, ("Raw", "Cells"), strict=True):
        for pane in panes:
            _annotate(draw, pane, corner, f"{name} · " if pane is panes[0] else "")
    if voxel_size is not None:
        _draw_scale_bar(draw, (corners[0][0], picture.height - MARGIN_PX), px_per_um)
    with whole_file(path) as partial:
        picture.save(partial, format="PNG", compress_level=4)


def _scale(shape: tuple[int, ...], lengths_um: Lengths) -> float:
    """Pixels per µm with which the three slices fill a block."""
    z_um, y_um, x_um = (size * length_um for size, length_um in zip(shape, lengths_um, strict=True))
    return min((BLOCK_PX - GAP_PX) / (x_um + z_um), (BLOCK_PX - 2 * CAPTION_PX) / (y_um + z_um))


def _panes(raw: NDArray[Any], labels: NDArray[Any], lengths_um: Lengths, px_per_um: float) -> list[_Pane]:
    """XY, to its right YZ, below it XZ."""
    shape, cut = labels.shape, _middle(labels)
    pixels = [max(1, round(size * length * px_per_um)) for size, length in zip(shape, lengths_um, strict=True)]
    mark = [int((index + 0.5) / size * count) for index, size, count in zip(cut, shape, pixels, strict=True)]
    panes = []
    for name, rows, columns in (("XY", 1, 2), ("YZ", 1, 0), ("XZ", 0, 2)):
        normal = 3 - rows - columns
        across = tuple(cut[axis] if axis == normal else slice(None) for axis in range(3))
        raw_slice, label_slice = raw[across], labels[across]
        if rows > columns:
            raw_slice, label_slice = raw_slice.T, label_slice.T
        size = pixels[rows], pixels[columns]
        panes.append(
            _Pane(
                captions=(f"{name}, slice {cut[normal] + 1} of {shape[normal]}", f"{name}, {cut[normal] + 1}", name),
                left=0 if columns == 2 else pixels[2] + GAP_PX,
                top=CAPTION_PX if rows == 1 else pixels[1] + 2 * CAPTION_PX,
                raw=_smoothly_resized(raw_slice, size),
                labels=_nearest_resized(label_slice, size),
                mark=(mark[rows], mark[columns]),
            )
        )
    return panes


def _middle(labels: NDArray[Any]) -> tuple[int, ...]:
    """Slice of each axis that has half of the tissue on either side; the middle of the stack if there is none."""
    steps = [max(1, size // SAMPLES_PER_AXIS) for size in labels.shape]
    tissue = labels[tuple(slice(None, None, step) for step in steps)] != 0
    if not tissue.any():
        return tuple(size // 2 for size in labels.shape)
    middle = []
    for axis, step in enumerate(steps):
        before = np.cumsum(tissue.sum(axis=tuple(other for other in range(3) if other != axis)))
        middle.append(int(np.searchsorted(before, before[-1] / 2)) * step)
    return tuple(middle)


def _smoothly_resized(raw_slice: NDArray[Any], size: tuple[int, int]) -> NDArray[np.float32]:
    picture = Image.fromarray(np.ascontiguousarray(raw_slice, np.float32))
    return np.asarray(picture.resize(size[::-1], Image.Resampling.BICUBIC))


def _nearest_resized(label_slice: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    rows, columns = (
        ((np.arange(count) + 0.5) * length / count).astype(np.intp)
        for count, length in zip(size, label_slice.shape, strict=True)
    )
    return label_slice[np.ix_(rows, columns)]


def _in_tones(panes: Sequence[_Pane]) -> NDArray[np.uint8]:
    """Raw slices in their places, black to white over the same range of intensities; (height, width, 3)."""
    values = np.concatenate([pane.raw.ravel() for pane in panes])
    darkest, brightest = np.percentile(values, (DARKEST_PERCENT, BRIGHTEST_PERCENT))
    block = np.empty((max(pane.bottom for pane in panes), max(pane.right for pane in panes), 3), np.uint8)
    block[:] = BACKGROUND
    for pane in panes:
        tones = (pane.raw - darkest) / (brightest - darkest if brightest > darkest else 1)
        block[pane.place] = np.rint(tones.clip(0, 1) * 255).astype(np.uint8)[..., None]
    return block


def _in_colours(panes: Sequence[_Pane], tones: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Cells in colours over the dimmed raw slices; (height, width, 3)."""
    cells = np.zeros(tones.shape[:2], np.int64)
    shown = np.zeros(tones.shape[:2], bool)
    for pane in panes:
        cells[pane.place] = pane.labels
        shown[pane.place] = True
    # Only what is shown has to differ, and labels with great gaps would make a long table.
    cells, _ = fastremap.renumber(cells)
    inside = cells > 0
    raw_share = np.where(inside, RAW_UNDER_CELLS, np.where(shown, RAW_ELSEWHERE, 1)).astype(np.float32)
    block = (label_colours(cells) * np.float32(1 - RAW_UNDER_CELLS))[cells]
    block += raw_share[..., None] * tones
    border = np.zeros(cells.shape, bool)
    for axis in (0, 1):
        before, after = neighbour_pairs(axis)
        border[after] |= cells[before] != cells[after]
    block[border & inside] *= BORDER
    return np.asarray(np.rint(block), np.uint8)


def _in_words(labels: NDArray[Any], voxel_size: VoxelSize | None) -> str:
    cells = int(np.count_nonzero(fastremap.unique(labels)))
    return " · ".join(
        (
            {0: "no cells", 1: "1 cell"}.get(cells, f"{cells} cells"),
            "voxel size not known, shown as cubes" if voxel_size is None else f"voxel {voxel_size}",
            "{} × {} × {} voxels".format(*labels.shape),
        )
    )


def _laid_out(
    blocks: tuple[NDArray[np.uint8], NDArray[np.uint8]], title: str, lines: Sequence[str]
) -> tuple[Image.Image, list[tuple[int, int]]]:
    """Picture with header and both blocks side by side, and the blocks' left upper corners."""
    block_height, block_width, _ = blocks[0].shape
    both_px = 2 * block_width + BETWEEN_BLOCKS_PX
    width = max(both_px, NARROWEST_PX) + 2 * MARGIN_PX
    top = MARGIN_PX + TITLE_PX + len(lines) * LINE_PX
    picture = Image.new("RGB", (width, top + block_height + FOOTER_PX + MARGIN_PX), BACKGROUND)
    draw = ImageDraw.Draw(picture)
    room = width - 2 * MARGIN_PX
    draw.text((MARGIN_PX, MARGIN_PX - 6), _shortened(title, _font(26, bold=True), room), TEXT, _font(26, bold=True))
    for number, line in enumerate(lines):
        place = MARGIN_PX, MARGIN_PX + TITLE_PX + number * LINE_PX - 6
        draw.text(place, _shortened(line, _font(16), room), FAINT, _font(16))
    left = (width - both_px) // 2
    corners = [(left, top), (left + block_width + BETWEEN_BLOCKS_PX, top)]
    for block, corner in zip(blocks, corners, strict=True):
        picture.paste(Image.fromarray(block), corner)
    return picture, corners


def _annotate(draw: ImageDraw.ImageDraw, pane: _Pane, corner: tuple[int, int], name: str) -> None:
    """Caption above a pane; ticks at its right and lower edge where the other slices cut it."""
    left, top, right, bottom = (
        edge + corner[number % 2] for number, edge in enumerate((pane.left, pane.top, pane.right, pane.bottom))
    )
    font = _font(14)
    fitting = [text for text in (name + caption for caption in pane.captions) if font.getlength(text) <= right - left]
    draw.text((left, top - 7), (fitting or [pane.captions[-1]])[0], FAINT, font, anchor="ls")
    row, column = pane.mark
    draw.line((right + 1, top + row, right + 5, top + row), FAINT)
    draw.line((left + column, bottom + 1, left + column, bottom + 5), FAINT)


def _draw_scale_bar(draw: ImageDraw.ImageDraw, corner: tuple[int, int], px_per_um: float) -> None:
    """White bar of a round length with its left lower end at `corner`, and its length beside it."""
    length_um = _round_length(BLOCK_PX / px_per_um / 8)
    left, bottom = corner
    right = left + round(length_um * px_per_um)
    draw.rectangle((left, bottom - 4, right, bottom), TEXT)
    draw.text((right + 10, bottom - 2), f"{length_um:g} µm", TEXT, _font(15), anchor="lm")


def _round_length(length_um: float) -> float:
    """Length of the form 1, 2 or 5 times a power of ten that is nearest in proportion."""
    exponent = np.floor(np.log10(length_um))
    candidates = np.array([1, 2, 5, 10]) * 10.0**exponent
    return float(candidates[np.abs(np.log(candidates / length_um)).argmin()])


def _shortened(text: str, font: Font, width_px: int) -> str:
    """Text that fits, with its middle left out if need be: names of files differ at their ends."""
    text = " ".join(text.split())
    kept = len(text)
    shown = text
    while font.getlength(shown) > width_px:
        kept -= 1
        shown = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
    return shown


@cache
def _font(size: int, bold: bool = False) -> Font:
    folder = resources.fonts("matplotlib", "mpl-data/fonts/ttf")
    return ImageFont.truetype(folder / ("DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"), size)
