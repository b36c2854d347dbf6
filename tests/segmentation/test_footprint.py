import onnx
import pytest

from cartocell_app.segmentation.footprint import bytes_per_voxel
from tests.segmentation.onnx_graphs import GraphBuilder, resunet


def of(model, folder, divisor=(1, 1, 1)):
    path = folder / "network.onnx"
    onnx.save(model, path)
    return bytes_per_voxel(path, divisor)


def test_input_and_output_of_one_step_are_held_together(tmp_path):
    g = GraphBuilder()
    assert of(g.model(g.conv("raw", 1, 3, (3, 3, 3))), tmp_path) == 4 * (1 + 3)


def test_the_widest_moment_counts(tmp_path):
    g = GraphBuilder()
    wide = g.conv(g.conv("raw", 1, 7, (3, 3, 3)), 7, 20, (3, 3, 3))
    assert of(g.model(g.conv(wide, 20, 3, (1, 1, 1))), tmp_path) == 4 * (7 + 20)


def test_voxelwise_steps_write_over_their_input(tmp_path):
    g = GraphBuilder()
    wide = g.node("Elu", [g.batch_norm(g.conv("raw", 1, 10, (3, 3, 3)), 10)])
    assert of(g.model(g.conv(wide, 10, 3, (1, 1, 1))), tmp_path) == 4 * (10 + 3)


def test_voxelwise_steps_keep_an_input_that_is_needed_again(tmp_path):
    g = GraphBuilder()
    wide = g.conv("raw", 1, 10, (3, 3, 3))
    joined = g.node("Concat", [g.node("Elu", [wide]), wide], axis=1)
    assert of(g.model(g.conv(joined, 20, 3, (1, 1, 1))), tmp_path) == 4 * (10 + 10 + 20)


def test_pooled_maps_count_for_less(tmp_path):
    g = GraphBuilder()
    low = g.conv(g.pool("raw", (1, 2, 2)), 1, 40, (3, 3, 3))
    expected = 4 * (40 / 4 + 3)  # one step up to three channels
    assert of(g.model(g.up(low, 40, 3, (1, 2, 2))), tmp_path, (1, 2, 2)) == pytest.approx(expected)


@pytest.mark.parametrize(("features", "seen"), [((16, 32, 64), 449), ((52, 68, 84), 1170)])
def test_as_measured_with_onnx_runtime(tmp_path, features, seen):
    """Greatest memory of the process, less that before, for two sizes; every buffer came and went singly."""
    forecast = of(resunet(features, [(1, 2, 2), (1, 2, 2)]), tmp_path, (1, 4, 4))
    assert forecast == pytest.approx(seen, rel=0.01)
