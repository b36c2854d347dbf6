"""Watching a training: progress, history, charts, and the wish to stop."""

import math
import time
from collections.abc import Callable
from typing import Any

import lightning
from lightning.pytorch.callbacks import Callback

from cartocell_app.progress import Cancelled, CancelledError, Progress
from cartocell_app.segmentation.targets import CHANNELS
from training.records import EpochReport, RunFolder
from training.seeing import write_slice
from training.segmenter import Segmenter

DRAW_EVERY_S = 10.0
"""Charts take a second or two, which short rounds should not spend each time."""


class DivergedError(Exception):
    """The loss is no longer a number."""


class Watcher(Callback):
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
            raise DivergedError
        self.history.append(report)
        if trainer.is_global_zero:
            self._see(module, report.epoch)
            if time.monotonic() - self.drawn_s > DRAW_EVERY_S:
                self._draw(module)
            self.report(report)

    def on_train_end(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        if trainer.is_global_zero and self.history:
            self._draw(module)

    def _see(self, module: lightning.LightningModule, epoch: int) -> None:
        assert isinstance(module, Segmenter)
        write_slice(self.folder.round_picture(epoch), module.network, module.material.unseen[0], module.settings.patch)

    def _draw(self, module: lightning.LightningModule) -> None:
        assert isinstance(module, Segmenter)
        self.folder.draw_epoch(self.history, module.network, module.material.unseen, module.settings.patch)
        self.drawn_s = time.monotonic()
