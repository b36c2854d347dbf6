"""Scores against cases worked by hand, other libraries and the formulas themselves."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import adapted_rand_error as skimage_rand
from skimage.metrics import variation_of_information as skimage_vi

from cartocell_app.errors import UserError
from cartocell_app.segmentation.evaluation import (
    Scores,
    adapted_rand_error,
    channel_ious,
    evaluate_pair,
    match,
    mean_of,
    pool,
    variation_of_information,
)
from cartocell_app.segmentation.overlap import overlap_table
from cartocell_app.segmentation.targets import bcm_from_labels

LABELS = arrays(np.uint8, (3, 4, 4), elements=st.integers(0, 5))


def line(*runs):
    """Labels along one row: (label, length) pairs."""
    return np.concatenate([np.full(length, label) for label, length in runs]).reshape(1, 1, -1)


def test_a_case_worked_by_hand():
    # Cell 1: 8 of 10 voxels found and none extra, IoU 8/10. Cell 2: 6 shared, 4 missed, 4 extra, IoU 6/14.
    truth = line((1, 10), (0, 4), (2, 10))
    predicted = line((0, 2), (7, 8), (9, 10), (0, 4))
    result = evaluate_pair(truth, predicted)
    assert [scores.tp for scores in result.scores] == [2, 1, 1]
    half = result.at(0.5)
    assert (half.fp, half.fn) == (1, 1)
    assert half.precision == half.recall == half.f1 == 0.5
    assert half.accuracy == pytest.approx(1 / 3)
    assert half.mean_matched_score == pytest.approx(0.8)
    assert half.mean_true_score == pytest.approx(0.4)
    assert half.panoptic_quality == pytest.approx(0.8 / (1 + 0.5 + 0.5))
    assert result.at(0.3).panoptic_quality == pytest.approx((0.8 + 6 / 14) / 2)
    # IoU 0.8 reaches 0.5 … 0.8 (seven of ten thresholds), each with accuracy 1/3.
    assert result.average_precision == pytest.approx(0.7 / 3)


def test_exactly_the_threshold_is_a_match():
    truth, predicted = line((1, 3), (0, 1)), line((1, 4))
    assert match(overlap_table(truth, predicted), 0.75).scores.tp == 1


def test_names_the_missed_and_the_extra_cells():
    found = match(overlap_table(line((4, 5), (6, 5), (0, 5)), line((0, 5), (2, 5), (8, 5))), 0.5)
    assert found.true_ids.tolist() == [6]
    assert found.predicted_ids.tolist() == [2]
    assert found.missed.tolist() == [4]
    assert found.extra.tolist() == [8]


def test_two_halves_are_no_cell():
    result = evaluate_pair(line((1, 10)), line((1, 5), (2, 5)))
    assert result.at(0.5).tp == 1  # exactly half is enough at 0.5, for one of them
    assert result.at(0.75).f1 == 0
    assert result.split_bits == pytest.approx(1)
    assert result.merge_bits == pytest.approx(0)


def test_nothing_to_find_and_nothing_found_is_right():
    empty, cell = np.zeros((2, 3, 3), int), np.ones((2, 3, 3), int)
    assert evaluate_pair(empty, empty).at(0.5).f1 == 1
    assert evaluate_pair(empty, cell).at(0.5).f1 == 0
    assert evaluate_pair(cell, empty).at(0.5).f1 == 0
    assert evaluate_pair(cell, empty).adapted_rand_error == 0  # one piece stayed one piece, if an empty one


def test_pooled_counts_cells_and_mean_counts_stacks():
    good, bad = evaluate_pair(line((1, 4)), line((1, 4))), evaluate_pair(line((1, 4), (2, 4), (3, 4)), line((0, 12)))
    assert pool([good, bad]).at(0.5).recall == pytest.approx(1 / 4)
    assert mean_of([good, bad])["recall_0.5"] == pytest.approx(1 / 2)
    with pytest.raises(ValueError, match="different thresholds"):
        Scores(0.3, 1, 1, 1, 1) + Scores(0.5, 1, 1, 1, 1)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.uint32, np.int64])
def test_any_whole_numbers_with_gaps(dtype):
    truth = np.array([[[0, 3, 3, 100]]], dtype)
    assert overlap_table(truth, truth[..., ::-1]).counts.sum() == 4
    assert evaluate_pair(truth, truth).at(0.75).f1 == 1


def test_refuses_what_cannot_be_compared():
    with pytest.raises(UserError, match="2 × 2 × 2 voxels, the labels to score 2 × 2 × 3"):
        evaluate_pair(np.zeros((2, 2, 2), int), np.zeros((2, 2, 3), int))
    with pytest.raises(UserError, match="negative"):
        evaluate_pair(np.full((1, 1, 2), -1), np.zeros((1, 1, 2), int))
    with pytest.raises(UserError, match="whole numbers"):
        evaluate_pair(np.zeros((1, 1, 2)), np.zeros((1, 1, 2), int))


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS)
def test_agrees_with_scikit_image(truth, predicted):
    table = overlap_table(truth, predicted)
    split, merge = variation_of_information(table)
    assert (split, merge) == pytest.approx(tuple(skimage_vi(truth, predicted)), abs=1e-9)
    if (truth > 0).any() and table.counts[1:].max() > 1:
        assert adapted_rand_error(table) == pytest.approx(skimage_rand(truth, predicted)[0], abs=1e-9)


@settings(max_examples=40, deadline=None)
@given(LABELS, LABELS)
def test_is_the_best_assignment_of_all(truth, predicted):
    """Against trying every assignment, with sets of voxels instead of a table."""
    true_sets = [set(np.flatnonzero(truth == label)) for label in np.unique(truth) if label]
    predicted_sets = [set(np.flatnonzero(predicted == label)) for label in np.unique(predicted) if label]
    few, many = sorted((true_sets, predicted_sets), key=len)
    for threshold in (0.3, 0.5, 0.75):
        best = (0, 0.0)
        for chosen in permutations(many, len(few)):
            ious = [len(one & other) / len(one | other) for one, other in zip(few, chosen, strict=True)]
            kept = [iou for iou in ious if iou >= threshold]
            best = max(best, (len(kept), sum(kept)))
        scores = match(overlap_table(truth, predicted), threshold).scores
        assert scores.tp == best[0]
        if threshold >= 0.5:  # below, the published rule may prefer a good non-match elsewhere
            assert scores.iou_sum == pytest.approx(best[1])


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS, st.permutations(range(1, 6)))
def test_swapping_and_renaming(truth, predicted, names):
    there, back = evaluate_pair(truth, predicted), evaluate_pair(predicted, truth)
    assert there.at(0.5).precision == back.at(0.5).recall
    assert there.split_bits == pytest.approx(back.merge_bits)
    renamed = np.array([0, *names])[predicted] * 11
    other = evaluate_pair(truth, renamed)
    assert [scores.tp for scores in other.scores] == [scores.tp for scores in there.scores]
    assert other.adapted_rand_error == pytest.approx(there.adapted_rand_error)
    assert evaluate_pair(truth, truth).average_precision == 1


def test_channels_against_their_targets():
    labels = np.zeros((6, 8, 8), np.uint16)
    labels[1:5, 1:4, 1:7], labels[1:5, 4:7, 1:7] = 1, 2
    perfect = bcm_from_labels(labels).astype(np.float32)
    assert channel_ious(labels, perfect) == {"iou_B": 1, "iou_C": 1, "iou_M": 1}
    halved = perfect.copy()
    halved[2, :3] = 0
    assert channel_ious(labels, halved)["iou_M"] == pytest.approx(0.5)
