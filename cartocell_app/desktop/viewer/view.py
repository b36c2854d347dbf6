"""What is to be shown of one stack, and how; no Qt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cartocell_app.desktop.viewer.geometry import Zyx, innermost

Array = NDArray[Any]

CellStyle = Literal["fill", "outlines"]
Method = Literal["mip", "attenuated_mip", "translucent", "iso"]

RAW = "Raw"
COLOUR_MAPS = ("grey", "inverted grey", "green", "magenta", "viridis")
VOLUME_METHODS: dict[Method, str] = {
    "mip": "Brightest in line",
    "attenuated_mip": "Brightest, near first",
    "translucent": "See-through fog",
    "iso": "Surface of one brightness",
}
"""Ways to draw a raw stack in 3D: vispy's names and ours."""

SAMPLED = 2_000_000
DARK_PERCENT, BRIGHT_PERCENT = 0.5, 99.8


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

    @cached_property
    def boxes(self) -> list[tuple[slice, ...] | None]:
        """Where each label lies, from label 1 on; None for numbers without a cell."""
        from scipy.ndimage import find_objects

        return [] if self.labels is None else find_objects(self.labels)

    @cached_property
    def sample(self) -> Array | None:
        """Some voxels of `raw`, flat."""
        return None if self.raw is None else sampled(self.raw)

    def with_labels(
        self,
        labels: Array,
        colours: NDArray[np.uint8] | None = None,
        boxes: list[tuple[slice, ...] | None] | None = None,
    ) -> "VolumeView":
        """The same stack with other cells; their colours and boxes as given, else worked out when they are wanted."""
        view = replace(self, labels=labels)
        given = {"colours": colours, "boxes": boxes}
        known = {"sample": self.sample} | {name: value for name, value in given.items() if value is not None}
        # Where a cached property keeps what it worked out.
        vars(view).update(known)
        return view

    def prepared(self) -> "VolumeView":
        """Work out all that takes long, in a worker thread, and return the same view."""
        for name in ("colours", "boxes", "sample"):
            getattr(self, name)
        return self

    def middle_of_cell(self, label: int) -> tuple[int, int, int] | None:
        """Voxel (z, y, x) in a cell, near its middle; None if there is no such cell."""
        box = self.boxes[label - 1] if 0 < label <= len(self.boxes) else None
        return None if self.labels is None or box is None else innermost(self.labels, box, label)


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
        On slices.
    opacity : float
        Of cells, 0 to 1.
    cell : int
        Selected; 0 = none.
    only : frozenset of int or None
        Show no other cells than these.
    hidden : frozenset of int
        Do not show these cells.
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
    cell_style: CellStyle = "fill"
    opacity: float = 0.45
    cell: int = 0
    only: frozenset[int] | None = None
    hidden: frozenset[int] = frozenset()
    show_volume: bool = False
    show_surfaces: bool = True
    method: Method = "mip"
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


def notes(steps: Zyx, limit: int, shape: Zyx, surface_steps: Zyx) -> str:
    """What she should know about how 3D is drawn; empty if all is drawn as it is.

    Parameters
    ----------
    steps, surface_steps : (z, y, x)
        Every how many voxels of the layer, and of the cells, are drawn.
    limit : int
        Most voxels along a side that the graphics card takes.
    shape : (z, y, x)
        Size of the stack in voxels.
    """
    words = []
    if max(steps) > 1:
        reason = (
            f"this graphics card takes up to {limit} along a side"
            if max(shape) > limit
            else "more would fill the graphics card's memory"
        )
        words.append(f"The picture in 3D shows one voxel of {_by(steps)} (z, y, x): {reason}.")
    if max(surface_steps) > 1:
        words.append(f"Surfaces are made from one voxel of {_by(surface_steps)}, so that they can be turned fluently.")
    return " ".join(words)


def _by(steps: Zyx) -> str:
    return " × ".join(f"{step:g}" for step in steps)
