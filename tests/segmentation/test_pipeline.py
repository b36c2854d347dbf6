"""The way of one stack through it, on which grid: that of the model, if it is known."""

import numpy as np
import pytest

from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.pipeline import segment_stack
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
    assert result.maps.shape == (3, *grid_shape)
    assert result.labels.shape == SHAPE
    assert any("taken as it is" in note for note in result.notes) == (trained_um is None)
    assert result.grid.zyx_um == pytest.approx(trained_um or VOXEL_UM)
