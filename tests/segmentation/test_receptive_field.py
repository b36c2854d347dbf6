from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cartocell_app.errors import UserError
from cartocell_app.segmentation.receptive_field import receptive_field
from tests.segmentation.onnx_graphs import GraphBuilder, resunet


def halo_found_by_trying(model: onnx.ModelProto, divisor) -> tuple[int, ...]:
    """Brighten one voxel after another and see how far away the output changes; the weights must be positive."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    shape = [64 // by * by for by in divisor]
    halo = np.zeros(3, int)
    for phase in range(max(divisor)):
        place = np.array([size // 2 + phase for size in shape])
        volume = np.zeros((1, 1, *shape), np.float32)
        volume[0, 0, *place] = 1
        changed = np.argwhere(session.run(None, {"raw": volume})[0].any(axis=(0, 1)))
        assert changed.min() > 0, "the volume is too small for this network"
        halo = np.maximum(halo, np.abs(changed - place).max(axis=0))
    return tuple(halo.tolist())


def computed(model: onnx.ModelProto, folder):
    path = folder / "network.onnx"
    onnx.save(model, path)
    return receptive_field(path)


def positive_unet(factors, kernels, pool="MaxPool", pads=None):
    """U-Net of one channel with a skip at each level, no bias, positive weights."""
    g = GraphBuilder(positive=True)
    x, skips = g.conv("raw", 1, 1, kernels[0], pads), []
    for factor, kernel in zip(factors, kernels[1:], strict=True):
        skips.append(x)
        x = g.conv(g.pool(x, factor, pool), 1, 1, kernel)
    for factor, kernel, skip in zip(reversed(factors), reversed(kernels[:-1]), reversed(skips), strict=True):
        x = g.conv(g.node("Concat", [g.up(x, 1, 1, factor), skip], axis=1), 2, 1, kernel)
    return g.model(x, 1)


def two_convolutions():
    g = GraphBuilder(positive=True)
    return g.model(g.conv(g.conv("raw", 1, 2, (3, 3, 3)), 2, 1, (1, 3, 5)), 1)


def dilated():
    g = GraphBuilder(positive=True)
    return g.model(g.conv("raw", 1, 1, (3, 3, 3), [1, 2, 4, 1, 2, 4], dilations=[1, 2, 4]), 1)


def padded_at_one_end():
    g = GraphBuilder(positive=True)
    return g.model(g.conv(g.conv("raw", 1, 1, (2, 2, 2), [0, 0, 0, 1, 1, 1]), 1, 1, (3, 3, 3), [2, 1, 0, 0, 1, 2]), 1)


def keras_up_sampling():
    """The published Keras network: transposed kernel of 2 in z at a stride of 1, and a last kernel of 2."""
    g = GraphBuilder(positive=True)
    low = g.conv(g.pool(g.conv("raw", 1, 1, (3, 3, 3)), (1, 2, 2)), 1, 1, (3, 3, 3))
    up = g.up(low, 1, 1, (1, 2, 2), kernel=(2, 2, 2), pads=[0, 0, 0, 1, 0, 0])
    return g.model(g.conv(up, 1, 1, (2, 2, 2), [0, 0, 0, 1, 1, 1]), 1)


def strided_convolution():
    g = GraphBuilder(positive=True)
    low = g.conv("raw", 1, 1, (3, 3, 3), strides=[1, 2, 2])
    return g.model(g.up(g.conv(low, 1, 1, (3, 3, 3)), 1, 1, (1, 2, 2), kernel=(1, 4, 4), pads=[0, 1, 1, 0, 1, 1]), 1)


def automatic_padding():
    g = GraphBuilder(positive=True)
    weights = g.drawn((1, 1, 4, 3, 2), 24)
    lower = g.node("Conv", ["raw", weights], auto_pad="SAME_LOWER")
    return g.model(g.node("Conv", [lower, weights], auto_pad="SAME_UPPER"), 1)


def overlapping_pools():
    g = GraphBuilder(positive=True)
    low = g.node("MaxPool", ["raw"], kernel_shape=[3, 3, 3], strides=[1, 2, 2], pads=[1] * 6)
    low = g.node("AveragePool", [low], kernel_shape=[2, 3, 3], strides=[2, 3, 3], ceil_mode=1)
    return g.model(g.up(low, 1, 1, (2, 6, 6)), 1)


@pytest.mark.parametrize(
    ("build", "halo", "divisor"),
    [
        (two_convolutions, (1, 2, 3), (1, 1, 1)),
        (dilated, (1, 2, 4), (1, 1, 1)),
        (padded_at_one_end, (2, 2, 3), (1, 1, 1)),
        (keras_up_sampling, None, (1, 2, 2)),
        (strided_convolution, None, (1, 2, 2)),
        (automatic_padding, None, (1, 1, 1)),
        (overlapping_pools, None, (2, 6, 6)),
        (lambda: positive_unet([(1, 2, 2)], [(3, 3, 3)] * 2), None, (1, 2, 2)),
        (lambda: positive_unet([(2, 2, 2)], [(3, 3, 3)] * 2), None, (2, 2, 2)),
        (lambda: positive_unet([(1, 2, 2), (2, 2, 2)], [(3, 3, 3)] * 3), None, (2, 4, 4)),
        (lambda: positive_unet([(2, 2, 2), (2, 2, 3)], [(3, 3, 3)] * 3, "AveragePool"), None, (4, 4, 6)),
    ],
)
def test_halo_is_the_least_that_covers(build, halo, divisor, tmp_path):
    field = computed(build(), tmp_path)
    assert field.divisor == divisor
    assert field.halo_vox == halo_found_by_trying(build(), divisor)
    assert halo is None or field.halo_vox == halo
    assert field.reason == ""


@st.composite
def unets(draw):
    factors = draw(st.lists(st.sampled_from([(1, 2, 2), (2, 2, 2), (1, 1, 3)]), min_size=1, max_size=2))
    kernels = draw(st.lists(st.sampled_from([(1, 3, 3), (3, 3, 3), (3, 1, 1)]), min_size=3, max_size=3))
    shift = [draw(st.integers(0, k - 1)) for k in kernels[0]]
    pads = shift + [k - 1 - s for k, s in zip(kernels[0], shift, strict=True)]
    return positive_unet(factors, kernels[: len(factors) + 1], draw(st.sampled_from(["MaxPool", "AveragePool"])), pads)


@settings(max_examples=25, deadline=None)
@given(unets())
def test_halo_covers_and_is_tight_for_random_networks(tmp_path_factory, model):
    field = computed(model, tmp_path_factory.mktemp("network"))
    assert field.halo_vox == halo_found_by_trying(model, field.divisor)


def test_paper_network(tmp_path):
    """Two convolutions a block; z is never pooled, so it sees one voxel a side for each of the ten."""
    field = computed(resunet((2, 3, 4), [(1, 2, 2), (1, 2, 2)]), tmp_path)
    assert field.divisor == (1, 4, 4)
    assert field.halo_vox[0] == 10
    assert field.halo_vox[1] == field.halo_vox[2]
    assert 20 <= field.halo_vox[1] <= 24


def instance_norm(g):
    ones = g.constant(np.ones(1, np.float32))
    return g.node("InstanceNormalization", ["raw", ones, ones])


def plane_of_weights(g):
    return g.node("Mul", ["raw", g.constant(np.ones((1, 1, 1, 8, 8), np.float32))])


UNLIMITED = SimpleNamespace(
    instance_norm=instance_norm,
    global_pool=lambda g: g.node("Mul", ["raw", g.node("GlobalAveragePool", ["raw"])]),
    mean=lambda g: g.node("Sub", ["raw", g.node("ReduceMean", ["raw"], axes=[2, 3, 4])]),
    plane_of_weights=plane_of_weights,
    softmax_over_x=lambda g: g.node("Softmax", ["raw"], axis=-1),
    joined_in_space=lambda g: g.node("Concat", ["raw", "raw"], axis=2),
    valid_padding=lambda g: g.conv("raw", 1, 1, (3, 3, 3), [0] * 6),
    half_the_size=lambda g: g.pool("raw", (1, 2, 2)),
)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("instance_norm", "InstanceNormalization can depend on the whole patch"),
        ("global_pool", "GlobalAveragePool can depend on the whole patch"),
        ("mean", "ReduceMean can depend on the whole patch"),
        ("plane_of_weights", "by their place in the patch"),
        ("softmax_over_x", "Softmax runs along z, y or x"),
        ("joined_in_space", "Concat runs along z, y or x"),
        ("valid_padding", "Conv changes the size"),
        ("half_the_size", "output has another size than its input"),
    ],
)
def test_networks_without_a_halo_say_why(name, words, tmp_path):
    g = GraphBuilder()
    field = computed(g.model(getattr(UNLIMITED, name)(g), 1), tmp_path)
    assert field.halo_vox is None
    assert words in field.reason


def test_divisor_is_known_even_without_a_halo(tmp_path):
    g = GraphBuilder()
    low = g.pool("raw", (2, 4, 4))
    ones = g.constant(np.ones(1, np.float32))
    field = computed(g.model(g.up(g.node("InstanceNormalization", [low, ones, ones]), 1, 1, (2, 4, 4)), 1), tmp_path)
    assert (field.halo_vox, field.divisor) == (None, (2, 4, 4))


def test_weights_do_not_count_as_inputs(tmp_path):
    """Old exporters list the weights among the graph's inputs."""
    model = two_convolutions()
    for weight in model.graph.initializer:
        value = onnx.helper.make_tensor_value_info(weight.name, weight.data_type, weight.dims)
        model.graph.input.insert(0, value)
    assert computed(model, tmp_path).halo_vox == (1, 2, 3)


def test_a_file_that_is_no_model_is_refused(tmp_path):
    path = tmp_path / "stack.onnx"
    path.write_bytes(b"II*\x00")
    with pytest.raises(UserError):
        receptive_field(path)
