"""Solids of known surface as label volumes, and contacts counted one pair of voxels after the other."""

import itertools

import numpy as np
from scipy.spatial import KDTree, Voronoi


def grid(voxel_um, half_um, seed=0):
    """Points (Z, Y, X, 3) in µm around the origin, which lies anywhere within a voxel."""
    shift = np.random.default_rng(seed).random(3) * voxel_um
    steps = [
        np.arange(-int(half_um / edge) - 3, int(half_um / edge) + 4) * edge + off
        for edge, off in zip(voxel_um, shift, strict=True)
    ]
    return np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)


def ball(voxel_um, radius_um, seed=0):
    return (np.linalg.norm(grid(voxel_um, radius_um, seed), axis=-1) <= radius_um).astype(np.uint16)


def turned_box(voxel_um, edges_um, seed=0):
    """A box of any orientation."""
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    points = grid(voxel_um, float(np.linalg.norm(edges_um)) / 2, seed) @ turn
    return (np.abs(points) <= np.array(edges_um) / 2).all(axis=-1).astype(np.uint16)


def polyhedra(voxel_um, cells=60, size_um=40.0, seed=0):
    """A tissue of Voronoi cells of known walls.

    Returns labels, the walls' areas by pair of labels, and the labels of cells whose walls are all known.
    """
    rng = np.random.default_rng(seed)
    points, cloud = rng.random((cells, 3)) * size_um, rng.random((60_000, 3)) * size_um
    for _ in range(3):  # towards even sizes, as cells have
        nearest = KDTree(points).query(cloud)[1]
        points = np.stack([np.bincount(nearest, cloud[:, k], cells) for k in range(3)], 1)
        points /= np.bincount(nearest, minlength=cells)[:, None]
    diagram = Voronoi(points)
    walls, inner = {}, np.ones(cells, bool)
    for pair, corners in diagram.ridge_dict.items():
        polygon = diagram.vertices[corners]
        if -1 in corners or (polygon < 1).any() or (polygon > size_um - 1).any():
            inner[list(pair)] = False
        else:
            normal = points[pair[1]] - points[pair[0]]
            crosses = np.cross(polygon, np.roll(polygon, -1, axis=0)).sum(axis=0)
            walls[tuple(sorted(one + 1 for one in pair))] = abs(crosses @ normal) / np.linalg.norm(normal) / 2
    steps = [np.arange(edge / 2, size_um, edge) for edge in voxel_um]
    voxels = np.stack(np.meshgrid(*steps, indexing="ij"), axis=-1)
    labels = KDTree(points).query(voxels.reshape(-1, 3))[1].reshape(voxels.shape[:3]) + 1
    return labels.astype(np.uint16), walls, set((np.flatnonzero(inner) + 1).tolist())


def crossings_by_hand(labels, weights):
    """Sum of `weights` (a step's) over all changes of label, by ordered pair of labels."""
    found = {}
    for place in itertools.product(*map(range, labels.shape)):
        for step, weight in weights.items():
            other = tuple(a + b for a, b in zip(place, step, strict=True))
            if all(0 <= a < size for a, size in zip(other, labels.shape, strict=True)):
                pair = tuple(sorted((int(labels[place]), int(labels[other]))))
                if pair[0] != pair[1]:
                    found[pair] = found.get(pair, 0.0) + weight
    return found
