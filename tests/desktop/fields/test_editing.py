"""Correcting boxes without a window: whatever is done, they lie in the field, and every step has a way back."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from cartocell_app.desktop.fields.editing import BoxEdits
from cartocell_app.stacks.boxes import Box

FIELD = (20, 100, 200)


def box(number, y, x, size=30):
    return Box(number, (2, y, x), (18, y + size, x + size), touches_border=False)


@pytest.fixture
def edits():
    return BoxEdits(FIELD, [box(1, 10, 10), box(2, 50, 60), box(3, 10, 120)], cut_out=[2])


def test_a_box_moves_as_far_as_the_frame_allows_and_keeps_its_size(edits):
    assert edits.move(1, (0, 3, -4))
    assert edits.box(1).start_vox == (2, 13, 6)
    assert edits.move(1, (0, 0, -100))
    assert (edits.box(1).start_vox, edits.box(1).shape) == ((2, 13, 0), (16, 30, 30))
    assert edits.box(1).touches_border
    assert not edits.move(1, (0, 0, -1))


def test_a_cyst_that_was_cut_out_keeps_its_box(edits):
    assert not edits.move(2, (0, 1, 0))
    assert not edits.remove(2)
    assert not edits.put(2, (0, 0, 0), (5, 5, 5))
    assert [each.number for each in edits.due] == [1, 3]


def test_a_new_box_is_as_large_as_the_others_and_bears_a_new_number(edits):
    number = edits.add((50, 150), (0, 20))
    assert number == 4
    assert (edits.box(4).start_vox, edits.box(4).stop_vox) == ((0, 35, 135), (20, 65, 165))
    assert BoxEdits(FIELD, cut_out=[7]).add((50, 100), (0, 20)) == 8


def test_found_boxes_come_in_place_of_those_that_are_due(edits):
    edits.take_found([box(1, 48, 58), box(2, 0, 0), box(3, 60, 150)])
    assert [(each.number, each.start_vox) for each in edits.boxes] == [
        (2, (2, 50, 60)),
        (3, (2, 0, 0)),
        (4, (2, 60, 150)),
    ]
    assert edits.undo()
    assert [each.number for each in edits.boxes] == [1, 2, 3]


def test_boxes_are_numbered_as_a_page_is_read():
    edits = BoxEdits(FIELD)
    edits.take_found([box(1, 52, 5), box(2, 5, 80), box(3, 12, 10), box(4, 50, 120), box(5, 0, 150)])
    places = [each.start_vox[1:] for each in edits.boxes]
    assert places == [(12, 10), (5, 80), (0, 150), (52, 5), (50, 120)]
    assert [each.number for each in edits.boxes] == [1, 2, 3, 4, 5]


class Corrections(RuleBasedStateMachine):
    """Any corrections in any order."""

    def __init__(self):
        super().__init__()
        self.edits = BoxEdits(FIELD, [box(1, 10, 10), box(2, 50, 60)], cut_out=[2])
        self.first = self.edits.boxes
        self.history = [self.first]

    def note(self, changed):
        assert changed == (self.edits.boxes != self.history[-1])
        if changed:
            self.history.append(self.edits.boxes)

    @rule(y=st.integers(-50, 150), x=st.integers(-50, 250))
    def add(self, y, x):
        self.edits.add((y, x), (0, 20))
        self.note(changed=True)

    @rule(number=st.integers(1, 4))
    def remove(self, number):
        self.note(self.edits.remove(number))

    @rule(number=st.integers(1, 4), by=st.tuples(*[st.integers(-60, 60)] * 3))
    def move(self, number, by):
        self.note(self.edits.move(number, by))

    @rule(number=st.integers(1, 4), by=st.tuples(*[st.integers(-20, 20)] * 3))
    def grow(self, number, by):
        self.note(self.edits.grow(number, by))

    @rule()
    def undo(self):
        if self.edits.undo():
            self.history.pop()
        assert self.edits.boxes == self.history[-1]

    @rule()
    def undo_and_redo(self):
        if self.edits.undo():
            assert self.edits.redo()
        assert self.edits.boxes == self.history[-1]

    @invariant()
    def all_lie_in_the_field(self):
        for each in self.edits.boxes:
            for start, stop, edge in zip(each.start_vox, each.stop_vox, FIELD, strict=True):
                assert 0 <= start < stop <= edge
        numbers = [each.number for each in self.edits.boxes]
        assert len(numbers) == len(set(numbers))
        assert self.edits.box(2) == self.first[1]


TestCorrections = Corrections.TestCase
