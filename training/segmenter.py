"""A ResU-Net with all that Lightning needs to train it: patches, loss, schedule, scores."""

from dataclasses import dataclass
from typing import Any

import lightning
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchmetrics.classification import MultilabelJaccardIndex

from cartocell_app.segmentation.targets import CHANNELS
from training.data import Example, GridDataset, PatchDataset
from training.losses import segmentation_loss
from training.resunet import ResUNet
from training.settings import TrainingSettings


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
