"""The geometry of synthetic epithelia: closed shells of cells around a lumen, and solid clumps.

A body is evaluated at points, not drawn on a grid: which cell a point lies in, and how far it is from the
nearest lateral, apical and basal membrane. Labels are thus exact for any voxel size, and membranes thinner
than a voxel keep their place.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

SURFACE_RATIO_BY_CELLS = np.array([(8, 2.45), (16, 2.08), (20, 1.91), (30, 1.52), (50, 1.42), (100, 1.40), (500, 1.15)])
"""Outer over inner radius against number of cells (`specs/cartography.md` §8, mesh model)."""

CHUNK_POINTS = 65_536
HIGHEST_POWER = 5


@dataclass(frozen=True)
class RadialShape:
    """A closed surface ``radius(direction)`` of low spatial frequency.

    Parameters
    ----------
    mean_um : float
        Radius of the sphere that is deformed.
    axes : (K, 3) ndarray
        Unit vectors of the bumps.
    powers : (K,) ndarray of int
        Power of the projection on each axis: 2 is an ellipsoidal term, 3 a pear, 4 a box-like one.
    amplitudes : (K,) ndarray
        Relative height of each bump.
    """

    mean_um: float
    axes: FloatArray
    powers: NDArray[np.int64]
    amplitudes: FloatArray

    @classmethod
    def draw(cls, mean_um: float, roughness: float, rng: np.random.Generator, bumps: int = 7) -> Self:
        """Draw a surface whose relief has a standard deviation of about `roughness` of the radius."""
        axes = unit(rng.normal(size=(bumps, 3)))
        powers = rng.integers(2, HIGHEST_POWER + 1, bumps)
        amplitudes = rng.normal(0, roughness * 1.6, bumps) / np.sqrt(bumps) * 2
        return cls(mean_um, axes.astype(np.float32), powers, amplitudes.astype(np.float32))

    def radius_um(self, directions: FloatArray) -> FloatArray:
        """Radius in µm towards `directions`, (N, 3) unit vectors; never under 30 % of the mean."""
        projections = directions @ self.axes.T
        raised = projections.copy()
        relief = np.zeros(len(directions), np.float32)
        for power in range(2, HIGHEST_POWER + 1):
            raised *= projections
            amplitudes = np.where(self.powers == power, self.amplitudes, 0).astype(np.float32)
            # The mean of an even power over the sphere is 1 / (power + 1): taken off, so that the mean radius stays.
            relief += raised @ amplitudes - (amplitudes.sum() / (power + 1) if power % 2 == 0 else np.float32(0))
        return (self.mean_um * np.maximum(1 + relief, 0.3)).astype(np.float32)


@dataclass(frozen=True)
class Painted:
    """What a body says about N points.

    Attributes
    ----------
    cell : (N,) ndarray of int32
        Number of the cell from 1, 0 outside every cell.
    lumen : (N,) ndarray of bool
        Inside the lumen.
    lateral_um, apical_um, basal_um : (N,) ndarray of float32
        Distance to the nearest membrane of that kind, in µm; infinite where it plays no part.
    beside : (N,) ndarray of int32
        Number of the cell behind the nearest lateral membrane, 0 outside every cell.
    """

    cell: NDArray[np.int32]
    lumen: NDArray[np.bool_]
    lateral_um: FloatArray
    apical_um: FloatArray
    basal_um: FloatArray
    beside: NDArray[np.int32]


@dataclass(frozen=True)
class Body:
    """A cyst (hollow) or a clump of cells (solid).

    Cells are Voronoi regions. In a cyst the seeds move from an apical to a basal direction with depth, so
    that neighbours change between the two surfaces (scutoids); in a clump they are points in space.

    Parameters
    ----------
    centre_um : (3,) ndarray
        Centre (z, y, x) in µm.
    stretch : (3, 3) ndarray
        Linear map from the round body to the real one, determinant 1.
    inner : RadialShape or None
        Surface of the lumen; None for a clump.
    outer : RadialShape
        Outer surface.
    apical_seeds, basal_seeds : (n, 3) ndarray
        Unit directions for a cyst; the same points in µm twice for a clump.
    weights : (n,) ndarray
        Power weights: larger cells have larger ones.
    """

    centre_um: FloatArray
    stretch: FloatArray
    inner: RadialShape | None
    outer: RadialShape
    apical_seeds: FloatArray
    basal_seeds: FloatArray
    weights: FloatArray

    @property
    def cells(self) -> int:
        """Number of cells drawn."""
        return len(self.weights)

    def reach_um(self) -> FloatArray:
        """Half-size (z, y, x) in µm of a box around the centre that holds the body and its membranes."""
        directions = unit(sphere_points(600))
        surface = (directions * self.outer.radius_um(directions)[:, None]) @ self.stretch.T
        return np.asarray(np.abs(surface).max(axis=0) * 1.05 + 2.0, np.float32)

    def paint(self, points_um: FloatArray) -> Painted:
        """Evaluate the body at (N, 3) points (z, y, x) in µm."""
        parts = [
            self._paint(points_um[start : start + CHUNK_POINTS]) for start in range(0, len(points_um), CHUNK_POINTS)
        ]
        return Painted(*(np.concatenate([getattr(part, name) for part in parts]) for name in Painted.__annotations__))

    def _paint(self, points_um: FloatArray) -> Painted:
        inverse = np.linalg.inv(self.stretch).astype(np.float32)
        round_um = (points_um - self.centre_um) @ inverse.T
        radius_um = np.maximum(np.linalg.norm(round_um, axis=1), 1e-3).astype(np.float32)
        directions = round_um / radius_um[:, None]
        outer_um = self.outer.radius_um(directions)
        # The lumen may not come closer to the outside than a cell can be thin.
        inner_um = (
            np.zeros_like(outer_um)
            if self.inner is None
            else np.minimum(self.inner.radius_um(directions), outer_um - np.float32(3.5))
        )
        depth = (radius_um - inner_um) / np.maximum(outer_um - inner_um, 1e-3)
        within = (depth > 0) & (depth <= 1)

        cell = np.zeros(len(points_um), np.int32)
        beside = np.zeros(len(points_um), np.int32)
        lateral_um = np.full(len(points_um), np.inf, np.float32)
        if within.any():
            cell[within], beside[within], lateral_um[within] = self._nearest(
                directions[within] if self.inner else round_um[within], depth[within], radius_um[within]
            )
        apical_um = np.abs(radius_um - inner_um) if self.inner else np.full_like(radius_um, np.inf)
        lumen = (depth <= 0) & (self.inner is not None)
        return Painted(cell, lumen, lateral_um, apical_um, np.abs(radius_um - outer_um), beside)

    def _nearest(
        self, position: FloatArray, depth: FloatArray, radius_um: FloatArray
    ) -> tuple[NDArray[np.int32], NDArray[np.int32], FloatArray]:
        """Cell number, number of the next nearest cell, and distance (µm) to the bisector between them."""
        shift = self.basal_seeds - self.apical_seeds
        # |p − (a + t·s)|² without |p|², as one matrix product over the features p, t·p, 1, t, t².
        features = np.column_stack([position, depth[:, None] * position, np.ones_like(depth), depth, depth**2])
        coefficients = np.vstack(
            [
                -2 * self.apical_seeds.T,
                -2 * shift.T,
                (self.apical_seeds**2).sum(1) - self.weights,
                2 * (self.apical_seeds * shift).sum(1),
                (shift**2).sum(1),
            ]
        ).astype(np.float32)
        power = features.astype(np.float32) @ coefficients
        rows = np.arange(len(power))
        first = power.argmin(1)
        nearest = power[rows, first].copy()
        power[rows, first] = np.inf
        second = power.argmin(1)
        gap = self.apical_seeds[first] - self.apical_seeds[second] + depth[:, None] * (shift[first] - shift[second])
        distance = (power[rows, second] - nearest) / (2 * np.maximum(np.linalg.norm(gap, axis=1), 1e-4))
        distance_um = (distance * (radius_um if self.inner else 1)).astype(np.float32)
        return (first + 1).astype(np.int32), (second + 1).astype(np.int32), distance_um


def unit(vectors: NDArray[np.floating]) -> FloatArray:
    """Scale (N, 3) vectors to length 1."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9), np.float32)


def sphere_points(count: int) -> FloatArray:
    """Spread `count` nearly even directions over the sphere (Fibonacci lattice), (count, 3)."""
    index = np.arange(count) + 0.5
    z = 1 - 2 * index / count
    turn = np.pi * (1 + 5**0.5) * index
    ring = np.sqrt(1 - z**2)
    return np.column_stack([z, ring * np.sin(turn), ring * np.cos(turn)]).astype(np.float32)


def relax(seeds: FloatArray, samples: FloatArray, steps: int, on_sphere: bool) -> FloatArray:
    """Move seeds `steps` times to the centroid of the `samples` nearest to them (Lloyd)."""
    for _ in range(steps):
        owner = ((samples**2).sum(1)[:, None] - 2 * samples @ seeds.T + (seeds**2).sum(1)).argmin(1)
        count = np.bincount(owner, minlength=len(seeds))
        sums = np.stack([np.bincount(owner, samples[:, axis], len(seeds)) for axis in range(3)], axis=1)
        moved = np.where(count[:, None] > 0, sums / np.maximum(count, 1)[:, None], seeds)
        seeds = unit(moved) if on_sphere else moved.astype(np.float32)
    return seeds


def draw_stretch(elongation: float, rng: np.random.Generator) -> FloatArray:
    """Draw a volume-preserving linear map with axis ratios up to `elongation`, randomly turned."""
    axes = np.exp(rng.uniform(-0.5, 0.5, 3) * np.log(elongation))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return np.asarray(turn @ np.diag(axes / np.prod(axes) ** (1 / 3)) @ turn.T, np.float32)


def draw_cyst(
    cells: int,
    cell_volume_um3: float,
    height_factor: float,
    roughness: float,
    elongation: float,
    rng: np.random.Generator,
) -> Body:
    """Draw a hollow cyst around the origin.

    Parameters
    ----------
    cells : int
        Number of cells.
    cell_volume_um3 : float
        Mean volume of a cell, µm³; with `cells` and the surface ratio it fixes the radii.
    height_factor : float
        Cell height against the usual one for that number of cells (`SURFACE_RATIO_BY_CELLS`): < 1 flat, > 1 tall.
    roughness, elongation : float
        Relief of the surfaces relative to the radius; greatest ratio of the axes.
    rng : numpy.random.Generator
        Source of all randomness.
    """
    ratio = 1 + (np.interp(cells, *SURFACE_RATIO_BY_CELLS.T) - 1) * height_factor
    inner_um = (cells * cell_volume_um3 / (4 / 3 * np.pi * (ratio**3 - 1))) ** (1 / 3)
    seeds = relax(unit(rng.normal(size=(cells, 3))), sphere_points(60 * cells), int(rng.integers(3, 9)), on_sphere=True)
    spacing = np.sqrt(4 * np.pi / cells)
    basal = unit(seeds + rng.normal(0, rng.uniform(0.03, 0.16) * spacing, seeds.shape))
    weights = rng.normal(0, rng.uniform(0.02, 0.10) * spacing**2, cells)
    return Body(
        np.zeros(3, np.float32),
        draw_stretch(elongation, rng),
        RadialShape.draw(inner_um, roughness, rng),
        RadialShape.draw(inner_um * ratio, roughness, rng),
        seeds,
        basal,
        weights.astype(np.float32),
    )


def draw_clump(
    cells: int, cell_volume_um3: float, roughness: float, elongation: float, rng: np.random.Generator
) -> Body:
    """Draw a solid clump of cells without a lumen around the origin; parameters as in `draw_cyst`."""
    outer_um = (cells * cell_volume_um3 * 3 / (4 * np.pi)) ** (1 / 3)
    samples = unit(rng.normal(size=(60 * cells, 3))) * (outer_um * rng.random((60 * cells, 1)) ** (1 / 3))
    seeds = relax(
        samples[:cells].astype(np.float32), samples.astype(np.float32), int(rng.integers(2, 7)), on_sphere=False
    )
    weights = rng.normal(0, 0.08, cells) * cell_volume_um3 ** (2 / 3)
    shape = RadialShape.draw(outer_um, roughness, rng)
    return Body(
        np.zeros(3, np.float32), draw_stretch(elongation, rng), None, shape, seeds, seeds, weights.astype(np.float32)
    )
