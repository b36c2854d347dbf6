"""How good a segmentation is: cells found, and how well outlined.

Matching follows the published evaluation (`specs/biapy_cartocell.md` §8.1): an optimal one-to-one assignment of
true and predicted cells for each threshold of intersection over union (IoU).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.segmentation.matching import Match, Scores, match
from cartocell_app.segmentation.overlap import OverlapTable, check_same_grid, overlap_table
from cartocell_app.segmentation.targets import CHANNELS, bcm_from_labels

__all__ = [
    "AP_THRESHOLDS",
    "IOU_THRESHOLDS",
    "Evaluation",
    "Match",
    "OverlapTable",
    "Scores",
    "adapted_rand_error",
    "channel_ious",
    "evaluate_pair",
    "match",
    "mean_of",
    "overlap_table",
    "pool",
    "variation_of_information",
]

IOU_THRESHOLDS = (0.3, 0.5, 0.75)
AP_THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))


@dataclass(frozen=True)
class Evaluation:
    """Scores of one stack, or of many pooled.

    Attributes
    ----------
    scores : tuple of Scores
        At `IOU_THRESHOLDS`.
    ap_scores : tuple of Scores
        At `AP_THRESHOLDS`.
    adapted_rand_error : float
        1 minus the F-score of pairs of voxels, over the voxels of true cells; 0 is perfect.
    split_bits, merge_bits : float
        Variation of information: what over- and under-segmentation cost, in bits; 0 is perfect.
    matches : tuple of Match
        Which cells were matched, missed and extra at `IOU_THRESHOLDS`. Empty for pooled stacks, whose labels
        mean different cells.
    """

    scores: tuple[Scores, ...]
    ap_scores: tuple[Scores, ...]
    adapted_rand_error: float
    split_bits: float
    merge_bits: float
    matches: tuple[Match, ...] = ()

    @property
    def average_precision(self) -> float:
        """Mean over IoU 0.5, 0.55 … 0.95 of tp / (tp + fp + fn), which the field calls average precision (AP)."""
        return float(np.mean([scores.accuracy for scores in self.ap_scores]))

    def at(self, iou: float) -> Scores:
        """Scores at one of `IOU_THRESHOLDS`."""
        return self.scores[IOU_THRESHOLDS.index(iou)]

    def as_row(self, prefix: str) -> dict[str, float]:
        """Flat table row; each name starts with `prefix`."""
        row: dict[str, float] = {"n_true": self.scores[0].n_true, "n_predicted": self.scores[0].n_predicted}
        for scores in self.scores:
            row |= {
                f"{name}_{scores.iou:g}": value
                for name, value in (
                    ("tp", scores.tp),
                    ("fp", scores.fp),
                    ("fn", scores.fn),
                    ("precision", scores.precision),
                    ("recall", scores.recall),
                    ("accuracy", scores.accuracy),
                    ("f1", scores.f1),
                    ("mean_true_score", scores.mean_true_score),
                    ("mean_matched_score", scores.mean_matched_score),
                    ("pq", scores.panoptic_quality),
                )
            }
        row |= {
            "ap": self.average_precision,
            "adapted_rand_error": self.adapted_rand_error,
            "vi_split_bits": self.split_bits,
            "vi_merge_bits": self.merge_bits,
        }
        return {f"{prefix}{name}": value for name, value in row.items()}


def evaluate_pair(truth: NDArray[Any], predicted: NDArray[Any]) -> Evaluation:
    """Score labels against the true ones.

    Parameters
    ----------
    truth, predicted : (Z, Y, X) ndarray of int
        Labels on the same grid, with or without gaps; 0 is background and lumen. Not changed. Either may be
        empty: `Scores` says what its numbers are then.

    Raises
    ------
    UserError
        If the shapes differ, or labels are negative or no whole numbers.
    """
    table = overlap_table(truth, predicted)
    matches = {iou: match(table, iou) for iou in sorted({*IOU_THRESHOLDS, *AP_THRESHOLDS})}
    split_bits, merge_bits = variation_of_information(table)
    return Evaluation(
        tuple(matches[iou].scores for iou in IOU_THRESHOLDS),
        tuple(matches[iou].scores for iou in AP_THRESHOLDS),
        adapted_rand_error(table),
        split_bits,
        merge_bits,
        tuple(matches[iou] for iou in IOU_THRESHOLDS),
    )


def pool(evaluations: Sequence[Evaluation]) -> Evaluation:
    """Count the cells of all stacks (one at least) together; errors per voxel are means over stacks."""
    return Evaluation(
        tuple(reduce(add, at_one_iou) for at_one_iou in zip(*(each.scores for each in evaluations), strict=True)),
        tuple(reduce(add, at_one_iou) for at_one_iou in zip(*(each.ap_scores for each in evaluations), strict=True)),
        float(np.mean([each.adapted_rand_error for each in evaluations])),
        float(np.mean([each.split_bits for each in evaluations])),
        float(np.mean([each.merge_bits for each in evaluations])),
    )


def mean_of(evaluations: Sequence[Evaluation]) -> dict[str, float]:
    """Mean over stacks (one at least) of every number of `Evaluation.as_row`: each stack counts the same."""
    rows = [each.as_row("") for each in evaluations]
    return {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}


def adapted_rand_error(table: OverlapTable) -> float:
    """1 minus the F-score of the pairs of voxels that lie in one cell, over the voxels of true cells.

    Voxels that are background in the truth do not count; background in the prediction counts as one more cell,
    as in the SNEMI3D challenge (Arganda-Carreras et al. 2015, doi:10.3389/fnana.2015.00142). So a single cell
    that was missed altogether has no error: it is still in one piece. 0 where no cell is larger than a voxel.
    """
    shared = table.counts[1:].astype(np.float64)
    total = shared.sum()
    together = (shared**2).sum() - total
    true_pairs = (shared.sum(axis=1) ** 2).sum() - total
    predicted_pairs = (shared.sum(axis=0) ** 2).sum() - total
    if true_pairs + predicted_pairs == 0:
        return 0.0
    return float(1 - 2 * together / (true_pairs + predicted_pairs))


def variation_of_information(table: OverlapTable) -> tuple[float, float]:
    """Cost of splits and of merges: H(prediction | truth) and H(truth | prediction), background being one more cell.

    Returns
    -------
    tuple of float
        In bits, 0 or more (Meilă 2007, doi:10.1016/j.jmva.2006.11.013). Both 0 for an array without voxels.
    """
    joint = table.counts / max(1, table.counts.sum())
    both, true, predicted = _entropy(joint), _entropy(joint.sum(axis=1)), _entropy(joint.sum(axis=0))
    return max(0.0, both - true), max(0.0, both - predicted)


def _entropy(probabilities: NDArray[np.float64]) -> float:
    """Entropy in bits."""
    positive = probabilities[probabilities > 0]
    return float(-(positive * np.log2(positive)).sum())


def channel_ious(truth: NDArray[Any], maps: NDArray[np.float32]) -> dict[str, float]:
    """IoU of each probability map, above 0.5, with what the network should have seen.

    Parameters
    ----------
    truth : (Z, Y, X) ndarray of int
        True labels.
    maps : (3, Z, Y, X) ndarray of float32
        Probabilities in the order of `CHANNELS`.

    Returns
    -------
    dict
        ``iou_B``, ``iou_C``, ``iou_M``; 1 where both are empty.

    Raises
    ------
    UserError
        If the maps lie on another grid.
    """
    check_same_grid(truth.shape, maps.shape[1:])
    ious = {}
    for channel, target, probability in zip(CHANNELS, bcm_from_labels(truth).view(bool), maps, strict=True):
        predicted = probability > 0.5
        union = np.count_nonzero(target | predicted)
        ious[f"iou_{channel}"] = np.count_nonzero(target & predicted) / union if union else 1.0
    return ious
