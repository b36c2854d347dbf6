"""Training a ResU-Net with Lightning: on a training set, or on synthetic cysts."""

import logging
import math
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics.classification import MultilabelJaccardIndex

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, CancelledError, Progress, never, silent
from cartocell_app.segmentation.targets import CHANNELS
from training.data import Example, GridDataset, PatchDataset, patches_that_cover
from training.losses import segmentation_loss
from training.records import EpochReport, RunFolder, WholeCheckpoints, save_network
from training.resunet import ResUNet
from training.settings import TrainingSettings
from training.starting import Start, read_start

DRAW_EVERY_S = 10.0
"""Charts take a second or two, which short rounds should not spend each time."""

DeviceKind = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Machines:
    """What a training runs on.

    Attributes
    ----------
    device : {"auto", "cpu", "cuda"}
        ``auto`` takes graphics cards where there are some.
    devices, nodes : int
        Cards (or processes, on the processor) of each computer, and computers. More than one train together
        (Lightning's DDP), each with its own batch.
    loaders : int
        Processes that prepare patches for each device.
    """

    device: DeviceKind = "auto"
    devices: int = 1
    nodes: int = 1
    loaders: int = 1

    def accelerator(self) -> Literal["cpu", "gpu"]:
        """Lightning's word for the device.

        Raises
        ------
        UserError
            If there is no such device.
        """
        if self.device == "cuda" and not torch.cuda.is_available():
            raise UserError("There is no graphics card that PyTorch can use.", "Train with --device cpu or auto.")
        return "gpu" if self.device != "cpu" and torch.cuda.is_available() else "cpu"


ONE_DEVICE = Machines()


@dataclass(frozen=True)
class Material:
    """What is trained on.

    Attributes
    ----------
    known, unseen : list of Example
        To learn from, and to watch the training with.
    voxel_um : tuple of float
        Their voxel size (z, y, x).
    words : str
        What they are, for the model's card.
    """

    known: list[Example]
    unseen: list[Example]
    voxel_um: tuple[float, float, float]
    words: str


class Segmenter(lightning.LightningModule):
    """A ResU-Net with its data, loss, schedule and scores."""

    def __init__(self, settings: TrainingSettings, material: Material, steps_per_epoch: int, loaders: int) -> None:
        super().__init__()
        self.settings, self.material = settings, material
        self.steps_per_epoch, self.loaders = steps_per_epoch, loaders
        self.network = ResUNet(settings.feature_maps, settings.z_pool, settings.norm, settings.dropout)
        self.network = self.network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.iou = MultilabelJaccardIndex(num_labels=len(CHANNELS), average="none", validate_args=False)

    def train_dataloader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """Patches of this round, which depend on nothing that came before it."""
        s = self.settings
        count = self.steps_per_epoch * s.batch * self.trainer.world_size
        patches = PatchDataset(self.material.known, s.patch, count, s.seed, s.augmentation, self.current_epoch)
        return self._loader(patches)

    def val_dataloader(self) -> DataLoader[tuple[Tensor, Tensor]]:
        """All of the examples that are not trained on."""
        return self._loader(GridDataset(self.material.unseen, self.settings.patch))

    def _loader(self, patches: PatchDataset | GridDataset) -> DataLoader[tuple[Tensor, Tensor]]:
        return DataLoader(patches, batch_size=self.settings.batch, num_workers=self.loaders)

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:  # noqa: ARG002
        """Loss of one batch."""
        # Dropout hangs on nothing that came before, so that a resumed run is the same as one without a stop.
        torch.manual_seed((self.settings.seed * 1_000_003 + self.global_step * 64 + self.global_rank) % 2**63)
        loss = self._loss(self._logits(batch[0]), batch[1])
        self.log("loss", loss, on_step=False, on_epoch=True, batch_size=len(batch[0]), sync_dist=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:  # noqa: ARG002
        """Count loss and intersection over union of each channel."""
        logits = self._logits(batch[0])
        self.log("validation_loss", self._loss(logits, batch[1]), batch_size=len(batch[0]), sync_dist=True)
        self.iou.update(logits.sigmoid().movedim(1, -1).reshape(-1, 3), batch[1].movedim(1, -1).reshape(-1, 3).int())

    def on_validation_epoch_end(self) -> None:
        """Log the intersection over union of each channel over all that was shown."""
        for channel, iou in zip(CHANNELS, self.iou.compute(), strict=True):
            self.log(f"iou_{channel}", iou)
        self.iou.reset()

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        s = self.settings
        return segmentation_loss(logits, targets, rebalance=s.rebalance, dice_weight=s.dice_weight)

    def _logits(self, picture: Tensor) -> Tensor:
        logits: Tensor = self.network(picture.contiguous(memory_format=torch.channels_last_3d))
        return logits.float()

    def configure_optimizers(self) -> Any:
        """Optimiser, and the one-cycle schedule if there is one."""
        s = self.settings
        kind = torch.optim.AdamW if s.optimiser == "adamw" else torch.optim.Adam
        optimiser = kind(self.parameters(), s.learning_rate, weight_decay=s.weight_decay)
        if s.schedule == "constant":
            return optimiser
        steps = s.epochs * self.steps_per_epoch + 1
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, s.learning_rate, total_steps=steps, pct_start=0.1)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class _Watcher(Callback):
    """Tells the progress, keeps the history, and honours a wish to stop, after every step."""

    def __init__(
        self, folder: RunFolder, progress: Progress, cancelled: Cancelled, report: Callable[[EpochReport], None]
    ) -> None:
        self.folder, self.progress, self.cancelled, self.report = folder, progress, cancelled, report
        self.history: list[EpochReport] = []
        self.epoch_start_s = 0.0
        self.waited_s = 0.0
        self.waits_since_s = 0.0
        self.drawn_s = -math.inf

    def state_dict(self) -> dict[str, Any]:
        return {"history": [report.as_row() for report in self.history]}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.history = [EpochReport.from_row(row) for row in state_dict["history"]]

    def on_train_epoch_start(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:  # noqa: ARG002
        self.epoch_start_s = self.waits_since_s = time.monotonic()
        self.waited_s = 0.0

    def on_train_batch_start(self, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        self.waited_s += time.monotonic() - self.waits_since_s

    def on_train_batch_end(self, trainer: lightning.Trainer, *args: Any, **kwargs: Any) -> None:  # noqa: ARG002
        self.progress("Training", trainer.global_step, int(trainer.estimated_stepping_batches))
        if self.cancelled():
            raise CancelledError
        self.waits_since_s = time.monotonic()

    def on_train_epoch_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        seconds = time.monotonic() - self.epoch_start_s
        report = EpochReport(
            epoch=trainer.current_epoch + 1,
            epochs=trainer.max_epochs or 0,
            loss=values["loss"],
            validation_loss=values["validation_loss"],
            iou={channel: values[f"iou_{channel}"] for channel in CHANNELS},
            seconds=round(seconds, 2),
            waiting=round(self.waited_s / max(seconds, 1e-9), 4),
        )
        if not (math.isfinite(report.loss) and math.isfinite(report.validation_loss)):
            raise _DivergedError
        self.history.append(report)
        if trainer.is_global_zero:
            if time.monotonic() - self.drawn_s > DRAW_EVERY_S:
                self._draw(module)
            self.report(report)

    def on_train_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        if trainer.is_global_zero and self.history:
            self._draw(module)

    def _draw(self, module: lightning.LightningModule) -> None:
        assert isinstance(module, Segmenter)
        self.folder.draw_epoch(self.history, module.network, module.material.unseen, module.settings.patch)
        self.drawn_s = time.monotonic()


class _DivergedError(Exception):
    """The loss is no longer a number."""


def train(
    settings: TrainingSettings,
    material: Material,
    folder: RunFolder,
    *,
    start_from: Path | None = None,
    machines: Machines = ONE_DEVICE,
    progress: Progress = silent,
    cancelled: Cancelled = never,
    report: Callable[[EpochReport], None] = lambda _: None,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Train, and keep the weights of the round with the smallest validation loss.

    The same call after a kill goes on from the last finished round, to the same result (on the processor, to the bit).

    Parameters
    ----------
    settings : TrainingSettings
        How and how long.
    material : Material
        What to learn from.
    folder : RunFolder
        Gets checkpoints, charts, logs and ``network.pt``.
    start_from : Path, optional
        A ``network.pt`` of an earlier training or a model exported from one, with the same feature maps; its weights
        come first.
    machines : Machines
        Where.
    progress, cancelled
        See `cartocell_app.progress`.
    report : callable
        Told what came of each round.
    say : callable
        Told what the user should know, in sentences.

    Returns
    -------
    Path
        ``network.pt``: settings and weights, to be exported by `training.export`.

    Raises
    ------
    UserError
        If `start_from` does not fit, there is no such device, memory does not suffice for a batch of one patch, or
        the training diverges.
    CancelledError
        If `cancelled` asked for it; the last finished round is kept.
    """
    accelerator = machines.accelerator()
    start = None if start_from is None else read_start(start_from, settings, material.known)
    if start is not None:
        settings = settings.model_copy(update={"earlier": start.settings})
    steps = settings.steps_per_epoch or -(
        -patches_that_cover(material.known, settings.patch) // (settings.batch * machines.devices * machines.nodes)
    )
    batch = settings.batch
    while True:
        module = _module(settings.model_copy(update={"batch": batch}), material, steps, machines, start)
        watcher = _Watcher(folder, progress, cancelled, report)
        try:
            _fit(module, watcher, folder, machines, accelerator)
        except RuntimeError as error:
            if not _out_of_memory(error):
                raise
            batch = _smaller(batch, settings)
            say(f"Memory ran out. Going on with {batch} patch{'es' if batch > 1 else ''} a step.")
        except _DivergedError as error:
            raise UserError(
                "The training diverged: its loss is no longer a number.",
                f"Start anew in another folder, with a smaller --learning-rate (it was {settings.learning_rate:g}).",
            ) from error
        else:
            break
    words = material.words + ("" if start is None else start.words)
    return save_network(folder.best, settings, material.voxel_um, words, watcher.history, folder.network)


def _module(
    settings: TrainingSettings, material: Material, steps: int, machines: Machines, start: Start | None
) -> Segmenter:
    lightning.seed_everything(settings.seed % 2**32, verbose=False)
    module = Segmenter(settings, material, steps, machines.loaders)
    if start is not None:
        module.network.load_state_dict(start.network.state_dict())
    return module


def _fit(module: Segmenter, watcher: _Watcher, folder: RunFolder, machines: Machines, accelerator: str) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises other products
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for words in (".*does not have many workers.*", ".*LeafSpec.*", ".*is not empty.*", ".*srun.*"):
            warnings.filterwarnings("ignore", words)
        trainer = _trainer(module.settings, watcher, folder, machines, accelerator)
        ckpt = str(folder.last) if folder.last.exists() else None
        trainer.fit(module, ckpt_path=ckpt, weights_only=True)
    if trainer.interrupted:
        raise CancelledError


def _trainer(
    settings: TrainingSettings, watcher: _Watcher, folder: RunFolder, machines: Machines, accelerator: str
) -> lightning.Trainer:
    each_epoch: dict[str, Any] = {
        "dirpath": folder.checkpoints,
        "save_on_train_epoch_end": True,
        "enable_version_counter": False,
    }
    callbacks: list[Callback] = [
        watcher,
        ModelCheckpoint(filename="best", monitor="validation_loss", **each_epoch),
        ModelCheckpoint(filename="last", **each_epoch),
    ]
    if settings.patience is not None:
        callbacks.insert(1, EarlyStopping("validation_loss", patience=settings.patience, check_on_train_epoch_end=True))
    several = machines.devices * machines.nodes > 1
    return lightning.Trainer(
        accelerator=accelerator,
        devices=machines.devices,
        num_nodes=machines.nodes,
        strategy="ddp" if several else "auto",
        sync_batchnorm=several and accelerator == "gpu",
        max_epochs=settings.epochs,
        precision=_precision(accelerator),
        gradient_clip_val=1.0,
        callbacks=callbacks,
        plugins=[WholeCheckpoints()],
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        log_every_n_steps=1,
        logger=TensorBoardLogger(folder.folder, name="", version="logs"),
        enable_progress_bar=False,
        enable_model_summary=False,
        default_root_dir=folder.folder,
    )


def _precision(accelerator: str) -> Literal["bf16-mixed", "16-mixed", "32-true"]:
    """Mixed precision where the hardware computes in it; elsewhere it would be slower."""
    if accelerator == "gpu":
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    return "bf16-mixed" if "avx512_bf16" in _processor_flags() or "amx_bf16" in _processor_flags() else "32-true"


def _processor_flags() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""


def _out_of_memory(error: RuntimeError) -> bool:
    words = str(error).lower()
    return isinstance(error, torch.OutOfMemoryError) or "out of memory" in words or "can't allocate memory" in words


def _smaller(batch: int, settings: TrainingSettings) -> int:
    if batch == 1:
        size = " × ".join(map(str, settings.patch))
        raise UserError(
            "There is too little memory to train, even with one patch a step.",
            f"Choose a smaller patch than {size} voxels or fewer feature maps, or close other programs.",
        )
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return batch // 2


def default_loaders(devices: int = 1) -> int:
    """Processes that prepare patches: the processors that may be used, shared among the devices, at most 8."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(8, usable // (2 * devices)))
