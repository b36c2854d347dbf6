"""How far a network looks: which input voxels an output voxel can depend on, read from the ONNX graph."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.segmentation.model_card import load_onnx

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto

# fmt: off
VOXELWISE = frozenset(
    [
        "Abs", "Add", "Cast", "Ceil", "Celu", "Clip", "Div", "Dropout", "Elu", "Erf", "Exp", "Floor", "Gelu",
        "HardSigmoid", "HardSwish", "Identity", "LeakyRelu", "Log", "Max", "Min", "Mish", "Mul", "Neg", "Pow",
        "PRelu", "Reciprocal", "Relu", "Round", "Selu", "Sigmoid", "Sign", "Sqrt", "Softplus", "Softsign",
        "Sub", "Sum", "Tanh", "ThresholdedRelu", "Where"
    ]
)
# fmt: on
"""Operations whose every output voxel depends on the same voxel of the inputs only."""

CHANNELWISE = {"BatchNormalization": 1, "Concat": 1, "LogSoftmax": -1, "Softmax": -1}
"""Likewise, over the channels of one voxel, if they run along the channel axis; with their default axis."""

WINDOWED = frozenset(["Conv", "MaxPool", "AveragePool", "ConvTranspose"])


@dataclass(frozen=True)
class ReceptiveField:
    """How far a network looks.

    Parameters
    ----------
    halo_vox : (z, y, x) of int, or None
        An output voxel depends on no input voxel farther than this on either side. None if there is no such limit.
    divisor : (z, y, x) of int
        Sizes must be multiples of these, and tiles must start at multiples of these for their pooling to agree.
    reason : str
        Where `halo_vox` is None: why, in words.
    """

    halo_vox: tuple[int, int, int] | None
    divisor: tuple[int, int, int]
    reason: str = ""


class _UnlimitedError(Exception):
    """The receptive field has no limit, or none that can be told; the message says why."""


def receptive_field(onnx_path: Path) -> ReceptiveField:
    """Receptive field of the network in the ONNX file at `onnx_path`.

    The network must take one (batch, channel, z, y, x) volume and give one of the same size in z, y and x.

    Returns
    -------
    ReceptiveField
        With the least halo that holds for every voxel of every tile that starts at a multiple of the divisor.

    Raises
    ------
    UserError
        If the file is not a whole ONNX file.
    """
    graph = load_onnx(onnx_path).graph
    divisor_z, divisor_y, divisor_x = (_divisor(graph, axis) for axis in range(3))
    try:
        _check_voxelwise(graph)
        halo_z, halo_y, halo_x = (
            _halo(graph, axis, period) for axis, period in enumerate((divisor_z, divisor_y, divisor_x))
        )
    except _UnlimitedError as unlimited:
        return ReceptiveField(None, (divisor_z, divisor_y, divisor_x), str(unlimited))
    return ReceptiveField((halo_z, halo_y, halo_x), (divisor_z, divisor_y, divisor_x))


@dataclass(frozen=True)
class _Reach:
    """What the elements of one feature map depend on, along one axis.

    Element ``i`` sits at input position ``i * scale``. It depends on input positions ``first[i] … last[i]`` at most,
    for the elements of one period; those of the next one are a period farther.
    """

    scale: Fraction
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    period: int

    def of(self, elements: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and last input position of any elements, also ones outside the first period."""
        turns, within = np.divmod(elements, len(self.first))
        return self.first[within] + turns * self.period, self.last[within] + turns * self.period


@dataclass(frozen=True)
class _Window:
    """Attributes of a convolution or pooling along one axis."""

    taps: int
    stride: int
    dilation: int
    before: int
    after: int

    @property
    def span(self) -> int:
        return self.dilation * (self.taps - 1)


def _data_inputs(node: "NodeProto", known: Mapping[str, Any]) -> list[str]:
    """The inputs of `node` that depend on the network's input (the others are weights)."""
    return [name for name in node.input if name in known]


def _input_name(graph: "GraphProto") -> str:
    weights = {tensor.name for tensor in graph.initializer}
    return next(str(value.name) for value in graph.input if value.name not in weights)


def _divisor(graph: "GraphProto", axis: int) -> int:
    """Least common multiple of the scales (input voxels per element) of all feature maps."""
    scales = {_input_name(graph): Fraction(1)}
    for node in graph.node:
        inputs = _data_inputs(node, scales)
        if not inputs:
            continue
        stride = _attributes(node).get("strides", [1, 1, 1])
        factor = Fraction(stride[axis] if len(stride) == 3 else 1)
        factor = {"Conv": factor, "MaxPool": factor, "AveragePool": factor, "ConvTranspose": 1 / factor}.get(
            node.op_type, Fraction(1)
        )
        scales |= dict.fromkeys(node.output, scales[inputs[0]] * factor)
    return math.lcm(*(scale.numerator for scale in scales.values()))


def _check_voxelwise(graph: "GraphProto") -> None:
    """Refuse what has no limited receptive field, or none that this module can work out."""
    known = {_input_name(graph): True}
    plane_weights = {tensor.name for tensor in graph.initializer if max(tensor.dims[2:], default=1) > 1}
    for node in graph.node:
        if not _data_inputs(node, known):
            continue
        kind, attributes = node.op_type, _attributes(node)
        if kind not in VOXELWISE | CHANNELWISE.keys() | WINDOWED:
            raise _UnlimitedError(f"its step {kind} can depend on the whole patch")
        if kind in CHANNELWISE and attributes.get("axis", CHANNELWISE[kind]) not in (1, -4):
            raise _UnlimitedError(f"its step {kind} runs along z, y or x")
        if kind == "BatchNormalization" and attributes.get("training_mode", 0):
            raise _UnlimitedError("its batch normalisation depends on the whole patch")
        if kind in VOXELWISE and plane_weights.intersection(node.input):
            raise _UnlimitedError(f"its step {kind} treats voxels by their place in the patch")
        known |= dict.fromkeys(node.output, True)


def _halo(graph: "GraphProto", axis: int, period: int) -> int:
    """Follow every feature map from the input to the output, along one axis."""
    places = np.arange(period)
    reaches = {_input_name(graph): _Reach(Fraction(1), places, places, period)}
    for node in graph.node:
        inputs = [reaches[name] for name in _data_inputs(node, reaches)]
        if not inputs:
            continue
        reach = _merged(inputs)
        if node.op_type in WINDOWED:
            window = _window(graph, node, axis)
            reach = _spread(reach, window) if node.op_type == "ConvTranspose" else _gathered(reach, window)
        reaches |= dict.fromkeys(node.output, reach)
    end = reaches.get(graph.output[0].name)
    if end is None or end.scale != 1:
        raise _UnlimitedError("its output has another size than its input")
    return int(max((places - end.first).max(), (end.last - places).max()))


def _merged(reaches: list[_Reach]) -> _Reach:
    """Reach of an operation that takes the same element of several feature maps."""
    if len({reach.scale for reach in reaches}) > 1:
        raise _UnlimitedError("it joins feature maps of different size")
    first = np.min([reach.first for reach in reaches], axis=0)
    last = np.max([reach.last for reach in reaches], axis=0)
    return _Reach(reaches[0].scale, first, last, reaches[0].period)


def _gathered(reach: _Reach, window: _Window) -> _Reach:
    """Reach after a convolution or pooling: element i takes elements ``i * stride - before + dilation * tap``."""
    scale = reach.scale * window.stride
    elements = np.arange(int(reach.period / scale))
    taps = window.dilation * np.arange(window.taps)
    firsts, lasts = reach.of(elements[:, None] * window.stride - window.before + taps)
    return _with_own_place(_Reach(scale, firsts.min(axis=1), lasts.max(axis=1), reach.period))


def _spread(reach: _Reach, window: _Window) -> _Reach:
    """Reach after a transposed convolution: i takes those j with ``j * stride = i + before - dilation * tap``."""
    scale = reach.scale / window.stride
    elements = np.arange(int(reach.period / scale))
    sources = elements[:, None] + window.before - window.dilation * np.arange(window.taps)
    firsts, lasts = reach.of(sources // window.stride)
    present = sources % window.stride == 0
    far = np.iinfo(np.int64).max // 2
    first = np.where(present, firsts, far).min(axis=1)
    last = np.where(present, lasts, -far).max(axis=1)
    return _with_own_place(_Reach(scale, first, last, reach.period))


def _with_own_place(reach: _Reach) -> _Reach:
    """Count an element's own place as something that it depends on.

    A tile lacks the elements beyond its ends, so what depends on those may come out wrong. If each of them counts as
    depending on at least one input voxel beyond that end, whatever takes them looks beyond the tile, and the halo
    covers it. Without this, layers that shift back and forth could cheat.
    """
    starts = [math.floor(reach.scale * i) for i in range(len(reach.first))]
    ends = [math.ceil(reach.scale * (i + 1)) - 1 for i in range(len(reach.first))]
    first, last = np.minimum(reach.first, ends), np.maximum(reach.last, starts)
    return _Reach(reach.scale, first, last, reach.period)


def _window(graph: "GraphProto", node: "NodeProto", axis: int) -> _Window:
    """Attributes along `axis`; refuses windows that do not keep (or exactly divide or multiply) the size."""
    attributes = _attributes(node)
    kernel = attributes.get("kernel_shape") or next(t.dims[2:] for t in graph.initializer if t.name == node.input[1])
    if len(kernel) != 3:
        raise _UnlimitedError("it is not a network for volumes")
    strides, dilations = attributes.get("strides", [1, 1, 1]), attributes.get("dilations", [1, 1, 1])
    taps, stride, dilation = int(kernel[axis]), int(strides[axis]), int(dilations[axis])
    before, after = _pads(attributes, axis, missing=dilation * (taps - 1) + 1 - stride)
    window = _Window(taps, stride, dilation, before, after)
    short = window.span - before - after  # elements lost at a stride of 1
    if node.op_type == "ConvTranspose":
        keeps = short + 1 - stride + attributes.get("output_padding", [0] * 3)[axis] == 0
        keeps = keeps and "output_shape" not in attributes
    elif attributes.get("ceil_mode", 0):
        keeps = stride <= short + 1 < 2 * stride
    else:
        keeps = 0 <= short < stride
    if not keeps:
        raise _UnlimitedError(f"its step {node.op_type} changes the size by more than a whole factor")
    return window


def _pads(attributes: dict[str, Any], axis: int, missing: int) -> tuple[int, int]:
    """Padding before and after; `missing` is what automatic padding adds in all."""
    automatic = attributes.get("auto_pad", b"NOTSET").decode()
    if automatic in ("SAME_UPPER", "SAME_LOWER"):
        less, more = max(missing, 0) // 2, -(-max(missing, 0) // 2)
        return (less, more) if automatic == "SAME_UPPER" else (more, less)
    pads = [0] * 6 if automatic == "VALID" else attributes.get("pads", [0] * 6)
    return int(pads[axis]), int(pads[axis + 3])


def _attributes(node: "NodeProto") -> dict[str, Any]:
    from onnx.helper import get_attribute_value

    return {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}
