"""The five phases without a window: the same facts always give the same state, in words that a biologist knows."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cartocell_app.project.phase_facts import ModelFacts, ProjectFacts, SampleFacts
from cartocell_app.project.phases import facts_of, resolve_phase
from cartocell_app.project.values import PHASES, ROLES, STATES

MONDAY = datetime(2026, 8, 3, 9, tzinfo=UTC)
TUESDAY, WEDNESDAY = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)


def good(role: str, mark: str = "1", segmented: datetime | None = None) -> SampleFacts:
    return SampleFacts(role, "accepted", mark=mark, segmented=segmented)


HIGH = {1: good("high-resolution"), 2: good("high-resolution")}
M1 = ModelFacts(MONDAY, {1: "1", 2: "1"})
LOW = {3: good("low-resolution", segmented=TUESDAY), 4: good("low-resolution", segmented=TUESDAY)}
M2 = ModelFacts(WEDNESDAY, dict.fromkeys((1, 2, 3, 4), "1"))


def state(facts: ProjectFacts, number: int) -> str:
    return resolve_phase(facts, number).state


def states(facts: ProjectFacts) -> list[str]:
    return [state(facts, number) for number in PHASES]


def test_at_first_one_begins_with_phase_1_or_goes_straight_to_phase_5():
    facts = ProjectFacts()
    assert states(facts) == ["ready", "blocked", "blocked", "blocked", "ready"]
    assert "M1 comes first" in resolve_phase(facts, 3).missing[0]
    assert "comes with CartoCell" in resolve_phase(facts, 5).has[0]


def test_the_way_through_all_five():
    assert states(ProjectFacts(HIGH)) == ["done", "ready", "blocked", "blocked", "ready"]
    assert states(ProjectFacts(HIGH, {"M1": M1})) == ["done", "done", "ready", "blocked", "ready"]
    assert states(ProjectFacts(HIGH | LOW, {"M1": M1})) == ["done", "done", "done", "ready", "ready"]
    both = {"M1": M1, "M2": M2}
    assert states(ProjectFacts(HIGH | LOW, both)) == ["done", "done", "done", "done", "ready"]
    new = {5: SampleFacts("new", "segmented", mark="1", segmented=WEDNESDAY + timedelta(hours=1))}
    assert states(ProjectFacts(HIGH | LOW | new, both)) == ["done"] * 5


@pytest.mark.parametrize(
    ("sample", "missing"),
    [
        (SampleFacts("high-resolution"), "1 cyst has no labelled cells yet."),
        (SampleFacts("high-resolution", "segmented", mark="1"), "1 cyst is to be accepted or rejected."),
        (SampleFacts("high-resolution", "curated", mark="1"), "1 cyst is to be accepted or rejected."),
        (SampleFacts("high-resolution", "failed"), "1 cyst could not be segmented"),
        (good("high-resolution"), "2 or more must be accepted; 1 is."),
    ],
)
def test_what_keeps_phase_1_from_being_done(sample, missing):
    phase = resolve_phase(ProjectFacts({1: sample}), 1)
    assert phase.state == "in progress"
    assert any(sentence.startswith(missing) for sentence in phase.missing)
    assert state(ProjectFacts({1: sample}), 2) == "blocked"


def test_a_voxel_size_that_is_not_known_is_asked_for():
    facts = ProjectFacts(HIGH | {3: SampleFacts("high-resolution", "accepted", False, "1")})
    assert state(facts, 1) == "in progress"
    assert "The voxel size of 1 cyst is not known: give it." in resolve_phase(facts, 1).missing


def test_a_rejected_cyst_needs_nothing_more():
    facts = ProjectFacts(HIGH | {3: SampleFacts("high-resolution", "rejected", False)})
    assert state(facts, 1) == "done"
    assert resolve_phase(facts, 1).has == ("3 cysts: 2 accepted, 1 rejected.",)


@pytest.mark.parametrize(
    ("high", "why"),
    [
        (HIGH | {9: good("high-resolution")}, "1 cyst was accepted since M1 was trained."),
        (HIGH | {9: good("validation")}, "1 cyst was accepted since M1 was trained."),
        ({1: HIGH[1], 2: good("high-resolution", "2")}, "1 cyst that M1 learnt from was corrected since."),
        ({1: HIGH[1]}, "1 cyst that M1 learnt from is no longer accepted or no longer here."),
        ({}, "2 cysts that M1 learnt from are no longer accepted or no longer here."),
    ],
)
def test_m1_is_out_of_date_when_its_examples_changed_and_so_is_what_came_of_it(high, why):
    facts = ProjectFacts(high | LOW, {"M1": M1, "M2": M2})
    assert [state(facts, number) for number in (2, 3, 4)] == ["out of date"] * 3
    assert resolve_phase(facts, 2).missing == (why,)
    assert "Phase 2 is out of date" in resolve_phase(facts, 3).missing[0]
    assert "Phase 3 is out of date" in resolve_phase(facts, 4).missing[0]


def test_labels_of_an_earlier_m1_are_out_of_date_unless_a_person_corrected_them():
    later = {"M1": ModelFacts(WEDNESDAY, M1.trained_on)}
    facts = ProjectFacts(HIGH | LOW, later)
    assert state(facts, 3) == "out of date"
    assert resolve_phase(facts, 3).missing == ("2 cysts were segmented before this M1 was trained.",)
    corrected = {number: good("low-resolution") for number in LOW}
    assert state(ProjectFacts(HIGH | corrected, later), 3) == "done"


def test_labels_from_elsewhere_need_no_m1():
    assert state(ProjectFacts({3: SampleFacts("low-resolution", "segmented", mark="1")}), 3) == "in progress"


def test_fields_are_not_labelled_but_cut_up():
    field = {8: SampleFacts("field"), 9: SampleFacts("field")}
    phase = resolve_phase(ProjectFacts(HIGH | field, {"M1": M1}), 3)
    assert (phase.state, phase.missing) == ("in progress", ("Cut the cysts out of 2 fields.",))
    cut = {3: good("low-resolution"), 4: SampleFacts("low-resolution", "accepted", mark="1", cut_from=8)}
    phase = resolve_phase(ProjectFacts(HIGH | field | cut, {"M1": M1}), 3)
    assert phase.missing == ("Cut the cysts out of 1 field.",)
    assert phase.has[1:] == ("2 cysts: 2 accepted, 0 rejected.", "2 fields of several cysts, 1 of them cut up.")
    assert state(ProjectFacts(HIGH | cut | {8: field[8]}, {"M1": M1}), 3) == "done"


def test_new_cysts():
    def fifth(**models: ModelFacts) -> list[str]:
        return [
            state(ProjectFacts({5: SampleFacts("new", now, mark="1", segmented=TUESDAY), 6: other}, models), 5)
            for now in ("to do", "running", "segmented", "failed", "rejected")
        ]

    other = SampleFacts("new", "accepted", mark="1", segmented=TUESDAY)
    assert fifth() == ["in progress", "in progress", "done", "in progress", "done"]
    # Nothing was segmented yet by the M2 that is used from now on.
    assert fifth(M2=M2)[2] == "out of date"
    facts = ProjectFacts({5: SampleFacts("new")})
    assert state(facts, 5) == "ready"
    assert resolve_phase(facts, 5).missing == ("1 new cyst is to be segmented.",)


def test_work_that_goes_on_is_said_before_what_is_missing():
    facts = ProjectFacts(HIGH, busy=frozenset({2}))
    phase = resolve_phase(facts, 2)
    assert (phase.state, phase.missing) == ("in progress", ())
    assert phase.has[-1] == "Work on it is going on."
    # An old model that is being trained again is no longer out of date.
    again = ProjectFacts(HIGH | {9: good("high-resolution")}, {"M1": M1}, frozenset({2}))
    assert state(again, 2) == "in progress"


sample_facts = st.builds(
    SampleFacts, st.sampled_from(ROLES), st.sampled_from(STATES), st.booleans(), st.none() | st.sampled_from("12"),
    st.none() | st.sampled_from([MONDAY, TUESDAY, WEDNESDAY]),
)  # fmt: skip
some_facts = st.builds(
    ProjectFacts,
    st.dictionaries(st.integers(1, 9), sample_facts, max_size=9),
    st.dictionaries(
        st.sampled_from(["M1", "M2"]),
        st.builds(
            ModelFacts,
            st.sampled_from([MONDAY, TUESDAY]),
            st.dictionaries(st.integers(1, 9), st.sampled_from("12")),
        ),
    ),
    st.frozensets(st.sampled_from(PHASES)),
)


@given(some_facts, st.sampled_from(PHASES))
def test_every_state_says_why_in_whole_sentences(facts, number):
    phase = resolve_phase(facts, number)
    assert phase.number == number
    if phase.state in ("blocked", "out of date"):
        assert phase.missing
    for sentence in (*phase.needs, *phase.has, *phase.missing):
        assert re.fullmatch(r"[A-Z0-9].*[.]", sentence), sentence
        assert not re.search(r"\b(None|null|index|tensor|1 cysts|(?<!phase )1 are|[02-9] cyst )\b", sentence), sentence
    assert resolve_phase(facts, number) == phase


def test_the_facts_of_a_project(project, tmp_path):
    project.update_samples([1, 2], role="high-resolution")
    for number in (1, 2):
        project.add_labels(number, project.new_labels_path(number), "imported")
    project.update_samples([1, 2], state="accepted")
    assert states(facts_of(project)) == ["done", "ready", "blocked", "blocked", "ready"]
    run = project.new_run("train", "Train M1", [1, 2], lambda _: ["train"], phase=2)
    assert state(facts_of(project), 2) == "in progress"
    project.update_run(run.id, state="done")
    (tmp_path / "network.onnx").write_bytes(b"weights")
    project.add_model("M1", tmp_path / "network.onnx", project.label_marks(), run.id)
    assert states(facts_of(project))[:3] == ["done", "done", "ready"]
    project.add_labels(1, project.new_labels_path(1), "curated", "two cells merged")
    project.update_samples([1], state="accepted")
    assert resolve_phase(facts_of(project), 2).missing == ("1 cyst that M1 learnt from was corrected since.",)
