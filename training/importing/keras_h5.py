"""The published weights: the CartoCell graph as Keras wrote it (specification §1.1).

Keras pads kernels of 2 on one side only: nothing before, one voxel after. Here each such kernel gets a third tap of 0
in front, which makes the same sums with even padding. So the network is built of ordinary layers, reads as far as the
published one and a voxel farther, and its outputs are the published ones.
"""

import json
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cartocell_app.errors import UserError
from cartocell_app.segmentation.normalisation import Normalisation
from training.importing.found import Found, Triple
from training.resunet import ResidualBlock, ResUNet

PAPER_THRESHOLDS = {"seed interior": 0.2, "seed contour": 0.2, "foreground": 0.25}
PAPER_PATCH: Triple = (80, 80, 80)
LARGEST_FEATURES = 4096
"""More channels than that are a damaged file; they would take all the memory before their sizes are compared."""

_PLAIN_LAYERS = {
    "InputLayer", "Conv3D", "Conv3DTranspose", "Dropout", "ELU", "Activation", "Add", "MaxPooling3D", "Concatenate",
}  # fmt: skip
_ADVICE = "CartoCell reads the Keras weights of CartoCell, `model_weights_cartocell.h5`, and trainings of that network."

Array = NDArray[np.float32]


class KerasResUNet(ResUNet):
    """The network of the paper: as `ResUNet` without norm, with other up-sampling and last layer.

    Its transposed convolutions reach over two slices and change the number of channels, and its last convolution
    takes 2 × 2 × 2 voxels. With feature maps 52, 68, 84 it is the one with 1,333,319 parameters, and 39,956 zeros
    that make up for Keras' padding.
    """

    def __init__(self, feature_maps: Sequence[int]) -> None:
        super().__init__(feature_maps, [1] * (len(feature_maps) - 1), norm="none")
        rising = list(zip(reversed(feature_maps[1:]), reversed(feature_maps[:-1]), strict=True))
        self.ups = nn.ModuleList(
            nn.ConvTranspose3d(below, skip, (3, 2, 2), (1, 2, 2), padding=(1, 0, 0)) for below, skip in rising
        )
        self.merges = nn.ModuleList(ResidualBlock(2 * skip, skip, "none", self.dropout) for _, skip in rising)
        self.head = nn.Conv3d(feature_maps[0], 3, 3, padding=1)


def read_keras(path: Path) -> Found:
    """Network of a Keras `.h5` file, a whole model or weights only.

    Raises
    ------
    UserError
        If the file is damaged, or holds another network.
    """
    try:
        with h5py.File(path) as file:
            _check_graph(file, path)
            weights = _weights(file, path)
            version = _text(file.attrs.get("keras_version", ""))
    except (OSError, RuntimeError, KeyError) as error:  # what HDF5 says of damage depends on its place
        raise UserError(f"{path} is damaged or not complete.", "Copy or download it again.") from error
    return Found(
        network=_network(weights, path),
        origin="Keras weights of CartoCell (the network of the paper, with its own padding)",
        normalisation=Normalisation(kind="divide"),
        profile="paper-2022",
        thresholds=dict(PAPER_THRESHOLDS),
        patch_vox=PAPER_PATCH,
        software={"keras": version} if version else {},
    )


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _check_graph(file: h5py.File, path: Path) -> None:
    """Refuse what the description of the network (if there is one) does not share with the published network."""
    if "model_config" not in file.attrs:
        return
    try:
        layers = json.loads(_text(file.attrs["model_config"]))["config"]["layers"]
        described = [(layer["class_name"], layer["config"]) for layer in layers]
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path} does not describe its network properly.", _ADVICE) from error
    for kind, settings in described:
        odd = kind not in _PLAIN_LAYERS
        odd |= kind == "Activation" and settings.get("activation") != "elu"
        odd |= kind == "Conv3DTranspose" and tuple(settings.get("strides", ())) != (1, 2, 2)
        odd |= kind == "MaxPooling3D" and tuple(settings.get("pool_size", ())) != (1, 2, 2)
        if odd:
            raise UserError(f"{path} holds another network: its layer {settings.get('name', kind)} differs.", _ADVICE)


def _weights(file: h5py.File, path: Path) -> list[tuple[str, Array, Array]]:
    """Name, kernel and bias of every layer that has weights, in the order of the network."""
    root = file.get("model_weights", file)
    if "layer_names" not in root.attrs:
        raise UserError(f"{path} holds no Keras weights in the layout of CartoCell.", _ADVICE)
    layers = []
    for layer in map(_text, root.attrs["layer_names"]):
        group = root.get(layer)
        names = [_text(name) for name in group.attrs.get("weight_names", [])] if isinstance(group, h5py.Group) else []
        tensors = [group.get(name) for name in names]
        if not names:
            continue
        shapes = [tensor.shape for tensor in tensors if isinstance(tensor, h5py.Dataset)]
        if [len(shape) for shape in shapes] != [5, 1] or max(shapes[0][:3]) > 3 or max(shapes[0]) > LARGEST_FEATURES:
            raise UserError(f"{path} holds another network: its layer {layer} is no 3D convolution.", _ADVICE)
        kernel, bias = (np.asarray(tensor, np.float32) for tensor in tensors)
        layers.append((layer, kernel, bias))
    return layers


def _network(weights: list[tuple[str, Array, Array]], path: Path) -> KerasResUNet:
    """Network with these weights, every one of which must fit."""
    depth, rest = divmod(len(weights) + 3, 7)  # 2 n - 1 blocks of three layers, n - 1 steps up, one at the end
    if rest or depth < 2:
        raise UserError(
            f"{path} holds another network: {len(weights)} layers with weights, not the 18 of CartoCell.", _ADVICE
        )
    feature_maps = [weights[3 * level][1].shape[-1] for level in range(depth)]
    network = KerasResUNet(feature_maps)
    with torch.no_grad():
        for (name, kernel, bias), (layer, taps) in zip(weights, _layers(network), strict=True):
            # Keras has inputs before outputs, and the other way round in transposed convolutions, as last axes.
            turned = kernel.transpose(4, 3, 0, 1, 2)
            wanted = (*layer.weight.shape[:2], *taps)
            if turned.shape != wanted or bias.shape != (layer.out_channels,):
                found = " × ".join(map(str, kernel.shape))
                raise UserError(f"{path} holds another network: its layer {name} has weights of {found}.", _ADVICE)
            front = [(0, 0)] * 2 + [(size - tap, 0) for size, tap in zip(layer.weight.shape[2:], taps, strict=True)]
            layer.weight.copy_(torch.from_numpy(np.pad(turned, front)))
            assert layer.bias is not None
            layer.bias.copy_(torch.from_numpy(bias))
    return network


def _layers(network: KerasResUNet) -> list[tuple[nn.Conv3d | nn.ConvTranspose3d, Triple]]:
    """Layers with weights in the order of the file, each with the size (z, y, x) of its kernel there."""

    def block(part: nn.Module) -> list[tuple[nn.Conv3d | nn.ConvTranspose3d, Triple]]:
        assert isinstance(part, ResidualBlock)
        first, second = (layer for layer in part.block if isinstance(layer, nn.Conv3d))
        return [(first, (3, 3, 3)), (part.shortcut, (1, 1, 1)), (second, (3, 3, 3))]

    falling = [block(part) for part in (*network.down, network.bottleneck)]
    rising: list[list[tuple[nn.Conv3d | nn.ConvTranspose3d, Triple]]] = []
    for up, merge in zip(network.ups, network.merges, strict=True):
        assert isinstance(up, nn.ConvTranspose3d)
        rising += [[(up, (2, 2, 2))], block(merge)]
    return [*chain.from_iterable(falling + rising), (network.head, (2, 2, 2))]
