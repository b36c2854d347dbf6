"""Kinds of specimens, and the presets from which they are drawn."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from training.cyst_geometry import FloatArray, Painted, draw_clump, draw_cyst
from training.tissue_drawing import (
    draw_dense,
    draw_layers,
    draw_lumens,
    draw_sheet,
    draw_spheroid,
    draw_tube,
    tube_radii_um,
)

Kind = Literal["cyst", "clump", "tube", "sheet", "lumens", "layers", "dense", "spheroid"]

ALONE_AND_CLOSED: tuple[Kind, ...] = ("cyst", "clump")
"""What a field can hold several of."""


class AnyBody(Protocol):
    """What is drawn in a frame: `training.cyst_geometry.Body` or `training.tissue.Tissue`."""

    @property
    def centre_um(self) -> FloatArray:
        """Centre (z, y, x) in µm."""

    @property
    def cells(self) -> int:
        """Number of cells drawn."""

    def reach_um(self) -> FloatArray:
        """Half-size (z, y, x) in µm of a box around the centre that holds it."""

    def paint(self, points_um: FloatArray) -> Painted:
        """Evaluate it at (N, 3) points (z, y, x) in µm."""


@dataclass(frozen=True)
class Preset:
    """Ranges from which one kind of specimen is drawn.

    Attributes
    ----------
    cells : tuple of int
        Fewest and most cells (drawn evenly on a logarithmic scale); of what the frame cuts, about as many as it shows.
    cell_volume_um3 : tuple of float
        Mean volume of a cell.
    height_factor : tuple of float
        Cell height: of cysts against the usual one for the number of cells, of layers, tubes and sheets against the
        side of a cube of the cell's volume. Under 1 flat, above 1 tall.
    voxel_um : tuple of float
        Voxel size (z, y, x).
    neighbours : float
        Mean number of neighbouring cysts cut by the frame.
    kind : str
        What is drawn.
    layers : tuple of int
        Fewest and most layers of cells of ``layers`` and ``sheet``.
    tilt : float
        Greatest turn in radians of tubes out of the plane and sheets into it.
    optics, stain : tuple of (name, range)
        Ranges that differ from `OPTICS_RANGES` and `STAIN_RANGES`.
    """

    cells: tuple[int, int]
    cell_volume_um3: tuple[float, float]
    height_factor: tuple[float, float]
    voxel_um: tuple[float, float, float]
    neighbours: float = 0.5
    kind: Kind = "cyst"
    layers: tuple[int, int] = (1, 1)
    tilt: float = 0.25
    optics: tuple[tuple[str, tuple[float, float]], ...] = ()
    stain: tuple[tuple[str, tuple[float, float]], ...] = ()


LONGEST_TUBE_UM = 120.0
"""In the frame; thin tubes of many cells would be far longer than wide."""

LOW_RESOLUTION_UM = (0.7, 0.6151658, 0.6151658)
HIGH_RESOLUTION_UM = (0.5, 0.0672858, 0.0672858)

PRESETS: dict[str, Preset] = {
    "4d": Preset((8, 60), (700, 1200), (0.7, 1.5), LOW_RESOLUTION_UM),
    "7d": Preset((23, 100), (650, 1100), (0.7, 1.5), LOW_RESOLUTION_UM),
    "10d": Preset((45, 150), (600, 1000), (0.7, 1.6), LOW_RESOLUTION_UM, neighbours=0.8),
    "high-resolution": Preset(
        (8, 70),
        (700, 1200),
        (0.7, 1.5),
        HIGH_RESOLUTION_UM,
        neighbours=0.2,
        optics=(("psf_xy_um", (0.10, 0.16)), ("psf_z_um", (0.3, 0.6)), ("photons", (3.0, 20.0))),
    ),
    "clump": Preset((6, 120), (500, 2500), (1.0, 1.0), LOW_RESOLUTION_UM, neighbours=0.2, kind="clump"),
    "tube": Preset((40, 140), (500, 1200), (0.7, 1.8), LOW_RESOLUTION_UM, 0, "tube"),
    "sheet": Preset((40, 150), (500, 1500), (0.4, 2.2), LOW_RESOLUTION_UM, 0, "sheet"),
    "lumens": Preset((25, 110), (600, 1200), (1.0, 1.0), LOW_RESOLUTION_UM, 0.3, "lumens"),
    "layers": Preset((60, 200), (500, 1000), (0.7, 1.3), LOW_RESOLUTION_UM, 0.3, "layers", layers=(2, 3)),
    "dense": Preset((60, 220), (500, 1500), (1.0, 1.0), LOW_RESOLUTION_UM, 0, "dense"),
    "spheroid": Preset((15, 110), (500, 2000), (1.0, 1.0), LOW_RESOLUTION_UM, 0.2, "spheroid"),
}


def draw_body(
    preset: Preset, rng: np.random.Generator, extent_um: FloatArray | None = None
) -> tuple[AnyBody, FloatArray | None]:
    """Draw a body around the origin.

    Parameters
    ----------
    preset : Preset
        What, and its ranges.
    rng : numpy.random.Generator
        Source of all randomness.
    extent_um : (3,) ndarray, optional
        Frame (z, y, x) that will be looked at.

    Returns
    -------
    body : AnyBody
        Drawn.
    extent_um : (3,) ndarray or None
        The frame given; for what goes on beyond it, one that shows about as many cells as were drawn if none was.
    """
    cells = int(np.rint(np.exp(rng.uniform(*np.log(preset.cells)))))
    volume_um3 = rng.uniform(*preset.cell_volume_um3)
    roughness, elongation = rng.uniform(0.02, 0.10), rng.uniform(1.0, 1.45)
    if preset.kind == "clump":
        return draw_clump(cells, volume_um3, roughness, elongation, rng), extent_um
    if preset.kind == "spheroid":
        return draw_spheroid(cells, volume_um3, roughness, rng), extent_um
    if preset.kind == "lumens":
        return draw_lumens(cells, volume_um3, roughness, rng), extent_um
    height = rng.uniform(*preset.height_factor)
    if preset.kind == "cyst":
        return draw_cyst(cells, volume_um3, height, roughness, elongation, rng), extent_um
    layers = int(rng.integers(preset.layers[0], preset.layers[1] + 1))
    if preset.kind == "layers":
        return draw_layers(cells, volume_um3, height, layers, roughness, rng), extent_um
    return _draw_cut(preset, cells, volume_um3, height, layers, rng, extent_um)


def _draw_cut(
    preset: Preset,
    cells: int,
    volume_um3: float,
    height: float,
    layers: int,
    rng: np.random.Generator,
    extent_um: FloatArray | None,
) -> tuple[AnyBody, FloatArray]:
    """Draw what goes on beyond the frame, and the frame if there is none yet."""
    height_um = height * float(np.cbrt(volume_um3))
    if preset.kind == "dense":
        frame = np.cbrt(cells * volume_um3) * np.exp(rng.uniform(-0.2, 0.2, 3))
        extent = _frame(frame, extent_um)
        return draw_dense(extent, volume_um3, rng), extent
    if preset.kind == "sheet":
        side_um = np.sqrt(cells * volume_um3 / (layers * height_um))
        frame = np.array([layers * height_um + rng.uniform(14, 26), side_um, side_um])
        extent = _frame(frame, extent_um)
        return draw_sheet(extent, volume_um3, height, layers, preset.tilt, rng), extent
    around = int(rng.integers(5, 17))
    middle_um, _ = tube_radii_um(around, volume_um3, height_um)
    wide_um = 2 * middle_um + height_um + rng.uniform(8, 16)
    length_um = min(cells * volume_um3 / (2 * np.pi * middle_um * height_um), LONGEST_TUBE_UM)
    frame = np.array([wide_um, wide_um, length_um])
    extent = _frame(frame, extent_um)
    return draw_tube(extent, around, volume_um3, height, preset.tilt, rng), extent


def _frame(drawn_um: NDArray[np.floating], given_um: FloatArray | None) -> FloatArray:
    return np.asarray(np.maximum(drawn_um, 24) if given_um is None else given_um, np.float32)
