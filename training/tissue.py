"""Tissue of cells that are Voronoi regions of points in space: dense or with gaps, angular or round, around lumens."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from training.cyst_geometry import Painted
from training.surfaces import Surface

FloatArray = NDArray[np.float32]

BLOCK_UM = 6.0
"""Points are taken in cubes of this side, so that few cells come into question for each."""

SLACK_UM = 4.0
"""Cells whose points are farther than the nearest by this much play no part in membranes."""

TAIL_UM = 4.0
"""Farther than this from the tissue nothing of a membrane is seen."""


@dataclass(frozen=True)
class Tissue:
    """Cells between surfaces, evaluated at points as `training.cyst_geometry.Body` is.

    Parameters
    ----------
    centre_um : (3,) ndarray
        Where the origin of all that follows lies, (z, y, x) in µm.
    half_size_um : (3,) ndarray
        Half-size of a box around the centre outside which there is nothing.
    seeds_um : (n, 3) ndarray
        A point for each cell.
    weights : (n,) ndarray
        Power weights in µm²: larger cells have larger ones.
    outer : Surface or None
        Bounds the tissue; None where nothing does.
    lumens : tuple of Surface
        Hollows; their walls are apical.
    enclosed : bool
        Whether hollows are lumens; over a sheet they are not.
    radii_um : (n,) ndarray or None
        Cells reach no farther than this from their point: round ones.
    gap_um : float
        Width of the space between cells that face each other.
    groove_um, groove_width_um : float
        Depth and width of the grooves between cells in the outer surface: cells bulge.
    """

    centre_um: FloatArray
    half_size_um: FloatArray
    seeds_um: FloatArray
    weights: FloatArray
    outer: Surface | None = None
    lumens: tuple[Surface, ...] = ()
    enclosed: bool = True
    radii_um: FloatArray | None = None
    gap_um: float = 0.0
    groove_um: float = 0.0
    groove_width_um: float = 1.0

    @property
    def cells(self) -> int:
        """Number of cells drawn."""
        return len(self.weights)

    def reach_um(self) -> FloatArray:
        """Half-size (z, y, x) in µm of a box around the centre that holds the tissue and its membranes."""
        return self.half_size_um + np.float32(2.0)

    def paint(self, points_um: FloatArray) -> Painted:
        """Evaluate the tissue at (N, 3) points (z, y, x) in µm."""
        points = points_um - self.centre_um
        under = np.full(len(points), np.inf, np.float32) if self.outer is None else self.outer.inside_um(points)
        hollow = np.full(len(points), -np.inf, np.float32)
        for lumen in self.lumens:
            np.maximum(hollow, lumen.inside_um(points), out=hollow)
        far = np.full((3, len(points)), np.inf, np.float32)
        cell, beside = np.zeros((2, len(points)), np.int32)
        painted = Painted(cell, (hollow >= 0) & self.enclosed, far[0], far[1], far[2], beside)
        near = np.flatnonzero((under > -TAIL_UM) & (hollow < TAIL_UM))
        if len(near):
            self._paint_near(points[near], under[near], hollow[near], near, painted)
        return painted

    def _paint_near(
        self, points: FloatArray, under: FloatArray, hollow: FloatArray, near: NDArray[np.intp], painted: Painted
    ) -> None:
        """Fill in `painted` for the points `near` tissue, in place."""
        first, beside, bisector_um = self._nearest(points)
        own = bisector_um - np.float32(self.gap_um / 2)
        if self.groove_um > 0:
            under = under - np.float32(self.groove_um) * np.exp(-np.maximum(own, 0) / np.float32(self.groove_width_um))
        if self.radii_um is not None:
            from_seed = points - self.seeds_um[first]
            under = np.minimum(under, self.radii_um[first] - np.sqrt(np.einsum("ij,ij->i", from_seed, from_seed)))
        inside = (own > 0) & (under > 0) & (hollow < 0)
        painted.cell[near] = np.where(inside, first + 1, 0)
        painted.beside[near] = np.where(inside, beside + 1, 0)
        # A membrane ends where the others cut it off; beyond, it is at least as far as they are.
        painted.lateral_um[near] = np.maximum(np.abs(own), np.maximum(-under, hollow))
        painted.apical_um[near] = np.maximum(np.abs(hollow), -np.minimum(own, under))
        painted.basal_um[near] = np.maximum(np.abs(under), np.maximum(-own, hollow))

    def _nearest(self, points: FloatArray) -> tuple[NDArray[np.int64], NDArray[np.int64], FloatArray]:
        """Cell of each point, the cell behind its nearest bisector, and the distance to that in µm."""
        first = np.zeros(len(points), np.int64)
        beside = np.zeros(len(points), np.int64)
        bisector_um = np.full(len(points), np.inf, np.float32)
        for part in _cubes(points):
            chunk = points[part]
            low, high = chunk.min(axis=0), chunk.max(axis=0)
            middle = (low + high) / 2
            lifted = np.append(middle, 0)
            reach_um = float(np.linalg.norm(high - low))
            around = float(self._tree.query(lifted)[0]) + reach_um + SLACK_UM
            candidates = np.array(sorted(self._tree.query_ball_point(lifted, around)))
            one, other, bisector_um[part] = _two_nearest(
                chunk - middle, self.seeds_um[candidates] - middle, self.weights[candidates]
            )
            first[part], beside[part] = candidates[one], candidates[other]
        return first, beside, bisector_um

    def apart_um(self) -> FloatArray:
        """Distance (n,) from the point of each cell to the nearest other one, in µm; infinite if there is none."""
        apart = np.asarray(cKDTree(self.seeds_um).query(self.seeds_um, 2)[0], np.float32)
        return apart[:, 1]

    @cached_property
    def _tree(self) -> cKDTree:
        # With a fourth coordinate, cells of different weight become plain nearest neighbours.
        return cKDTree(np.column_stack([self.seeds_um, np.sqrt(self.weights.max() - self.weights)]))


def _two_nearest(
    points: FloatArray, seeds: FloatArray, weights: FloatArray
) -> tuple[NDArray[np.intp], NDArray[np.intp], FloatArray]:
    """Own seed, seed behind the nearest bisector, and the distance to it, of each of the (N, 3) points."""
    power = points @ (-2 * seeds.T)
    power += (seeds**2).sum(axis=1) - weights
    rows = np.arange(len(points))
    one = power.argmin(axis=1)
    power -= power[rows, one][:, None]
    power[rows, one] = np.inf
    between = 2 * np.sqrt(((seeds[:, None] - seeds) ** 2).sum(axis=-1))
    np.fill_diagonal(between, 1)
    power /= np.maximum(between, 1e-3).astype(np.float32)[one]
    other = power.argmin(axis=1)
    return one, other, power[rows, other]


def _cubes(points: FloatArray) -> list[NDArray[np.intp]]:
    """Split (N, 3) points by cubes of `BLOCK_UM`, as arrays of their numbers."""
    cube = ((points - points.min(axis=0)) / np.float32(BLOCK_UM)).astype(np.int64)
    key = np.ravel_multi_index(tuple(cube.T), tuple(cube.max(axis=0) + 1))
    order = np.argsort(key, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(key[order])) + 1)
