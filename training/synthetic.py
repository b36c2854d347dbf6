"""Synthetic cysts with exact truth: to train on, and to test everything against.

Shapes and numbers of cells follow what is known of the MDCK cysts of the CartoCell data set
(`specs/cartography.md` §1.2, §8, §9); pictures follow the physics of a confocal microscope
(`training.microscope`). The same preset, seed and options give the same bytes.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cc3d
import fastremap
import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.segmentation.boxes import neighbour_pairs
from cartocell_app.stacks.voxel_size import VoxelSize
from training.cyst_geometry import Body, FloatArray, draw_clump, draw_cyst, unit
from training.microscope import (
    OPTICS_RANGES,
    STAIN_RANGES,
    Optics,
    Stain,
    add_debris,
    blurred,
    draw_from,
    photographed,
    stained,
)

Shape = tuple[int, int, int]

SMALLEST_PIECE_UM3 = 40.0
"""A visible part of a cell smaller than this (a neighbour's corner at the frame) is given to the cell beside it."""

SLAB_VOXELS = 4_000_000


@dataclass(frozen=True)
class Preset:
    """Ranges from which one kind of specimen is drawn.

    Attributes
    ----------
    cells : tuple of int
        Fewest and most cells (drawn evenly on a logarithmic scale).
    cell_volume_um3 : tuple of float
        Mean volume of a cell.
    height_factor : tuple of float
        Cell height against the usual one for the number of cells: under 1 flat, above 1 tall.
    voxel_um : tuple of float
        Voxel size (z, y, x).
    neighbours : float
        Mean number of neighbouring cysts cut by the frame.
    solid : bool
        A clump without a lumen in place of a cyst.
    optics, stain : tuple of (name, range)
        Ranges that differ from `OPTICS_RANGES` and `STAIN_RANGES`.
    """

    cells: tuple[int, int]
    cell_volume_um3: tuple[float, float]
    height_factor: tuple[float, float]
    voxel_um: tuple[float, float, float]
    neighbours: float = 0.5
    solid: bool = False
    optics: tuple[tuple[str, tuple[float, float]], ...] = ()
    stain: tuple[tuple[str, tuple[float, float]], ...] = ()


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
    "clump": Preset((6, 120), (500, 2500), (1.0, 1.0), LOW_RESOLUTION_UM, neighbours=0.2, solid=True),
}


@dataclass(frozen=True)
class Scene:
    """What lies in the frame, and how it is stained and seen; independent of the grid.

    Attributes
    ----------
    bodies : tuple of Body
        The main body first, at the centre of the frame; neighbours after it.
    extent_um : (3,) ndarray
        Size of the frame (z, y, x) in µm.
    stain, optics
        See `training.microscope`.
    seed : int
        Of everything random in drawing the picture.
    """

    bodies: tuple[Body, ...]
    extent_um: FloatArray
    stain: Stain
    optics: Optics
    seed: int


@dataclass(frozen=True)
class SyntheticCyst:
    """A picture and the truth about it, on one grid.

    Attributes
    ----------
    raw : (Z, Y, X) ndarray of uint8 or uint16
        What the microscope recorded.
    labels : (Z, Y, X) ndarray of uint16
        1 … n without gaps, the main body's cells first; 0 is lumen and outside.
    lumen, outside : (Z, Y, X) ndarray of bool
        Inside a lumen; neither in a cell nor in a lumen.
    voxel_size : VoxelSize
        Source "synthetic".
    cells : int
        Number of labels that belong to the main body.
    """

    raw: NDArray[Any]
    labels: NDArray[np.uint16]
    lumen: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    voxel_size: VoxelSize
    cells: int


def synthesize(
    preset: str,
    seed: int,
    *,
    voxel_um: tuple[float, float, float] | None = None,
    shape: Shape | None = None,
    dtype: type[Any] = np.uint8,
) -> SyntheticCyst:
    """Make one synthetic cyst.

    Parameters
    ----------
    preset : str
        A key of `PRESETS`.
    seed : int
        The same seed gives the same bytes.
    voxel_um : tuple of float, optional
        Voxel size (z, y, x) in µm; the preset's if not given.
    shape : tuple of int, optional
        Size (z, y, x) in voxels; just large enough for the cyst and a margin if not given.
    dtype : type
        ``numpy.uint8`` or ``numpy.uint16`` (12 bits used).

    Raises
    ------
    UserError
        If there is no such preset.
    """
    if preset not in PRESETS:
        raise UserError(f"There is no preset {preset!r}.", f"Choose one of {', '.join(PRESETS)}.")
    rng = np.random.default_rng([seed, zlib.crc32(preset.encode())])
    voxel_size = VoxelSize(*(voxel_um or PRESETS[preset].voxel_um), source="synthetic")
    extent_um = None if shape is None else np.array(shape, np.float32) * voxel_size.zyx_um
    scene = draw_scene(PRESETS[preset], rng, extent_um)
    if shape is None:
        z, y, x = np.maximum(np.rint(scene.extent_um / voxel_size.zyx_um), 8).astype(int)
        shape = int(z), int(y), int(x)
    return render(scene, shape, voxel_size, dtype)


def draw_scene(preset: Preset, rng: np.random.Generator, extent_um: FloatArray | None = None) -> Scene:
    """Draw bodies, stain and optics of `preset`; the frame fits the main body if `extent_um` is not given."""
    main = _draw_body(preset, rng)
    if extent_um is None:
        extent_um = 2 * main.reach_um() + rng.uniform(4, 16, 3).astype(np.float32)
    main = replace(main, centre_um=(np.asarray(extent_um) / 2).astype(np.float32))
    bodies = [main]
    for _ in range(rng.poisson(preset.neighbours)):
        neighbour = _beside(main, _draw_body(preset, rng), rng)
        if all(_apart(neighbour, other) for other in bodies[1:]):
            bodies.append(neighbour)
    return Scene(
        tuple(bodies),
        np.asarray(extent_um, np.float32),
        *_draw_looks(preset, rng),
        int(rng.integers(2**62)),
    )


def draw_field(preset: Preset, count: int, extent_um: Sequence[float], rng: np.random.Generator) -> Scene:
    """Draw a field of up to `count` cysts apart from each other in a frame of `extent_um` (z, y, x)."""
    extent = np.asarray(extent_um, np.float32)
    bodies: list[Body] = []
    for _ in range(count * 50):
        body = _draw_body(preset, rng)
        # Thin fields cut cysts at the top and bottom, as real ones do; in the plane they lie inside.
        room = np.maximum(extent / 2 - body.reach_um() - 2, [extent[0] * 0.1, 0, 0])
        body = replace(body, centre_um=(extent / 2 + rng.uniform(-room, room)).astype(np.float32))
        if all(_apart(body, other, gap_um=6) for other in bodies):
            bodies.append(body)
        if len(bodies) == count:
            break
    return Scene(
        tuple(bodies),
        extent,
        *_draw_looks(preset, rng),
        int(rng.integers(2**62)),
    )


def _draw_looks(preset: Preset, rng: np.random.Generator) -> tuple[Stain, Optics]:
    stain = draw_from(STAIN_RANGES | dict(preset.stain), rng)
    optics = draw_from(OPTICS_RANGES | dict(preset.optics), rng)
    return Stain(**stain), Optics(**optics)


def _draw_body(preset: Preset, rng: np.random.Generator) -> Body:
    cells = int(np.rint(np.exp(rng.uniform(*np.log(preset.cells)))))
    volume_um3 = rng.uniform(*preset.cell_volume_um3)
    roughness, elongation = rng.uniform(0.02, 0.10), rng.uniform(1.0, 1.45)
    if preset.solid:
        return draw_clump(cells, volume_um3, roughness, elongation, rng)
    return draw_cyst(cells, volume_um3, rng.uniform(*preset.height_factor), roughness, elongation, rng)


def _beside(main: Body, neighbour: Body, rng: np.random.Generator) -> Body:
    """Place `neighbour` next to `main`, so far that they hardly touch."""
    direction = unit(rng.normal(size=(1, 3)) * [0.6, 1, 1])[0]
    away = _reach_towards(main, direction) + _reach_towards(neighbour, -direction) + rng.uniform(0.5, 10)
    return replace(neighbour, centre_um=(main.centre_um + direction * np.float32(away)).astype(np.float32))


def _reach_towards(body: Body, direction: FloatArray) -> float:
    """Distance in µm from the centre to the outer surface along a unit vector."""
    round_direction = np.linalg.inv(body.stretch).astype(np.float32) @ direction
    length = float(np.linalg.norm(round_direction))
    return float(body.outer.radius_um((round_direction / length)[None])[0]) / length


def _apart(one: Body, other: Body, gap_um: float = 0.5) -> bool:
    offset = other.centre_um - one.centre_um
    distance = float(np.linalg.norm(offset))
    if distance < 1:
        return False
    direction = (offset / distance).astype(np.float32)
    return distance > _reach_towards(one, direction) + _reach_towards(other, -direction) + gap_um


def render(scene: Scene, shape: Shape, voxel_size: VoxelSize, dtype: type[Any] = np.uint8) -> SyntheticCyst:
    """Draw `scene` on a grid of `shape` (z, y, x), which covers the frame from corner to corner."""
    rng = np.random.default_rng(scene.seed)
    labels, lumen, signal, main_cells = _paint_bodies(scene, shape, voxel_size, rng)
    labels, kept = _tidy(labels, voxel_size)
    outside = (labels == 0) & ~lumen
    signal = stained(signal, scene.stain, voxel_size, rng)
    add_debris(signal, labels == 0, scene.stain, voxel_size, rng)
    signal = blurred(signal, scene.optics, voxel_size)
    # Blur dims thin membranes: the gain is set, as at the microscope, so that they are well seen.
    tissue = signal[labels > 0]
    signal /= max(float(np.percentile(tissue[:: max(1, len(tissue) // 200_000)], 85)), 1e-6) if len(tissue) else 1.0
    raw = photographed(signal, scene.optics, voxel_size, dtype, rng)
    return SyntheticCyst(raw, labels, lumen, outside, voxel_size, cells=int((kept <= main_cells).sum()))


def truth_labels(scene: Scene, shape: Shape, voxel_size: VoxelSize) -> NDArray[np.uint16]:
    """Labels of `scene` on another grid of the same frame, (Z, Y, X), exact as those of `render`."""
    labels, *_ = _paint_bodies(scene, shape, voxel_size, np.random.default_rng(scene.seed))
    return _tidy(labels, voxel_size)[0]


def _paint_bodies(
    scene: Scene, shape: Shape, voxel_size: VoxelSize, rng: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.bool_], FloatArray, int]:
    """Labels, lumen, membrane signal (lateral = 1) of all bodies, and the number of cells of the first."""
    labels = np.zeros(shape, np.uint16)
    lumen = np.zeros(shape, np.bool_)
    signal = np.zeros(shape, np.float32)
    step_um = np.array(voxel_size.zyx_um, np.float32)
    first = 0
    for body in scene.bodies:
        levels = _cytoplasm_levels(body.cells, scene.stain, rng)
        reach = body.reach_um()
        start = np.maximum(np.floor((body.centre_um - reach) / step_um), 0).astype(int)
        stop = np.minimum(np.ceil((body.centre_um + reach) / step_um), shape).astype(int)
        if (stop <= start).any():
            continue
        planes = max(1, SLAB_VOXELS // int(np.prod(stop[1:] - start[1:])))
        for z in range(start[0], stop[0], planes):
            box = (slice(z, min(z + planes, stop[0])), slice(start[1], stop[1]), slice(start[2], stop[2]))
            _paint_box(body, box, first, levels, scene.stain, step_um, labels, lumen, signal)
        first += body.cells
    return labels, lumen, signal, scene.bodies[0].cells if scene.bodies else 0


def _paint_box(
    body: Body,
    box: tuple[slice, slice, slice],
    first: int,
    levels: FloatArray,
    stain: Stain,
    step_um: FloatArray,
    labels: NDArray[np.uint16],
    lumen: NDArray[np.bool_],
    signal: FloatArray,
) -> None:
    """Add one body within one box of the frame, in place; what an earlier body has taken is left to it."""
    axes = [
        (np.arange(part.start, part.stop, dtype=np.float32) + 0.5) * step
        for part, step in zip(box, step_um, strict=True)
    ]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    painted = body.paint(grid.reshape(-1, 3))
    free = (labels[box] == 0) & ~lumen[box]
    cell = painted.cell.reshape(grid.shape[:3])
    mine = free & (cell > 0)
    labels[box][mine] = (cell[mine] + first).astype(np.uint16)
    lumen[box] |= free & painted.lumen.reshape(free.shape)
    # A membrane thinner than a voxel keeps its total signal but is spread over the voxel.
    spread_um = float(np.hypot(stain.thickness_um, 0.45 * step_um.mean()))
    brightness = np.zeros(len(painted.cell), np.float32)
    for distance_um, weight in (
        (painted.lateral_um, 1.0),
        (painted.apical_um, stain.apical),
        (painted.basal_um, stain.basal),
    ):
        near = distance_um < 4 * spread_um
        brightness[near] = np.maximum(
            brightness[near], np.float32(weight) * np.exp(-((distance_um[near] / spread_um) ** 2) / 2)
        )
    brightness += levels[painted.cell] * (painted.cell > 0)
    signal[box] = np.where(free, np.maximum(signal[box], brightness.reshape(free.shape)), signal[box])


def _cytoplasm_levels(cells: int, stain: Stain, rng: np.random.Generator) -> FloatArray:
    """Signal inside each cell relative to a membrane; entry 0 is outside."""
    levels = stain.cytoplasm * rng.lognormal(0, 0.35, cells + 1)
    bright = rng.random(cells + 1) < stain.bright_cells
    levels[bright] += rng.uniform(0.15, 0.5, int(bright.sum()))
    levels[0] = 0
    return levels.astype(np.float32)


def _tidy(labels: NDArray[np.uint16], voxel_size: VoxelSize) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Give stray pieces and slivers to the cell beside them, and number the cells without gaps.

    Each cell is one 6-connected piece afterwards. What touches no cell (the corner of a neighbour at the frame)
    becomes outside.

    Returns
    -------
    labels : (Z, Y, X) ndarray of uint16
        1 … n in the order of the numbers before.
    kept : (n,) ndarray of uint16
        The number that each cell had before.
    """
    pieces = cc3d.connected_components(labels, connectivity=6)
    size = np.bincount(pieces.ravel())
    owner = np.zeros(len(size), np.uint16)
    owner[pieces.ravel()] = labels.ravel()
    by_size = np.argsort(size, kind="stable")
    largest = np.zeros(int(labels.max()) + 1, np.int64)
    largest[owner[by_size]] = by_size  # the last assignment to a cell stays
    small = size * voxel_size.volume_um3 < SMALLEST_PIECE_UM3
    lost = (owner > 0) & (small | (largest[owner] != np.arange(len(size))))
    if lost.any():
        labels = _adopted(owner, lost, pieces)[pieces]
    kept = fastremap.unique(labels)
    kept = kept[kept > 0]
    # Numbers follow the drawing order, so that the main body's cells come first.
    table = np.zeros(int(labels.max()) + 1, np.uint16)
    table[kept] = np.arange(1, len(kept) + 1, dtype=np.uint16)
    return table[labels], kept


def _adopted(
    owner: NDArray[np.uint16], lost: NDArray[np.bool_], pieces: NDArray[np.unsignedinteger]
) -> NDArray[np.uint16]:
    """Cell of each piece once the `lost` ones have gone to the piece that they share most faces with; 0 if none."""
    touching = []
    for axis in range(pieces.ndim):
        before, after = neighbour_pairs(axis)
        for one, other in ((pieces[before], pieces[after]), (pieces[after], pieces[before])):
            meet = lost[one] & (one != other) & (other > 0)
            touching.append(np.stack([one[meet], other[meet]]))
    (piece, beside), faces = np.unique(np.concatenate(touching, axis=1), axis=1, return_counts=True)
    order = np.argsort(faces, kind="stable")
    piece, beside = piece[order], beside[order]
    owner = np.where(lost, 0, owner).astype(np.uint16)
    while (ready := (owner[piece] == 0) & (owner[beside] > 0)).any():
        # A piece that touches only lost ones waits until one of them has found its cell.
        owner[piece[ready]] = owner[beside[ready]]
    return owner
