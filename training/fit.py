"""Training a ResU-Net on synthetic cysts with Lightning."""

import json
import logging
import time
import warnings
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from torch import Tensor, nn
from torch.utils.data import DataLoader

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, CancelledError, Progress, never, silent
from cartocell_app.segmentation.targets import CHANNELS
from cartocell_app.stacks.files import whole_file
from training.data import Example, PatchDataset, synthetic_examples
from training.resunet import ResUNet
from training.settings import TrainingSettings

VALIDATION_SEED_OFFSET = 500_000
VALIDATION_PATCHES = 12
CHECKPOINT_EVERY = 100


class Segmenter(lightning.LightningModule):
    """A ResU-Net with its loss, schedule and scores.

    The loss is binary cross-entropy plus soft Dice, averaged over B, C and M.
    """

    def __init__(self, settings: TrainingSettings) -> None:
        super().__init__()
        self.settings = settings
        self.network = ResUNet(settings.feature_maps, settings.z_pool, dropout=settings.dropout)
        self.network = self.network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Loss of one batch."""
        loss = segmentation_loss(self._logits(batch[0]), batch[1])
        self.log("loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:  # noqa: ARG002
        """Log loss and intersection over union of each channel."""
        logits = self._logits(batch[0])
        self.log("validation_loss", segmentation_loss(logits, batch[1]))
        for channel, iou in zip(CHANNELS, intersection_over_union(logits, batch[1]), strict=True):
            self.log(f"validation_iou_{channel}", iou)

    def _logits(self, picture: Tensor) -> Tensor:
        logits: Tensor = self.network(picture.contiguous(memory_format=torch.channels_last_3d))
        return logits.float()

    def configure_optimizers(self) -> Any:
        """AdamW with a one-cycle schedule over all steps."""
        optimiser = torch.optim.AdamW(self.parameters(), self.settings.learning_rate, weight_decay=1e-4)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.settings.learning_rate, total_steps=self.settings.steps + 1, pct_start=0.1
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def segmentation_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Binary cross-entropy plus soft Dice of (N, 3, Z, Y, X) logits, averaged over channels."""
    entropy = nn.functional.binary_cross_entropy_with_logits(logits, targets)
    probabilities = logits.sigmoid()
    over = (0, 2, 3, 4)
    overlap = 2 * (probabilities * targets).sum(over) + 1
    dice = 1 - overlap / (probabilities.sum(over) + targets.sum(over) + 1)
    return entropy + 0.3 * dice.mean()


def intersection_over_union(logits: Tensor, targets: Tensor) -> Tensor:
    """Intersection over union of each channel at probability 0.5, over the whole batch: (3,)."""
    predicted, true = logits > 0, targets > 0.5
    over = (0, 2, 3, 4)
    return (predicted & true).sum(over) / (predicted | true).sum(over).clamp(min=1)


class _Reporter(Callback):
    """Tells the progress and honours a wish to stop, after every step."""

    def __init__(self, progress: Progress, cancelled: Cancelled, log: Path) -> None:
        self.progress, self.cancelled, self.log_path = progress, cancelled, log
        self.start_s = time.monotonic()

    def on_train_batch_end(self, trainer: lightning.Trainer, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        self.progress("Training", trainer.global_step, trainer.max_steps)
        if self.cancelled():
            raise CancelledError

    def on_validation_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:  # noqa: ARG002
        if trainer.sanity_checking:
            return
        row = {"step": trainer.global_step, "seconds": round(time.monotonic() - self.start_s)}
        row |= {name: round(float(value), 4) for name, value in trainer.callback_metrics.items()}  # type: ignore[misc]
        with self.log_path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(row) + "\n")


def train(
    settings: TrainingSettings,
    folder: Path,
    *,
    start_from: Path | None = None,
    workers: int = 2,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Path:
    """Train on synthetic cysts and keep the weights.

    Parameters
    ----------
    settings : TrainingSettings
        What and how long.
    folder : Path
        Gets ``last.ckpt`` (from which the same call goes on after a kill), ``log.jsonl`` and ``network.pt``.
    start_from : Path, optional
        A ``network.pt`` of an earlier training, with the same feature maps; its weights come first.
    workers : int
        Processes that draw the synthetic cysts.
    progress, cancelled
        See `cartocell_app.progress`.

    Returns
    -------
    Path
        ``folder/network.pt``: settings and weights, to be exported by `training.export`.

    Raises
    ------
    UserError
        If `start_from` is no trained network, or one of another shape.
    """
    earlier = None if start_from is None else _earlier(start_from, settings)
    folder.mkdir(parents=True, exist_ok=True)
    lightning.seed_everything(settings.seed % 2**32, verbose=False)
    known = synthetic_examples(settings.examples, settings.seed, settings.voxel_um, workers, progress)
    unseen_seed = settings.seed + VALIDATION_SEED_OFFSET
    unseen = synthetic_examples(settings.validation_examples, unseen_seed, settings.voxel_um, workers, progress)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises other products
    module = Segmenter(settings)
    if earlier is not None:
        module.network.load_state_dict(earlier[0].state_dict())
        settings = settings.model_copy(update={"earlier": earlier[1]})
    last = folder / "last.ckpt"
    with warnings.catch_warnings():
        # Lightning advises more loader processes; drawing a patch takes a hundredth of a step.
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.*")
        warnings.filterwarnings("ignore", ".*exists and is not empty.*")  # going on is meant
        # After a stop the first patches are shown again; each is drawn at random anyway.
        warnings.filterwarnings("ignore", ".*your dataloader is not resumable.*")
        trainer = _trainer(settings, folder, _Reporter(progress, cancelled, folder / "log.jsonl"))
        trainer.fit(
            module,
            _loader(known, settings, settings.steps * settings.batch, settings.seed),
            _loader(unseen, settings, VALIDATION_PATCHES, unseen_seed),
            ckpt_path=str(last) if last.exists() else None,
            weights_only=True,
        )
    return save_network(module.network, settings, folder / "network.pt")


def _loader(
    examples: list[Example], settings: TrainingSettings, count: int, seed: int
) -> DataLoader[tuple[Tensor, Tensor]]:
    return DataLoader(PatchDataset(examples, settings.patch, count, seed), batch_size=settings.batch)


def _trainer(settings: TrainingSettings, folder: Path, reporter: _Reporter) -> lightning.Trainer:
    checkpoint = ModelCheckpoint(
        folder, filename="last", every_n_train_steps=CHECKPOINT_EVERY, save_top_k=1, enable_version_counter=False
    )
    return lightning.Trainer(
        max_steps=settings.steps,
        precision="bf16-mixed",
        gradient_clip_val=1.0,
        callbacks=[checkpoint, reporter],
        val_check_interval=min(CHECKPOINT_EVERY, settings.steps),
        num_sanity_val_steps=0,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder,
    )


def save_network(network: ResUNet, settings: TrainingSettings, path: Path) -> Path:
    """Write settings and weights to `path`, readable with ``weights_only=True``."""
    with whole_file(path) as partial:
        torch.save({"settings": settings.model_dump(mode="json"), "weights": network.state_dict()}, partial)
    return path


def load_network(path: Path) -> tuple[ResUNet, TrainingSettings]:
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
        network = ResUNet(settings.feature_maps, settings.z_pool, dropout=settings.dropout)
        network.load_state_dict(saved["weights"])
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.", advice) from error
    except (KeyError, TypeError, RuntimeError, ValueError, EOFError, UnpicklingError) as error:
        raise UserError(f"{path} is no trained network.", advice) from error
    return network.eval(), settings


def _earlier(path: Path, settings: TrainingSettings) -> tuple[ResUNet, TrainingSettings]:
    network, earlier = load_network(path)
    if (earlier.feature_maps, earlier.z_pool) != (settings.feature_maps, settings.z_pool):
        shape = "/".join(map(str, earlier.feature_maps))
        raise UserError(
            f"{path} is a network of another shape ({shape}).", "Give the same feature maps and pooling, or start anew."
        )
    return network, earlier
