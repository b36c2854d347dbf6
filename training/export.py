"""From trained weights to one ONNX file that says all about itself."""

import copy
import logging
import math
import platform
import warnings
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

import cartocell_app
from cartocell_app.errors import UserError
from cartocell_app.segmentation.model_card import ModelCard, write_card
from cartocell_app.segmentation.receptive_field import receptive_field
from cartocell_app.segmentation.targets import CHANNELS
from cartocell_app.stacks.files import whole_file
from training.records import TrainedNetwork, load_network
from training.resunet import ResUNet
from training.settings import TrainingSettings

LARGEST_DIFFERENCE = 1e-4
"""Between the probabilities of PyTorch and of ONNX Runtime; more is a failed export."""

LARGEST_HALF_DIFFERENCE = 5e-3
"""The same in half precision, whose numbers have three digits. No device is used that differs by 0.01."""


class _Probabilities(nn.Module):
    """The network with the sigmoid that turns its logits into probabilities; float32 in and out."""

    def __init__(self, network: ResUNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        logits: Tensor = self.network(picture.to(self.network.head.weight.dtype))
        return logits.float().sigmoid()


def export(
    weights: Path,
    model: Path,
    *,
    name: str,
    version: str,
    training_command: str = "",
    scores: Mapping[str, float] | None = None,
    limits: str = "",
    voxel_um: tuple[float, float, float] | None = None,
    tissue_above: float | None = None,
    half: bool = False,
    cell_width_um: float | None = None,
    second_view_um: tuple[float, float, float] | None = None,
) -> ModelCard:
    """Write the network in `weights` as `model` (.onnx), with its card inside.

    Parameters
    ----------
    weights : Path
        A ``network.pt`` that `training.fit.train` wrote.
    model : Path
        The ONNX file; input ``picture`` (1, 1, Z, Y, X) and output ``maps`` (1, 3, Z, Y, X) float32, of any size
        that is a multiple of the card's ``size_divisor``.
    name, version : str
        Of the model.
    training_command : str
        The command that trained it.
    scores : mapping, optional
        Its scores on cysts that it was not trained on.
    limits : str
        What it is not good for; a general sentence if not given.
    voxel_um : (z, y, x), optional
        Voxel size that it is to work at; that of its training if not given. A little finer costs more and outlines
        cells more closely.
    tissue_above : float, optional
        Probability of tissue (M) above which the network is right to call it so, as measured on labelled cysts; the
        model's own is shifted so that this becomes 0.5.
    half : bool
        Whether the network computes in half precision (float16): half the file, and half the memory of a graphics card.
    cell_width_um : float, optional
        How wide (µm) the cells are that it knows best, as the ball of the same volume; with it, cells that come out
        much narrower or wider are looked at again, in another size.
    second_view_um : (z, y, x), optional
        Voxel size at which it looks at every stack a second time, turned over; the mean counts.

    Raises
    ------
    UserError
        If `weights` is no such file, or ONNX Runtime does not give the same probabilities as PyTorch.
    """
    trained = load_network(weights)
    network = trained.network
    if tissue_above is not None:
        _shift_tissue(network, tissue_above)
    with whole_file(model) as partial:
        write_onnx(network, partial, half=half)
        difference = parity(network, partial)
        if difference > (LARGEST_HALF_DIFFERENCE if half else LARGEST_DIFFERENCE):
            raise UserError(f"{model} was not written.", f"ONNX Runtime differs from PyTorch by {difference:.2g}.")
        card = _card(trained, partial, name, version, training_command, dict(scores or {}), limits or _LIMITS)
        works_at_um, words = voxel_um or trained.voxel_um, [card.training]
        if works_at_um != trained.voxel_um:
            words.append(f"Trained at {_um(trained.voxel_um)}, works at {_um(works_at_um)}.")
        if tissue_above is not None:
            words.append(f"Tissue is what it gave more than {tissue_above:g}.")
        if half:
            words.append("Computes in half precision.")
        card = card.model_copy(
            update={
                "voxel_size_um": works_at_um,
                "second_view_um": second_view_um,
                "cell_width_um": cell_width_um,
                "training": " ".join(words),
            }
        )
        write_card(partial, card)
    return card


def _shift_tissue(network: ResUNet, above: float) -> None:
    """Make 0.5 of what was `above` in the map of tissue, in place."""
    bias = network.head.bias
    assert bias is not None
    with torch.no_grad():
        bias[CHANNELS.index("M")] -= math.log(above / (1 - above))


def write_onnx(network: ResUNet, path: Path, *, half: bool = False) -> None:
    """Write `network` with a sigmoid after it to one ONNX file with free sizes; inside in float16 if `half`."""
    module = _Probabilities(copy.deepcopy(network).half() if half else network).eval()
    sizes = [8 * factor for factor in network.size_divisor]
    free = {
        axis + 2: factor * torch.export.Dim(name, min=1)
        for axis, (name, factor) in enumerate(zip(("tiles_z", "tiles_y", "tiles_x"), network.size_divisor, strict=True))
    }
    # The exporter logs that optional packages for pictures in 2D are missing, and warns of its own use of PyTorch.
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.onnx.export(
            module,
            (torch.zeros(1, 1, *sizes),),
            str(path),
            input_names=["picture"],
            output_names=["maps"],
            dynamic_shapes={"picture": free},
            opset_version=18,
            external_data=False,
            dynamo=True,
            verbose=False,
        )
    _forget_where_it_was_made(path)


def _forget_where_it_was_made(path: Path) -> None:
    """Drop what the exporter notes of its own work, which names folders of this computer."""
    model = onnx.load(path)
    for noted in (model.graph, *model.graph.node, *model.graph.value_info, *model.graph.input, *model.graph.output):
        del noted.metadata_props[:]
    onnx.save(model, path)


def parity(network: ResUNet, path: Path) -> float:
    """Greatest difference of probabilities between PyTorch and ONNX Runtime on a random picture of odd size."""
    import onnxruntime

    shape = [factor * tiles for factor, tiles in zip(network.size_divisor, (3, 5, 4), strict=True)]
    picture = np.random.default_rng(0).random((1, 1, *shape), np.float32)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = network.eval()(torch.from_numpy(picture)).sigmoid().numpy()
    return float(np.abs(session.run(None, {"picture": picture})[0] - expected).max())


def mflop_per_voxel(network: ResUNet) -> float:
    """Work of a forward pass per voxel, in million floating-point operations (a multiply-add is two)."""
    operations = 0.0
    resolution: dict[nn.Module, float] = {}
    scale = 1.0
    for block, z in zip(network.down, network.z_pool, strict=True):
        resolution[block] = scale
        scale /= 4 * z
    resolution[network.bottleneck] = scale
    for up, merge, z in zip(network.ups, network.merges, reversed(network.z_pool), strict=True):
        resolution[up] = scale  # each input voxel meets every weight once
        scale *= 4 * z
        resolution[merge] = scale
    resolution[network.head] = 1.0
    for part, share in resolution.items():
        weights = [layer.weight for layer in part.modules() if isinstance(layer, (nn.Conv3d, nn.ConvTranspose3d))]
        operations += 2 * share * sum(weight.numel() for weight in weights)
    return operations / 1e6


def _card(
    trained: TrainedNetwork, path: Path, name: str, version: str, command: str, scores: dict[str, float], limits: str
) -> ModelCard:
    network, settings = trained.network, trained.settings
    field = receptive_field(path)
    return ModelCard(
        name=name,
        version=version,
        licence="BSD-3-Clause" if "synthetic" in trained.trained_on else "that of its training set",
        voxel_size_um=trained.voxel_um,
        normalisation=settings.normalisation,
        halo_vox=field.halo_vox,
        size_divisor=network.size_divisor,
        patch_vox=None if field.halo_vox is not None else settings.patch,
        mflop_per_voxel=mflop_per_voxel(network),
        training=f"{_recipe(settings)}. On {trained.trained_on}. ResU-Net {'/'.join(map(str, settings.feature_maps))}.",
        training_command=command,
        scores=scores,
        limits=limits,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        software={
            "cartocell": cartocell_app.__version__,
            "torch": torch.__version__,
            "onnx": onnx.__version__,
            "python": platform.python_version(),
        },
    )


def _um(voxel_um: tuple[float, float, float]) -> str:
    return f"{' × '.join(f'{edge:g}' for edge in voxel_um)} µm"


_LIMITS = "Good for stacks like those it was trained on: stained cell outlines, similar tissue, similar microscope."


def _recipe(settings: TrainingSettings) -> str:
    """All trainings in words, where there were several."""
    words = (
        f"Preset {settings.preset}: at most {settings.epochs} rounds of "
        f"{settings.steps_per_epoch or 'as many as show all of the set'} steps of {settings.batch} patches of "
        f"{' × '.join(map(str, settings.patch))} voxels; {settings.optimiser}, learning rate "
        f"{settings.learning_rate:g}, {settings.schedule}; seed {settings.seed}"
    )
    return words if settings.earlier is None else f"{_recipe(settings.earlier)}. Then {words}"
