"""Smooth fields: as strong and as slow as asked for."""

import numpy as np
import pytest

from training.waves import Waves


def line(length_um, step_um=0.25):
    """Points on a straight line along x."""
    x = np.arange(0, length_um, step_um)
    return np.stack([np.zeros_like(x), np.zeros_like(x), x], axis=1).astype(np.float32)


def test_values_have_the_deviation_asked_for_and_never_exceed_the_greatest():
    points = np.random.default_rng(0).uniform(-1e3, 1e3, (40_000, 3)).astype(np.float32)
    waves = Waves.draw(2.0, (10, 40), 3, np.random.default_rng(1))
    values = waves.at(points)
    assert values.shape == (40_000, 3)
    assert values.std(axis=0) == pytest.approx([2.0, 2.0, 2.0], rel=0.05)
    assert np.abs(values).max() <= waves.greatest


def test_waves_no_shorter_than_asked_for_bend_no_more_than_they_can():
    waves = Waves.draw(1.0, (20, 50), 1, np.random.default_rng(2))
    slope = np.abs(np.diff(waves.at(line(300))[:, 0])) / 0.25
    assert slope.max() <= waves.greatest * 2 * np.pi / 20


def test_the_same_draw_gives_the_same_waves():
    one, again, other = (Waves.draw(1.0, (20, 50), 1, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one.at(line(50)), again.at(line(50)))
    assert not np.allclose(one.at(line(50)), other.at(line(50)))
