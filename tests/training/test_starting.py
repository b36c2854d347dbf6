"""Starting from what was exported: the same network, checked by name and shape, and ready to go on."""

import numpy as np
import onnx
import pytest
import torch
from torch import nn

from cartocell_app.errors import UserError
from cartocell_app.resources import CPU_MODEL, GPU_MODEL
from cartocell_app.segmentation.model_card import write_card
from tests.segmentation.onnx_graphs import card
from training.data import Example
from training.export import write_onnx
from training.fit import train
from training.machines import Machines
from training.records import RunFolder, load_network
from training.resunet import ResUNet
from training.segmenter import Material
from training.settings import PRESETS, TrainingSettings
from training.starting import GENTLE_RATE, network_of_model, read_start, settings_to_start_from

TINY = TrainingSettings(
    feature_maps=(3, 4, 5), z_pool=(1, 2), patch=(16, 16, 16), epochs=1, steps_per_epoch=1, voxel_um=(2, 2, 2)
)


def pictures(count=6, seed=0):
    rng = np.random.default_rng(seed)
    examples = []
    for _ in range(count):
        labels = np.zeros((18, 24, 28), np.uint16)
        labels[4:14, 4:12, 4:20], labels[4:14, 12:20, 4:20] = 1, 2
        examples.append(Example((rng.random(labels.shape) + (labels > 0)).astype(np.float16), labels))
    return examples


def batch(examples):
    return torch.from_numpy(np.stack([example.raw[None, :16, :24, :24] for example in examples]).astype(np.float32))


def trained(norm="batch"):
    """A network whose norms have seen pictures and whose weights are not those of a new one."""
    torch.manual_seed(0)
    network = ResUNet(TINY.feature_maps, TINY.z_pool, norm)
    for layer in network.modules():
        if isinstance(layer, nn.Conv3d):
            nn.init.normal_(layer.bias, 0, 0.1)
        if isinstance(layer, nn.BatchNorm3d):
            nn.init.uniform_(layer.weight, 0.5, 2)
            nn.init.normal_(layer.bias, 0.5)
            layer.momentum = None
    network.train()(batch(pictures()))
    return network.eval()


@pytest.fixture(scope="module")
def network():
    return trained()


@pytest.fixture(scope="module")
def model(network, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "model.onnx"
    write_onnx(network, path)
    write_card(path, card(name="old", version="3", training="Trained on nothing"))
    return path


def norms(network):
    return [layer for layer in network.modules() if isinstance(layer, nn.BatchNorm3d)]


def test_the_network_that_comes_back_computes_what_the_exported_one_did(network, model):
    start = network_of_model(model, pictures())
    assert (start.network.feature_maps, start.network.z_pool, start.network.norm) == ((3, 4, 5), (1, 2), "batch")
    with torch.no_grad():
        one, other = network(batch(pictures(2, 5))), start.network(batch(pictures(2, 5)))
    assert torch.allclose(one, other, atol=1e-4)
    assert start.settings is None
    assert "old 3 (Trained on nothing)" in start.words


def test_it_goes_on_smoothly_with_the_statistics_of_batches(network, model):
    # In training, norms take mean and variance from the batch: with those of the pictures kept, little changes.
    examples = pictures()
    start = network_of_model(model, examples)
    with torch.no_grad():
        expected = network.eval()(batch(examples))
        going_on = start.network.train()(batch(examples))
    assert (going_on - expected).abs().mean() < 0.15 * expected.std()


def test_norms_folded_away_get_what_they_see_and_what_undoes_it(network, model):
    start = network_of_model(model, pictures())
    folded = [layer for layer in norms(start.network) if torch.equal(layer.bias, layer.running_mean)]
    assert 0 < len(folded) < len(norms(start.network))
    for layer in folded:
        assert torch.allclose(layer.weight, (layer.running_var + layer.eps).sqrt())
        assert layer.running_var.min() > 0


def test_a_network_without_norms_comes_back_too(tmp_path):
    network, path = trained("none"), tmp_path / "none.onnx"
    write_onnx(network, path)
    write_card(path, card())
    start = network_of_model(path, pictures())
    assert start.network.norm == "none"
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), start.network.parameters(), strict=True))


@pytest.mark.parametrize("norm", ["batch", "none"])
def test_layers_that_share_a_bias_in_the_file_get_it_back_each(tmp_path, norm):
    """The exporter stores equal tensors once."""
    network, path = trained(norm), tmp_path / "shared.onnx"
    with torch.no_grad():
        for block in [*network.down, network.bottleneck, *network.merges]:
            block.shortcut.bias.copy_(block.block[-1].bias)
    write_onnx(network, path)
    write_card(path, card(name="shared"))
    stored = {tensor.name for tensor in onnx.load(path).graph.initializer}
    assert "network.bottleneck.shortcut.bias" not in stored
    again = network_of_model(path, pictures()).network
    torch.testing.assert_close(again.bottleneck.shortcut.bias, network.bottleneck.shortcut.bias)
    torch.testing.assert_close(again(batch(pictures())), network(batch(pictures())), rtol=1e-3, atol=1e-3)


def test_training_goes_on_from_a_model_and_says_so(tmp_path, model):
    examples = pictures()
    material = Material(examples[:4], examples[4:], (2.0, 2.0, 2.0), "boxes")
    path = train(TINY, material, RunFolder(tmp_path), start_from=model, machines=Machines("cpu", loaders=0))
    ended = load_network(path)
    assert ended.trained_on == "boxes; started from the model old 3 (Trained on nothing)"
    assert ended.settings.earlier is None
    # One step does not lead far away.
    before = network_of_model(model, examples).network.head.weight
    assert torch.allclose(ended.network.head.weight, before, atol=0.02)


def test_other_feature_maps_do_not_fit(model):
    with pytest.raises(UserError, match=r"another shape \(3/4/5\)"):
        read_start(model, TINY.model_copy(update={"feature_maps": (3, 4, 6)}), pictures())


def changed(model, path, change):
    content = onnx.load(model)
    change(content.graph)
    onnx.save(content, path)
    return path


def weight_of(graph, name):
    return next(tensor for tensor in graph.initializer if tensor.name == name)


def rename(graph):
    weight_of(graph, "network.head.weight").name = "network.tail.weight"


def forget(graph):
    graph.initializer.remove(weight_of(graph, "network.head.bias"))


def reshape(graph):
    weight_of(graph, "network.head.weight").dims[:] = [1, 9, 1, 1, 1]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [(rename, "another network"), (forget, "head.bias is missing"), (reshape, "head.weight has another shape")],
)
def test_a_model_whose_weights_do_not_all_fit_is_refused(tmp_path, model, change, sentence):
    with pytest.raises(UserError, match=sentence):
        network_of_model(changed(model, tmp_path / "changed.onnx", change), pictures())


def test_a_model_of_another_program_is_refused(tmp_path, model):
    def strange(graph):
        for tensor in graph.initializer:
            tensor.name = tensor.name.replace("network.", "unet.")

    with pytest.raises(UserError, match="other names"):
        network_of_model(changed(model, tmp_path / "strange.onnx", strange), pictures())


@pytest.mark.parametrize(
    ("path", "maps", "norms_of_it"), [(CPU_MODEL, (16, 32, 32, 64), 13), (GPU_MODEL, (52, 68, 84), 9)]
)
def test_the_models_in_the_box_can_be_trained_further(path, maps, norms_of_it):
    start = network_of_model(path, pictures(2))
    assert start.network.feature_maps == maps
    assert len(norms(start.network)) == norms_of_it


@pytest.mark.parametrize("preset", ["trial", "quick", "paper"])
def test_a_training_that_starts_from_a_model_takes_its_width_and_its_intensities(preset):
    wanted = PRESETS[preset]
    settings = settings_to_start_from(CPU_MODEL, wanted)
    assert (settings.feature_maps, settings.z_pool, settings.norm) == ((16, 32, 32, 64), (2, 2, 2), "batch")
    assert settings.normalisation.kind == "percentile"
    assert (settings.epochs, settings.patch) == (wanted.epochs, wanted.patch)
    assert settings.learning_rate == min(wanted.learning_rate, GENTLE_RATE)
    assert read_start(CPU_MODEL, settings, pictures()).network.feature_maps == (16, 32, 32, 64)


def test_patches_that_do_not_suit_the_model_are_said(tmp_path):
    with pytest.raises(UserError, match="multiples of 8, 8, 8"):
        settings_to_start_from(CPU_MODEL, TINY.model_copy(update={"patch": (12, 16, 16)}))
