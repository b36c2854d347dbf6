"""Specimens to train on: every kind, with looks that reach beyond those of ordinary pictures.

Training reaches beyond what is ordinary, so that a model does not end where it ends. Each specimen is ordinary in most
ways and odd in some: what is odd in all ways at once shows nothing that could be learned.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cartocell_app.stacks.voxel_size import VoxelSize
from training.camera import Camera
from training.cyst_geometry import FloatArray
from training.microscope import OPTICS_RANGES, STAIN_RANGES, Optics, Stain, draw_from
from training.painting import Shape
from training.scenes import Scene, draw_scene, draw_warp, moved
from training.specimens import LOW_RESOLUTION_UM, Preset
from training.surroundings import Mosaic, Surroundings
from training.tissue import Tissue

Ranges = dict[str, tuple[float, float]]

WIDER_OPTICS: Ranges = {
    "psf_xy_um": (0.12, 0.8),
    "psf_z_um": (0.4, 2.4),
    "depth_blur": (0.0, 1.6),
    "attenuation_length_um": (25.0, 600.0),
    "from_below": (0.0, 1.0),
    "photons": (5.0, 250.0),
    "read_noise": (0.1, 3.0),
    "background": (0.002, 0.30),
    "offset_grey": (0.0, 60.0),
    "membrane_grey": (8.0, 420.0),
}
WIDER_STAIN: Ranges = {
    "apical": (0.35, 4.5),
    "basal": (0.2, 2.8),
    "thickness_um": (0.08, 0.5),
    "texture": (0.05, 0.6),
    "texture_um": (0.6, 6.0),
    "gaps": (0.0, 0.16),
    "cytoplasm": (0.0, 0.55),
    "bright_cells": (0.0, 0.3),
    "debris": (0.0, 2.5),
}
ODD = 0.4
"""Share of the properties of a specimen that are drawn from the wider ranges."""

BLACKER_THAN_DARK = 0.3
"""Share of pictures from which more than the darkness was taken away, so that the dim is black."""

Mix = tuple[tuple[Preset, float], ...]

CYSTS: Mix = (
    (Preset((8, 60), (600, 1300), (0.6, 1.6), LOW_RESOLUTION_UM, 0.6), 0.13),
    (Preset((23, 110), (550, 1200), (0.6, 1.6), LOW_RESOLUTION_UM, 0.6), 0.13),
    (Preset((45, 160), (500, 1100), (0.6, 1.7), LOW_RESOLUTION_UM, 0.8), 0.14),
    (Preset((12, 120), (400, 1500), (0.3, 0.6), LOW_RESOLUTION_UM, 0.5), 0.06),  # flat cells
    (Preset((3, 16), (400, 2500), (1.4, 3.2), LOW_RESOLUTION_UM, 0.7), 0.07),  # small lumens
    (Preset((5, 120), (300, 3000), (1.0, 1.0), LOW_RESOLUTION_UM, 0.5, "clump"), 0.10),
    (Preset((15, 120), (400, 1500), (1.0, 1.0), LOW_RESOLUTION_UM, 0.4, "lumens"), 0.07),
    (Preset((20, 120), (400, 1500), (0.6, 1.8), LOW_RESOLUTION_UM, 0.4, "layers", (1, 1)), 0.05),
    (Preset((30, 220), (350, 1200), (0.5, 1.4), LOW_RESOLUTION_UM, 0.3, "layers", (2, 4)), 0.04),
    (Preset((20, 140), (350, 1500), (0.5, 2.0), LOW_RESOLUTION_UM, 0.3, "tube", tilt=0.9), 0.06),
    (Preset((20, 140), (350, 2000), (0.3, 2.4), LOW_RESOLUTION_UM, 0.3, "sheet", (1, 3), tilt=1.1), 0.06),
    (Preset((30, 220), (350, 2500), (1.0, 1.0), LOW_RESOLUTION_UM, 0.0, "dense"), 0.05),
    (Preset((8, 110), (400, 3000), (1.0, 1.0), LOW_RESOLUTION_UM, 0.3, "spheroid"), 0.04),
)
"""Kinds and their shares where cysts come first."""

TISSUES: Mix = (
    (Preset((8, 60), (600, 1300), (0.6, 1.6), LOW_RESOLUTION_UM, 0.6), 0.10),
    (Preset((23, 110), (550, 1200), (0.6, 1.6), LOW_RESOLUTION_UM, 0.6), 0.10),
    (Preset((45, 160), (500, 1100), (0.6, 1.7), LOW_RESOLUTION_UM, 0.8), 0.10),
    (Preset((12, 120), (400, 1500), (0.3, 0.6), LOW_RESOLUTION_UM, 0.5), 0.04),  # flat cells
    (Preset((3, 16), (400, 2500), (1.4, 3.2), LOW_RESOLUTION_UM, 0.7), 0.04),  # small lumens
    (Preset((6, 60), (2000, 9000), (0.6, 1.8), LOW_RESOLUTION_UM, 0.4), 0.05),  # large cells
    (Preset((5, 120), (300, 3000), (1.0, 1.0), LOW_RESOLUTION_UM, 0.4, "clump"), 0.05),
    (Preset((4, 50), (2500, 12000), (1.0, 1.0), LOW_RESOLUTION_UM, 0.2, "clump"), 0.04),
    (Preset((15, 120), (400, 1500), (1.0, 1.0), LOW_RESOLUTION_UM, 0.4, "lumens"), 0.04),
    (Preset((30, 220), (350, 1200), (0.5, 1.4), LOW_RESOLUTION_UM, 0.3, "layers", (1, 4)), 0.06),
    (Preset((20, 140), (350, 1500), (0.5, 2.0), LOW_RESOLUTION_UM, 0.3, "tube", tilt=0.9), 0.03),
    (Preset((20, 140), (350, 2000), (0.3, 2.4), LOW_RESOLUTION_UM, 0.3, "sheet", (1, 3), tilt=1.1), 0.05),
    (Preset((40, 300), (150, 700), (2.0, 5.5), LOW_RESOLUTION_UM, 0.1, "sheet", (1, 2), tilt=1.4), 0.08),  # columns
    (Preset((40, 300), (150, 1500), (0.6, 3.0), LOW_RESOLUTION_UM, 0.0, "sheet", (4, 9), tilt=1.4), 0.07),  # files
    (Preset((30, 220), (350, 2500), (1.0, 1.0), LOW_RESOLUTION_UM, 0.0, "dense"), 0.04),
    (Preset((30, 300), (130, 450), (1.0, 1.0), LOW_RESOLUTION_UM, 0.0, "dense"), 0.04),
    (Preset((8, 110), (400, 9000), (1.0, 1.0), LOW_RESOLUTION_UM, 0.3, "spheroid"), 0.07),
)
"""Kinds and their shares where all tissues count: cells of 6 to 28 µm, columns, files of cells in many layers."""

ALL: Mix = tuple((preset, share / 2) for preset, share in (*CYSTS, *TISSUES))
"""Half of each."""

MIXES: dict[str, Mix] = {"cysts": CYSTS, "tissues": TISSUES, "all": ALL}
"""What a training set is drawn from, by name."""

SMALLEST_FRAME_UM = np.array([46.0, 58.0, 58.0], np.float32)
LARGEST_FRAME_UM = np.array([72.0, 88.0, 88.0], np.float32)
"""A patch shows less; larger bodies are cut by the frame."""

SMALLEST_VOXEL_UM, LARGEST_VOXEL_UM = (0.35, 0.32), (2.0, 1.2)
"""Along z and in the plane."""

SMALLEST_VOXEL_UM3 = 0.06
"""What is finer than this along all axes is averaged on its way to the network, and takes long to draw."""

MOST_VOXELS = 2_600_000
"""Frames of fine voxels are smaller, so that no specimen takes long."""


@dataclass(frozen=True)
class Specimen:
    """What is to be pictured, and how.

    Attributes
    ----------
    scene : Scene
        The specimen, its looks and the microscope.
    shape, voxel_size : tuple of int, VoxelSize
        Of the picture (z, y, x).
    dtype : type
        ``numpy.uint8`` or ``numpy.uint16``.
    """

    scene: Scene
    shape: Shape
    voxel_size: VoxelSize
    dtype: type[Any]


def draw_specimen(seed: int, mix: Mix = CYSTS) -> Specimen:
    """Draw one specimen of `mix` to train on; the same seed gives the same one."""
    rng = np.random.default_rng([seed, 0xCA28])
    preset = mix[int(rng.choice(len(mix), p=[share for _, share in mix]))][0]
    voxel_size = _draw_voxel_size(rng)
    largest_um = _largest_frame_um(voxel_size)
    frame_um = rng.uniform(SMALLEST_FRAME_UM, largest_um).astype(np.float32)
    cut = preset.kind in ("tube", "sheet", "dense")
    scene = _framed(draw_scene(preset, rng, frame_um if cut else None), largest_um, rng)
    stain, optics = draw_odd_looks(rng)
    scene = replace(
        scene,
        bodies=(_packed(scene.bodies[0], rng), *scene.bodies[1:]),
        stain=stain,
        optics=optics,
        warp=draw_warp(rng) if rng.random() < 0.7 else (),
        mosaic=draw_mosaic(rng),
        surroundings=draw_surroundings(rng),
        camera=draw_camera(rng),
    )
    z, y, x = np.maximum(np.rint(scene.extent_um / voxel_size.zyx_um), 8).astype(int).tolist()
    return Specimen(scene, (z, y, x), voxel_size, np.uint8 if rng.random() < 0.6 else np.uint16)


def draw_odd_looks(rng: np.random.Generator) -> tuple[Stain, Optics]:
    """Draw stain and optics, each property from its ordinary or from its wider range."""
    stain = Stain(**draw_from(_some_wider(STAIN_RANGES, WIDER_STAIN, rng), rng))
    optics = Optics(**draw_from(_some_wider(OPTICS_RANGES, WIDER_OPTICS, rng), rng))
    if rng.random() < BLACKER_THAN_DARK:
        optics = replace(optics, offset_grey=-optics.membrane_grey * rng.uniform(0.0, 0.15))
    return stain, optics


def draw_mosaic(rng: np.random.Generator) -> Mosaic:
    """Draw how cells differ."""
    return Mosaic(
        faces=_sometimes(0.6, 0.05, 0.5, rng),
        lost_faces=_sometimes(0.25, 0.01, 0.10, rng),
        grain=_sometimes(0.5, 0.05, 0.5, rng),
        nuclei=_sometimes(0.35, -0.3, 0.5, rng),
        vesicles=_sometimes(0.4, 0.5, 12.0, rng),
    )


def draw_surroundings(rng: np.random.Generator) -> Surroundings:
    """Draw what is around the tissue: dark mostly, else brighter than the inside of cells."""
    medium = _sometimes(0.45, 0.05, 0.65, rng)
    return Surroundings(
        medium=medium,
        lumen=medium if rng.random() < 0.5 else _sometimes(0.3, 0.03, 0.6, rng),
        structure=_sometimes(0.6, 0.05, 0.6, rng),
        grain_um=float(np.exp(rng.uniform(*np.log((1.5, 30.0))))),
        shell=_sometimes(0.15, 0.15, 1.2, rng),
        shell_um=float(rng.uniform(0.4, 4.0)),
    )


def draw_camera(rng: np.random.Generator) -> Camera:
    """Draw the faults of the instrument."""
    return Camera(
        haze=_sometimes(0.3, 0.03, 0.35, rng),
        haze_um=float(rng.uniform(2.0, 8.0)),
        shading=_sometimes(0.4, 0.05, 0.35, rng),
        lines=_sometimes(0.2, 0.01, 0.10, rng),
        flicker=_sometimes(0.2, 0.02, 0.15, rng),
        seams=_sometimes(0.1, 0.03, 0.2, rng),
        tile_um=float(rng.uniform(25.0, 70.0)),
        smoothing_vox=_sometimes(0.35, 0.3, 1.0, rng),
    )


def _sometimes(share: float, low: float, high: float, rng: np.random.Generator) -> float:
    """Draw evenly from `low` to `high` in this share of all cases, 0 in the others."""
    value = float(rng.uniform(low, high))
    return value if rng.random() < share else 0.0


def _some_wider(ordinary: Ranges, wider: Ranges, rng: np.random.Generator) -> Ranges:
    return {name: wider[name] if rng.random() < ODD else span for name, span in ordinary.items()}


def _largest_frame_um(voxel_size: VoxelSize) -> FloatArray:
    most_um3 = MOST_VOXELS * voxel_size.volume_um3
    share = min(1.0, float(np.cbrt(most_um3 / np.prod(LARGEST_FRAME_UM))))
    return np.asarray(np.maximum(LARGEST_FRAME_UM * np.float32(share), SMALLEST_FRAME_UM), np.float32)


def _framed(scene: Scene, largest_um: FloatArray, rng: np.random.Generator) -> Scene:
    """Grow a small frame and cut a large one, at a random place."""
    extent = np.clip(scene.extent_um, SMALLEST_FRAME_UM, largest_um)
    room = extent - scene.extent_um
    shift = (rng.uniform(0, 1, 3) * room).astype(np.float32)
    bodies = tuple(moved(body, body.centre_um + shift) for body in scene.bodies)
    return replace(scene, bodies=bodies, extent_um=extent.astype(np.float32))


def _packed(body: Any, rng: np.random.Generator) -> Any:
    """Vary how cells of a `Tissue` lie against each other; others stay as they are."""
    if not isinstance(body, Tissue):
        return body
    side_um = float(np.median(body.apart_um()))
    if body.radii_um is None and rng.random() < 0.3:
        body = replace(body, gap_um=min(float(rng.uniform(0.1, 1.0)), 0.15 * side_um))
    if rng.random() < 0.5:
        deepest_um = max(0.5, 0.25 * min(side_um, 20.0))
        groove_um, width_um = float(rng.uniform(0.3, deepest_um)), float(rng.uniform(0.5, 2.0))
        body = replace(body, groove_um=groove_um, groove_width_um=width_um)
    return body


def _draw_voxel_size(rng: np.random.Generator) -> VoxelSize:
    z_um, yx_um = np.exp(rng.uniform(np.log(SMALLEST_VOXEL_UM), np.log(LARGEST_VOXEL_UM)))
    coarser = max(1.0, float(np.cbrt(SMALLEST_VOXEL_UM3 / (z_um * yx_um**2))))
    return VoxelSize(float(z_um * coarser), float(yx_um * coarser), float(yx_um * coarser), "synthetic")
