"""The published Keras weights: the graph rebuilt in Keras 3 and, apart from it, in NumPy."""

import os
import warnings
from itertools import product

import h5py
import numpy as np
import onnxruntime
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from cartocell_app.errors import UserError
from cartocell_app.segmentation.model_card import read_card
from training.importing import import_model
from training.importing.keras_h5 import KerasResUNet

SMALL = (3, 4, 5)

# Keras hands PyTorch's tensors to NumPy in a way that NumPy 2 complains of.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module")
def keras():
    """Keras 3 on PyTorch."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    return pytest.importorskip("keras", reason="Keras is not installed")


def residual(keras, x, features, first):
    layers = keras.layers
    shortcut = layers.Conv3D(features, 1, padding="same")(x)
    main = x if first else layers.ELU()(x)
    main = layers.Dropout(0.1)(layers.Conv3D(features, 3, padding="same")(main))
    main = layers.Conv3D(features, 3, padding="same")(layers.ELU()(main))
    return layers.Add()([shortcut, main])


def rebuilt(keras, feature_maps, end=2, activation="elu", steps=(1, 2, 2)):
    """The published graph, with random weights and biases."""
    layers = keras.layers
    keras.utils.set_random_seed(1)
    x = picture = layers.Input((None, None, None, 1))
    skips = []
    for level, features in enumerate(feature_maps[:-1]):
        x = residual(keras, x, features, level == 0)
        skips.append(x)
        x = layers.MaxPooling3D(steps)(x)
    x = residual(keras, x, feature_maps[-1], False)
    for features, skip in zip(reversed(feature_maps[:-1]), reversed(skips), strict=True):
        x = layers.Conv3DTranspose(features, 2, strides=steps, padding="same")(x)
        x = residual(keras, layers.Concatenate()([x, skip]), features, False)
    if activation != "elu":
        x = layers.Activation(activation)(x)
    network = keras.Model(picture, layers.Conv3D(3, end, activation="sigmoid", padding="same")(x))
    rng = np.random.default_rng(2)
    for layer in network.layers:
        if layer.weights:
            kernel, bias = layer.get_weights()
            layer.set_weights([kernel, rng.normal(0, 0.5, bias.shape)])
    return network


def saved(network, path):
    """As legacy `.h5`, about which Keras 3 warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        network.save(path)
    return path


@pytest.fixture(scope="module")
def published(keras, tmp_path_factory):
    """The published graph, and it as `.h5`."""
    network = rebuilt(keras, (52, 68, 84))
    return network, saved(network, tmp_path_factory.mktemp("keras") / "model_weights_cartocell.h5")


@pytest.fixture(scope="module")
def small(keras, tmp_path_factory):
    return saved(rebuilt(keras, SMALL), tmp_path_factory.mktemp("small") / "small.h5")


def run(model, picture):
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: picture[None, None]})[0][0]


# --- by hand


def conv(kernel, bias, x):
    """Correlation with Keras' "same" padding: what cannot be shared evenly goes to the end."""
    taps = kernel.shape[:3]
    windows = sliding_window_view(np.pad(x, [((n - 1) // 2, n // 2) for n in taps] + [(0, 0)]), taps, axis=(0, 1, 2))
    return np.einsum("zyxiabc,abcio->zyxo", windows, kernel, optimize=True) + bias


def up(kernel, bias, x):
    """Each voxel is spread over 2 × 2 × 2, a step of 1 in z and 2 in y and x; the slice too many is the last one."""
    z, y, x_size, _ = x.shape
    wide = np.zeros((z + 1, 2 * y, 2 * x_size, kernel.shape[3]))
    for a, b, c in product(range(2), repeat=3):
        wide[a : a + z, b::2, c::2] += x @ kernel[a, b, c].T
    return wide[:z] + bias


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


def by_hand(weights, x):
    """Forward pass of the network whose weights, (kernel, bias) in the order of the file, are given."""
    weights = iter(weights)

    def block(x, first=False):
        conv1, shortcut, conv2 = (next(weights) for _ in range(3))
        return conv(*shortcut, x) + conv(*conv2, elu(conv(*conv1, x if first else elu(x))))

    skips = []
    for level in range(2):
        x = block(x, level == 0)
        skips.append(x)
        z, height, width, c = x.shape
        x = x.reshape(z, height // 2, 2, width // 2, 2, c).max(axis=(2, 4))
    x = block(x)
    for skip in reversed(skips):
        x = block(np.concatenate([up(*next(weights), x), skip], axis=-1))
    return 1 / (1 + np.exp(-conv(*next(weights), x)))


def random_weights(feature_maps, seed=0):
    """Kernels and biases of the published graph in the order of its file, in Keras' layout."""
    rng = np.random.default_rng(seed)
    first, second, third = feature_maps
    shapes = []
    for inputs, outputs in [(1, first), (first, second), (second, third)]:
        shapes += [(3, 3, 3, inputs, outputs), (1, 1, 1, inputs, outputs), (3, 3, 3, outputs, outputs)]
    for below, outputs in [(third, second), (second, first)]:
        shapes += [(2, 2, 2, outputs, below)]
        shapes += [(3, 3, 3, 2 * outputs, outputs), (1, 1, 1, 2 * outputs, outputs), (3, 3, 3, outputs, outputs)]
    shapes += [(2, 2, 2, first, 3)]
    kernels = [rng.normal(0, (2 / np.prod(shape[:4])) ** 0.5, shape) for shape in shapes]
    biases = [rng.normal(0, 0.5, shape[3] if number in (9, 13) else shape[4]) for number, shape in enumerate(shapes)]
    return [(kernel.astype(np.float32), bias.astype(np.float32)) for kernel, bias in zip(kernels, biases, strict=True)]


def weights_only(path, weights, name="conv3d"):
    """As Keras 2 writes weights alone: the layers at the root, those without weights among them."""
    with h5py.File(path, "w") as file:
        names = []
        for number, (kernel, bias) in enumerate(weights):
            layer = f"{name}_{number + 40}"
            group = file.create_group(layer)
            group.attrs["weight_names"] = [f"{layer}/kernel:0".encode(), f"{layer}/bias:0".encode()]
            group[f"{layer}/kernel:0"], group[f"{layer}/bias:0"] = kernel, bias
            elu_group = file.create_group(f"elu_{number}")
            elu_group.attrs["weight_names"] = np.zeros(0)
            names += [f"elu_{number}", layer]
        file.attrs["layer_names"] = [name.encode() for name in names]
        file.attrs["keras_version"] = b"2.11.0"
    return path


# --- what it gives


def test_the_published_network_gives_what_keras_gives(published, tmp_path):
    network, path = published
    assert network.count_params() == 1_333_319
    import_model(path, tmp_path / "m.onnx")
    picture = np.random.default_rng(0).random((7, 12, 16), np.float32)
    expected = np.moveaxis(np.asarray(network.predict(picture[None, ..., None], verbose=0))[0], -1, 0)
    assert expected.std() > 0.05
    np.testing.assert_allclose(run(tmp_path / "m.onnx", picture), expected, atol=1e-4)


def test_the_card_is_that_of_the_paper(published, tmp_path):
    card = import_model(published[1], tmp_path / "m.onnx", voxel_um=(0.5, 0.4, 0.4))
    assert card == read_card(tmp_path / "m.onnx")
    assert (card.name, card.licence, card.profile) == ("model_weights_cartocell", "unknown (imported)", "paper-2022")
    assert (card.normalisation.kind, card.normalisation.divisor) == ("divide", "auto")
    assert card.thresholds == {"seed interior": 0.2, "seed contour": 0.2, "foreground": 0.25}
    assert (card.channels, card.size_divisor, card.voxel_size_um) == (("B", "C", "M"), (1, 4, 4), (0.5, 0.4, 0.4))
    assert card.halo_vox is not None


def test_weights_alone_give_what_the_network_written_by_hand_gives(tmp_path):
    weights = random_weights(SMALL)
    import_model(weights_only(tmp_path / "w.h5", weights), tmp_path / "m.onnx")
    picture = np.random.default_rng(1).random((5, 12, 8), np.float32)
    expected = np.moveaxis(by_hand(weights, picture[..., None].astype(np.float64)), -1, 0)
    assert expected.std() > 0.05
    np.testing.assert_allclose(run(tmp_path / "m.onnx", picture), expected, atol=1e-4)


def test_padding_counts_for_the_taps_that_are_zero():
    network = KerasResUNet((52, 68, 84))
    weights = random_weights((52, 68, 84))
    published = sum(kernel.size + bias.size for kernel, bias in weights)
    assert published == 1_333_319
    assert sum(parameter.numel() for parameter in network.parameters()) == published + 39_956


# --- what is refused


def refused(path, sentence):
    with pytest.raises(UserError, match=sentence) as caught:
        import_model(path, path.with_name("out.onnx"))
    assert path.name in caught.value.title
    assert caught.value.body
    assert not path.with_name("out.onnx").exists()


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_truncated_weights_are_called_incomplete(small, tmp_path, share):
    path = tmp_path / "cut.h5"
    path.write_bytes(small.read_bytes()[: int(share * small.stat().st_size)])
    refused(path, "is damaged or not complete")


def test_every_layer_must_be_there_once_and_fit(tmp_path):
    weights, three = random_weights(SMALL), np.zeros(3, np.float32)
    wrong = {
        "17 layers with weights, not the 18": weights[:-1],
        "19 layers with weights, not the 18": [*weights, weights[-1]],
        "conv3d_42 has weights of 3 × 3 × 3 × 3 × 4": [*weights[:2], weights[3], *weights[3:]],
        "conv3d_45 has weights of": [*weights[:5], weights[2], *weights[6:]],
        "conv3d_57 has weights of 1 × 1 × 1 × 3 × 3": [*weights[:-1], (np.zeros((1, 1, 1, 3, 3), "f4"), three)],
        "conv3d_40 is no 3D convolution": [(np.zeros((3, 3, 1, 3), "f4"), three), *weights[1:]],
    }  # fmt: skip
    for sentence, layers in wrong.items():
        refused(weights_only(tmp_path / "w.h5", layers), sentence)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [({"steps": (2, 2, 2)}, "its layer max_pooling3d"), ({"activation": "relu"}, "its layer activation")],
)
def test_another_graph_with_the_same_shapes_is_refused(keras, tmp_path, changes, sentence):
    refused(saved(rebuilt(keras, SMALL, **changes), tmp_path / "other.h5"), sentence)


def test_other_hdf5_files_are_refused(keras, tmp_path):
    with h5py.File(tmp_path / "labels.h5", "w") as file:
        file["labels"] = np.zeros((3, 3, 3))
    refused(tmp_path / "labels.h5", "holds no Keras weights in the layout of CartoCell")
    new = tmp_path / "new.weights.h5"
    rebuilt(keras, SMALL).save_weights(new)
    refused(new, "holds no Keras weights in the layout of CartoCell")
