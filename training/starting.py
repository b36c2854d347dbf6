"""Networks to start a training from: ``network.pt`` of an earlier one, or a model that was exported from one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto, numpy_helper
from torch import Tensor, nn

from cartocell_app.errors import UserError
from cartocell_app.segmentation.model_card import ModelCard, card_from_metadata, load_onnx
from training.data import Example
from training.export import LARGEST_DIFFERENCE, parity
from training.records import load_network
from training.resunet import Norm, ResUNet
from training.settings import TrainingSettings, checked_settings

_PREFIX = "network."
_PICTURES = 12
_LARGEST_SIDE = 96

GENTLE_RATE = 5e-4
"""Greatest size of a step of a training that goes on from what a network knows already."""

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Start:
    """Where a training starts.

    Attributes
    ----------
    network : ResUNet
        With its weights.
    settings : TrainingSettings or None
        Of the training that it comes from; None where nothing but words is left of it.
    words : str
        Those words, for the card of what comes of it.
    """

    network: ResUNet
    settings: TrainingSettings | None
    words: str


def read_start(path: Path, settings: TrainingSettings, examples: Sequence[Example]) -> Start:
    """Read what a training is to start from.

    Parameters
    ----------
    path : Path
        A ``network.pt``, or a model (.onnx) that ``cartocell export`` wrote.
    settings : TrainingSettings
        Of the training that starts; feature maps, pooling and norm must be the same.
    examples : sequence of Example
        What it will learn from; see `network_of_model`.

    Raises
    ------
    UserError
        If the file is neither, or holds a network of another shape.
    """
    if path.suffix.lower() == ".onnx":
        start = network_of_model(path, examples)
    else:
        trained = load_network(path)
        start = Start(trained.network, trained.settings, "")
    have, want = (_form(network) for network in (start.network, settings))
    if have != want:
        shape = "/".join(map(str, start.network.feature_maps))
        raise UserError(
            f"{path} is a network of another shape ({shape}).", "Give the same feature maps and pooling, or start anew."
        )
    return start


def settings_to_start_from(path: Path, settings: TrainingSettings) -> TrainingSettings:
    """The same settings, for the network in `path`: its feature maps, pooling and norm, and the intensities it knows.

    Steps are made smaller where they would make it forget what it knows.

    Parameters
    ----------
    path : Path
        A ``network.pt``, or a model (.onnx) that ``cartocell export`` wrote.
    settings : TrainingSettings
        Of the training that is to start from it.

    Raises
    ------
    UserError
        If the file is neither, or the patches do not suit the network.
    """
    if path.suffix.lower() == ".onnx":
        model = load_onnx(path)
        normalisation = _card(model, path).normalisation
        network = _empty_network(model, _weights(model), path)
    else:
        trained = load_network(path)
        normalisation, network = trained.settings.normalisation, trained.network
    feature_maps, z_pool, norm = _form(network)
    values = settings.model_dump() | {
        "feature_maps": feature_maps, "z_pool": z_pool, "norm": norm, "normalisation": normalisation.model_dump(),
        "learning_rate": min(settings.learning_rate, GENTLE_RATE),
    }  # fmt: skip
    return checked_settings(values)


def network_of_model(path: Path, examples: Sequence[Example]) -> Start:
    """Get back the network that was exported as `path`.

    An export keeps weights under their names, but folds each batch norm that follows a convolution into that
    convolution. What the norm was before cannot be told any more, and need not be: here it gets mean and variance of
    what it sees in `examples`, and the weight and bias that undo them. The network then computes what the model does,
    and goes on smoothly when it trains (with the mean and variance of each batch).

    Parameters
    ----------
    path : Path
        A model that ``cartocell export`` wrote.
    examples : sequence of Example
        Pictures as the network takes them; the more alike those it was trained on, the smoother it goes on.

    Raises
    ------
    UserError
        If the model was not exported by this program, or not all of its weights fit.
    """
    model = load_onnx(path)
    card = _card(model, path)
    weights = _weights(model)
    network = _empty_network(model, weights, path)
    folded = _fill(network, weights, path)
    if (difference := parity(network, path)) > LARGEST_DIFFERENCE:
        raise _not_ours(path, f"the network got back differs from it by {difference:.2g}")
    _renew_statistics(network, folded, examples)
    return Start(network, None, f"; started from the model {card.name} {card.version} ({card.training})")


def _card(model: ModelProto, path: Path) -> ModelCard:
    return card_from_metadata({entry.key: entry.value for entry in model.metadata_props}, path)


def _weights(model: ModelProto) -> Weights:
    """Weights by their names in the network.

    Two layers whose biases are the same, as those of two convolutions that are added up stay from start to end, share
    one in the file, under the name of one of them. So a bias is the one that stands beside its layer's weight.
    """
    stored = {tensor.name: numpy_helper.to_array(tensor) for tensor in model.graph.initializer}
    weights = {name.removeprefix(_PREFIX): values for name, values in stored.items() if name.startswith(_PREFIX)}
    for node in model.graph.node:
        layer, parameter = node.input[1].rpartition(".")[::2] if len(node.input) > 2 else ("", "")
        if layer.startswith(_PREFIX) and parameter == "weight" and node.input[2] in stored:
            weights[f"{layer.removeprefix(_PREFIX)}.bias"] = stored[node.input[2]]
    return weights


def _form(network: ResUNet | TrainingSettings) -> tuple[tuple[int, ...], tuple[int, ...], Norm]:
    return tuple(network.feature_maps), tuple(network.z_pool), network.norm


def _empty_network(model: ModelProto, weights: Weights, path: Path) -> ResUNet:
    """Make a network of the model's shape."""
    pools = [node for node in model.graph.node if node.op_type == "MaxPool"]
    strides = [next((a.ints for a in node.attribute if a.name == "strides"), (0,)) for node in pools]
    try:
        names = [*(f"down.{level}.shortcut.weight" for level in range(len(pools))), "bottleneck.shortcut.weight"]
        feature_maps = [weights[name].shape[0] for name in names]
        norm: Norm = "batch" if any(name.endswith("running_mean") for name in weights) else "none"
        return ResUNet(feature_maps, [int(stride[0]) for stride in strides], norm, dropout=0.0).eval()
    except (KeyError, ValueError, IndexError) as error:
        raise _not_ours(path, "its weights have other names") from error


def _fill(network: ResUNet, weights: Weights, path: Path) -> list[nn.BatchNorm3d]:
    """Put `weights` into `network`; what no weights are left of must be norms, which then change nothing.

    Returns
    -------
    list of BatchNorm3d
        Those norms.
    """
    wanted = network.state_dict()
    strangers = sorted(set(weights) - set(wanted))
    if strangers:
        raise _not_ours(path, f"it has weights of another network ({strangers[0]})")
    for name, value in weights.items():
        if wanted[name].shape != value.shape:
            raise _not_ours(path, f"{name} has another shape")
        wanted[name] = torch.from_numpy(value.copy())
    norms = {name: layer for name, layer in network.named_modules() if isinstance(layer, nn.BatchNorm3d)}
    folded = {name: layer for name, layer in norms.items() if not any(key.startswith(f"{name}.") for key in weights)}
    lost = [
        key
        for key in set(wanted) - set(weights)
        if not key.endswith("num_batches_tracked") and key.rpartition(".")[0] not in folded
    ]
    if lost:
        raise _not_ours(path, f"{min(lost)} is missing")
    for name, layer in folded.items():
        wanted[f"{name}.running_var"] = torch.full_like(layer.running_var, 1 - layer.eps)  # type: ignore[arg-type]
    network.load_state_dict(wanted)
    return list(folded.values())


def _renew_statistics(network: ResUNet, folded: Sequence[nn.BatchNorm3d], examples: Sequence[Example]) -> None:
    """Give norms that change nothing the statistics of what they see, and a weight and bias that undo them."""
    seen: dict[nn.BatchNorm3d, list[Tensor]] = {layer: [] for layer in folded}

    def look(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(layer, nn.BatchNorm3d)
        values = inputs[0].double()
        of_all = (0, 2, 3, 4)
        seen[layer].append(torch.stack([values.mean(of_all), (values**2).mean(of_all)]))

    hooks = [layer.register_forward_pre_hook(look) for layer in folded]
    with torch.no_grad():
        for example in examples[:_PICTURES]:
            network(_picture(example, network.size_divisor))
        for layer, moments in seen.items():
            mean, square = torch.stack(moments).mean(dim=0)
            variance = (square - mean**2).clamp(min=0)
            assert layer.running_mean is not None
            assert layer.running_var is not None
            layer.running_mean.copy_(mean)
            layer.running_var.copy_(variance)
            layer.weight.copy_((variance + layer.eps).sqrt())
            layer.bias.copy_(mean)
    for hook in hooks:
        hook.remove()


def _picture(example: Example, size_divisor: tuple[int, int, int]) -> Tensor:
    """Middle of an example, (1, 1, Z, Y, X), on a grid that the network takes."""
    box = []
    for have, by in zip(example.raw.shape, size_divisor, strict=True):
        size = max(by, min(have, _LARGEST_SIDE) // by * by)
        box.append(slice((have - size) // 2, (have - size) // 2 + size))
    return torch.from_numpy(example.raw[tuple(box)].astype(np.float32))[None, None]


def _not_ours(path: Path, reason: str) -> UserError:
    return UserError(
        f"A training cannot start from {path}: {reason}.",
        "Give a network.pt, or a model that `cartocell export` wrote from one.",
    )
