"""Sharing the tissue out among the cells, so that neighbours touch as they do in an epithelium."""

from collections.abc import Sequence
from math import ceil, prod
from typing import Literal

import cc3d
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from cartocell_app.segmentation.boxes import bounding_box, face_neighbours_differ
from cartocell_app.segmentation.settings import NearestCell, PublishedVoronoi
from cartocell_app.segmentation.watershed import flood, inner_distance

IntArray = NDArray[np.int32]
BoolArray = NDArray[np.bool_]

VOXELS = (1.0, 1.0, 1.0)
"""Voxel size for distances in voxels."""

TIES_AT_FIRST = 8
"""So many near voxels are looked up before a query whose answers are all equally near is repeated with more."""


def share_to_nearest(
    instances: IntArray,
    tissue: BoolArray,
    voxel_size_um: Sequence[float],
    settings: NearestCell,
    valleys: NDArray[np.float32] | None = None,
) -> IntArray:
    """Give every voxel of the tissue to the nearest cell, in µm or over the lowest ridge.

    Parameters
    ----------
    instances : (Z, Y, X) ndarray of int32
        Cells that need not touch, 0 elsewhere. Not changed.
    tissue : (Z, Y, X) ndarray of bool
        Where there are cells at all. Not changed.
    voxel_size_um : (z, y, x)
        In µm.
    settings : NearestCell
        How gaps, holes and small cells are treated.
    valleys : (Z, Y, X) ndarray of float32, optional
        Low inside cells, highest where they should meet, and so they do. Without it they meet halfway, in µm (plain
        3D Voronoi). Not changed.

    Returns
    -------
    (Z, Y, X) ndarray of int32
        Cells by their numbers in `instances`, each of one piece (connected through voxel faces) and not smaller than
        `settings.min_cell_um3`. Voxels of `instances` in the tissue keep their cell, those outside become 0, unless
        they belong to a smaller piece of a cell, which goes to its neighbours. Lumen and pieces of tissue without
        any cell are 0.
    """
    shared = np.zeros(instances.shape, np.int32)
    tissue = closed(tissue, settings.closing_um, voxel_size_um, faces="edge")
    box = bounding_box(tissue, margin_vox=1)
    if box is None:
        return shared
    voxel_um3 = prod(voxel_size_um)
    mask = without_pinholes(tissue[box], settings.pinhole_um3 / voxel_um3)
    cells = np.where(mask, instances[box], 0)
    cores = cells > 0
    if valleys is None:
        _give_to_nearest(cells, mask, voxel_size_um)
    else:
        cells = flood(valleys[box], cells, mask)
    shared[box] = whole_cells(cells, cores, settings.min_cell_um3 / voxel_um3)
    return shared


def _give_to_nearest(cells: IntArray, mask: BoolArray, voxel_size_um: Sequence[float]) -> None:
    """Fill `mask` with the nearest of `cells`, in place."""
    surface, unclaimed = _surface(cells > 0), mask & (cells == 0)
    if surface.any():
        _, nearest = KDTree(_points(surface, voxel_size_um)).query(_points(unclaimed, voxel_size_um))
        cells[unclaimed] = cells[surface][nearest]


def without_doubtful(cells: IntArray, tissue: NDArray[np.float32], least_certainty: float) -> IntArray:
    """Leave out cells that the network is much less sure of than of the others: lumen and surroundings taken for cells.

    Parameters
    ----------
    cells : (Z, Y, X) ndarray of int32
        0 is no cell. Not changed.
    tissue : (Z, Y, X) ndarray of float32
        Map M, probabilities. Not changed.
    least_certainty : float
        A cell's mean probability against that of the middle cell; below it the cell is left out.

    Notes
    -----
    With 0.82 it took away 28 of 73 false cells, and 3 of 2,796 true ones, from 26 synthetic stacks segmented by m2-fast
    and 12 of them by m2. 0.86, the default, was as good or better in all sets; 0.9 worse in other tissues.
    """
    counts = np.bincount(cells.ravel())
    is_cell = counts > 0
    is_cell[0] = False
    if least_certainty == 0 or not is_cell.any():
        return cells
    certainty = np.bincount(cells.ravel(), tissue.ravel()) / np.maximum(counts, 1)
    doubtful = is_cell & (certainty < least_certainty * np.median(certainty[is_cell]))
    return np.where(doubtful[cells], 0, cells) if doubtful.any() else cells


def share_as_published(instances: IntArray, tissue: BoolArray, settings: PublishedVoronoi) -> IntArray:
    """Share the tissue out as the published software did (specification §7.1, §7.2), voxels taken as cubes.

    Parameters
    ----------
    instances : (Z, Y, X) ndarray of int32
        Cells, 0 elsewhere. Not changed.
    tissue : (Z, Y, X) ndarray of bool
        Where there are cells at all, before closing. Not changed.
    settings : PublishedVoronoi
        Radius of the closing, and whether holes are filled.

    Returns
    -------
    (Z, Y, X) ndarray of int32
        Cells by their numbers in `instances`. Those outside the closed tissue are deleted; every other voxel of it
        goes to the nearest voxel of a cell, to the first in C order if several are equally near.

    Notes
    -----
    The published rule looks among the voxels of a shell, two voxels thick, of all cells together (step 5). The
    voxel of a cell that is nearest to one outside all cells is always on that shell's surface, so the surface is
    enough. Two faults are mended: the first voxel was left out (step 8), and no cell was an error (step 9).
    """
    mask = closed(tissue, settings.closing_vox, VOXELS, faces="symmetric")
    if settings.fill_holes:
        mask = without_pinholes(mask, mask.size)
    cells = np.where(mask, instances, 0)
    surface, unclaimed = _surface(cells > 0), mask & (cells == 0)
    if surface.any():
        nearest = _first_of_nearest(_points(unclaimed, VOXELS), _points(surface, VOXELS))
        cells[unclaimed] = cells[surface][nearest]
    return cells


def closed(
    mask: BoolArray, radius: float, voxel_size: Sequence[float], faces: Literal["edge", "symmetric"]
) -> BoolArray:
    """Close gaps that a ball does not fit into (morphological closing with an exact ball).

    Parameters
    ----------
    mask : (Z, Y, X) ndarray of bool
        Not changed.
    radius : float
        Of the ball, in the unit of `voxel_size`.
    voxel_size : (z, y, x)
        In µm, or 1 for voxels.
    faces : "edge" or "symmetric"
        How the mask goes on beyond the faces of the volume. "edge": as it is on the face, so that no gap between
        mask and face is bridged. "symmetric": mirrored, as published, which bridges gaps up to `radius` wide.

    Returns
    -------
    (Z, Y, X) ndarray of bool
        Contains `mask`.

    Notes
    -----
    A voxel is in reach of a ball exactly if it is at most its radius away, so two distance transforms do what the
    ball's voxels would do, in a time that does not grow with the ball.
    """
    reach_vox = [2 * ceil(radius / edge) + 1 for edge in voxel_size]
    box = bounding_box(mask, tuple(reach_vox))
    if box is None or radius == 0:
        return mask.copy()
    inside = mask[box]
    # Where the box ends at a face of the volume there is no room for the ball: the mask is continued beyond it.
    beyond = [
        (max(0, reach - side.start) if side.start == 0 else 0, reach if side.stop == size else 0)
        for reach, side, size in zip(reach_vox, box, mask.shape, strict=True)
    ]
    grown = inner_distance(~np.pad(inside, beyond, mode=faces), voxel_size) <= radius
    shrunk = inner_distance(grown, voxel_size) > radius
    result = np.zeros_like(mask)
    result[box] = shrunk[
        tuple(slice(before, before + size) for (before, _), size in zip(beyond, inside.shape, strict=True))
    ]
    return result


def without_pinholes(mask: BoolArray, max_vox: float) -> BoolArray:
    """Fill closed holes of a mask (Z, Y, X) that have at most `max_vox` voxels.

    A hole is closed if it is nowhere connected through voxel faces to the faces of the volume: what reaches them
    may be the end of something larger.
    """
    holes = cc3d.connected_components(~mask, connectivity=6)
    sizes = np.bincount(holes.ravel())
    fill = sizes <= max_vox
    fill[0] = False
    for axis in range(mask.ndim):
        fill[np.take(holes, [0, -1], axis=axis)] = False
    return mask | fill[holes]


def whole_cells(cells: IntArray, cores: BoolArray, min_vox: float) -> IntArray:
    """Make every cell one piece, of at least `min_vox` voxels; what is cut off goes to the neighbours.

    Parameters
    ----------
    cells : (Z, Y, X) ndarray of int32
        0 is no cell. Not changed.
    cores : (Z, Y, X) ndarray of bool
        What the cells have grown from: of a cell in pieces (connected through voxel faces) the one with most of it
        is kept, for what grew may have jumped to a larger piece of tissue far away. Not changed.
    min_vox : float
        Cells whose kept piece is smaller are given up.

    Returns
    -------
    (Z, Y, X) ndarray of int32
        Kept pieces by the numbers of their cells. The neighbours that touch the other pieces have grown into them,
        layer by layer; pieces that touch none are 0.
    """
    pieces = cc3d.connected_components(cells, connectivity=6)
    sizes = np.bincount(pieces.ravel())
    core_sizes = np.bincount(pieces[cores], minlength=sizes.size)
    cell_of_piece = np.zeros(sizes.size, np.int32)
    cell_of_piece[pieces] = cells
    by_core = np.argsort(core_sizes, kind="stable")
    main_piece = np.zeros(cell_of_piece.max(initial=0) + 1, np.intp)
    main_piece[cell_of_piece[by_core]] = by_core  # of several, the last one stays: the one with the largest core
    kept = (main_piece[cell_of_piece] == np.arange(sizes.size)) & (sizes >= min_vox)
    kept[0] = True
    given_up = ~kept[pieces]
    if not given_up.any():
        return cells.copy()
    remaining = np.where(given_up, 0, cells)
    touching = (remaining > 0) & face_neighbours_differ(given_up)
    grown = flood(np.zeros(cells.shape, np.float32), np.where(touching, remaining, 0), given_up | touching)
    return np.where(given_up, grown, remaining)


def _surface(mask: BoolArray) -> BoolArray:
    """Voxels of a mask that have a neighbour outside it: among them is the nearest one to any voxel outside."""
    return mask & face_neighbours_differ(mask)


def _points(mask: BoolArray, voxel_size: Sequence[float]) -> NDArray[np.float64]:
    """Positions (N, 3) of the True voxels, in C order."""
    points: NDArray[np.float64] = np.argwhere(mask) * np.asarray(voxel_size)
    return points


def _first_of_nearest(points: NDArray[np.float64], sources: NDArray[np.float64]) -> NDArray[np.intp]:
    """Index of the nearest source of each point, the first one if several are equally near."""
    tree = KDTree(sources)
    nearest = np.zeros(len(points), np.intp)
    open_queries = np.arange(len(points))
    wanted = TIES_AT_FIRST
    while open_queries.size:
        wanted = min(wanted, len(sources))
        distance, index = (np.asarray(answer) for answer in tree.query(points[open_queries], k=range(1, wanted + 1)))
        tied = distance == distance[:, :1]
        nearest[open_queries] = np.where(tied, index, len(sources)).min(axis=1)
        open_queries = open_queries[tied.all(axis=1)] if wanted < len(sources) else open_queries[:0]
        wanted *= 2
    return nearest
