"""What a training leaves behind: checkpoints, the history of its rounds, charts, and the network with its settings."""

import contextlib
import errno
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.pytorch.plugins.io import TorchCheckpointIO

from cartocell_app.errors import UserError
from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.reading import READER_TROUBLES
from training.data import Example, Shape
from training.resunet import ResUNet
from training.settings import TrainingSettings

ROUND_PICTURES = "slices"
"""Folder of the pictures of the rounds, in that of the run."""


@dataclass(frozen=True)
class EpochReport:
    """What came of one round.

    Attributes
    ----------
    epoch, epochs : int
        Which round, from 1, and how many there are at most.
    loss, validation_loss : float
        Means of the round, and on the examples that are not trained on.
    iou : dict of str to float
        Intersection over union on those, by channel, at probability 0.5.
    seconds : float
        That the round took.
    waiting : float
        Share of it in which the network waited for patches.
    """

    epoch: int
    epochs: int
    loss: float
    validation_loss: float
    iou: dict[str, float]
    seconds: float
    waiting: float

    def as_row(self) -> dict[str, Any]:
        """One flat row, for tables and JSON."""
        row = asdict(self)
        return {**{k: v for k, v in row.items() if k != "iou"}, **{f"iou_{name}": v for name, v in self.iou.items()}}

    def sentence(self) -> str:
        """The round in a line."""
        iou = ", ".join(f"{name} {value:.3f}" for name, value in self.iou.items())
        return (
            f"Epoch {self.epoch} of {self.epochs}: loss {self.loss:.4f}, validation {self.validation_loss:.4f}, "
            f"IoU {iou} ({self.seconds:.0f} s)"
        )

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "EpochReport":
        """Read what `as_row` made."""
        iou = {name.removeprefix("iou_"): value for name, value in row.items() if name.startswith("iou_")}
        return cls(**{name: value for name, value in row.items() if not name.startswith("iou_")}, iou=iou)


@dataclass(frozen=True)
class RunFolder:
    """Where everything of a training lies, named as in the tutorial of CartoCell.

    Attributes
    ----------
    folder : Path
        The run's.
    name, run_id : str, int
        Of the job; its results are in ``results/NAME_ID``.
    """

    folder: Path
    name: str = "cartocell"
    run_id: int = 1

    @property
    def job(self) -> str:
        """Name and number."""
        return f"{self.name}_{self.run_id}"

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.folder / "checkpoints"

    @property
    def last(self) -> Path:
        """State after the last finished round; a training goes on from it."""
        return self.checkpoints / "last.ckpt"

    @property
    def best(self) -> Path:
        """State after the round with the smallest validation loss."""
        return self.checkpoints / "best.ckpt"

    @property
    def network(self) -> Path:
        """The result."""
        return self.folder / "network.pt"

    @property
    def results(self) -> Path:
        """Folder of pictures."""
        return self.folder / "results" / self.job

    @property
    def charts(self) -> Path:
        """Folder of the curves."""
        return self.results / "charts"

    def draw_epoch(
        self, history: Sequence[EpochReport], network: ResUNet, unseen: Sequence[Example], patch: Shape
    ) -> None:
        """Draw curves and a slice of an example that is not trained on, and write the table of rounds."""
        from training.charts import draw_curves, draw_slice, write_history

        write_history(self.charts / f"{self.job}_history.csv", history)
        draw_curves(self.charts, self.job, history)
        draw_slice(self.slice_picture, network, unseen[0], patch)

    def round_picture(self, epoch: int) -> Path:
        """Picture, picture and maps side by side, of what the network saw after a round; see `training.seeing`."""
        return self.folder / ROUND_PICTURES / f"round-{epoch:04d}.png"

    @property
    def slice_picture(self) -> Path:
        """Picture of what the network sees now in an example that it is not trained on."""
        return self.charts / f"{self.job}_validation_slice.png"


@contextlib.contextmanager
def _disk_refusals() -> Iterator[None]:
    """Tell by the operating system's own error that the disk refused; PyTorch makes an error of its own of it."""
    try:
        yield
    except RuntimeError as error:
        if "inline_container" not in str(error):  # its writer of files, which fails where the disk takes no more
            raise
        raise OSError(errno.ENOSPC, "No space left on device") from error


class WholeCheckpoints(TorchCheckpointIO):
    """Checkpoints that are whole or absent, whatever kills the program, and read without running code in them."""

    def save_checkpoint(self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:  # noqa: ARG002
        """Write beside, then rename."""
        with whole_file(Path(path)) as partial, _disk_refusals():
            torch.save(checkpoint, partial)

    def load_checkpoint(self, path: Any, map_location: Any = None, weights_only: bool | None = True) -> dict[str, Any]:  # noqa: ARG002
        """Read tensors and plain values."""
        checkpoint: dict[str, Any] = torch.load(path, map_location=map_location or "cpu", weights_only=True)
        return checkpoint


@dataclass(frozen=True)
class TrainedNetwork:
    """A network with what is known of its training."""

    network: ResUNet
    settings: TrainingSettings
    voxel_um: tuple[float, float, float]
    trained_on: str
    history: tuple[EpochReport, ...]


def weights_of(checkpoint: Path) -> dict[str, torch.Tensor]:
    """Weights of the network in a checkpoint that Lightning wrote."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)["state_dict"]
    prefix = "network."
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


def save_network(
    weights: Mapping[str, torch.Tensor],
    settings: TrainingSettings,
    voxel_um: tuple[float, float, float],
    trained_on: str,
    history: Sequence[EpochReport],
    path: Path,
) -> Path:
    """Write settings, history and weights to `path`, readable with ``weights_only=True``.

    Parameters
    ----------
    weights : mapping of Tensor
        Of the network, by their names in it.
    settings, voxel_um, trained_on, history
        See `TrainedNetwork`; the voxel size is (z, y, x) in µm.
    path : Path
        ``network.pt``, whole or absent.
    """
    content = {
        "settings": settings.model_dump(mode="json"),
        "weights": dict(weights),
        "voxel_um": list(voxel_um),
        "trained_on": trained_on,
        "history": [report.as_row() for report in history],
    }
    with whole_file(path) as partial, _disk_refusals():
        torch.save(content, partial)
    return path


def load_network(path: Path) -> TrainedNetwork:
    """Read what `save_network` wrote.

    Raises
    ------
    UserError
        If `path` is no such file.
    """
    advice = "Give the network.pt that `cartocell train` wrote."
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        settings = TrainingSettings.model_validate(saved["settings"])
        network = ResUNet(settings.feature_maps, settings.z_pool, settings.norm, settings.dropout)
        network.load_state_dict(saved["weights"])
        z, y, x = saved["voxel_um"]
        history = tuple(EpochReport.from_row(row) for row in saved["history"])
        trained_on = str(saved["trained_on"])
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.", advice) from error
    except (*READER_TROUBLES, UnpicklingError) as error:  # PyTorch passes on whatever a damaged file brings about
        raise UserError(f"{path} is no trained network.", advice) from error
    return TrainedNetwork(network.eval(), settings, (z, y, x), trained_on, history)
