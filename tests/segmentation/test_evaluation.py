"""Scores against cases worked by hand, published figures, other libraries and the formulas themselves."""

from itertools import permutations

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.metrics import adapted_rand_error as skimage_rand
from skimage.metrics import variation_of_information as skimage_vi

from cartocell_app.errors import UserError
from cartocell_app.segmentation import overlap
from cartocell_app.segmentation.evaluation import (
    IOU_THRESHOLDS,
    Scores,
    adapted_rand_error,
    channel_ious,
    evaluate_pair,
    match,
    mean_of,
    overlap_table,
    pool,
    variation_of_information,
)
from cartocell_app.segmentation.targets import bcm_from_labels

LABELS = arrays(np.uint8, (2, 4, 4), elements=st.integers(0, 5))
FEW_LABELS = arrays(np.uint8, (2, 3, 4), elements=st.integers(0, 4))


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


def test_a_square_that_slid_by_half_its_width():
    # 50 voxels are shared, 150 covered by either: IoU 1/3.
    truth = np.zeros((1, 100, 100), np.uint8)
    truth[0, 10:20, 10:20] = 1
    result = evaluate_pair(truth, np.roll(truth, 5, axis=1))
    assert [(scores.tp, scores.fp, scores.fn) for scores in result.scores] == [(1, 0, 0), (0, 1, 1), (0, 1, 1)]
    assert result.at(0.3).mean_true_score == pytest.approx(1 / 3)
    assert result.at(0.5).f1 == result.average_precision == 0


@pytest.mark.parametrize(
    ("n_true", "n_predicted", "tp", "precision", "recall", "f1", "accuracy"),
    [(3970, 5014, 2817, 0.562, 0.710, 0.627, 0.457), (3970, 5004, 3096, 0.619, 0.780, 0.690, 0.527)],
)
def test_figures_that_biapy_printed(n_true, n_predicted, tp, precision, recall, f1, accuracy):
    scores = Scores(0.5, n_true, n_predicted, tp, 0.0)
    assert (scores.precision, scores.recall, scores.f1, scores.accuracy) == pytest.approx(
        (precision, recall, f1, accuracy), abs=5e-4
    )


def test_exactly_the_threshold_is_a_match():
    truth, predicted = line((1, 3), (0, 1)), line((1, 4))
    assert match(overlap_table(truth, predicted), 0.75).scores.tp == 1


def test_as_many_matches_as_possible_and_not_the_best_one_first():
    # The best pair alone, 1 with 1, would leave both cells 2 without a partner; crossed, all match.
    truth, predicted = line((1, 8), (2, 3), (0, 1)), line((1, 5), (2, 3), (1, 3), (2, 1))
    table = overlap_table(truth, predicted)
    assert table.iou == pytest.approx(np.array([[5 / 11, 3 / 9], [3 / 8, 0]]))
    found = match(table, 0.3)
    assert list(zip(found.true_ids, found.predicted_ids, strict=True)) == [(1, 2), (2, 1)]


def test_names_the_matched_missed_and_extra_cells():
    truth, predicted = line((4, 5), (6, 5), (0, 5)), line((0, 5), (2, 5), (8, 5))
    for found in evaluate_pair(truth, predicted).matches:
        assert found.true_ids.tolist() == [6]
        assert found.predicted_ids.tolist() == [2]
        assert found.ious.tolist() == [1]
        assert found.missed.tolist() == [4]
        assert found.extra.tolist() == [8]


def test_without_any_match_all_cells_are_listed():
    found = evaluate_pair(line((4, 2), (9, 2), (0, 4)), line((0, 4), (3, 4))).matches[0]
    assert found.true_ids.size == found.predicted_ids.size == found.ious.size == 0
    assert (found.missed.tolist(), found.extra.tolist()) == ([4, 9], [3])


def test_two_halves_are_no_cell():
    result = evaluate_pair(line((1, 10)), line((1, 5), (2, 5)))
    assert result.at(0.5).tp == 1  # exactly half is enough at 0.5, for one of them
    assert result.at(0.75).f1 == 0
    assert (result.split_bits, result.merge_bits) == pytest.approx((1, 0))
    # Pairs of voxels: 2 · 10 together in both, 45 in the truth, 20 in the prediction.
    assert result.adapted_rand_error == pytest.approx(1 - 2 * 20 / (45 + 20))


def test_nothing_to_find_and_nothing_found_is_right():
    empty, cell = np.zeros((2, 3, 3), int), np.ones((2, 3, 3), int)
    assert evaluate_pair(empty, empty).at(0.5).f1 == evaluate_pair(empty, empty).average_precision == 1
    for truth, predicted in ((empty, cell), (cell, empty)):
        scores = evaluate_pair(truth, predicted).at(0.5)
        assert scores.f1 == scores.precision == scores.recall == scores.accuracy == scores.panoptic_quality == 0
    assert evaluate_pair(cell, empty).adapted_rand_error == 0  # one piece stayed one piece, if an empty one


def test_pooled_counts_cells_and_mean_counts_stacks():
    good, bad = evaluate_pair(line((1, 4)), line((1, 4))), evaluate_pair(line((1, 4), (2, 4), (3, 4)), line((0, 12)))
    pooled = pool([good, bad])
    assert pooled.at(0.5).recall == pytest.approx(1 / 4)
    assert pooled.average_precision == pytest.approx(1 / 4)
    assert mean_of([good, bad])["recall_0.5"] == mean_of([good, bad])["ap"] == pytest.approx(1 / 2)
    with pytest.raises(ValueError, match="different thresholds"):
        Scores(0.3, 1, 1, 1, 1) + Scores(0.5, 1, 1, 1, 1)


def test_a_row_names_every_number():
    row = evaluate_pair(line((1, 4), (2, 4)), line((1, 4), (0, 4))).as_row("before_")
    assert row["before_n_true"] == 2
    assert row["before_recall_0.75"] == 0.5
    assert row["before_fn_0.3"] == 1
    # The missed half of the voxels is a predicted cell of its own: nothing was split or merged.
    assert row["before_vi_split_bits"] == row["before_vi_merge_bits"] == row["before_adapted_rand_error"] == 0
    assert len(row) == 2 + 10 * len(IOU_THRESHOLDS) + 4


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", ">u2", "u4", "i8", ">i8"])
def test_any_whole_numbers_with_gaps_in_any_order_of_memory(dtype):
    truth = np.array([[[0, 3], [3, 100]], [[100, 100], [3, 0]]], dtype)
    table = overlap_table(truth[:, ::-1].transpose(2, 1, 0), np.ascontiguousarray(truth[:, ::-1].transpose(2, 1, 0)))
    assert table.true_ids.tolist() == table.predicted_ids.tolist() == [3, 100]
    assert table.counts.tolist() == [[2, 0, 0], [0, 3, 0], [0, 0, 3]]


def test_a_mask_is_one_cell_and_large_numbers_need_no_memory():
    mask = line((0, 3), (1, 5))
    table = overlap_table(mask.astype(bool), mask * 2**40)
    assert table.counts.tolist() == [[3, 0], [0, 5]]
    assert table.predicted_ids.tolist() == [2**40]


def test_counting_in_slabs_changes_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    truth, predicted = rng.integers(0, 9, (2, 7, 6, 5)) * 3
    whole = overlap_table(truth, predicted)
    monkeypatch.setattr(overlap, "SLAB_VOXELS", 65)
    assert np.array_equal(overlap_table(truth, predicted).counts, whole.counts)
    assert whole.counts[2, 3] == ((truth == 6) & (predicted == 9)).sum()


def test_refuses_what_cannot_be_compared():
    with pytest.raises(UserError, match="true labels are 2 × 2 × 2 voxels, what is to be scored 2 × 2 × 3"):
        evaluate_pair(np.zeros((2, 2, 2), int), np.zeros((2, 2, 3), int))
    with pytest.raises(UserError, match="labels to score hold negative"):
        evaluate_pair(np.zeros((1, 1, 2), int), np.full((1, 1, 2), -1))
    with pytest.raises(UserError, match="true labels are no whole numbers"):
        evaluate_pair(np.zeros((1, 1, 2)), np.zeros((1, 1, 2), int))
    with pytest.raises(UserError, match="same grid"):
        channel_ious(np.zeros((2, 2, 2), int), np.zeros((3, 2, 2, 3), np.float32))


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS)
def test_agrees_with_scikit_image(truth, predicted):
    table = overlap_table(truth, predicted)
    split, merge = variation_of_information(table)
    assert (split, merge) == pytest.approx(tuple(skimage_vi(truth, predicted)), abs=1e-9)
    if table.counts[1:].max(initial=0) > 1:
        assert adapted_rand_error(table) == pytest.approx(skimage_rand(truth, predicted)[0], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(FEW_LABELS, FEW_LABELS)
def test_is_the_best_assignment_of_all(truth, predicted):
    """Against trying every assignment, with sets of voxels in place of a table."""
    true_sets = [set(np.flatnonzero(truth == label)) for label in np.unique(truth) if label]
    predicted_sets = [set(np.flatnonzero(predicted == label)) for label in np.unique(predicted) if label]
    few, many = sorted((true_sets, predicted_sets), key=len)
    for threshold in IOU_THRESHOLDS:
        outcomes = []
        for chosen in permutations(many, len(few)):
            ious = [len(one & other) / len(one | other) for one, other in zip(few, chosen, strict=True)]
            kept = [iou for iou in ious if iou >= threshold]
            outcomes.append((len(kept) + sum(ious) / (2 * max(1, len(few))), len(kept), sum(kept)))
        best = max(outcomes)[0]
        scores = match(overlap_table(truth, predicted), threshold).scores
        assert any(
            (scores.tp, scores.iou_sum) == pytest.approx((tp, iou_sum), abs=1e-9)
            for value, tp, iou_sum in outcomes
            if value > best - 1e-9
        )


@settings(max_examples=60, deadline=None)
@given(LABELS, LABELS, st.permutations(range(1, 6)))
def test_swapping_and_renaming(truth, predicted, names):
    there, back = evaluate_pair(truth, predicted), evaluate_pair(predicted, truth)
    assert [scores.precision for scores in there.scores] == [scores.recall for scores in back.scores]
    assert (there.split_bits, there.merge_bits) == pytest.approx((back.merge_bits, back.split_bits))
    renamed = evaluate_pair(truth, np.array([0, *names])[predicted] * 11)
    assert renamed.at(0.5).tp == there.at(0.5).tp
    assert renamed.adapted_rand_error == pytest.approx(there.adapted_rand_error)
    assert (renamed.split_bits, renamed.merge_bits) == pytest.approx((there.split_bits, there.merge_bits))


@settings(max_examples=30, deadline=None)
@given(LABELS)
def test_the_truth_itself_is_perfect(truth):
    row = evaluate_pair(truth, truth).as_row("")
    right = {name: value for name, value in row.items() if name.startswith(("precision", "recall", "f1", "mean", "pq"))}
    assert set(right.values()) == {1.0}
    assert row["ap"] == 1
    assert (row["adapted_rand_error"], row["vi_split_bits"], row["vi_merge_bits"]) == pytest.approx((0, 0, 0), abs=1e-9)


def test_real_errors_of_a_real_epithelium(shared_data):
    """78 cells by hand against an automatic segmentation, cell by cell with masks."""
    manual, automatic = (
        tifffile.imread(shared_data / "real" / f"embryo_{kind}_label.tif") for kind in ("manual", "auto")
    )
    result = evaluate_pair(manual, automatic)
    assert result.at(0.5).n_true == 78
    assert 0.5 < result.at(0.5).f1 < 1
    for found in result.matches:
        for true_id, predicted_id, iou in list(zip(found.true_ids, found.predicted_ids, found.ious, strict=True))[:10]:
            one, other = manual == true_id, automatic == predicted_id
            assert iou == pytest.approx((one & other).sum() / (one | other).sum())
    assert (result.split_bits, result.merge_bits) == pytest.approx(tuple(skimage_vi(manual, automatic)), abs=1e-9)
    assert result.adapted_rand_error == pytest.approx(skimage_rand(manual, automatic)[0])


def test_channels_against_their_targets():
    labels = np.zeros((6, 8, 8), np.uint16)
    labels[1:5, 1:4, 1:7], labels[1:5, 4:7, 1:7] = 1, 2
    perfect = bcm_from_labels(labels).astype(np.float32)
    assert channel_ious(labels, perfect) == {"iou_B": 1, "iou_C": 1, "iou_M": 1}
    halved = perfect.copy()
    halved[2, :3] = 0.5  # no more than half sure is no
    assert channel_ious(labels, halved) == {"iou_B": 1, "iou_C": 1, "iou_M": 0.5}
    empty = np.zeros((2, 2, 2), np.uint8)
    assert channel_ious(empty, np.zeros((3, 2, 2, 2), np.float32)) == {"iou_B": 1, "iou_C": 1, "iou_M": 1}
