"""Training a ResU-Net with Lightning: on a training set, or on synthetic cysts."""

import logging
import math
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.utilities.exceptions import SIGTERMException

from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, CancelledError, Progress, never, silent
from training.averaging import mean_network
from training.data import patches_that_cover
from training.machines import ONE_DEVICE, Machines, precision_of
from training.records import EpochReport, RunFolder, WholeCheckpoints, save_network, weights_of
from training.segmenter import Material, Segmenter
from training.settings import TrainingSettings
from training.starting import Start, read_start
from training.watching import DivergedError, Watcher


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
    machines.accelerator()  # said before anything is read
    start = None if start_from is None else read_start(start_from, settings, material.known)
    if start is not None:
        settings = settings.model_copy(update={"earlier": start.settings})
    batch = settings.batch
    while True:
        watcher = Watcher(folder, progress, cancelled, report)
        module = _module(settings, batch, material, machines, start)
        if _fits_in_memory(module, watcher, folder, machines):
            break
        batch = _smaller(batch, settings)
        say(f"Memory ran out. Going on with {batch} patch{'es' if batch > 1 else ''} a step.")
    words = material.words + ("" if start is None else start.words)
    weights = weights_of(folder.best)
    if start is not None and settings.kept_share:
        device = torch.device("cuda" if machines.accelerator() == "gpu" else "cpu")
        weights = mean_network(weights, start.network, settings, material, device)
    return save_network(weights, settings, material.voxel_um, words, watcher.history, folder.network)


def _module(
    settings: TrainingSettings, batch: int, material: Material, machines: Machines, start: Start | None
) -> Segmenter:
    """Make a network to train, with `batch` patches a step, but as many steps as the settings mean."""
    steps = settings.steps_per_epoch or -(
        -patches_that_cover(material.known, settings.patch) // (settings.batch * machines.devices * machines.nodes)
    )
    lightning.seed_everything(settings.seed % 2**32, verbose=False)
    module = Segmenter(settings.model_copy(update={"batch": batch}), material, steps, machines.loaders)
    if start is not None:
        module.network.load_state_dict(start.network.state_dict())
    return module


def _fits_in_memory(module: Segmenter, watcher: Watcher, folder: RunFolder, machines: Machines) -> bool:
    """Train to the end, or until memory runs out."""
    try:
        _fit(module, watcher, folder, machines)
    except RuntimeError as error:
        if watcher.cancelled():  # whoever ended this process may have ended its loaders first
            raise CancelledError from error
        if not _out_of_memory(error):
            raise
        return False
    except DivergedError as error:
        raise UserError(
            "The training diverged: its loss is no longer a number.",
            f"Start anew in another folder, with a smaller --learning-rate (it was {module.settings.learning_rate:g}).",
        ) from error
    return True


def _fit(module: Segmenter, watcher: Watcher, folder: RunFolder, machines: Machines) -> None:
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # it advertises other products
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    with warnings.catch_warnings():
        for words in (".*does not have many workers.*", ".*LeafSpec.*", ".*is not empty.*", ".*srun.*"):
            warnings.filterwarnings("ignore", words)
        trainer = _trainer(module.settings, watcher, folder, machines)
        ckpt = str(folder.last) if folder.last.exists() else None
        try:
            trainer.fit(module, ckpt_path=ckpt, weights_only=True)
        except SIGTERMException as error:
            # Between rounds and while validating, Lightning looks first; it would end the program as if all were done.
            raise CancelledError from error
    if trainer.interrupted:
        raise CancelledError


def _trainer(settings: TrainingSettings, watcher: Watcher, folder: RunFolder, machines: Machines) -> lightning.Trainer:
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
    accelerator = machines.accelerator()
    several = machines.devices * machines.nodes > 1
    return lightning.Trainer(
        accelerator=accelerator,
        devices=machines.devices,
        num_nodes=machines.nodes,
        strategy="ddp" if several else "auto",
        sync_batchnorm=several and accelerator == "gpu",
        max_epochs=settings.epochs,
        precision=precision_of(accelerator, settings.patch[0] // math.prod(settings.z_pool)),
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
