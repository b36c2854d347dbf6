"""Memory that a network needs, worked out from its ONNX graph before it runs."""

import math
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.segmentation.model_card import load_onnx
from cartocell_app.segmentation.receptive_field import VOXELWISE

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, NodeProto

FLOAT_BYTES = 4

TRIAL_TILES = (8, 16, 16)
"""Size (z, y, x) of the volume that sizes are worked out for, in multiples of the size divisor."""


def bytes_per_voxel(onnx_path: Path, divisor: tuple[int, int, int]) -> float:
    """Greatest total of feature maps that are needed at one time, per voxel of the input.

    Measured against ONNX Runtime 1.32 on the CPU, where every buffer comes and goes singly: 1168 forecast and 1170
    seen for the ResU-Net 52/68/84, 448 forecast and 449 seen for the one of 16/32/64.

    Parameters
    ----------
    onnx_path : Path
        Network from one (1, 1, Z, Y, X) volume of float32 to another.
    divisor : (z, y, x) of int
        Sizes must be multiples of these.

    Raises
    ------
    UserError
        If the file is not a whole ONNX file.
    """
    model = load_onnx(onnx_path)
    shape = [1, 1, *(by * tiles for by, tiles in zip(divisor, TRIAL_TILES, strict=True))]
    sizes = _sizes(model, shape)
    return _peak(model.graph, sizes) / math.prod(shape)


def _sizes(model: "ModelProto", shape: list[int]) -> dict[str, int]:
    """Bytes of every feature map for an input of `shape`, by name."""
    import onnx
    from onnx.helper import tensor_dtype_to_np_dtype

    weights = {tensor.name for tensor in model.graph.initializer}
    for value in model.graph.input:
        if value.name not in weights:
            for dimension, size in zip(value.type.tensor_type.shape.dim, shape, strict=True):
                dimension.dim_value = size
    # What the file says of the maps between was written for free sizes.
    del model.graph.value_info[:]
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    return {
        value.name: tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).itemsize
        * math.prod(dimension.dim_value for dimension in value.type.tensor_type.shape.dim)
        for value in (*graph.input, *graph.value_info, *graph.output)
        if value.name not in weights
    }


def _peak(graph: "GraphProto", sizes: Mapping[str, int]) -> int:
    """Greatest number of bytes held while the nodes run in their order, each map as long as it is needed."""
    uses = Counter(name for node in graph.node for name in node.input)
    uses.update(value.name for value in graph.output)
    makers = {name: node for node in graph.node for name in node.output}
    held = sum(sizes.get(value.name, 0) for value in graph.input)
    peak = held
    for node in graph.node:
        made = sum(sizes.get(name, 0) for name in node.output if uses[name])
        inputs = {name: count for name, count in Counter(node.input).items() if name in sizes}
        dying = [name for name, count in inputs.items() if uses[name] == count]
        reused = max((sizes[name] for name in dying if sizes[name] == made), default=0)
        peak = max(peak, held + made - (reused if _is_in_place(node, makers) else 0))
        uses.subtract(inputs)
        held += made - sum(sizes[name] for name in dying)
    return peak


def _is_in_place(node: "NodeProto", makers: Mapping[str, "NodeProto"]) -> bool:
    """Whether ONNX Runtime writes a node's output over its input, or melts the node into the one before."""
    if node.op_type != "BatchNormalization":
        return node.op_type in VOXELWISE
    before = makers.get(node.input[0])
    return before is not None and before.op_type in ("Conv", "ConvTranspose")
