"""Smooth random fields in space: they bend membranes, undulate surfaces, and vary what is evaluated at points."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]

WAVES = 6


@dataclass(frozen=True)
class Waves:
    """A sum of plane waves in random directions.

    Parameters
    ----------
    vectors : (K, 3) ndarray
        Wave vectors (z, y, x), radians per µm.
    phases : (K,) ndarray
        In radians.
    amplitudes : (K, M) ndarray
        Of each of M values at a point.
    """

    vectors: FloatArray
    phases: FloatArray
    amplitudes: FloatArray

    @classmethod
    def draw(cls, deviation: float, lengths_um: tuple[float, float], values: int, rng: np.random.Generator) -> Self:
        """Draw a field of `values` values at a point, each of standard deviation `deviation`.

        Parameters
        ----------
        deviation : float
            In the unit of the values.
        lengths_um : tuple of float
            Shortest and longest wave.
        values : int
            1 for a relief, 3 for a displacement.
        rng : numpy.random.Generator
            Source of all randomness.
        """
        directions = rng.normal(size=(WAVES, 3))
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        per_um = 2 * np.pi / np.exp(rng.uniform(np.log(lengths_um[0]), np.log(lengths_um[1]), WAVES))
        amplitudes = rng.normal(size=(WAVES, values))
        amplitudes *= deviation * np.sqrt(2) / np.linalg.norm(amplitudes, axis=0)
        return cls(
            (directions * per_um[:, None]).astype(np.float32),
            rng.uniform(0, 2 * np.pi, WAVES).astype(np.float32),
            amplitudes.astype(np.float32),
        )

    def at(self, points_um: FloatArray) -> FloatArray:
        """Values (N, M) at (N, 3) points (z, y, x) in µm."""
        angles = points_um @ self.vectors.T
        angles += self.phases
        values: FloatArray = np.sin(angles, out=angles) @ self.amplitudes
        return values

    @property
    def greatest(self) -> float:
        """No value is farther from 0 than this."""
        return float(np.abs(self.amplitudes).sum(axis=0).max())
