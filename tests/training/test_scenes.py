"""Scenes: bodies that lie apart, in frames that hold them."""

import cc3d
import numpy as np

from cartocell_app.stacks.voxel_size import VoxelSize
from tests.training.scenes_by_hand import COARSE, covering, scene_of
from training.scenes import draw_field
from training.specimens import PRESETS


def bodies_at_voxels(scene, shape, voxel_size=COARSE):
    """How many bodies claim each voxel (Z, Y, X), by their geometry alone."""
    axes = [(np.arange(count) + 0.5) * step for count, step in zip(shape, voxel_size, strict=True)]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3).astype(np.float32)
    painted = [body.paint(points) for body in scene.bodies]
    return sum((one.cell > 0) | one.lumen for one in painted).reshape(shape)


def test_neighbours_cut_by_the_frame_do_not_overlap_the_cyst():
    cut = 0
    coarse = VoxelSize(1.5, 1.5, 1.5, "synthetic")
    for seed in range(8):
        scene = scene_of("7d", seed, neighbours=2.0)
        claims = bodies_at_voxels(scene, covering(scene, coarse), coarse)
        assert claims.max() == 1
        cut += sum((body.centre_um - body.reach_um() < 0).any() for body in scene.bodies[1:])
    assert cut >= 3


def test_a_field_holds_a_dozen_cysts_apart_from_each_other():
    scene = draw_field(PRESETS["4d"], 12, (42, 280, 280), np.random.default_rng(1))
    coarse = VoxelSize(1.5, 1.5, 1.5, "synthetic")
    assert len(scene.bodies) == 12
    shape = covering(scene, coarse)
    claims = bodies_at_voxels(scene, shape, coarse)
    assert claims.max() == 1
    assert cc3d.connected_components(claims > 0, connectivity=26).max() == 12
    # In the plane every cyst is whole.
    assert not any(np.take(claims, side, axis).any() for axis in (1, 2) for side in (0, -1))


def test_a_field_too_small_for_all_holds_those_that_fit():
    scene = draw_field(PRESETS["4d"], 4, (50, 64, 64), np.random.default_rng(1))
    assert 1 <= len(scene.bodies) < 4
