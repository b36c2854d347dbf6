"""Surfaces that bound tissue and lumens; each says how far inside it a point lies."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from training.cyst_geometry import RadialShape, sphere_points
from training.waves import Waves

FloatArray = NDArray[np.float32]


class Surface(Protocol):
    """Bounds a part of space."""

    def inside_um(self, points_um: FloatArray) -> FloatArray:
        """How far (N,) inside the surface (N, 3) points are, in µm (near it; farther away roughly); under 0 outside."""


@dataclass(frozen=True)
class Blob:
    """A closed surface around `centre_um`: a deformed sphere, stretched.

    Parameters
    ----------
    centre_um : (3,) ndarray
        Centre (z, y, x) in µm.
    stretch : (3, 3) ndarray
        Linear map from the round surface to the real one, determinant 1.
    shape : RadialShape
        The round surface.
    """

    centre_um: FloatArray
    stretch: FloatArray
    shape: RadialShape

    def inside_um(self, points_um: FloatArray) -> FloatArray:
        """See `Surface`."""
        round_um = (points_um - self.centre_um) @ np.linalg.inv(self.stretch).astype(np.float32).T
        radius_um = np.maximum(np.sqrt(np.einsum("ij,ij->i", round_um, round_um)), np.float32(1e-3))
        inside: FloatArray = self.shape.radius_um(round_um / radius_um[:, None]) - radius_um
        return inside

    def half_size_um(self) -> FloatArray:
        """Half-size (z, y, x) of a box around the centre that holds it."""
        directions = sphere_points(600)
        surface = (directions * self.shape.radius_um(directions)[:, None]) @ self.stretch.T
        return np.asarray(np.abs(surface).max(axis=0) * 1.05, np.float32)


@dataclass(frozen=True)
class Cylinder:
    """A tube without ends around an axis through the origin.

    Parameters
    ----------
    axis : (3,) ndarray
        Unit vector.
    radius_um : float
        Mean radius.
    relief : Waves
        What the radius differs by, in µm.
    """

    axis: FloatArray
    radius_um: float
    relief: Waves

    def inside_um(self, points_um: FloatArray) -> FloatArray:
        """See `Surface`."""
        across = points_um - (points_um @ self.axis)[:, None] * self.axis
        away_um = np.sqrt(np.einsum("ij,ij->i", across, across))
        return np.asarray(self.radius_um + self.relief.at(points_um)[:, 0] - away_um, np.float32)


@dataclass(frozen=True)
class HalfSpace:
    """All of space on one side of an undulating plane.

    Parameters
    ----------
    normal : (3,) ndarray
        Unit vector that points out of it.
    height_um : float
        Distance of the plane from the origin along `normal`.
    relief : Waves
        What the height differs by, in µm.
    """

    normal: FloatArray
    height_um: float
    relief: Waves

    def inside_um(self, points_um: FloatArray) -> FloatArray:
        """See `Surface`."""
        up_um = points_um @ self.normal
        flat = points_um - up_um[:, None] * self.normal
        return np.asarray(self.height_um + self.relief.at(flat)[:, 0] - up_um, np.float32)
