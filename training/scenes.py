"""Scenes: what lies in the frame, and how it is stained, surrounded and seen; independent of the grid."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from training.camera import Camera
from training.cyst_geometry import Body, FloatArray, sphere_points, unit
from training.microscope import OPTICS_RANGES, STAIN_RANGES, Optics, Stain, draw_from
from training.specimens import AnyBody, Preset, draw_body
from training.surroundings import Mosaic, Surroundings
from training.tissue import Tissue
from training.waves import Waves

BENDS = ((0.035, (50.0, 130.0)), (0.03, (12.0, 30.0)))
"""Greatest displacement relative to the shortest wave, and shortest and longest wave in µm: bends of a whole tube,
and curved membranes."""


@dataclass(frozen=True)
class Scene:
    """What lies in the frame, and how it is stained and seen; independent of the grid.

    Attributes
    ----------
    bodies : tuple of AnyBody
        The main body first, at the centre of the frame; neighbours after it.
    extent_um : (3,) ndarray
        Size of the frame (z, y, x) in µm.
    stain, optics
        See `training.microscope`.
    seed : int
        Of everything random in drawing the picture.
    warp : tuple of Waves
        Displacements that bend everything, one after the other's sum.
    mosaic, surroundings, camera
        See `training.surroundings` and `training.camera`; None is an ordinary picture.
    """

    bodies: tuple[AnyBody, ...]
    extent_um: FloatArray
    stain: Stain
    optics: Optics
    seed: int
    warp: tuple[Waves, ...] = ()
    mosaic: Mosaic | None = None
    surroundings: Surroundings | None = None
    camera: Camera | None = None


def draw_scene(preset: Preset, rng: np.random.Generator, extent_um: FloatArray | None = None) -> Scene:
    """Draw bodies, stain and optics of `preset`; the frame fits the main body if `extent_um` is not given."""
    main, extent_um = draw_body(preset, rng, extent_um)
    if extent_um is None:
        extent_um = 2 * main.reach_um() + rng.uniform(4, 16, 3).astype(np.float32)
    main = moved(main, np.asarray(extent_um) / 2)
    bodies = [main]
    for _ in range(rng.poisson(preset.neighbours)):
        neighbour, _ = draw_body(replace(preset, kind="clump" if preset.kind == "clump" else "cyst"), rng)
        if isinstance(main, Body) and isinstance(neighbour, Body):
            beside = _beside(main, neighbour, rng)
            if all(_apart(beside, other) for other in bodies[1:] if isinstance(other, Body)):
                bodies.append(beside)
        elif (placed := place_clear(neighbour, bodies, np.asarray(extent_um), rng)) is not None:
            bodies.append(placed)
    return Scene(
        tuple(bodies),
        np.asarray(extent_um, np.float32),
        *draw_looks(preset, rng),
        int(rng.integers(2**62)),
        warp=draw_warp(rng) if isinstance(main, Tissue) else (),
    )


def draw_field(preset: Preset, count: int, extent_um: Sequence[float], rng: np.random.Generator) -> Scene:
    """Draw a field of up to `count` cysts (or clumps) apart from each other in a frame of `extent_um` (z, y, x)."""
    extent = np.asarray(extent_um, np.float32)
    bodies: list[Body] = []
    for _ in range(count * 50):
        body, _ = draw_body(preset, rng)
        assert isinstance(body, Body)
        # Thin fields cut cysts at the top and bottom, as real ones do; in the plane they lie inside.
        room = np.maximum(extent / 2 - body.reach_um() - 2, [extent[0] * 0.1, 0, 0])
        body = replace(body, centre_um=(extent / 2 + rng.uniform(-room, room)).astype(np.float32))
        if all(_apart(body, other, gap_um=6) for other in bodies):
            bodies.append(body)
        if len(bodies) == count:
            break
    return Scene(
        tuple(bodies),
        extent,
        *draw_looks(preset, rng),
        int(rng.integers(2**62)),
    )


def draw_looks(preset: Preset, rng: np.random.Generator) -> tuple[Stain, Optics]:
    """Draw how a specimen is stained and seen."""
    stain = draw_from(STAIN_RANGES | dict(preset.stain), rng)
    optics = draw_from(OPTICS_RANGES | dict(preset.optics), rng)
    return Stain(**stain), Optics(**optics)


def draw_warp(rng: np.random.Generator) -> tuple[Waves, ...]:
    """Draw displacements so gentle against their length that nothing folds over."""
    return tuple(
        Waves.draw(float(rng.uniform(0, most)) * lengths_um[0], lengths_um, 3, rng) for most, lengths_um in BENDS
    )


def moved(body: AnyBody, centre_um: np.ndarray) -> AnyBody:
    """`body` around another centre (z, y, x) in µm."""
    assert isinstance(body, Body | Tissue)
    return replace(body, centre_um=np.asarray(centre_um, np.float32))


def place_clear(
    body: AnyBody, others: Sequence[AnyBody], extent_um: np.ndarray, rng: np.random.Generator
) -> AnyBody | None:
    """Move `body` to where it lies apart from `others` and is seen in the frame; None if no place was found."""
    shell = (sphere_points(150)[:, None] * np.array([0.5, 1.0], np.float32)[None, :, None]).reshape(-1, 3)
    reach = body.reach_um()
    for centre in rng.uniform(-0.4 * reach, extent_um + 0.4 * reach, (20, 3)):
        points = (centre + shell * (reach + 2)).astype(np.float32)
        if not any((painted.cell > 0).any() or painted.lumen.any() for painted in (o.paint(points) for o in others)):
            return moved(body, centre)
    return None


def _beside(main: Body, neighbour: Body, rng: np.random.Generator) -> Body:
    """Place `neighbour` next to `main`, so far that they hardly touch."""
    direction = unit(rng.normal(size=(1, 3)) * [0.6, 1, 1])[0]
    away = _reach_towards(main, direction) + _reach_towards(neighbour, -direction) + rng.uniform(0.5, 10)
    return replace(neighbour, centre_um=(main.centre_um + direction * np.float32(away)).astype(np.float32))


def _reach_towards(body: Body, direction: FloatArray) -> float:
    """Distance in µm from the centre to the outer surface along a unit vector."""
    round_direction = np.linalg.inv(body.stretch).astype(np.float32) @ direction
    length = float(np.linalg.norm(round_direction))
    return float(body.outer.radius_um((round_direction / length)[None])[0]) / length


def _apart(one: Body, other: Body, gap_um: float = 0.5) -> bool:
    offset = other.centre_um - one.centre_um
    distance = float(np.linalg.norm(offset))
    if distance < 1:
        return False
    direction = (offset / distance).astype(np.float32)
    return distance > _reach_towards(one, direction) + _reach_towards(other, -direction) + gap_um
