"""Small ONNX networks with known weights, built without torch."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from cartocell_app.segmentation.model_card import ModelCard, write_card
from cartocell_app.segmentation.normalisation import Normalisation

Triple = tuple[int, int, int]


class GraphBuilder:
    """Adds nodes one after another; every method returns the name of what it made."""

    def __init__(self, seed: int = 0, *, positive: bool = False) -> None:
        self.rng = np.random.default_rng(seed)
        self.positive = positive
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def node(self, kind: str, inputs: Sequence[str], **attributes: object) -> str:
        name = f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name=name, **attributes))
        return name

    def constant(self, values: np.ndarray) -> str:
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(values, name))
        return name

    def drawn(self, shape: tuple[int, ...], fan_in: int) -> str:
        weights = self.rng.normal(0, np.sqrt(2 / fan_in), shape).astype(np.float32)
        return self.constant(np.abs(weights) + 0.05 if self.positive else weights)

    def conv(
        self, x: str, c_in: int, c_out: int, kernel: Triple, pads: Sequence[int] | None = None, **more: object
    ) -> str:
        if pads is None:
            pads = [k // 2 for k in kernel] * 2
        weights = self.drawn((c_out, c_in, *kernel), c_in * int(np.prod(kernel)))
        inputs = [x, weights]
        if not self.positive:  # a bias would hide whether an output depends on the input at all
            inputs.append(self.constant(np.linspace(-0.1, 0.1, c_out, dtype=np.float32)))
        return self.node("Conv", inputs, kernel_shape=list(kernel), pads=list(pads), **more)

    def up(self, x: str, c_in: int, c_out: int, factor: Triple, kernel: Triple | None = None, **more: object) -> str:
        weights = self.drawn((c_in, c_out, *(kernel or factor)), c_in)
        return self.node(
            "ConvTranspose", [x, weights], kernel_shape=list(kernel or factor), strides=list(factor), **more
        )

    def pool(self, x: str, factor: Triple, kind: str = "MaxPool") -> str:
        return self.node(kind, [x], kernel_shape=list(factor), strides=list(factor))

    def batch_norm(self, x: str, channels: int) -> str:
        statistics = [np.ones(channels), np.zeros(channels), np.zeros(channels), np.ones(channels)]
        return self.node("BatchNormalization", [x, *(self.constant(s.astype(np.float32)) for s in statistics)])

    def block(self, x: str, c_in: int, c_out: int) -> str:
        """Residual block as BiaPy 3.5 has it: the shortcut takes the raw input."""
        main = self.node("Elu", [self.batch_norm(x, c_in)]) if c_in > 1 else x
        main = self.node("Elu", [self.batch_norm(self.conv(main, c_in, c_out, (3, 3, 3)), c_out)])
        main = self.conv(main, c_out, c_out, (3, 3, 3))
        return self.node("Add", [main, self.conv(x, c_in, c_out, (1, 1, 1))])

    def model(self, output: str, channels: int = 3) -> onnx.ModelProto:
        self.nodes.append(helper.make_node("Identity", [output], ["maps"], name="end"))
        sizes = ["z", "y", "x"]
        graph = helper.make_graph(
            self.nodes,
            "network",
            [helper.make_tensor_value_info("raw", TensorProto.FLOAT, ["batch", 1, *sizes])],
            [helper.make_tensor_value_info("maps", TensorProto.FLOAT, ["batch", channels, *sizes])],
            initializer=self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
        onnx.checker.check_model(model)
        return model


def resunet(features: Sequence[int], factors: Sequence[Triple], seed: int = 0) -> onnx.ModelProto:
    """ResU-Net as BiaPy 3.5 builds it: one level per feature count, ``factors[i]`` between levels i and i + 1."""
    g = GraphBuilder(seed)
    x, c, skips = "raw", 1, []
    for wide, factor in zip(features, factors, strict=False):
        x, c = g.block(x, c, wide), wide
        skips.append((x, c))
        x = g.pool(x, factor)
    x, c = g.block(x, c, features[-1]), features[-1]
    for (skip, wide), factor in zip(reversed(skips), reversed(factors), strict=True):
        x = g.node("Concat", [g.up(x, c, c, factor), skip], axis=1)
        x, c = g.block(x, c + wide, wide), wide
    return g.model(g.node("Sigmoid", [g.conv(x, c, 3, (1, 1, 1))]))


def card(**changes: object) -> ModelCard:
    values: dict[str, object] = {
        "name": "test",
        "version": "1",
        "licence": "BSD-3-Clause",
        "voxel_size_um": (0.5, 0.5, 0.5),
        "normalisation": Normalisation(kind="percentile"),
        "halo_vox": (0, 0, 0),
        "training": "random weights",
        "created": "2025-01-01",
    }
    return ModelCard(**(values | changes))


def save(path: Path, model: onnx.ModelProto, **changes: object) -> Path:
    """Write the model with a card at `path`."""
    onnx.save(model, path)
    write_card(path, card(**changes))
    return path
