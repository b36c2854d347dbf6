"""The way of one stack through it, on which grid: that of the model, if it is known."""

import numpy as np
import pytest
from scipy import ndimage

from cartocell_app.errors import UserError
from cartocell_app.segmentation import pipeline
from cartocell_app.segmentation.cell_width import USUAL_UM
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.pipeline import outline_shape, segment_stack
from cartocell_app.segmentation.settings import PROFILES
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize
from tests.segmentation.onnx_graphs import GraphBuilder, save

SHAPE, VOXEL_UM = (10, 20, 30), (2.0, 0.5, 0.5)


@pytest.mark.parametrize(
    ("trained_um", "grid_shape"), [((1.0, 1.0, 1.0), (20, 10, 15)), (None, SHAPE)], ids=["known", "unknown"]
)
def test_a_stack_is_brought_to_the_voxel_size_of_the_training_if_that_is_known(tmp_path, trained_um, grid_shape):
    g = GraphBuilder()
    model = g.model(g.node("Sigmoid", [g.conv("raw", 1, 3, (1, 1, 1))]))
    network = Network.open(save(tmp_path / "m.onnx", model, voxel_size_um=trained_um), "cpu", 1)
    raw = np.random.default_rng(0).integers(0, 255, SHAPE, np.uint8)
    stack = Stack(raw, VoxelSize(*VOXEL_UM, source="test"), "stack")
    result = segment_stack(stack, network, PROFILES["default"])
    assert result.looked_at == grid_shape
    assert result.labels.shape == SHAPE
    assert result.maps.shape[1:] == result.instances.labels.shape
    assert any("taken as it is" in note for note in result.notes) == (trained_um is None)


def test_where_cells_are_narrow_the_network_looks_closer(tmp_path):
    g = GraphBuilder()
    model = g.model(g.node("Sigmoid", [g.conv("raw", 1, 3, (1, 1, 1))]))
    path = save(tmp_path / "m.onnx", model, voxel_size_um=(1, 1, 1))
    stack = Stack(np.random.default_rng(0).integers(0, 255, SHAPE, np.uint8), VoxelSize(*VOXEL_UM, "test"), "stack")
    narrow = PROFILES["default"].model_copy(update={"cell_width_um": USUAL_UM / 2})
    result = segment_stack(stack, Network.open(path, "cpu", 1), narrow)
    assert result.looked_at == (40, 20, 30)
    assert result.labels.shape == SHAPE


def test_how_wide_cells_are_says_nothing_to_a_model_of_unknown_voxel_size(tmp_path):
    g = GraphBuilder()
    model = g.model(g.node("Sigmoid", [g.conv("raw", 1, 3, (1, 1, 1))]))
    path = save(tmp_path / "m.onnx", model, voxel_size_um=None)
    stack = Stack(np.zeros(SHAPE, np.uint8), VoxelSize(*VOXEL_UM, "test"), "stack")
    narrow = PROFILES["default"].model_copy(update={"cell_width_um": 5.0})
    with pytest.raises(UserError, match="cannot be told how wide cells are"):
        segment_stack(stack, Network.open(path, "cpu", 1), narrow)


def ball_and_network(folder, radius_um, known_um):
    """A bright ball on voxels of 1 µm, and a network that sees it as one cell; it works at 1 µm."""
    distance = np.sqrt(sum((np.indices((40, 40, 40))[axis] - 19.3) ** 2 for axis in range(3)))
    raw = np.rint(255 * ndimage.gaussian_filter((distance < radius_um).astype(np.float32), 1.0)).astype(np.uint8)
    path = save(folder / "m.onnx", brightness_as_cells(), voxel_size_um=(1.0, 1.0, 1.0), cell_width_um=known_um)
    return Stack(raw, VoxelSize(1.0, 1.0, 1.0, "test"), "ball"), Network.open(path, "cpu", 1)


def brightness_as_cells():
    """B and M follow the brightness and cross 0.5 at half of it; there is no contour."""
    g = GraphBuilder()
    gains = g.constant(np.array([6, 0, 6], np.float32).reshape(3, 1, 1, 1, 1))
    offsets = g.constant(np.array([-3, -20, -3], np.float32))
    return g.model(g.node("Sigmoid", [g.node("Conv", ["raw", gains, offsets], kernel_shape=[1, 1, 1])]))


@pytest.mark.parametrize(("radius_um", "least", "most"), [(10, 15, 25), (5.2, 40, 40), (2.6, 52, 90)])
def test_where_cells_come_out_narrow_or_wide_the_network_looks_again(tmp_path, radius_um, least, most):
    stack, network = ball_and_network(tmp_path, radius_um, known_um=10.0)
    stages = []
    found = segment_stack(stack, network, PROFILES["default"], lambda stage, *_: stages.append(stage))
    assert all(least <= size <= most for size in found.looked_at)
    assert found.labels.shape == stack.shape
    assert found.cells == 1
    assert any("looked again" in note for note in found.notes) == (least != most)
    assert ("Network again" in stages) == (least != most)


def test_there_is_one_look_where_the_width_is_given_or_nobody_knows_what_the_model_knows(tmp_path):
    stack, network = ball_and_network(tmp_path, 10, known_um=10.0)
    default = PROFILES["default"]
    given = segment_stack(stack, network, default.model_copy(update={"cell_width_um": 10.0}))
    published = segment_stack(stack, network, PROFILES["biapy-3.7"])
    stack, network = ball_and_network(tmp_path, 10, known_um=None)
    for found in (given, published, segment_stack(stack, network, default)):
        assert found.looked_at == stack.shape
        assert not any("again" in note for note in found.notes)


def test_where_that_look_shows_another_width_there_is_a_third_and_no_more(tmp_path, monkeypatch):
    stack, network = ball_and_network(tmp_path, 10, known_um=10.0)
    widths = iter((16.0, 25.0, 50.0))
    monkeypatch.setattr(pipeline, "found_width_um", lambda *_: next(widths))
    found = segment_stack(stack, network, PROFILES["default"])
    assert found.looked_at == (16, 16, 16)
    assert [note[:35] for note in found.notes] == [f"The cells came out about {width} µm wide" for width in (16, 25)]


def test_a_stack_too_large_for_a_closer_look_is_not_looked_at_again(tmp_path, monkeypatch):
    stack, network = ball_and_network(tmp_path, 2.6, known_um=10.0)
    monkeypatch.setattr(pipeline, "MOST_OUTLINED_VOX", 100_000)
    found = segment_stack(stack, network, PROFILES["default"])
    assert found.looked_at == stack.shape
    assert "too large to look again" in found.notes[-1]


@pytest.mark.parametrize(
    ("voxel_um", "outlined"),
    [
        ((0.7, 0.6, 0.6), (60, 70, 70)),  # the stack's own
        ((0.7, 0.1, 0.1), (60, 14, 14)),  # none finer than half a micrometre
        ((0.9, 0.8, 0.8), (60, 70, 70)),  # the stack's own, though the network's are a little finer
        ((2.1, 1.4, 1.4), (180, 140, 140)),  # the network's, which are much finer
    ],
)
def test_cells_are_outlined_on_the_stack_s_own_voxels_within_reason(voxel_um, outlined):
    shape, voxel_size = (60, 70, 70), VoxelSize(*voxel_um, source="test")
    network_shape = pipeline.resampled_shape(shape, voxel_size, (0.7, 0.7, 0.7))
    assert outline_shape(shape, voxel_size, network_shape, 0.5) == outlined
    assert outline_shape(shape, voxel_size, network_shape, None) == network_shape


def test_a_large_field_is_outlined_on_the_network_s_grid(monkeypatch):
    shape, voxel_size = (60, 70, 70), VoxelSize(0.7, 0.6, 0.6, source="test")
    monkeypatch.setattr(pipeline, "MOST_OUTLINED_VOX", 60 * 70 * 70 - 1)
    assert outline_shape(shape, voxel_size, (60, 60, 60), 0.5) == (60, 60, 60)


def test_surfaces_between_the_network_s_voxels_are_kept(tmp_path):
    """Of a ball that is seen without any fault, on voxels of 0.5 µm by a network that works at 1 µm."""
    shape, voxel_um = (40, 40, 40), (0.5, 0.5, 0.5)
    radius = np.sqrt(sum((np.indices(shape)[axis] - 19.3) ** 2 for axis in range(3)))
    ball = radius < 14.6
    raw = np.rint(255 * ndimage.gaussian_filter(ball.astype(np.float32), 1.2)).astype(np.uint8)
    network = Network.open(save(tmp_path / "m.onnx", brightness_as_cells(), voxel_size_um=(1.0, 1.0, 1.0)), "cpu", 1)
    stack = Stack(raw, VoxelSize(*voxel_um, source="test"), "ball")
    default = PROFILES["default"]
    fine, coarse = (
        iou(ball, segment_stack(stack, network, default.model_copy(update={"outline_um": um})).labels == 1)
        for um in (0.5, None)
    )
    assert 1 - fine < 0.6 * (1 - coarse)


def iou(one, other):
    return (one & other).sum() / (one | other).sum()
