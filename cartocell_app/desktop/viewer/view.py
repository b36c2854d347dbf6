"""What is to be shown of one stack, and how; no Qt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cartocell_app.desktop.viewer.geometry import Zyx

Array = NDArray[Any]

RAW = "Raw"
COLOUR_MAPS = ("grey", "inverted grey", "green", "magenta", "viridis")
VOLUME_METHODS = {
    "mip": "Brightest along the line of sight",
    "attenuated_mip": "Brightest, nearer ones first",
    "translucent": "See-through fog",
    "iso": "Surface at one brightness",
}
"""Ways to draw a raw stack in 3D: vispy's names and ours."""

SAMPLED = 2_000_000
DARK_PERCENT, BRIGHT_PERCENT = 0.5, 99.8

DIMMED = 0.25
"""Opacity of the other cells while one is selected, as a share of theirs."""


@dataclass(frozen=True, eq=False)
class VolumeView:
    """One stack with all that can be shown of it.

    Attributes
    ----------
    name : str
    raw : (Z, Y, X) ndarray or None
        Intensities.
    labels : (Z, Y, X) ndarray of uint or None
        Cells; 0 is background and lumen. Same shape as `raw`.
    voxel_um : (z, y, x) or None
        None if nobody knows: voxels are drawn as cubes then.
    extras : mapping of str to callable
        Other pictures of the same shape (maps, seeds, foreground) by their words, read when they are first wanted.
    label_extras : frozenset of str
        Those of `extras` that hold labels.
    """

    name: str
    raw: Array | None
    labels: Array | None = None
    voxel_um: Zyx | None = None
    extras: Mapping[str, Callable[[], Array]] = field(default_factory=dict)
    label_extras: frozenset[str] = frozenset()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Size (z, y, x) in voxels."""
        some = self.raw if self.raw is not None else self.labels
        assert some is not None, "a view needs raw or labels"
        z, y, x = some.shape
        return z, y, x

    @property
    def drawn_um(self) -> Zyx:
        """Voxel size (z, y, x) to draw with: 1 for each axis if it is unknown."""
        return self.voxel_um or (1.0, 1.0, 1.0)

    @property
    def extent_um(self) -> Zyx:
        """Size (z, y, x) of the whole volume, in µm (voxels if their size is unknown)."""
        z, y, x = (count * size for count, size in zip(self.shape, self.drawn_um, strict=True))
        return z, y, x

    @cached_property
    def colours(self) -> NDArray[np.uint8]:
        """RGB of each label, (labels.max() + 1, 3)."""
        from cartocell_app.segmentation.colours import label_colours

        return np.zeros((1, 3), np.uint8) if self.labels is None else label_colours(self.labels)


@dataclass(frozen=True)
class Display:
    """How a stack is shown; everything that a person can change.

    Attributes
    ----------
    layer : str
        `RAW` or a key of `VolumeView.extras`.
    show_image : bool
    levels : (float, float)
        Intensities that are drawn darkest and brightest.
    colour_map : str
        One of `COLOUR_MAPS`.
    show_cells : bool
    cell_style : {"fill", "outlines"}
    opacity : float
        Of cells, 0 to 1.
    cell : int
        Selected; 0 = none.
    only : frozenset of int or None
        Show no other cells than these.
    show_volume, show_surfaces : bool
        In 3D.
    method : str
        A key of `VOLUME_METHODS`.
    cut_axis : int
        Axis (0 = z) along which 3D is cut open.
    cut : float
        Share of the volume that is cut away, 0 to 1.
    explode : float
        How far cells are moved apart, 0 to 1.
    """

    layer: str = RAW
    show_image: bool = True
    levels: tuple[float, float] = (0.0, 255.0)
    colour_map: str = "grey"
    show_cells: bool = True
    cell_style: Literal["fill", "outlines"] = "fill"
    opacity: float = 0.45
    cell: int = 0
    only: frozenset[int] | None = None
    show_volume: bool = False
    show_surfaces: bool = True
    method: str = "mip"
    cut_axis: int = 0
    cut: float = 0.0
    explode: float = 0.0


def sampled(data: Array, most: int = SAMPLED) -> Array:
    """Some voxels, evenly from the whole volume, flat: enough to know how bright it is."""
    step = max(1, int(np.ceil((data.size / most) ** (1 / 3))))
    return data[::step, ::step, ::step].ravel()


def automatic_levels(sample: Array) -> tuple[float, float]:
    """Intensities between which nearly all of the picture lies."""
    if not sample.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(sample, (DARK_PERCENT, BRIGHT_PERCENT)))
    return (low, high) if high > low else (low, low + 1.0)


def label_lut(colours: NDArray[np.uint8], display: Display) -> NDArray[np.uint8]:
    """Colour and opacity of each label on a slice.

    Parameters
    ----------
    colours : (N, 3) ndarray of uint8
        RGB of each label; row 0 is background.
    display : Display
        What is wanted.

    Returns
    -------
    (N, 4) ndarray of uint8
        RGBA. Row 0 is fully transparent, and so are hidden cells.
    """
    strength = 1.0 if display.cell_style == "outlines" else display.opacity
    alpha = np.full(len(colours), strength * 255.0)
    if 0 < display.cell < len(colours):
        alpha *= DIMMED if display.cell_style == "fill" else 0.6
        alpha[display.cell] = 255.0 * max(strength, 0.6)
    if display.only is not None:
        hidden = np.ones(len(colours), np.bool_)
        hidden[[label for label in display.only if 0 <= label < len(colours)]] = False
        alpha[hidden] = 0
    alpha[0] = 0
    lut = np.empty((len(colours), 4), np.uint8)
    lut[:, :3] = colours
    lut[:, 3] = np.rint(alpha)
    return lut
