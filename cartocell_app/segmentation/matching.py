"""Which true cell is which predicted cell, at one threshold of intersection over union (IoU)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from cartocell_app.segmentation.overlap import OverlapTable


@dataclass(frozen=True)
class Scores:
    """Counts of one or many stacks at one IoU threshold; scores are ratios of them, so that pooling is adding.

    Where there is neither a true nor a predicted cell, all scores are 1: nothing to find and nothing found is right.
    (The published code gives 0.) Where only one of the two is empty, all scores are 0.

    Attributes
    ----------
    iou : float
        Least intersection over union of a match.
    n_true, n_predicted : int
        Cells in the truth and in the prediction.
    tp : int
        Matched pairs.
    iou_sum : float
        Sum of the matched pairs' IoU.
    """

    iou: float
    n_true: int
    n_predicted: int
    tp: int
    iou_sum: float

    @property
    def fp(self) -> int:
        """Predicted cells without a true one."""
        return self.n_predicted - self.tp

    @property
    def fn(self) -> int:
        """True cells that were missed."""
        return self.n_true - self.tp

    @property
    def precision(self) -> float:
        """Share of predicted cells that are right."""
        return self._ratio(self.tp, self.n_predicted)

    @property
    def recall(self) -> float:
        """Share of true cells that were found."""
        return self._ratio(self.tp, self.n_true)

    @property
    def accuracy(self) -> float:
        """Matches over all cells of either kind, tp / (tp + fp + fn)."""
        return self._ratio(self.tp, self.tp + self.fp + self.fn)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return self._ratio(2 * self.tp, self.n_true + self.n_predicted)

    @property
    def mean_matched_score(self) -> float:
        """Mean IoU of the matches."""
        return self._ratio(self.iou_sum, self.tp)

    @property
    def mean_true_score(self) -> float:
        """Mean over true cells of the IoU of their match, 0 for the missed."""
        return self._ratio(self.iou_sum, self.n_true)

    @property
    def panoptic_quality(self) -> float:
        """F1 times the mean IoU of the matches."""
        return self._ratio(self.iou_sum, (self.n_true + self.n_predicted) / 2)

    def __add__(self, other: "Scores") -> "Scores":
        if self.iou != other.iou:
            raise ValueError("scores at different thresholds do not add up")
        return Scores(
            self.iou,
            self.n_true + other.n_true,
            self.n_predicted + other.n_predicted,
            self.tp + other.tp,
            self.iou_sum + other.iou_sum,
        )

    def _ratio(self, part: float, whole: float) -> float:
        if self.n_true == self.n_predicted == 0:
            return 1.0
        return part / whole if whole else 0.0


@dataclass(frozen=True)
class Match:
    """Which cells of one stack were matched at one IoU threshold.

    Attributes
    ----------
    scores : Scores
    true_ids, predicted_ids : (tp,) ndarray of int64
        Labels of the matched pairs, in the order of the true ones.
    ious : (tp,) ndarray of float64
        Their intersection over union, at or above the threshold.
    missed, extra : ndarray of int64
        True labels without a match (false negatives); predicted labels without one (false positives).
    """

    scores: Scores
    true_ids: NDArray[np.int64]
    predicted_ids: NDArray[np.int64]
    ious: NDArray[np.float64]
    missed: NDArray[np.int64]
    extra: NDArray[np.int64]


def match(table: OverlapTable, threshold: float) -> Match:
    """Pair true and predicted cells one to one.

    The published rule (`specs/biapy_cartocell.md` §8.1): as many pairs as possible with an IoU of at least
    `threshold`, and among such pairings the one with the greatest sum of IoU over all pairs, those below the
    threshold included; these then do not count as matches.
    """
    n_true, n_predicted = table.iou.shape
    rows, columns = np.zeros(0, np.int64), np.zeros(0, np.int64)
    if min(n_true, n_predicted):
        reached = table.iou >= threshold
        # The second term adds up to half a match at most: it only decides between equally many matches.
        cost = -reached.astype(np.float64) - table.iou / (2 * min(n_true, n_predicted))
        rows, columns = linear_sum_assignment(cost)
        kept = reached[rows, columns]
        rows, columns = rows[kept], columns[kept]
    ious = table.iou[rows, columns]
    return Match(
        Scores(threshold, n_true, n_predicted, len(rows), float(ious.sum())),
        table.true_ids[rows],
        table.predicted_ids[columns],
        ious,
        np.delete(table.true_ids, rows),
        np.delete(table.predicted_ids, columns),
    )
