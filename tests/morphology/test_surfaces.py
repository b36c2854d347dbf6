"""Surfaces of cells: known areas and volumes, shared walls, and files that others read."""

from pathlib import Path

import numpy as np
import pytest

from cartocell_app.morphology.surfaces import Surfaces, cell_surfaces, write_obj, write_ply
from cartocell_app.segmentation.colours import label_colours


def ball(shape, centre_um, radius_um, voxel_um):
    grid = np.indices(shape).transpose(1, 2, 3, 0) + 0.5
    return np.linalg.norm(grid * voxel_um - centre_um, axis=-1) <= radius_um


def area_and_volume(surfaces: Surfaces, row=0):
    corners = surfaces.vertices_um[surfaces.faces[surfaces.face_cells == row]][..., ::-1].astype(float)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    return np.linalg.norm(across, axis=1).sum() / 2, volume


@pytest.mark.parametrize("voxel_um", [(0.5, 0.5, 0.5), (1.0, 0.5, 0.5)])
def test_a_ball_has_the_area_and_volume_of_a_ball(voxel_um):
    radius_um = 10.0
    labels = ball((48, 48, 48) if voxel_um[0] == 0.5 else (24, 48, 48), (12, 12, 12), radius_um, voxel_um)
    area, volume = area_and_volume(cell_surfaces(labels.astype(np.uint16) * 7, voxel_um))
    assert volume == pytest.approx(4 / 3 * np.pi * radius_um**3, rel=0.02)
    assert area == pytest.approx(4 * np.pi * radius_um**2, rel=0.03)


def test_the_surface_lies_where_the_voxels_are():
    labels = np.zeros((10, 12, 14), np.uint8)
    labels[2:6, 3:9, 4:12] = 1
    surfaces = cell_surfaces(labels, (2, 1, 0.5), smoothings=0)
    np.testing.assert_allclose(surfaces.vertices_um.min(axis=0), (4, 3, 2))
    np.testing.assert_allclose(surfaces.vertices_um.max(axis=0), (12, 9, 6))
    assert area_and_volume(surfaces)[1] == pytest.approx(4 * 6 * 8, rel=0.06)  # bevelled edges


def test_cells_that_touch_share_their_wall_after_smoothing_and_gaps_in_labels_are_kept():
    labels = np.zeros((12, 12, 24), np.uint32)
    labels[2:10, 2:10, 2:12] = 5
    labels[2:10, 2:10, 12:22] = 70_000
    surfaces = cell_surfaces(labels, (1, 1, 1))
    assert surfaces.labels.tolist() == [5, 70_000]
    one, other = (
        {tuple(point) for point in np.round(surfaces.vertices_um[surfaces.vertex_cells == row], 4)} for row in (0, 1)
    )
    assert len(one & other) > 40
    assert (surfaces.colours[0] != surfaces.colours[1]).any()


def test_cells_at_the_frame_are_closed():
    surfaces = cell_surfaces(np.ones((5, 5, 5), np.uint8), (1, 1, 1), smoothings=0)
    edges = np.sort(surfaces.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2), axis=1)
    _, uses = np.unique(edges, axis=0, return_counts=True)
    assert (uses == 2).all()


def test_normals_point_outward():
    surfaces = cell_surfaces(ball((24, 24, 24), (12, 12, 12), 9, (1, 1, 1)).astype(np.uint8), (1, 1, 1))
    outward = surfaces.vertices_um - surfaces.centroids_um()[0]
    assert (np.einsum("ij,ij->i", surfaces.normals(), outward) > 0).all()


def test_smoothed_normals_of_a_ball_point_away_from_its_middle():
    surfaces = cell_surfaces(ball((24, 24, 24), (12, 12, 12), 9, (1, 1, 1)).astype(np.uint8), (1, 1, 1))
    outward = surfaces.vertices_um - 12.0
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    rough, smooth = (
        np.degrees(np.arccos(np.clip(np.einsum("ij,ij->i", surfaces.normals(rounds), outward), -1, 1)))
        for rounds in (0, 6)
    )
    assert smooth.max() < 10
    assert smooth.mean() < 0.6 * rough.mean()


def test_colours_are_those_of_the_labels_also_where_labels_have_gaps_and_no_order():
    rng = np.random.default_rng(0)
    small = np.kron(rng.permutation(64).reshape(4, 4, 4), np.ones((3, 3, 3), int))
    labels = np.where(small > 5, small * 3, 0).astype(np.uint16)
    surfaces = cell_surfaces(labels, (1, 1, 1))
    np.testing.assert_array_equal(surfaces.colours, label_colours(labels)[surfaces.labels])
    given = rng.integers(0, 255, (labels.max() + 1, 3)).astype(np.uint8)
    np.testing.assert_array_equal(cell_surfaces(labels, (1, 1, 1), colours=given).colours, given[surfaces.labels])


def test_nothing_gives_nothing():
    surfaces = cell_surfaces(np.zeros((4, 4, 4), np.uint8), (1, 1, 1))
    assert surfaces.faces.shape == (0, 3)
    assert surfaces.normals().shape == (0, 3)


@pytest.fixture
def two() -> Surfaces:
    labels = np.zeros((8, 8, 12), np.uint16)
    labels[2:6, 2:6, 2:6] = 3
    labels[2:6, 2:6, 6:10] = 9
    return cell_surfaces(labels, (2, 1, 1))


def read_ply(path: Path):
    head, body = path.read_bytes().split(b"end_header\n", 1)
    sizes = [int(line.split()[-1]) for line in head.decode().splitlines() if line.startswith("element")]
    points = np.frombuffer(body, "<f4", sizes[0] * 3).reshape(-1, 3)
    faces, place = [], points.nbytes
    for _ in range(sizes[1]):
        assert body[place] == 3
        corners = np.frombuffer(body, "<i4", 3, place + 1)
        faces.append((*corners, *body[place + 13 : place + 16], int(np.frombuffer(body, "<i4", 1, place + 16)[0])))
        place += 20
    assert place == len(body)
    return points, np.array(faces)


def test_ply_is_read_back_by_the_letter_of_its_format(two, tmp_path):
    write_ply(tmp_path / "a.ply", two)
    points, faces = read_ply(tmp_path / "a.ply")
    np.testing.assert_array_equal(points, two.vertices_um[:, ::-1])
    np.testing.assert_array_equal(faces[:, :3], two.faces)
    np.testing.assert_array_equal(faces[:, 3:6], two.colours[two.face_cells])
    assert set(faces[:, 6]) == {3, 9}


def test_obj_has_an_object_for_each_cell(two, tmp_path):
    write_obj(tmp_path / "a.obj", two)
    lines = (tmp_path / "a.obj").read_text().splitlines()
    points = np.array([line.split()[1:] for line in lines if line.startswith("v ")], float)
    np.testing.assert_allclose(points, two.vertices_um[:, ::-1], atol=1e-4)
    assert [line for line in lines if line.startswith("o ")] == ["o cell_3", "o cell_9"]
    assert sum(line.startswith("f ") for line in lines) == len(two.faces)
