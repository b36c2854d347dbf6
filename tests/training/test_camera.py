"""Faults of instruments, each alone on an even picture."""

import numpy as np
import pytest

from cartocell_app.stacks.voxel_size import VoxelSize
from training.camera import Camera

VOXEL = VoxelSize(1.0, 0.5, 0.5, "synthetic")
SHAPE = (24, 90, 100)


def gain(seed=0, **faults):
    return np.broadcast_to(Camera(**faults).gain(SHAPE, VOXEL, np.random.default_rng(seed)), SHAPE)


def test_a_camera_without_faults_changes_nothing():
    signal = np.random.default_rng(0).random(SHAPE, np.float32)
    raw = (signal * 255).astype(np.uint8)
    assert (gain() == 1).all()
    assert np.array_equal(Camera().hazed(signal, VOXEL), signal)
    assert np.array_equal(Camera().smoothed(raw), raw)


@pytest.mark.parametrize(("fault", "along"), [("lines", (2,)), ("flicker", (1, 2)), ("shading", (0,))])
def test_gain_varies_as_much_as_asked_for_and_only_where_the_fault_lies(fault, along):
    logs = np.log(gain(**{fault: 0.2}))
    assert logs.std() == pytest.approx(0.2, rel=0.4)
    assert np.ptp(logs, axis=along).max() < 1e-6


def test_seams_are_steps_between_tiles():
    logs = np.log(gain(seams=0.2, tile_um=20.0))
    steps = np.abs(np.diff(logs[0], axis=1)).max(axis=0)
    assert 2 <= (steps > 1e-6).sum() <= 3  # 50 µm wide
    assert np.diff(np.flatnonzero(steps > 1e-6)).tolist() in ([40], [40, 40])


def test_haze_keeps_the_light_and_spreads_its_share():
    signal = np.zeros((41, 81, 81), np.float32)
    signal[20, 40, 40] = 1.0
    hazed = Camera(haze=0.3, haze_um=3.0).hazed(signal, VOXEL)
    assert hazed.sum() == pytest.approx(1, abs=1e-3)
    assert hazed[20, 40, 40] == pytest.approx(0.7, abs=0.01)
    assert hazed[20, 40, 46] > 0


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_smoothing_keeps_the_kind_of_numbers_and_takes_noise_away(dtype):
    raw = np.random.default_rng(0).integers(80, 120, SHAPE).astype(dtype)
    smooth = Camera(smoothing_vox=1.0).smoothed(raw)
    assert smooth.dtype == dtype
    assert smooth.std() < 0.5 * raw.std()
    assert smooth.mean() == pytest.approx(raw.mean(), abs=0.5)
