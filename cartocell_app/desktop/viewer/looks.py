"""From what a person wants to see, and what there is, to what is drawn; no Qt.

`resolve` is the only place that knows how the two meet. Whoever draws compares the new `Looks` with the last ones and
does only what changed: moving cells apart leaves the slices alone, another brightness leaves the surfaces alone.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cartocell_app.desktop.viewer.geometry import rim
from cartocell_app.desktop.viewer.view import CellStyle, Display, Method

DIMMED = 0.25
"""Opacity of the other cells while one is selected, as a share of theirs."""

DIMMED_OUTLINE = 0.6
DIMMED_3D = 0.4
"""Brightness of the other cells in 3D while one is selected."""

SELECTED_AT_LEAST = 0.6
"""Opacity of the selected cell, however faint the others are."""

RIM_COLOUR = (255, 255, 255, 255)


@dataclass(frozen=True)
class Facts:
    """What there is to draw.

    Attributes
    ----------
    has_picture, has_cells : bool
        Whether the wanted layer is there, and whether there are cells.
    picture_is_labels : bool
        The wanted layer holds labels (seeds), not intensities.
    """

    has_picture: bool
    has_cells: bool
    picture_is_labels: bool = False


@dataclass(frozen=True)
class PictureLook:
    """How the wanted layer is drawn on slices; `in_colours`: as labels, in the cells' colours."""

    layer: str
    levels: tuple[float, float]
    colour_map: str
    in_colours: bool


@dataclass(frozen=True)
class CellsLook:
    """How cells are drawn over it; `cell` is selected (0 = none), `only` None shows all but the `hidden` ones."""

    style: CellStyle
    opacity: float
    cell: int
    only: frozenset[int] | None
    hidden: frozenset[int]


@dataclass(frozen=True)
class Cut:
    """The part of 3D that is cut away: this share of the axis (0 = z), from its beginning."""

    axis: int
    share: float


@dataclass(frozen=True)
class VolumeLook:
    """How the wanted layer is drawn in 3D."""

    layer: str
    levels: tuple[float, float]
    colour_map: str
    method: Method
    cut: Cut | None


@dataclass(frozen=True)
class SurfacesLook:
    """How the cells are drawn in 3D."""

    cell: int
    only: frozenset[int] | None
    hidden: frozenset[int]
    apart: float
    cut: Cut | None


@dataclass(frozen=True)
class Looks:
    """What is drawn; None = not at all."""

    picture: PictureLook | None
    cells: CellsLook | None
    volume: VolumeLook | None
    surfaces: SurfacesLook | None


def resolve(wanted: Display, facts: Facts) -> Looks:
    """What is drawn, given what is wanted and what there is."""
    cut = Cut(wanted.cut_axis, wanted.cut) if wanted.cut > 0 else None
    # Labels have no brightness: in 3D they are drawn as being there or not.
    levels = (0.0, 1.0) if facts.picture_is_labels else wanted.levels
    picture = volume = cells = surfaces = None
    if facts.has_picture and wanted.show_image:
        picture = PictureLook(wanted.layer, levels, wanted.colour_map, facts.picture_is_labels)
    if facts.has_picture and wanted.show_volume:
        # Bright empty space would hide what it surrounds.
        colour_map = "grey" if wanted.colour_map == "inverted grey" else wanted.colour_map
        volume = VolumeLook(wanted.layer, levels, colour_map, wanted.method, cut)
    if facts.has_cells and wanted.show_cells:
        cells = CellsLook(wanted.cell_style, wanted.opacity, wanted.cell, wanted.only, wanted.hidden)
    if facts.has_cells and wanted.show_surfaces:
        surfaces = SurfacesLook(wanted.cell, wanted.only, wanted.hidden, wanted.explode, cut)
    return Looks(picture, cells, volume, surfaces)


def shown_labels(count: int, only: frozenset[int] | None, hidden: frozenset[int]) -> NDArray[np.bool_]:
    """Which of the labels 0 … `count` - 1 are shown; 0 never is."""
    shown = np.full(count, only is None)
    if only is not None:
        shown[[label for label in only if 0 <= label < count]] = True
    shown[[label for label in hidden if 0 <= label < count]] = False
    shown[0] = False
    return shown


def label_lut(colours: NDArray[np.uint8], look: CellsLook) -> NDArray[np.uint8]:
    """Colour and opacity of each label on a slice.

    Parameters
    ----------
    colours : (N, 3) ndarray of uint8
        RGB of each label; row 0 is background.
    look : CellsLook
        What is wanted.

    Returns
    -------
    (N, 4) ndarray of uint8
        RGBA. Row 0 is fully transparent, and so are hidden cells.
    """
    outlined = look.style == "outlines"
    strength = 1.0 if outlined else look.opacity
    alpha = np.full(len(colours), strength * 255.0)
    if 0 < look.cell < len(colours):
        alpha *= DIMMED_OUTLINE if outlined else DIMMED
        alpha[look.cell] = 255.0 * max(strength, SELECTED_AT_LEAST)
    alpha[~shown_labels(len(colours), look.only, look.hidden)] = 0
    lut = np.empty((len(colours), 4), np.uint8)
    lut[:, :3] = colours
    lut[:, 3] = np.rint(alpha)
    return lut


def drawn_cells(
    labels: NDArray[np.integer], edges: NDArray[np.bool_] | None, lut: NDArray[np.uint8], cell: int
) -> NDArray[np.uint8]:
    """A slice of cells in colour.

    Parameters
    ----------
    labels : (H, W) ndarray of int
        The slice; 0 is background.
    edges : (H, W) ndarray of bool or None
        Only these pixels are drawn; None = all.
    lut : (N, 4) ndarray of uint8
        RGBA of each label.
    cell : int
        Gets a bold outline; 0 = none.

    Returns
    -------
    (H, W, 4) ndarray of uint8
        RGBA.
    """
    # "clip" is the quickest way to take; all labels are in the table.
    drawn = lut.take(labels if edges is None else np.where(edges, labels, 0), axis=0, mode="clip")
    if 0 < cell < len(lut) and lut[cell, 3]:
        rows, columns = (np.flatnonzero((labels == cell).any(axis=axis)) for axis in (1, 0))
        if len(rows):
            box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            drawn[box][rim(labels[box], cell)] = RIM_COLOUR
    return drawn
