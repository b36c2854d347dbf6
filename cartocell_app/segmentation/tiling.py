"""Cutting a volume into tiles that give the same numbers as the whole, with the least work."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, int, int]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Tile:
    """One run of the network.

    Parameters
    ----------
    read : slices (z, y, x)
        Part of the volume to give to the network; it starts at multiples of the size divisor.
    pad_after : (z, y, x) of int
        Voxels to add after the end of what was read, for a size that the network takes. Other than 0 only where
        the tile ends with the volume.
    keep : slices (z, y, x)
        Part of the output that is right, within the tile.
    place : slices (z, y, x)
        Where that part belongs in the whole output.
    """

    read: Box
    pad_after: Shape
    keep: Box
    place: Box

    @property
    def shape(self) -> Shape:
        """Size (z, y, x) that the network runs on."""
        z, y, x = (part.stop - part.start + pad for part, pad in zip(self.read, self.pad_after, strict=True))
        return z, y, x

    @property
    def kept_voxels(self) -> int:
        """Voxels of the whole output that this tile settles."""
        return math.prod(part.stop - part.start for part in self.place)

    def cut(self, volume: NDArray[np.float32]) -> NDArray[np.float32]:
        """Input of this tile: its part of `volume`, the last voxels repeated where it must be longer."""
        part = volume[self.read]
        if not any(self.pad_after):
            return part
        return np.pad(part, [(0, after) for after in self.pad_after], mode="edge")


@dataclass(frozen=True)
class _Cut:
    """One way to cut one axis: parts of `core` voxels (the last may be shorter) with their halos."""

    core: int
    longest: int
    total: int


def plan_tiles(
    shape: Shape, halo_vox: Shape, divisor: Shape, max_voxels: float, region: Box | None = None
) -> list[Tile]:
    """Tiles that cover a volume with the fewest voxels computed, then the fewest tiles.

    A tile that starts at a multiple of the size divisor, and reaches a halo beyond what is kept of it, gives the same
    numbers as the whole volume: nothing else can reach the kept part, and the pooling falls on the same voxels. Faces
    of the volume need no halo; there the network pads as it does for the whole.

    Parameters
    ----------
    shape : (z, y, x) of int
        Of the volume.
    halo_vox, divisor : (z, y, x) of int
        From `receptive_field`.
    max_voxels : float
        Largest tile that memory allows.
    region : slices (z, y, x), optional
        Part of the output to settle, starting at multiples of the divisor; all of it by default.

    Returns
    -------
    list of Tile
        One tile if the volume is small enough. Their places do not overlap.

    Raises
    ------
    ValueError
        If even the smallest tile is larger than `max_voxels`; see `smallest_tile_voxels`.
    """
    region = region or (slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2]))
    cuts, longest, total = _ways(shape, halo_vox, divisor, region)
    if longest.min() > max_voxels:
        raise ValueError(f"no tile of {max_voxels:.0f} voxels holds a halo of {halo_vox} voxels")
    best = np.unravel_index(int(np.where(longest <= max_voxels, total, np.inf).argmin()), total.shape)
    parts = [
        _axis_parts(*axis, cuts[i][best[i]].core)
        for i, axis in enumerate(zip(shape, halo_vox, divisor, region, strict=True))
    ]
    return [_tile(z, y, x) for z, y, x in itertools.product(*parts)]


def least_work(shape: Shape, halo_vox: Shape, divisor: Shape, max_voxels: Sequence[float]) -> list[float]:
    """Voxels that `plan_tiles` computes in all, for each of several largest tiles; inf where none is small enough."""
    _, longest, total = _ways(shape, halo_vox, divisor, (slice(0, shape[0]), slice(0, shape[1]), slice(0, shape[2])))
    return [float(total.min(where=longest <= most, initial=np.inf)) for most in max_voxels]


def smallest_tile_voxels(shape: Shape, halo_vox: Shape, divisor: Shape) -> int:
    """Voxels of the smallest tile that `plan_tiles` can cut this volume into."""
    lengths = (
        min(_round_up(size, by), by + 2 * _round_up(halo, by))
        for size, halo, by in zip(shape, halo_vox, divisor, strict=True)
    )
    return math.prod(lengths)


def constant_tile(
    shape: Shape,
    value: float,
    halo_vox: Shape,
    divisor: Shape,
    run: Callable[[NDArray[np.float32]], NDArray[np.float32]],
) -> NDArray[np.float32]:
    """Output of the network for a tile with one intensity throughout, at the cost of a small one.

    Away from the ends of the tile the output repeats with the size divisor, so the network runs on a tile with one
    repeat between the ends, and that repeat is copied: the same numbers as running it on the whole tile.

    Parameters
    ----------
    shape : (z, y, x) of int
        Of the tile; multiples of the divisor.
    value : float
        Its intensity.
    halo_vox, divisor : (z, y, x) of int
        From `receptive_field`.
    run : callable
        The network: (Z, Y, X) float32 to (C, Z, Y, X) float32.
    """
    sources = []
    for size, halo, by in zip(shape, halo_vox, divisor, strict=True):
        end = _round_up(halo, by)
        short = min(size, 2 * end + by)
        places = np.arange(size)
        middle = end + (places - end) % by
        sources.append(np.select([places < short - end, places >= size - end], [places, places - size + short], middle))
    small = run(np.full([source.max() + 1 for source in sources], value, np.float32))
    return small[:, sources[0][:, None, None], sources[1][:, None], sources[2]]


def _round_up(size: int, by: int) -> int:
    return -(-size // by) * by


def _ways(
    shape: Shape, halo_vox: Shape, divisor: Shape, region: Box
) -> tuple[list[list[_Cut]], NDArray[np.float64], NDArray[np.float64]]:
    """Ways to cut each axis; voxels of the largest tile, and of all tiles, for each combination of them."""
    cuts = [_cuts(*axis) for axis in zip(shape, halo_vox, divisor, region, strict=True)]
    longest = _grid([[cut.longest for cut in axis] for axis in cuts])
    total = _grid([[cut.total for cut in axis] for axis in cuts])
    return cuts, longest, total


def _cuts(size: int, halo: int, by: int, region: slice) -> list[_Cut]:
    """Ways to cut an axis, from whole to smallest; each length of the parts once."""
    blocks = -(-(region.stop - region.start) // by)
    cores = {-(-blocks // count) * by for count in range(1, blocks + 1)}
    cuts = []
    for core in sorted(cores, reverse=True):
        lengths = [read.stop - read.start + pad for read, pad, _, _ in _axis_parts(size, halo, by, region, core)]
        cuts.append(_Cut(core, max(lengths), sum(lengths)))
    return cuts


def _axis_parts(size: int, halo: int, by: int, region: slice, core: int) -> list[tuple[slice, int, slice, slice]]:
    """Read, padding after, keep and place of each part along one axis."""
    parts = []
    for start in range(region.start, region.stop, core):
        stop = min(start + core, region.stop)
        first = max(start - halo, 0) // by * by
        last = min(_round_up(stop + halo, by), _round_up(size, by))
        read = slice(first, min(last, size))
        parts.append((read, last - read.stop, slice(start - first, stop - first), slice(start, stop)))
    return parts


def _grid(per_axis: list[list[int]]) -> NDArray[np.float64]:
    """Products over all combinations of one number for z, one for y and one for x."""
    z, y, x = (np.array(numbers, np.float64) for numbers in per_axis)
    return z[:, None, None] * y[:, None] * x


def _tile(*axes: tuple[slice, int, slice, slice]) -> Tile:
    z, y, x = axes
    return Tile((z[0], y[0], x[0]), (z[1], y[1], x[1]), (z[2], y[2], x[2]), (z[3], y[3], x[3]))
