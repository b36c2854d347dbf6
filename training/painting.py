"""Drawing a scene on a grid: its labels, its lumens, and what the microscope records of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.stacks.voxel_size import VoxelSize
from training.cyst_geometry import FloatArray, Painted
from training.microscope import Stain, add_debris, blurred, photographed, stained
from training.scenes import Scene
from training.specimens import AnyBody
from training.surroundings import face_numbers
from training.tidying import tidy

Shape = tuple[int, int, int]
Box = tuple[slice, slice, slice]

SLAB_VOXELS = 4_000_000


@dataclass(frozen=True)
class SyntheticCyst:
    """A picture and the truth about it, on one grid.

    Attributes
    ----------
    raw : (Z, Y, X) ndarray of uint8 or uint16
        What the microscope recorded.
    labels : (Z, Y, X) ndarray of uint16
        1 … n without gaps, the main body's cells first; 0 is lumen and outside.
    lumen, outside : (Z, Y, X) ndarray of bool
        Inside a lumen; neither in a cell nor in a lumen.
    voxel_size : VoxelSize
        Source "synthetic".
    cells : int
        Number of labels that belong to the main body.
    """

    raw: NDArray[Any]
    labels: NDArray[np.uint16]
    lumen: NDArray[np.bool_]
    outside: NDArray[np.bool_]
    voxel_size: VoxelSize
    cells: int


def render(scene: Scene, shape: Shape, voxel_size: VoxelSize, dtype: type[Any] = np.uint8) -> SyntheticCyst:
    """Draw `scene` on a grid of `shape` (z, y, x), which covers the frame from corner to corner."""
    rng = np.random.default_rng(scene.seed)
    labels, lumen, signal, main_cells = _paint_bodies(scene, shape, voxel_size, rng)
    labels, kept = tidy(labels, voxel_size)
    outside = (labels == 0) & ~lumen
    signal = stained(signal, scene.stain, voxel_size, rng)
    if scene.mosaic is not None:
        scene.mosaic.fill_cells(signal, labels, voxel_size, rng)
    if scene.surroundings is not None:
        scene.surroundings.fill(signal, lumen, outside, voxel_size, rng)
    add_debris(signal, labels == 0, scene.stain, voxel_size, rng)
    signal = blurred(signal, scene.optics, voxel_size)
    # Blur dims thin membranes: the gain is set, as at the microscope, so that they are well seen.
    tissue = signal[labels > 0]
    signal /= max(float(np.percentile(tissue[:: max(1, len(tissue) // 200_000)], 85)), 1e-6) if len(tissue) else 1.0
    if scene.camera is not None:
        signal = scene.camera.hazed(signal, voxel_size) * scene.camera.gain(signal.shape, voxel_size, rng)
    raw = photographed(signal, scene.optics, voxel_size, dtype, rng)
    if scene.camera is not None:
        raw = scene.camera.smoothed(raw)
    return SyntheticCyst(raw, labels, lumen, outside, voxel_size, cells=int((kept <= main_cells).sum()))


def truth_labels(scene: Scene, shape: Shape, voxel_size: VoxelSize) -> NDArray[np.uint16]:
    """Labels of `scene` on another grid of the same frame, (Z, Y, X), exact as those of `render`."""
    canvas = _Canvas(shape, voxel_size, with_signal=False)
    first = 0
    for body in scene.bodies:
        if (boxes := _boxes(body, scene, canvas)) is None:
            continue
        for box in boxes:
            canvas.claim(body.paint(_points(box, scene, canvas)), box, first)
        first += body.cells
    return tidy(canvas.labels, voxel_size)[0]


class _Canvas:
    """Labels, lumens and membrane signal (lateral = 1) on one grid, to which bodies are added.

    Parameters
    ----------
    shape : tuple of int
        Size (z, y, x).
    voxel_size : VoxelSize
        Of the grid.
    with_signal : bool
        Whether the signal is wanted.
    """

    def __init__(self, shape: Shape, voxel_size: VoxelSize, with_signal: bool) -> None:
        self.step_um = np.array(voxel_size.zyx_um, np.float32)
        self.labels = np.zeros(shape, np.uint16)
        self.lumen = np.zeros(shape, np.bool_)
        self.signal = np.zeros(shape if with_signal else (0, 0, 0), np.float32)

    def claim(self, painted: Painted, box: Box, first: int) -> NDArray[np.bool_]:
        """Add cells and lumens within `box`; what an earlier body has taken is left to it.

        Returns
        -------
        (Z, Y, X) ndarray of bool
            What was free in the box.
        """
        labels, lumen = self.labels[box], self.lumen[box]
        free: NDArray[np.bool_] = (labels == 0) & ~lumen
        cell = painted.cell.reshape(free.shape)
        mine = free & (cell > 0)
        labels[mine] = (cell[mine] + first).astype(np.uint16)
        lumen |= free & painted.lumen.reshape(free.shape)
        return free


def _paint_bodies(
    scene: Scene, shape: Shape, voxel_size: VoxelSize, rng: np.random.Generator
) -> tuple[NDArray[np.uint16], NDArray[np.bool_], FloatArray, int]:
    """Labels, lumen, membrane signal (lateral = 1) of all bodies, and the number of cells of the first."""
    canvas = _Canvas(shape, voxel_size, with_signal=True)
    faces = None if scene.mosaic is None else scene.mosaic.face_levels(rng)
    first = 0
    for body in scene.bodies:
        levels = _cytoplasm_levels(body.cells, scene.stain, rng)
        if (boxes := _boxes(body, scene, canvas)) is None:
            continue
        for box in boxes:
            painted = body.paint(_points(box, scene, canvas))
            free = canvas.claim(painted, box, first)
            brightness = _brightness(painted, scene, canvas.step_um, faces)
            brightness += levels[painted.cell] * (painted.cell > 0)
            signal = canvas.signal[box]
            signal[...] = np.where(free, np.maximum(signal, brightness.reshape(free.shape)), signal)
        first += body.cells
    return canvas.labels, canvas.lumen, canvas.signal, scene.bodies[0].cells if scene.bodies else 0


def _boxes(body: AnyBody, scene: Scene, canvas: _Canvas) -> list[Box] | None:
    """Parts of the frame, of a size that memory bears, in which `body` is; None if it is not in the frame."""
    reach = body.reach_um() + np.float32(sum(waves.greatest for waves in scene.warp))
    start = np.maximum(np.floor((body.centre_um - reach) / canvas.step_um), 0).astype(int)
    stop = np.minimum(np.ceil((body.centre_um + reach) / canvas.step_um), canvas.labels.shape).astype(int)
    if (stop <= start).any():
        return None
    planes = max(1, SLAB_VOXELS // int(np.prod(stop[1:] - start[1:])))
    return [
        (slice(z, min(z + planes, stop[0])), slice(start[1], stop[1]), slice(start[2], stop[2]))
        for z in range(start[0], stop[0], planes)
    ]


def _points(box: Box, scene: Scene, canvas: _Canvas) -> FloatArray:
    """Centres (N, 3) of the voxels of `box` in µm, as the scene's warp displaces them."""
    axes = [
        (np.arange(part.start, part.stop, dtype=np.float32) + 0.5) * step
        for part, step in zip(box, canvas.step_um, strict=True)
    ]
    points = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    if not scene.warp:
        return points
    return np.asarray(points + sum(waves.at(points) for waves in scene.warp), np.float32)


def _brightness(painted: Painted, scene: Scene, step_um: FloatArray, faces: FloatArray | None) -> FloatArray:
    """Membrane signal (N,) of one body; `faces` is the brightness of lateral faces, by `face_numbers`."""
    stain, surroundings = scene.stain, scene.surroundings
    # A membrane thinner than a voxel keeps its total signal but is spread over the voxel.
    spread_um = float(np.hypot(stain.thickness_um, 0.45 * step_um.mean()))
    brightness = np.zeros(len(painted.cell), np.float32)
    for distance_um, weight in (
        (painted.lateral_um, 1.0),
        (painted.apical_um, stain.apical),
        (painted.basal_um, stain.basal),
    ):
        near = distance_um < 4 * spread_um
        layer = np.float32(weight) * np.exp(-((distance_um[near] / spread_um) ** 2) / 2)
        if faces is not None and distance_um is painted.lateral_um:
            layer *= faces[face_numbers(painted.cell[near], painted.beside[near])]
        brightness[near] = np.maximum(brightness[near], layer)
    if surroundings is not None and surroundings.shell > 0:
        away_um = painted.basal_um - np.float32(surroundings.shell_um)
        near = (painted.cell == 0) & ~painted.lumen & (np.abs(away_um) < 4 * spread_um)
        layer = np.float32(surroundings.shell) * np.exp(-((away_um[near] / spread_um) ** 2) / 2)
        brightness[near] = np.maximum(brightness[near], layer)
    return brightness


def _cytoplasm_levels(cells: int, stain: Stain, rng: np.random.Generator) -> FloatArray:
    """Signal inside each cell relative to a membrane; entry 0 is outside."""
    levels = stain.cytoplasm * rng.lognormal(0, 0.35, cells + 1)
    bright = rng.random(cells + 1) < stain.bright_cells
    levels[bright] += rng.uniform(0.15, 0.5, int(bright.sum()))
    levels[0] = 0
    return levels.astype(np.float32)
