"""Surfaces: distances that are known."""

import numpy as np
import pytest

from training.cyst_geometry import RadialShape
from training.surfaces import Blob, Cylinder, HalfSpace
from training.waves import Waves

FLAT = Waves.draw(0.0, (10, 20), 1, np.random.default_rng(0))
X_AXIS = np.array([0, 0, 1], np.float32)
POINTS = np.array([[0, 0, 0], [0, 3, 0], [4, 3, 50], [-7, 0, -2]], np.float32)


def test_a_cylinder_is_as_deep_as_its_radius_and_has_no_ends():
    assert Cylinder(X_AXIS, 5.0, FLAT).inside_um(POINTS) == pytest.approx([5, 2, 0, -2], abs=1e-5)


def test_a_half_space_ends_at_its_plane():
    up = HalfSpace(np.array([1, 0, 0], np.float32), 2.0, FLAT)
    assert up.inside_um(POINTS) == pytest.approx([2, 2, -2, 9], abs=1e-5)


def test_a_relief_moves_the_plane_by_its_value_there():
    relief = Waves.draw(1.0, (10, 20), 1, np.random.default_rng(1))
    up = HalfSpace(np.array([1, 0, 0], np.float32), 2.0, relief)
    above = np.array([[30, 4, 5], [0, 4, 5]], np.float32)
    expected = 2 + relief.at(above * np.float32([0, 1, 1]))[:, 0] - above[:, 0]
    assert up.inside_um(above) == pytest.approx(expected, abs=1e-5)


def test_a_round_blob_is_a_ball_in_a_box_that_holds_it():
    shape = RadialShape(6.0, np.eye(1, 3, dtype=np.float32), np.array([2]), np.zeros(1, np.float32))
    ball = Blob(np.array([1, 0, 0], np.float32), np.eye(3, dtype=np.float32), shape)
    points = np.array([[1, 0, 4], [1, 6, 0], [11, 0, 0]], np.float32)
    assert ball.inside_um(points) == pytest.approx([2, 0, -4], abs=1e-4)
    assert (ball.half_size_um() >= 6).all()
    assert (ball.half_size_um() < 6.6).all()
