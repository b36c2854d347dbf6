"""Pictures of a training: curves, slices, pairs to look at, and the network itself."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from cartocell_app.segmentation.targets import CHANNELS
from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.voxel_size import VoxelSize
from cartocell_app.stacks.writing import write_labels, write_stack
from training.data import Example, GridDataset, PatchDataset, Shape
from training.resunet import ResUNet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from training.records import EpochReport

AUG_SAMPLES = 10


def write_history(path: Path, history: Sequence["EpochReport"]) -> None:
    """Write a row a round as CSV."""
    rows = [report.as_row() for report in history]
    with whole_file(path) as partial, partial.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, rows[0])
        table.writeheader()
        table.writerows(rows)


def draw_curves(folder: Path, job: str, history: Sequence["EpochReport"]) -> None:
    """Draw ``JOB_loss.png``, ``JOB_jaccard_index.png`` and one of these for each channel."""
    epochs = [report.epoch for report in history]
    losses = {
        "training": [report.loss for report in history],
        "validation": [report.validation_loss for report in history],
    }
    _curves(folder / f"{job}_loss.png", f"{job}: loss", "loss", epochs, losses)
    iou = {channel: [report.iou[channel] for report in history] for channel in CHANNELS}
    mean = {"mean of B, C, M": [float(np.mean(list(report.iou.values()))) for report in history]}
    title = f"{job}: intersection over union, validation"
    _curves(folder / f"{job}_jaccard_index.png", title, "IoU", epochs, mean | iou)
    for channel, values in iou.items():
        _curves(folder / f"{job}_jaccard_index_{channel}.png", f"{title}, {channel}", "IoU", epochs, {channel: values})


def _curves(path: Path, title: str, what: str, epochs: list[int], lines: dict[str, list[float]]) -> None:
    figure, axes = _figure((6.4, 4.2))
    for name, values in lines.items():
        axes.plot(epochs, values, label=name, marker="." if len(epochs) < 30 else None)
    axes.set(xlabel="epoch", ylabel=what, title=title)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(alpha=0.3)
    axes.legend()
    _save(figure, path)


def draw_slice(path: Path, network: ResUNet, example: Example, patch: Shape) -> None:
    """Draw the middle slice of the middle patch of `example`: picture, truth and prediction (B, C, M as colours)."""
    patches = GridDataset([example], patch)
    picture, targets = patches[len(patches) // 2]
    was_training = network.training
    network.eval()
    with torch.no_grad():
        device = next(network.parameters()).device
        maps = network(picture[None].to(device)).float().sigmoid()[0].cpu().numpy()
    network.train(was_training)
    middle = picture.shape[1] // 2
    figure, axes = _figure((9.6, 3.6), 3)
    raw = picture[0, middle].numpy()
    axes[0].imshow(raw, cmap="gray", vmin=float(raw.min()), vmax=float(np.percentile(raw, 99.8)) + 1e-6)
    axes[1].imshow(np.moveaxis(targets[:, middle].numpy(), 0, -1))
    axes[2].imshow(np.moveaxis(maps[:, middle], 0, -1))
    for one, title in zip(axes, ("picture", "truth: B red, C green, M blue", "prediction"), strict=True):
        one.set_title(title, fontsize=10)
        one.axis("off")
    _save(figure, path)


def write_augmented(folder: Path, patches: PatchDataset, voxel_um: tuple[float, float, float]) -> None:
    """Write the first pairs that the network will be shown, as stacks to look at in Fiji.

    ``N_x_aug.tif`` is the picture (float32) and ``N_y_aug.tif`` the targets as labels: 1 interior, 2 contour, 3 the
    rest of the tissue.
    """
    voxel_size = VoxelSize(*voxel_um, source="training")
    for index in range(min(AUG_SAMPLES, len(patches))):
        if (folder / f"{index}_y_aug.tif").exists():
            continue
        picture, targets = patches[index]
        b, c, m = (channel.numpy() > 0 for channel in targets)
        write_stack(folder / f"{index}_x_aug.tif", picture[0].numpy(), voxel_size)
        write_labels(folder / f"{index}_y_aug.tif", np.select([b, c, m], [1, 2, 3], 0).astype(np.uint16), voxel_size)


def draw_network(path: Path, network: ResUNet, patch: Shape) -> None:
    """Draw the network from itself: every block with the size that really comes out of it for a patch."""
    rows = _layers(network, patch)
    figure, axes = _figure((7.2, 0.42 * len(rows) + 1.0))
    for row, (name, kind, shape, parameters) in enumerate(rows):
        y = -row
        colour = {"ResidualBlock": "#4477aa", "MaxPool3d": "#ccbb44", "ConvTranspose3d": "#228833"}.get(kind, "#aa3377")
        axes.text(0.0, y, name, va="center", fontsize=9)
        box = {"boxstyle": "round,pad=0.3", "facecolor": colour, "edgecolor": "none"}
        axes.text(0.42, y, kind, va="center", ha="center", color="white", fontsize=9, bbox=box)
        size = f"{shape[1]} × {shape[2]} × {shape[3]} × {shape[4]}"
        axes.text(0.62, y, size, va="center", fontsize=9, family="monospace")
        axes.text(1.0, y, f"{parameters:,}" if parameters else "–", va="center", ha="right", fontsize=9)
    total = sum(parameter.numel() for parameter in network.parameters())
    axes.set(xlim=(0, 1), ylim=(-len(rows) + 0.3, 1.2))
    axes.set_title(f"ResU-Net, {total:,} parameters (part · kind · channels × z × y × x · parameters)", fontsize=10)
    axes.axis("off")
    _save(figure, path)


def _layers(network: ResUNet, patch: Shape) -> list[tuple[str, str, tuple[int, ...], int]]:
    """Name, kind, size of output and number of parameters of each part, in the order of running."""
    parts = {
        f"{group} {number + 1}" if isinstance(container, nn.ModuleList) else group: part
        for group, container in network.named_children()
        for number, part in enumerate(container if isinstance(container, nn.ModuleList) else [container])
    }
    rows: list[tuple[str, str, tuple[int, ...], int]] = []

    def note(name: str) -> Any:
        def hook(module: nn.Module, _inputs: Any, output: Any) -> None:
            count = sum(parameter.numel() for parameter in module.parameters())
            rows.append((name, type(module).__name__, tuple(output.shape), count))

        return hook

    handles = [part.register_forward_hook(note(name)) for name, part in parts.items()]
    was_training = network.training
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, 1, *patch, device=next(network.parameters()).device))
    network.train(was_training)
    for handle in handles:
        handle.remove()
    return rows


def _figure(size: tuple[float, float], columns: int = 1) -> tuple["Figure", Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    axes: Axes | NDArray[Any] = figure.subplots(1, columns)
    return figure, axes


def _save(figure: "Figure", path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    with whole_file(path) as partial:
        figure.savefig(partial, dpi=110, format="png")
