"""Scenes and checks that several tests of synthetic specimens share."""

from dataclasses import replace

import cc3d
import numpy as np

from cartocell_app.stacks.voxel_size import VoxelSize
from training.scenes import draw_scene
from training.specimens import PRESETS
from training.tidying import SMALLEST_PIECE_UM3

COARSE_UM = (1.0, 1.0, 1.0)
COARSE = VoxelSize(*COARSE_UM, source="synthetic")


def scene_of(preset, seed, extent_um=None, **changes):
    extent = None if extent_um is None else np.array(extent_um, np.float32)
    return draw_scene(replace(PRESETS[preset], **changes), np.random.default_rng(seed), extent)


def covering(scene, voxel_size=COARSE):
    z, y, x = np.rint(scene.extent_um / voxel_size.zyx_um).astype(int).tolist()
    return z, y, x


def assert_truth_holds(cyst):
    labels = cyst.labels
    count = int(labels.max())
    assert labels.dtype == np.uint16
    assert np.array_equal(np.unique(labels[labels > 0]), np.arange(1, count + 1))
    assert int(cc3d.connected_components(labels, connectivity=6).max()) == count
    assert np.bincount(labels.ravel())[1:].min() * cyst.voxel_size.volume_um3 >= SMALLEST_PIECE_UM3
    assert ((labels > 0).astype(int) + cyst.lumen + cyst.outside == 1).all()
    assert 1 <= cyst.cells <= count
