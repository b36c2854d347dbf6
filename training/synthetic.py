"""Synthetic cysts with exact truth: to train on, and to test everything against.

Shapes and numbers of cells follow what is known of the MDCK cysts of the CartoCell data set
(`specs/cartography.md` §1.2, §8, §9), and other epithelia beside them (`training.specimens`); pictures follow the
physics of a confocal microscope (`training.microscope`). The same preset, seed and options give the same bytes.
"""

import zlib
from typing import Any

import numpy as np

from cartocell_app.errors import UserError
from cartocell_app.stacks.voxel_size import VoxelSize
from training.painting import Shape, SyntheticCyst, render
from training.scenes import draw_scene
from training.specimens import PRESETS


def synthesize(
    preset: str,
    seed: int,
    *,
    voxel_um: tuple[float, float, float] | None = None,
    shape: Shape | None = None,
    dtype: type[Any] = np.uint8,
) -> SyntheticCyst:
    """Make one synthetic cyst.

    Parameters
    ----------
    preset : str
        A key of `PRESETS`.
    seed : int
        The same seed gives the same bytes.
    voxel_um : tuple of float, optional
        Voxel size (z, y, x) in µm; the preset's if not given.
    shape : tuple of int, optional
        Size (z, y, x) in voxels; just large enough for the cyst and a margin if not given.
    dtype : type
        ``numpy.uint8`` or ``numpy.uint16`` (12 bits used).

    Raises
    ------
    UserError
        If there is no such preset.
    """
    if preset not in PRESETS:
        raise UserError(f"There is no preset {preset!r}.", f"Choose one of {', '.join(PRESETS)}.")
    rng = np.random.default_rng([seed, zlib.crc32(preset.encode())])
    voxel_size = VoxelSize(*(voxel_um or PRESETS[preset].voxel_um), source="synthetic")
    extent_um = None if shape is None else np.array(shape, np.float32) * voxel_size.zyx_um
    scene = draw_scene(PRESETS[preset], rng, extent_um)
    if shape is None:
        z, y, x = np.maximum(np.rint(scene.extent_um / voxel_size.zyx_um), 8).astype(int)
        shape = int(z), int(y), int(x)
    return render(scene, shape, voxel_size, dtype)
