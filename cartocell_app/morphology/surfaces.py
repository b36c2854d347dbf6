"""Smooth surfaces of cells that still touch where the cells touch, and files of them for other programs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fastremap
import numpy as np
import scipy.sparse
import zmesh
from numpy.typing import NDArray

from cartocell_app.segmentation.colours import label_colours
from cartocell_app.stacks.files import whole_file

SMOOTHINGS = 20
SHRINK, GROW = 0.5, -0.53
"""Taubin's two steps (Taubin 1995, "A signal processing approach to fair surface design"): after both of them a
surface is smoother, but no smaller."""


@dataclass(frozen=True)
class Surfaces:
    """Closed surfaces of all cells of a stack.

    Attributes
    ----------
    vertices_um : (N, 3) ndarray of float32
        Points (z, y, x) in µm from the outer corner of the first voxel. Each cell has vertices of its own; where
        cells touch they lie at the same places.
    faces : (M, 3) ndarray of uint32
        Rows of `vertices_um`, anticlockwise seen from outside (in x, y, z).
    vertex_cells, face_cells : (N,) and (M,) ndarray of int32
        Rows of `labels`.
    labels : (K,) ndarray of int64
        Labels of the cells, ascending.
    colours : (K, 3) ndarray of uint8
        RGB, those that `label_colours` gives to these labels.
    """

    vertices_um: NDArray[np.float32]
    faces: NDArray[np.uint32]
    vertex_cells: NDArray[np.int32]
    face_cells: NDArray[np.int32]
    labels: NDArray[np.int64]
    colours: NDArray[np.uint8]

    def normals(self, smoothings: int = 0) -> NDArray[np.float32]:
        """Unit normals (N, 3), (z, y, x), at the vertices, outward: means of the faces around, weighted by area.

        Each round of smoothing takes the mean with the neighbours' within the cell: light then shows a cell's shape and
        not the steps of its voxels.
        """
        corners = self.vertices_um[self.faces]
        # In (z, y, x) the cross product of an anticlockwise face points inward.
        across = -np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        summed = np.stack(
            [
                np.bincount(self.faces.ravel(), np.repeat(across[:, axis], 3), len(self.vertices_um))
                for axis in range(3)
            ],
            axis=1,
        )
        normals = _unit(summed)
        if smoothings and len(self.faces):
            near = _neighbours(self.faces, len(self.vertices_um))
            for _ in range(smoothings):
                normals = _unit(normals + near @ normals)
        return np.asarray(normals, np.float32)

    def centroids_um(self) -> NDArray[np.float64]:
        """Mean (z, y, x) of each cell's vertices in µm, a row for each of `labels`."""
        count = np.bincount(self.vertex_cells, minlength=len(self.labels))
        sums = [np.bincount(self.vertex_cells, self.vertices_um[:, axis], len(self.labels)) for axis in range(3)]
        return np.stack(sums, axis=1) / np.maximum(count, 1)[:, None]


def cell_surfaces(
    labels: NDArray[Any],
    voxel_um: Sequence[float],
    *,
    smoothings: int = SMOOTHINGS,
    colours: NDArray[np.uint8] | None = None,
) -> Surfaces:
    """Mesh all cells by marching cubes, then smooth them together, so that neighbours stay neighbours.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of int
        0 is background and lumen. Gaps are allowed. Not changed.
    voxel_um : (z, y, x)
        In µm.
    smoothings : int
        Rounds of smoothing; 0 leaves the steps of the voxels.
    colours : (N, 3) ndarray of uint8, optional
        RGB of each label from 0 on, where they are known already or `labels` are only a part.
    """
    small, original = fastremap.renumber(np.ascontiguousarray(labels), preserve_zero=True)
    ids = np.array(sorted(new for new in original.values() if new), np.int64)
    names = {new: old for old, new in original.items()}
    spacing = np.asarray(voxel_um, np.float64)
    vertices, faces, vertex_cells = _meshed(small, ids, spacing)
    if smoothings and len(faces):
        vertices = _smoothed(vertices, faces, spacing, smoothings)
    known = np.array([names[number] for number in ids], np.int64)
    order = np.argsort(known)
    rank = np.empty(len(ids), np.int32)
    rank[order] = np.arange(len(ids), dtype=np.int32)
    cells = rank[vertex_cells]
    return Surfaces(
        vertices_um=(vertices - spacing / 2).astype(np.float32),
        faces=faces,
        vertex_cells=cells,
        face_cells=cells[faces[:, 0]] if len(faces) else np.zeros(0, np.int32),
        labels=known[order],
        colours=label_colours(labels)[known[order]] if colours is None else colours[known[order]],
    )


def _meshed(
    cells: NDArray[Any], ids: NDArray[np.int64], spacing: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.uint32], NDArray[np.intp]]:
    """Vertices (of a volume with one more voxel all around), faces, and the row of `ids` of each vertex."""
    mesher = zmesh.Mesher(tuple(spacing))
    # A border of background closes the cells that the frame cuts.
    mesher.mesh(np.pad(cells, 1))
    parts = [mesher.get(int(number), normals=False, reduction_factor=0) for number in ids]
    mesher.clear()
    if not parts:
        return np.zeros((0, 3)), np.zeros((0, 3), np.uint32), np.zeros(0, np.intp)
    counts = [len(part.vertices) for part in parts]
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    # zmesh turns its faces as seen in (z, y, x), which is the other way round in (x, y, z).
    faces = np.concatenate([part.faces[:, ::-1] + start for part, start in zip(parts, starts, strict=True)])
    vertices = np.concatenate([part.vertices for part in parts]).astype(np.float64)
    return vertices, faces.astype(np.uint32), np.repeat(np.arange(len(parts)), counts)


def _smoothed(
    vertices: NDArray[np.float64], faces: NDArray[np.uint32], spacing: NDArray[np.float64], rounds: int
) -> NDArray[np.float64]:
    """Move vertices towards the mean of their neighbours and back; those at one place move as one."""
    # Marching cubes puts vertices on half voxels: whole numbers name places exactly.
    places = np.rint(vertices / spacing * 2).astype(np.int64)
    size = places.max(axis=0) + 1
    keys = (places[:, 0] * size[1] + places[:, 1]) * size[2] + places[:, 2]
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    points = vertices[first]
    neighbours = _neighbours(place[faces], len(points))
    share = 1 / np.maximum(neighbours.sum(axis=1), 1)
    for _ in range(rounds):
        for step in (SHRINK, GROW):
            points = points + step * ((neighbours @ points) * share[:, None] - points)
    return np.asarray(points[place], np.float64)


def _neighbours(faces: NDArray[Any], count: int) -> scipy.sparse.csr_array:
    """Which of the `count` vertices share an edge: 1 there, 0 elsewhere."""
    edges = faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
    joined = scipy.sparse.coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(count, count))
    return ((joined + joined.T) > 0).astype(np.float64).tocsr()


def _unit(vectors: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12), np.float64)


def write_ply(path: Path, surfaces: Surfaces) -> None:
    """Write surfaces as one binary PLY: points (x, y, z) in µm, faces with the cell's colour and label.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    points = np.ascontiguousarray(surfaces.vertices_um[:, ::-1], "<f4")
    rows = np.zeros(len(surfaces.faces), [("count", "u1"), ("corners", "<i4", 3), ("rgb", "u1", 3), ("label", "<i4")])
    rows["count"] = 3
    rows["corners"] = surfaces.faces
    rows["rgb"] = surfaces.colours[surfaces.face_cells]
    rows["label"] = surfaces.labels[surfaces.face_cells]
    header = (
        "ply\nformat binary_little_endian 1.0\ncomment cells in micrometres, by CartoCell\n"
        f"element vertex {len(points)}\nproperty float x\nproperty float y\nproperty float z\n"
        f"element face {len(rows)}\nproperty list uchar int vertex_indices\n"
        "property uchar red\nproperty uchar green\nproperty uchar blue\nproperty int label\nend_header\n"
    )
    with whole_file(path) as partial, partial.open("wb") as file:
        file.write(header.encode("ascii"))
        file.write(points.tobytes())
        file.write(rows.tobytes())


def write_obj(path: Path, surfaces: Surfaces) -> None:
    """Write surfaces as OBJ: points (x, y, z) in µm, an object ``cell_LABEL`` for each cell.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    with whole_file(path) as partial, partial.open("w", encoding="ascii", newline="\n") as file:
        file.write("# cells in micrometres, by CartoCell\n")
        np.savetxt(file, surfaces.vertices_um[:, ::-1], fmt="v %.4f %.4f %.4f")
        corners = surfaces.faces.astype(np.int64) + 1
        for row, label in enumerate(surfaces.labels):
            file.write(f"o cell_{label}\n")
            np.savetxt(file, corners[surfaces.face_cells == row], fmt="f %d %d %d")
