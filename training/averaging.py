"""The mean of what was known and what was learnt (Wortsman et al. 2022, Robust fine-tuning of zero-shot models)."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import update_bn

from training.data import PatchDataset
from training.resunet import ResUNet
from training.segmenter import Material
from training.settings import TrainingSettings

STEPS = 16
"""Batches from which norms are measured."""


def mean_network(
    learnt: Mapping[str, Tensor], known: ResUNet, settings: TrainingSettings, material: Material, device: torch.device
) -> dict[str, Tensor]:
    """Average two networks of one shape, and measure the norms of the mean.

    Activations of the mean vary less than those of either network: with the mean of their variances its norms would
    make everything too weak (Izmailov et al. 2018, Averaging weights leads to wider optima, section 3.2). In m2 they
    had twice the variance that is there.

    Parameters
    ----------
    learnt : mapping of Tensor
        Weights after the training.
    known : ResUNet
        What it started from; counts as much as ``settings.kept_share``.
    settings : TrainingSettings
        Of the training.
    material : Material
        What was learnt from; the norms see patches of it.
    device : torch.device
        Where to measure.

    Returns
    -------
    dict of Tensor
        Weights of the mean, on the processor.
    """
    mean = dict(learnt)
    for name, value in known.state_dict().items():
        if value.is_floating_point():
            mean[name] = torch.lerp(learnt[name], value.to(learnt[name]), settings.kept_share)
    # Without dropout, as it will be used: what is dropped in training makes activations vary more.
    network = ResUNet(settings.feature_maps, settings.z_pool, settings.norm, dropout=0.0)
    network.load_state_dict(mean)
    if not any(isinstance(layer, nn.BatchNorm3d) for layer in network.modules()):
        return mean
    count = STEPS * settings.batch
    patches = PatchDataset(
        material.known, settings.patch, count, settings.seed, settings.augmentation, epoch=settings.epochs
    )
    pictures = torch.utils.data.DataLoader(patches, batch_size=settings.batch)
    update_bn(pictures, network.to(device), device)
    return {name: value.cpu() for name, value in network.state_dict().items()}
