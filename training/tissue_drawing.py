"""Drawing other tissues than cysts: tubes, sheets, several lumens or layers, dense tissue, round cells."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from training.cyst_geometry import RadialShape, draw_stretch, relax, sphere_points, unit
from training.surfaces import Blob, Cylinder, HalfSpace
from training.tissue import Tissue
from training.waves import Waves

FloatArray = NDArray[np.float32]

SAMPLES_PER_CELL = 40
ORIGIN = np.zeros(3, np.float32)

SMALLEST_LUMEN_UM = 2.0
"""Radius under which a hollow is left out."""

RELIEF_LENGTHS_UM = (15.0, 60.0)


def draw_dense(extent_um: FloatArray, cell_volume_um3: float, rng: np.random.Generator) -> Tissue:
    """Draw tissue that fills a frame of `extent_um` (z, y, x) and goes on beyond it."""
    half = extent_um / 2 + np.cbrt(cell_volume_um3)
    samples = _in_box(half, cell_volume_um3, rng)
    return _tissue(half, _settled(samples, int(rng.integers(1, 6)), rng), cell_volume_um3, rng)


def draw_spheroid(cells: int, cell_volume_um3: float, roughness: float, rng: np.random.Generator) -> Tissue:
    """Draw a ball of round cells with spaces between them."""
    shape = RadialShape.draw(float(np.cbrt(cells * cell_volume_um3 * 3 / (4 * np.pi))), roughness, rng)
    ball = Blob(ORIGIN, draw_stretch(1.3, rng), shape)
    samples = _within(ball, cells, rng)
    radii = np.cbrt(cell_volume_um3 * 3 / (4 * np.pi)) * rng.uniform(0.88, 1.08, cells)
    return _tissue(
        ball.half_size_um() + np.float32(radii.max()),
        _settled(samples, int(rng.integers(2, 8)), rng),
        cell_volume_um3,
        rng,
        radii_um=radii.astype(np.float32),
        gap_um=float(rng.uniform(0.2, 1.2)),
    )


def draw_lumens(cells: int, cell_volume_um3: float, roughness: float, rng: np.random.Generator) -> Tissue:
    """Draw a closed tissue around two to five lumens that do not meet."""
    solid_um = float(np.cbrt(cells * cell_volume_um3 * 3 / (4 * np.pi)))
    radii_um = np.maximum(rng.uniform(0.15, 0.42, int(rng.integers(2, 6))) * solid_um, SMALLEST_LUMEN_UM)
    outer_um = float(np.cbrt(solid_um**3 + (radii_um**3).sum()))
    outer = Blob(ORIGIN, draw_stretch(1.4, rng), RadialShape.draw(outer_um, roughness, rng))
    wall_um = 0.6 * float(np.cbrt(cell_volume_um3))
    lumens: list[Blob] = []
    for wanted_um in -np.sort(-radii_um):
        for radius_um in (float(wanted_um), SMALLEST_LUMEN_UM):  # a small one where there is no room for more
            if (centre_um := _room_for(radius_um * 1.15 + wall_um, outer, lumens, rng)) is not None:
                shape = RadialShape.draw(radius_um, 0.04, rng)
                lumens.append(Blob(centre_um, np.eye(3, dtype=np.float32), shape))
                break
    samples = _within(outer, cells, rng)
    for lumen in lumens:
        samples = samples[lumen.inside_um(samples) < 0]
    seeds = _settled(samples, int(rng.integers(3, 8)), rng, cells)
    return _tissue(outer.half_size_um(), seeds, cell_volume_um3, rng, outer=outer, lumens=tuple(lumens))


def draw_layers(
    cells: int, cell_volume_um3: float, height_factor: float, layers: int, roughness: float, rng: np.random.Generator
) -> Tissue:
    """Draw `layers` layers of cells around a lumen; around none where there are too few cells for one."""
    height_um = height_factor * float(np.cbrt(cell_volume_um3))
    thick_um, cubed_um3 = layers * height_um, cells * cell_volume_um3 * 3 / (4 * np.pi)
    # (inner + thick)³ − inner³ = cubed, solved for the inner radius.
    within = 12 * thick_um * cubed_um3 - 3 * thick_um**4
    inner_um = max((np.sqrt(max(within, 0)) - 3 * thick_um**2) / (6 * thick_um), 0.0)
    outer_um = float(np.cbrt(inner_um**3 + cubed_um3))
    stretch, shape = draw_stretch(1.4, rng), RadialShape.draw(outer_um, roughness, rng)
    depths_um = inner_um + (np.arange(layers) + 0.5) * (outer_um - inner_um) / layers
    uneven_um, seeds = _unevenness_um(cell_volume_um3, height_um), []
    for depth_um, share in zip(depths_um, depths_um**2 / (depths_um**2).sum(), strict=True):
        count = max(1, int(np.rint(cells * share)))
        directions = relax(unit(rng.normal(size=(count, 3))), sphere_points(SAMPLES_PER_CELL * count), 4, True)
        away_um = shape.radius_um(directions) * (depth_um / outer_um) + rng.normal(0, uneven_um, count)
        seeds.append(directions * np.maximum(away_um, 0.5)[:, None] @ stretch.T)
    inner = RadialShape(float(inner_um), shape.axes, shape.powers, shape.amplitudes)
    outer = Blob(ORIGIN, stretch, shape)
    return _tissue(
        outer.half_size_um(),
        np.concatenate(seeds),
        cell_volume_um3,
        rng,
        outer=outer,
        lumens=(Blob(ORIGIN, stretch, inner),) if inner_um >= SMALLEST_LUMEN_UM else (),
    )


def draw_tube(
    extent_um: FloatArray, around: int, cell_volume_um3: float, height_factor: float, tilt: float,
    rng: np.random.Generator,
) -> Tissue:  # fmt: skip
    """Draw a tube of one layer, `around` cells to a turn, that crosses the frame.

    Its axis runs along x, turned by up to `tilt` radians.
    """
    height_um = height_factor * float(np.cbrt(cell_volume_um3))
    middle_um, inner_um = tube_radii_um(around, cell_volume_um3, height_um)
    axis = unit(np.array([[*rng.uniform(-1, 1, 2) * np.tan(tilt), 1.0]]))[0]
    length_um = float(np.linalg.norm(extent_um)) / 2 + 15
    count = int(4 * np.pi * middle_um * length_um * height_um / cell_volume_um3) * SAMPLES_PER_CELL
    across, other = _basis(axis)
    angle = rng.uniform(0, 2 * np.pi, count)[:, None]
    ring = np.cos(angle) * across + np.sin(angle) * other

    def onto_the_tube(points: FloatArray) -> FloatArray:
        along = (points @ axis)[:, None] * axis
        return np.asarray(along + unit(points - along) * middle_um, np.float32)

    samples = (ring * middle_um + rng.uniform(-length_um, length_um, (count, 1)) * axis).astype(np.float32)
    seeds = _settled(samples, int(rng.integers(3, 9)), rng, count // SAMPLES_PER_CELL, onto_the_tube)
    relief = Waves.draw(0.06 * middle_um, RELIEF_LENGTHS_UM, 1, rng)
    return _tissue(
        extent_um / 2 + np.float32(15),
        _near_frame(seeds + rng.normal(0, _unevenness_um(cell_volume_um3, height_um), seeds.shape), extent_um / 2 + 15),
        cell_volume_um3,
        rng,
        outer=Cylinder(axis, inner_um + height_um, relief),
        lumens=(Cylinder(axis, inner_um, relief),),
    )


def tube_radii_um(around: int, cell_volume_um3: float, height_um: float) -> tuple[float, float]:
    """Radius of the middle of the wall and of the lumen of a tube of `around` cells to a turn."""
    middle_um = around * np.sqrt(cell_volume_um3 / height_um) / (2 * np.pi)
    middle_um = max(float(middle_um), height_um / 2 + SMALLEST_LUMEN_UM)
    return middle_um, middle_um - height_um / 2


def draw_sheet(
    extent_um: FloatArray, cell_volume_um3: float, height_factor: float, layers: int, tilt: float,
    rng: np.random.Generator,
) -> Tissue:  # fmt: skip
    """Draw a sheet of `layers` layers that crosses the frame, with its free side up or down along z.

    Its normal is turned from z by up to `tilt` radians.
    """
    height_um = height_factor * float(np.cbrt(cell_volume_um3))
    up = 1.0 if rng.random() < 0.5 else -1.0
    normal = unit(np.array([[up, *rng.uniform(-1, 1, 2) * np.tan(tilt)]]))[0]
    across, other = _basis(normal)
    reach_um = float(np.linalg.norm(extent_um)) / 2 + 15
    uneven_um, seeds = _unevenness_um(cell_volume_um3, height_um), []
    for layer in range(layers):
        count = max(4, int(4 * reach_um**2 * height_um / cell_volume_um3))
        flat = rng.uniform(-reach_um, reach_um, (count * SAMPLES_PER_CELL, 2))
        samples = (flat[:, :1] * across + flat[:, 1:] * other).astype(np.float32)
        settled = _settled(samples, int(rng.integers(2, 9)), rng, count)
        level_um = (layer + 0.5 - layers / 2) * height_um + rng.normal(0, uneven_um, (count, 1))
        seeds.append((settled + level_um * normal).astype(np.float32))
    thick_um = layers * height_um
    reliefs = [Waves.draw(0.05 * thick_um, RELIEF_LENGTHS_UM, 1, rng) for _ in range(2)]
    return _tissue(
        extent_um / 2 + np.float32(15),
        _near_frame(np.concatenate(seeds), extent_um / 2 + 15),
        cell_volume_um3,
        rng,
        outer=HalfSpace(-normal, thick_um / 2, reliefs[0]),
        lumens=(HalfSpace(-normal, -thick_um / 2, reliefs[1]),),
        enclosed=False,
    )


def _unevenness_um(cell_volume_um3: float, height_um: float) -> float:
    """How far from their layer cells' points lie: walls lean, though never so far that a tall cell leaves its place."""
    return 0.12 * min(height_um, float(np.sqrt(cell_volume_um3 / height_um)))


def _tissue(
    half_size_um: NDArray[np.floating],
    seeds_um: NDArray[np.floating],
    cell_volume_um3: float,
    rng: np.random.Generator,
    **further: object,
) -> Tissue:
    weights = rng.normal(0, 0.06, len(seeds_um)) * cell_volume_um3 ** (2 / 3)
    half_size = np.asarray(half_size_um, np.float32)
    return Tissue(ORIGIN, half_size, seeds_um.astype(np.float32), weights.astype(np.float32), **further)  # type: ignore[arg-type]


def _settled(
    samples: FloatArray,
    steps: int,
    rng: np.random.Generator,
    count: int | None = None,
    project: Callable[[FloatArray], FloatArray] = lambda points: points,
) -> FloatArray:
    """Spread `count` points evenly over `samples` (Lloyd); one for each `SAMPLES_PER_CELL` if not given."""
    count = min(count or max(1, len(samples) // SAMPLES_PER_CELL), len(samples))
    seeds = samples[rng.choice(len(samples), count, replace=False)]
    for _ in range(steps):
        owner = cKDTree(seeds).query(samples)[1]
        have = np.bincount(owner, minlength=count)
        sums = np.stack([np.bincount(owner, samples[:, axis], count) for axis in range(3)], axis=1)
        moved = np.where(have[:, None] > 0, sums / np.maximum(have, 1)[:, None], seeds)
        seeds = project(moved.astype(np.float32))
    return seeds


def _in_box(half_size_um: FloatArray, cell_volume_um3: float, rng: np.random.Generator) -> FloatArray:
    cells = max(2, int(np.prod(2 * half_size_um) / cell_volume_um3))
    return np.asarray(rng.uniform(-half_size_um, half_size_um, (cells * SAMPLES_PER_CELL, 3)), np.float32)


def _within(blob: Blob, cells: int, rng: np.random.Generator) -> FloatArray:
    """Draw `SAMPLES_PER_CELL` points for each of `cells` cells evenly inside `blob`, around the origin."""
    half = blob.half_size_um()
    points = rng.uniform(-half, half, (4 * cells * SAMPLES_PER_CELL, 3)).astype(np.float32)
    return points[blob.inside_um(points) > 0][: cells * SAMPLES_PER_CELL]


def _room_for(reach_um: float, outer: Blob, others: list[Blob], rng: np.random.Generator) -> FloatArray | None:
    """Find a place for a ball inside `outer` and apart from `others`; None if there is none."""
    half = outer.half_size_um()
    for centre in rng.uniform(-half, half, (400, 3)).astype(np.float32):
        apart = (-float(other.inside_um(centre[None])[0]) > reach_um for other in others)
        if float(outer.inside_um(centre[None])[0]) > reach_um and all(apart):
            return np.asarray(centre, np.float32)
    return None


def _basis(axis: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Two unit vectors at right angles to `axis` and to each other."""
    least = np.eye(3, dtype=np.float32)[int(np.abs(axis).argmin())]
    across = unit(np.cross(axis, least)[None])[0]
    return across, np.cross(axis, across).astype(np.float32)


def _near_frame(seeds_um: NDArray[np.floating], half_size_um: NDArray[np.floating]) -> NDArray[np.floating]:
    near: NDArray[np.floating] = seeds_um[(np.abs(seeds_um) < half_size_um + 8).all(axis=1)]
    return near
