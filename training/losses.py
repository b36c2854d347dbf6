"""What a training makes small."""

import torch
from torch import Tensor, nn


def segmentation_loss(logits: Tensor, targets: Tensor, *, rebalance: bool = False, dice_weight: float = 0.0) -> Tensor:
    """Binary cross-entropy, averaged over channels, with soft Dice beside it.

    Parameters
    ----------
    logits, targets : (N, 3, Z, Y, X) Tensor of float32
        Targets are 0 or 1.
    rebalance : bool
        Weigh the rarer kind of voxel of each channel up to as much as the commoner one, at most 19-fold, as BiaPy
        does since 3.5 (its class-ratio map), divided by the sum of the weights.
    dice_weight : float
        Of the Dice loss.
    """
    each = nn.functional.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    over = (0, 2, 3, 4)
    if rebalance:
        share = targets.mean(over, keepdim=True).clamp(0.05, 0.95)
        rare_is_one = share < 0.5
        factor = torch.maximum(share, 1 - share) / torch.minimum(share, 1 - share)
        weights = torch.where((targets > 0.5) == rare_is_one, factor, 1.0)
        entropy = ((each * weights).sum(over) / weights.sum(over)).mean()
    else:
        entropy = each.mean()
    if not dice_weight:
        return entropy
    probabilities = logits.sigmoid()
    overlap = 2 * (probabilities * targets).sum(over) + 1
    dice = 1 - overlap / (probabilities.sum(over) + targets.sum(over) + 1)
    return entropy + dice_weight * dice.mean()
