"""ONNX networks from elsewhere: whether CartoCell can run them, and what it takes."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper

from cartocell_app.errors import UserError
from cartocell_app.segmentation.runtime import DeviceError, Session

_NEEDS = "CartoCell runs ONNX networks with one picture (1, 1, z, y, x) in and maps (1, 3, z, y, x) of that size out."
_PLAIN_DOMAINS = ("", "ai.onnx")

FREE_SIZE = 32
"""Of the trial picture along axes (z, y, x) whose size the network leaves open: a multiple of any usual divisor."""


def checked_graph(model: onnx.ModelProto, *, add_sigmoid: bool, path: Path) -> onnx.ModelProto:
    """Network that takes float32 pictures and gives probabilities.

    Parameters
    ----------
    model : ModelProto
        As read. Not changed.
    add_sigmoid : bool
        Whether its description says that a sigmoid comes after it.
    path : Path
        Of its file, for the messages.

    Raises
    ------
    UserError
        If it is incomplete, has steps that are not ONNX's own, or other inputs and outputs.
    """
    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    if any(node.domain not in _PLAIN_DOMAINS for node in graph.node) or len(result.functions):
        raise UserError(f"{path}: its network has steps that are not ONNX's own.", _NEEDS)
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in graph.initializer):
        raise UserError(f"{path}: its network keeps its weights in other files.", _NEEDS)
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise UserError(f"{path}: its network has {len(inputs)} inputs and {len(graph.output)} outputs.", _NEEDS)
    if add_sigmoid:
        logits = graph.output[0].name
        graph.output[0].name = f"{logits}_probabilities"
        graph.node.append(helper.make_node("Sigmoid", [logits], [graph.output[0].name]))
    del result.metadata_props[:]
    _try(result, inputs[0], path)
    return result


def _try(model: onnx.ModelProto, picture: onnx.ValueInfoProto, path: Path) -> None:
    """Run it once on a small picture and look at what comes out."""
    stated = [dimension.dim_value for dimension in picture.type.tensor_type.shape.dim]
    shape = [size or FREE_SIZE for size in stated[2:]]
    try:
        session = Session(model.SerializeToString(), "CPUExecutionProvider", {}, 1, keeps_memory=False)
        maps = session.run(np.random.default_rng(0).random(shape, np.float32))
    except DeviceError as error:
        raise UserError(f"{path}: its network does not run.", f"{_NEEDS} ONNX Runtime says: {error}") from error
    if maps.shape != (3, *shape):
        found = " × ".join(map(str, maps.shape))
        raise UserError(f"{path}: its network gave {found} for a picture of {' × '.join(map(str, shape))}.", _NEEDS)
    if maps.min() < 0 or maps.max() > 1:
        raise UserError(f"{path}: its network gives no probabilities, and its description no sigmoid.", _NEEDS)
