"""Pouring BiaPy's tensors into our network: names, shapes and versions (specification §1.2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cartocell_app.errors import UserError
from training.resunet import Norm, ResidualBlock, ResUNet

Version = Literal["3.5", "3.7"]
Tensors = Mapping[str, NDArray[Any]]

ADVICE = "CartoCell runs BiaPy's 3D ResU-Net with three output maps, as its CartoCell workflow trains it."

_PREFIXES: dict[Version, tuple[str, str]] = {"3.5": ("up_path", "last_block"), "3.7": ("up_paths.0", "heads.0")}
"""What the way up and the last layer are called in each version."""

_NORM_LAYERS = (nn.BatchNorm3d, nn.InstanceNorm3d)


@dataclass(frozen=True)
class _Norms:
    """Normalisation layers of a network.

    Attributes
    ----------
    kind : str
        Which.
    bare : bool
        Without weights: the instance norm of BiaPy 3.5. Ours has them, as 1 and 0.
    """

    kind: Norm
    bare: bool = False


def version_of(tensors: Tensors) -> Version | None:
    """Tell the BiaPy version whose names these tensors have; None if they are no ResU-Net of BiaPy."""
    for version, (rise, head) in _PREFIXES.items():
        if (
            f"{head}.weight" in tensors
            and f"{rise}.0.up.weight" in tensors
            and "bottleneck.shortcut.0.weight" in tensors
        ):
            return version
    return None


def network_of(tensors: Tensors, version: Version, path: Path) -> ResUNet:
    """Network with all these tensors.

    Parameters
    ----------
    tensors : mapping of str to ndarray
        A state dictionary of BiaPy.
    version : str
        From `version_of`.
    path : Path
        Of the file, for the messages.

    Raises
    ------
    UserError
        If a tensor is missing, left over or of another shape.
    """
    norms = _norms(tensors)
    feature_maps, z_pool = _sizes(tensors, version, path)
    network = ResUNet(feature_maps, z_pool, norms.kind)
    names = dict(_names(network, version, norms))
    ours = network.state_dict()
    missing, extra = sorted(names.keys() - tensors.keys()), sorted(tensors.keys() - names.keys())
    if missing:
        raise UserError(f"{path} holds another network: it has no {missing[0]}.", ADVICE)
    if extra:
        raise UserError(f"{path} holds another network: it also has {extra[0]}.", ADVICE)
    for theirs, name in names.items():
        if tensors[theirs].shape != tuple(ours[name].shape):
            found = " × ".join(map(str, tensors[theirs].shape))
            raise UserError(f"{path} holds another network: its {theirs} is of {found}.", ADVICE)
        ours[name] = torch.from_numpy(np.asarray(tensors[theirs])).to(ours[name].dtype)
    network.load_state_dict(ours)
    if version == "3.7" and norms.kind == "none":
        _activate_shortcuts(network)
    return network


def _activate_shortcuts(network: ResUNet) -> None:
    """Let the shortcuts see what BiaPy 3.7 shows them.

    Its ELU works in place. Where no norm stands before it, it changes the input of the block before the shortcut
    takes it.
    """
    for block in (*network.down[1:], network.bottleneck, *network.merges):
        assert isinstance(block, ResidualBlock)
        block.shortcut = nn.Sequential(nn.ELU(), block.shortcut)  # type: ignore[assignment]


def _norms(tensors: Tensors) -> _Norms:
    """Kind of the norm, told by what the bottleneck has before its first convolution."""
    if "bottleneck.block.0.running_mean" in tensors:
        return _Norms("batch")
    if "bottleneck.block.0.weight" in tensors:
        return _Norms("instance")
    if "bottleneck.block.2.block.0.weight" in tensors and "bottleneck.block.3.block.0.weight" in tensors:
        return _Norms("instance", bare=True)
    return _Norms("none")


def _sizes(tensors: Tensors, version: Version, path: Path) -> tuple[list[int], list[int]]:
    """Feature maps of each level and pooling along z between them."""
    rise, _ = _PREFIXES[version]
    depth = 1
    while f"down_path.{depth - 1}.shortcut.0.weight" in tensors:
        depth += 1
    blocks = [*(f"down_path.{level}" for level in range(depth - 1)), "bottleneck"]
    shortcuts = [tensors[f"{block}.shortcut.0.weight"].shape for block in blocks]
    ups = [tensors[name].shape for i in range(depth - 1) if (name := f"{rise}.{i}.up.weight") in tensors]
    if depth < 2 or len(ups) != depth - 1 or any(len(shape) != 5 for shape in (*shortcuts, *ups)):
        raise UserError(f"{path} holds another network: its levels do not match, or it is one for 2D pictures.", ADVICE)
    if any(shape[2] not in (1, 2) for shape in ups) or max(shape[0] for shape in shortcuts) > 4096:
        raise UserError(f"{path} holds another network: its sizes are none that BiaPy builds.", ADVICE)
    return [shape[0] for shape in shortcuts], [shape[2] for shape in reversed(ups)]


def _names(network: ResUNet, version: Version, norms: _Norms) -> Iterator[tuple[str, str]]:
    """BiaPy's name and ours of every tensor."""
    rise, head = _PREFIXES[version]
    blocks = {f"down_path.{level}": f"down.{level}" for level in range(len(network.down))}
    blocks["bottleneck"] = "bottleneck"
    layers = {head: "head"}
    for i in range(len(network.ups)):
        blocks[f"{rise}.{i}.conv_block"] = f"merges.{i}"
        layers[f"{rise}.{i}.up"] = f"ups.{i}"
    for theirs, ours in blocks.items():
        layers |= dict(_block_layers(network.get_submodule(ours), theirs, ours, norms))
    for theirs, ours in layers.items():
        layer = network.get_submodule(ours)
        if not (norms.bare and isinstance(layer, _NORM_LAYERS)):
            for tensor in layer.state_dict():
                yield f"{theirs}.{tensor}", f"{ours}.{tensor}"


def _block_layers(block: nn.Module, theirs: str, ours: str, norms: _Norms) -> Iterator[tuple[str, str]]:
    """BiaPy's name and ours of the layers with weights in one residual block, in their order."""
    assert isinstance(block, ResidualBlock)
    weighted = (nn.Conv3d, *_NORM_LAYERS)
    mine = [f"{ours}.block.{i}" for i, layer in enumerate(block.block) if isinstance(layer, weighted)]
    first = not isinstance(block.block[0], (nn.ELU, *_NORM_LAYERS))
    normed = norms.kind != "none"
    before = 0 if first else 2 if normed else 1  # places taken by the norm and the activation before the first
    names = [] if first or not normed else [f"{theirs}.block.0"]
    names.append(f"{theirs}.block.{before}.block.0")
    if normed:
        names.append(f"{theirs}.block.{before}.block.1")
    names.append(f"{theirs}.block.{before + 1}.block.0")
    yield from zip(names, mine, strict=True)
    yield f"{theirs}.shortcut.0", f"{ours}.shortcut"
