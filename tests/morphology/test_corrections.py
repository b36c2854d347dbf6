"""Corrections: each against its meaning, all against being taken back."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from cartocell_app.morphology.correction_history import History
from cartocell_app.morphology.corrections import (
    Cells,
    boxes_of,
    delete,
    fill_all_holes,
    fill_holes,
    keep_largest_piece,
    keep_largest_pieces,
    merge,
    renumber,
)

SMALL = arrays(np.uint16, st.tuples(*[st.integers(1, 5)] * 3), elements=st.sampled_from([0, 0, 1, 2, 5, 9]))
KINDS = ("delete", "merge", "largest", "fill", "all largest", "all fill", "renumber", "undo", "redo")
DEEDS = st.lists(st.tuples(st.sampled_from(KINDS), st.integers(0, 9), st.integers(0, 9)), max_size=12)


def work_out(cells, kind, one, other):
    """The correction of that kind, of cells chosen by two numbers; None if there is none to make."""
    labels = sorted(cells.boxes)
    if kind == "all largest":
        return keep_largest_pieces(cells)
    if kind == "all fill":
        return fill_all_holes(cells)
    if kind == "renumber":
        return renumber(cells)
    if not labels:
        return None
    label, second = labels[one % len(labels)], labels[other % len(labels)]
    if kind == "merge":
        return merge(cells, label, second) if label != second else None
    return {"delete": delete, "largest": keep_largest_piece, "fill": fill_holes}[kind](cells, label)


def carry_out(history, deeds):
    for kind, one, other in deeds:
        if kind == "undo":
            history.undo()
        elif kind == "redo":
            history.redo()
        else:
            correction = work_out(history.cells, kind, one, other)
            if correction is not None:
                history.do(correction)


@given(SMALL, DEEDS)
@settings(max_examples=200, deadline=None)
def test_taking_all_back_gives_the_original_and_making_all_again_the_outcome(labels, deeds):
    history = History(Cells(labels.copy()))
    carry_out(history, deeds)
    outcome = history.cells.labels.copy()
    assert history.cells.boxes == boxes_of(outcome)
    count = 0
    while history.next_undo is not None:
        history.undo()
        count += 1
        assert history.cells.boxes == boxes_of(history.cells.labels)
    assert np.array_equal(history.cells.labels, labels)
    assert not history.is_changed
    for _ in range(count):
        history.redo()
    assert np.array_equal(history.cells.labels, outcome)
    assert history.cells.labels.dtype == labels.dtype


@given(SMALL, st.sampled_from(KINDS[:4]), st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=200, deadline=None)
def test_other_cells_are_never_touched(labels, kind, one, other):
    cells = Cells(labels.copy())
    correction = work_out(cells, kind, one, other)
    if correction is None:
        return
    meant = {patch.before for patch in correction.patches} | {patch.after for patch in correction.patches}
    correction.apply(cells)
    others = ~np.isin(labels, list(meant))
    assert np.array_equal(cells.labels[others], labels[others])
    assert set(np.unique(cells.labels[~others])) <= meant


@given(SMALL, st.integers(0, 9), st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_merging_keeps_the_volume(labels, one, other):
    cells = Cells(labels.copy())
    step = work_out(cells, "merge", one, other)
    if step is not None:
        (patch,) = step.patches
        volume = np.isin(labels, [patch.before, patch.after])
        step.apply(cells)
        assert np.array_equal(cells.labels == patch.after, volume)


@given(SMALL)
@settings(max_examples=100, deadline=None)
def test_largest_pieces_against_one_cell_at_a_time(labels):
    cells = Cells(labels.copy())
    step = keep_largest_pieces(cells)
    if step is not None:
        step.apply(cells)
    for label in range(1, 10):
        pieces, count = ndimage.label(labels == label, np.ones((3, 3, 3)))
        left = cells.labels == label
        if count:
            sizes = np.bincount(pieces.ravel())[1:]
            assert left.sum() == sizes.max()
            assert len(np.unique(pieces[left])) == 1
        one_by_one = Cells(labels.copy())
        if label in one_by_one.boxes and (alone := keep_largest_piece(one_by_one, label)) is not None:
            alone.apply(one_by_one)
        assert np.array_equal(one_by_one.labels == label, left)


@given(SMALL)
@settings(max_examples=100, deadline=None)
def test_holes_one_cell_at_a_time_and_all_at_once(labels):
    together, one_by_one = Cells(labels.copy()), Cells(labels.copy())
    if (step := fill_all_holes(together)) is not None:
        step.apply(together)
    for label in one_by_one.boxes:
        if (step := fill_holes(one_by_one, label)) is not None:
            step.apply(one_by_one)
    assert np.array_equal(together.labels, one_by_one.labels)
    filled = together.labels != labels
    assert not labels[filled].any()
    for label in one_by_one.boxes:
        closed = ndimage.binary_fill_holes(labels == label)
        assert not (filled & (together.labels == label) & ~closed).any()


def shell(inner=0):
    labels = np.zeros((7, 9, 9), np.uint16)
    labels[1:6, 1:8, 1:8] = 4
    labels[2:5, 3:6, 3:6] = inner
    return labels


def test_a_hole_is_filled_and_a_lumen_between_cells_is_not():
    cells = Cells(shell())
    fill_holes(cells, 4).apply(cells)
    assert (cells.labels == 4).sum() == 5 * 7 * 7
    cyst = shell()
    cyst[:, :, 4:][cyst[:, :, 4:] == 4] = 6
    assert fill_all_holes(Cells(cyst)) is None
    open_at_the_frame = shell()[:4]
    assert fill_all_holes(Cells(open_at_the_frame)) is None
    assert fill_holes(Cells(shell(inner=2)), 4) is None


def test_numbers_without_gaps_in_the_old_order():
    cells = Cells(np.array([[[0, 70_000, 3, 70_000, 12]]], np.uint32))
    renumber(cells).apply(cells)
    assert cells.labels.tolist() == [[[0, 3, 1, 3, 2]]]
    assert renumber(cells) is None


def test_what_cannot_be_corrected():
    cells = Cells(shell())
    with pytest.raises(KeyError):
        delete(cells, 5)
    with pytest.raises(ValueError, match="itself"):
        merge(cells, 4, 4)
    assert keep_largest_piece(cells, 4) is None
    assert keep_largest_pieces(cells) is None


def test_what_is_saved_and_what_was_done_since():
    history = History(Cells(shell(inner=2)))
    assert history.note() == ""
    history.do(merge(history.cells, 4, 2))
    assert history.is_changed
    assert history.note() == "Merge cell 2 into 4."
    history.mark_saved()
    assert not history.is_changed
    history.undo()
    assert history.is_changed
    assert history.note() == "Take back 1 earlier."
    history.redo()
    assert not history.is_changed
    history.undo()
    history.do(delete(history.cells, 2))
    assert history.next_redo is None
    assert history.is_changed
    history.undo()
    history.redo()
    assert history.note() == "Delete cell 2, take back 1 earlier."


def test_a_long_note_is_cut_short():
    history = History(Cells(np.arange(10, dtype=np.uint16)[None, None]))
    for label in range(1, 10):
        history.do(delete(history.cells, label))
    assert history.note().endswith("delete cell 6, 3 more.")


def test_one_cell_of_a_large_stack_takes_no_time_and_no_memory():
    labels = np.zeros((100, 512, 512), np.uint16)
    for number, place in enumerate(np.ndindex(4, 12, 12), 1):
        z, y, x = (24 * place[0], 42 * place[1], 42 * place[2])
        labels[z : z + 24, y : y + 42, x : x + 42] = number
    labels[10, 20, 20] = 0
    labels[30, 60, 60] = 2
    cells = Cells(labels)
    for work in (
        lambda: keep_largest_piece(cells, 2),
        lambda: fill_holes(cells, 1),
        lambda: merge(cells, 2, 3),
        lambda: delete(cells, 4),
    ):
        taken_s = []
        for _ in range(3):  # other programs may be in the way once
            start_s = time.perf_counter()
            step = work()
            step.apply(cells)
            taken_s.append(time.perf_counter() - start_s)
            assert sum(patch.where.nbytes for patch in step.patches) < 100_000
            step.inverse().apply(cells)
        assert min(taken_s) < 0.1
