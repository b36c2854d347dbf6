"""The network: its published size, its shapes, and its numbers against a forward pass written in NumPy."""

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view

from training.resunet import PAPER_FEATURE_MAPS, ResUNet

NORMS = ("batch", "instance", "none")


def elu(x):
    return np.where(x > 0, x, np.expm1(np.minimum(x, 0)))


class ByHand:
    """The published network written down from its description, for one picture (channels, Z, Y, X) in float64."""

    def __init__(self, network):
        self.weights = {name: value.double().numpy() for name, value in network.state_dict().items()}
        self.normed = network.norm != "none"
        self.z_pool = network.z_pool

    def conv(self, name, x):
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        size = weight.shape[2]
        padded = np.pad(x, [(0, 0)] + [(size // 2, size // 2)] * 3)
        windows = sliding_window_view(padded, (size, size, size), axis=(1, 2, 3))
        return np.einsum("izyxabc,oiabc->ozyx", windows, weight, optimize=True) + bias[:, None, None, None]

    def norm(self, name, x):
        weight, bias = (self.weights[f"{name}.{part}"][:, None, None, None] for part in ("weight", "bias"))
        if f"{name}.running_mean" in self.weights:
            mean, variance = (self.weights[f"{name}.running_{part}"][:, None, None, None] for part in ("mean", "var"))
        else:  # instance norm: of this picture
            mean, variance = x.mean(axis=(1, 2, 3), keepdims=True), x.var(axis=(1, 2, 3), keepdims=True)
        return (x - mean) / np.sqrt(variance + 1e-5) * weight + bias

    def block(self, name, x, first=False):
        """[norm, ELU,] convolution, norm, ELU, convolution; beside it a convolution of one voxel from the raw input."""
        layer, inside = 0, x
        for number in (1, 2):
            if not (first and number == 1):
                if self.normed:
                    inside = self.norm(f"{name}.block.{layer}", inside)
                    layer += 1
                inside = elu(inside)
                layer += 2 if number == 2 else 1  # a dropout, which does nothing here, follows the second ELU
            inside = self.conv(f"{name}.block.{layer}", inside)
            layer += 1
        return inside + self.conv(f"{name}.shortcut", x)

    def pool(self, x, z):
        c, d, h, w = x.shape
        return x.reshape(c, d // z, z, h // 2, 2, w // 2, 2).max(axis=(2, 4, 6))

    def up(self, name, x, z):
        """Transposed convolution whose kernel is as large as its stride: each voxel becomes a block."""
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        c, d, h, w = x.shape
        blocks = np.einsum("izyx,ioabc->ozaybxc", x, weight, optimize=True)
        return blocks.reshape(c, d * z, h * 2, w * 2) + bias[:, None, None, None]

    def logits(self, x):
        skips = []
        for level, z in enumerate(self.z_pool):
            skips.append(self.block(f"down.{level}", x, first=level == 0))
            x = self.pool(skips[-1], z)
        x = self.block("bottleneck", x)
        for step, z in enumerate(reversed(self.z_pool)):
            x = np.concatenate([self.up(f"ups.{step}", x, z), skips.pop()])
            x = self.block(f"merges.{step}", x)
        return self.conv("head", x)


def lively(network, seed=0):
    """Give norms and biases values that matter, as after a training."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for name, value in [*network.named_parameters(), *network.named_buffers()]:
            if name.endswith("running_var"):
                value.uniform_(0.5, 2.0)
            elif name.endswith(("running_mean", "bias")):
                value.uniform_(-0.5, 0.5)
            elif value.dim() == 1:
                value.uniform_(0.5, 1.5)
    return network.eval()


@pytest.mark.parametrize(("norm", "parameters"), [("batch", 1_360_187), ("instance", 1_360_187), ("none", 1_358_755)])
def test_the_paper_network_has_its_published_number_of_parameters(norm, parameters):
    network = ResUNet(PAPER_FEATURE_MAPS, (1, 1), norm)
    assert PAPER_FEATURE_MAPS == (52, 68, 84)
    assert sum(parameter.numel() for parameter in network.parameters()) == parameters


def test_the_defaults_are_the_paper_network():
    network = ResUNet()
    assert (network.feature_maps, network.z_pool, network.norm) == ((52, 68, 84), (1, 1), "batch")
    assert network.size_divisor == (1, 4, 4)


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize(
    ("feature_maps", "z_pool", "shape"),
    [((4, 6), (2,), (4, 6, 8)), ((3, 5, 6), (1, 1), (5, 8, 12)), ((3, 4, 5, 6), (2, 1, 2), (8, 8, 16))],
)
def test_logits_are_those_of_a_network_written_by_hand(feature_maps, z_pool, norm, shape):
    network = lively(ResUNet(feature_maps, z_pool, norm))
    picture = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    with torch.no_grad():
        logits = network(torch.from_numpy(picture)[None, None])[0].numpy()
    expected = ByHand(network).logits(picture[None].astype(np.float64))
    assert logits.shape == (3, *shape)
    assert np.abs(expected).max() > 0.1
    assert logits == pytest.approx(expected, abs=1e-5, rel=1e-5)


@pytest.mark.parametrize(
    ("feature_maps", "z_pool", "divisor"),
    [((4, 8), (1,), (1, 2, 2)), ((4, 8, 8), (2, 1), (2, 4, 4)), ((4, 8, 8, 8), (2, 2, 2), (8, 8, 8))],
)
def test_outputs_have_the_size_of_the_input(feature_maps, z_pool, divisor):
    network = ResUNet(feature_maps, z_pool).eval()
    assert network.size_divisor == divisor
    shape = [factor * tiles for factor, tiles in zip(divisor, (3, 2, 4), strict=True)]
    with torch.no_grad():
        assert network(torch.zeros(2, 1, *shape)).shape == (2, 3, *shape)


def test_pictures_of_a_batch_do_not_touch_each_other():
    network = lively(ResUNet((4, 6), (2,)))
    pictures = torch.randn(3, 1, 4, 8, 8)
    with torch.no_grad():
        together, alone = network(pictures), network(pictures[1:2])
    assert together[1:2].numpy() == pytest.approx(alone.numpy(), abs=1e-5)


def test_dropout_works_in_training_only():
    network = ResUNet((4, 6), (2,), "none", dropout=0.5)
    picture = torch.randn(1, 1, 4, 8, 8)
    with torch.no_grad():
        assert not torch.equal(network.train()(picture), network(picture))
        assert torch.equal(network.eval()(picture), network(picture))


def test_convolutions_start_xavier_uniform_without_bias():
    torch.manual_seed(0)
    first = ResUNet((16, 32), (2,)).bottleneck.block[2]
    limit = np.sqrt(6 / (16 * 27 + 32 * 27))
    weight = first.weight.detach().numpy()
    assert 0.98 * limit < np.abs(weight).max() <= limit
    assert weight.std() == pytest.approx(limit / np.sqrt(3), rel=0.03)
    assert not first.bias.any()


@pytest.mark.parametrize("z_pool", [(), (2,), (2, 2, 2)])
def test_a_wrong_number_of_poolings_is_refused(z_pool):
    with pytest.raises(ValueError, match="3 levels need 2 values of z_pool"):
        ResUNet((4, 6, 8), z_pool)
