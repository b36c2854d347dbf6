"""Counting cysts without a window: every cyst once, days in their order."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.project.counts import CystCount, count_cysts, total
from cartocell_app.project.values import ROLES, STATES, Sample

CYST = Sample(
    1, "cyst", Path("/cyst.tif"), False, None, None, None, None, None, None, None, "7 d", "4C", "low-resolution",
    "to do", "", None, None, None, None, "",
)  # fmt: skip
LABELS = Path("/labels.tif")


def test_cysts_are_counted_by_day_and_condition_as_in_the_paper():
    states = (("10 d", "A", "accepted"), ("4 d", "B", "segmented"), ("4 d", "A", "rejected"), ("4 d", "A", "curated"))
    cysts = [
        replace(CYST, day=day, condition=condition, state=state, labels=LABELS) for day, condition, state in states
    ]
    cysts += [replace(CYST, day="4 d", condition="A", state="failed"), replace(CYST, day=None, condition=None)]
    cysts += [replace(CYST, role="field"), replace(CYST, role="new", state="accepted")]
    assert count_cysts(cysts) == (
        CystCount("4 d", "A", unlabelled=1, waiting=1, rejected=1),
        CystCount("4 d", "B", waiting=1),
        CystCount("10 d", "A", accepted=1),
        CystCount("", "", unlabelled=1),
    )


words = st.none() | st.sampled_from(["4 d", "7 d", "10 d"])
some = st.builds(
    lambda **values: replace(CYST, **values),
    day=words, condition=words, role=st.sampled_from(ROLES), state=st.sampled_from(STATES),
    labels=st.none() | st.just(LABELS),
)  # fmt: skip


@given(st.lists(some, max_size=20), st.sampled_from(ROLES))
def test_every_cyst_of_a_role_is_counted_once(cysts, role):
    counts = count_cysts(cysts, role)
    assert sum(row.all for row in counts) == total(counts).all == sum(cyst.role == role for cyst in cysts)
    assert len({(row.day, row.condition) for row in counts}) == len(counts)
    assert all(row.all for row in counts)
