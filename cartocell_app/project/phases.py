"""How far each of the five phases is, in a biologist's words; computed from facts and never stored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from cartocell_app.project.phase_facts import ModelFacts, ProjectFacts, SampleFacts, facts_of
from cartocell_app.project.values import Role

__all__ = ["PhaseState", "ProgressOfPhase", "facts_of", "resolve_phase"]

ProgressOfPhase = Literal["blocked", "ready", "in progress", "done", "out of date"]

FEWEST = 2
"""Cysts that a training needs at least: one to learn from, one to watch it with."""

TITLES = (
    "High-resolution cysts",
    "Down-sample and train M1",
    "Low-resolution stacks to labelled cysts",
    "Train M2",
    "New cysts",
)

M1_ROLES: tuple[Role, ...] = ("high-resolution", "validation")
M2_ROLES: tuple[Role, ...] = ("high-resolution", "low-resolution", "validation")


@dataclass(frozen=True)
class PhaseState:
    """How far a phase is.

    Attributes
    ----------
    number : int
        1 to 5.
    title : str
        Its name.
    state : str
        blocked: an earlier phase must come first; ready: can begin; in progress; done; out of date: done, but what
        it was done with has changed since.
    needs, has, missing : tuple of str
        Sentences: what it needs, what of that is there, and what is still to be done or has changed.
    """

    number: int
    title: str
    state: ProgressOfPhase
    needs: tuple[str, ...] = ()
    has: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def resolve_phase(facts: ProjectFacts, number: int) -> PhaseState:
    """State of a phase.

    Parameters
    ----------
    facts : ProjectFacts
        From `facts_of`.
    number : int
        1 to 5.
    """
    state = (_first, _second, _third, _fourth, _fifth)[number - 1](facts)
    if number not in facts.busy:
        return state
    # What is wrong with the outcome of before may be mended by the work that goes on.
    missing = () if state.state in ("blocked", "out of date") else state.missing
    return PhaseState(number, state.title, "in progress", state.needs, (*state.has, "Work on it is going on."), missing)


def _first(facts: ProjectFacts) -> PhaseState:
    cysts = facts.of("high-resolution")
    needs = (
        f"{FEWEST} or more stacks of single cysts at high resolution, with their cells labelled; about 20 are good.",
        "Your word on each: accepted, or rejected with a reason.",
    )
    return PhaseState(1, TITLES[0], _judged_state(cysts), needs, _judged_has(cysts), _judged_missing(cysts))


def _second(facts: ProjectFacts) -> PhaseState:
    good = facts.accepted("high-resolution")
    needs = (
        f"{FEWEST} or more accepted high-resolution cysts.",
        "The voxel size of your routine, low-resolution stacks: the cysts are made that coarse before M1 learns from "
        "them.",
    )
    return _training(facts, 2, "M1", facts.accepted(*M1_ROLES), needs, _too_few(good, "high-resolution"))


def _third(facts: ProjectFacts) -> PhaseState:
    cysts, m1 = facts.of("low-resolution"), facts.models.get("M1")
    fields = facts.of("field")
    uncut = fields.keys() - {sample.cut_from for sample in facts.samples.values()}
    needs = (
        "The model M1, from phase 2.",
        "Low-resolution stacks of many cysts: of single ones, or fields of several that are cut out here.",
        "Your word on each labelled cyst.",
    )
    has = (() if m1 is None else ("M1 is trained.",)) + _judged_has(cysts)
    has += (f"{_fields(len(fields))} of several cysts, {len(fields) - len(uncut)} of them cut up.",) if fields else ()
    if m1 is None and not any(cyst.mark for cyst in cysts.values()):
        return PhaseState(3, TITLES[2], "blocked", needs, has, ("M1 comes first: phase 2 trains it.",))
    missing = () if uncut and not cysts else _judged_missing(cysts)
    missing += (f"Cut the cysts out of {_fields(len(uncut))}.",) if uncut else ()
    state = "in progress" if uncut else _judged_state(cysts)
    changed = () if m1 is None else _made_before(cysts, m1, "M1")
    if _second(facts).state == "out of date":
        changed = ("Phase 2 is out of date, so M1 may label these cysts otherwise.", *changed)
    if changed and state == "done":
        return PhaseState(3, TITLES[2], "out of date", needs, has, (*changed, *missing))
    return PhaseState(3, TITLES[2], state, needs, has, missing)


def _fourth(facts: ProjectFacts) -> PhaseState:
    good = facts.accepted("low-resolution")
    needs = (
        f"{FEWEST} or more accepted low-resolution cysts, from phase 3; hundreds are better.",
        "The high-resolution cysts of phase 1 are learnt from again, if there are any.",
    )
    earlier = _third(facts).state == "out of date"
    before = ("Phase 3 is out of date, so M2 may have learnt from old labels.",) if earlier else ()
    return _training(facts, 4, "M2", facts.accepted(*M2_ROLES), needs, _too_few(good, "low-resolution"), before)


def _fifth(facts: ProjectFacts) -> PhaseState:
    cysts, m2 = facts.of("new"), facts.models.get("M2")
    needs = ("New stacks, of any number.", "A model: your M2, or the one that comes with CartoCell.")
    has = ["Your own M2." if m2 is not None else "The model that comes with CartoCell."]
    done = [cyst for cyst in cysts.values() if cyst.state not in ("to do", "running", "failed")]
    if cysts:
        has.append(f"{_cysts(len(cysts), 'new')}, {len(done)} of them segmented.")
    missing = [] if cysts else ["Add the stacks that you want to segment."]
    waiting = sum(cyst.state in ("to do", "running") for cyst in cysts.values())
    failed = sum(cyst.state == "failed" for cyst in cysts.values())
    missing += [f"{_cysts(waiting, 'new')} {_are(waiting)} to be segmented."] if waiting else []
    missing += [f"{_cysts(failed, 'new')} could not be segmented: see why in the list of samples."] if failed else []
    missing += _without_voxel_size(cysts)
    changed = () if m2 is None else _made_before(cysts, m2, "M2")
    if m2 is not None and _fourth(facts).state == "out of date":
        changed = ("Phase 4 is out of date, so your M2 may segment these cysts otherwise.", *changed)
    if not done:
        state: ProgressOfPhase = "in progress" if failed else "ready"
    elif waiting or failed:
        state = "in progress"
    else:
        state = "out of date" if changed else "done"
    return PhaseState(5, TITLES[4], state, needs, tuple(has), (*(changed if state == "out of date" else ()), *missing))


def _training(
    facts: ProjectFacts,
    number: int,
    name: str,
    learnt: Mapping[int, str],
    needs: tuple[str, ...],
    too_few: tuple[str, ...],
    before: tuple[str, ...] = (),
) -> PhaseState:
    """State of a phase that trains the model `name` on the samples in `learnt`."""
    title, model = TITLES[number - 1], facts.models.get(name)
    there = f"{_cysts(len(learnt), 'accepted')} to learn from." if learnt else "No accepted cysts yet."
    if model is None:
        return PhaseState(number, title, "blocked" if too_few else "ready", needs, (there,), too_few)
    has = (there, f"{name} is trained, on {_cysts(len(model.trained_on), '')}.")
    changed = (*before, *_difference(name, model, learnt))
    return PhaseState(number, title, "out of date" if changed else "done", needs, has, changed)


def _difference(name: str, model: ModelFacts, learnt: Mapping[int, str]) -> tuple[str, ...]:
    """How the samples to learn from differ from those that the model learnt from."""
    new = len(learnt.keys() - model.trained_on.keys())
    gone = len(model.trained_on.keys() - learnt.keys())
    other = sum(learnt[number] != mark for number, mark in model.trained_on.items() if number in learnt)
    sentences = (
        (new, f"{_cysts(new, '')} {_were(new)} accepted since {name} was trained."),
        (gone, f"{_cysts(gone, '')} that {name} learnt from {_are(gone)} no longer accepted or no longer here."),
        (other, f"{_cysts(other, '')} that {name} learnt from {_were(other)} corrected since."),
    )
    return tuple(sentence for count, sentence in sentences if count)


def _judged_state(cysts: Mapping[int, SampleFacts]) -> ProgressOfPhase:
    """State of a phase that is done once a person has judged all its cysts and found enough of them good."""
    if not cysts:
        return "ready"
    return "in progress" if _judged_missing(cysts) else "done"


def _judged_has(cysts: Mapping[int, SampleFacts]) -> tuple[str, ...]:
    if not cysts:
        return ()
    accepted = _count(cysts, lambda cyst: cyst.state == "accepted")
    rejected = _count(cysts, lambda cyst: cyst.state == "rejected")
    return (f"{_cysts(len(cysts), '')}: {accepted} accepted, {rejected} rejected.",)


def _judged_missing(cysts: Mapping[int, SampleFacts]) -> tuple[str, ...]:
    if not cysts:
        return ("Add stacks to it.",)
    judged = ("accepted", "rejected")
    unlabelled = _count(cysts, lambda cyst: cyst.mark is None and cyst.state not in (*judged, "failed"))
    failed = _count(cysts, lambda cyst: cyst.state == "failed")
    unjudged = _count(cysts, lambda cyst: cyst.mark is not None and cyst.state not in (*judged, "failed"))
    accepted = _count(cysts, lambda cyst: cyst.state == "accepted" and cyst.mark is not None)
    sentences = (
        (unlabelled, f"{_cysts(unlabelled, '')} {_have(unlabelled)} no labelled cells yet."),
        (failed, f"{_cysts(failed, '')} could not be segmented: see why in the list of samples, or reject them."),
        (unjudged, f"{_cysts(unjudged, '')} {_are(unjudged)} to be accepted or rejected."),
        (accepted < FEWEST, f"{FEWEST} or more must be accepted; {accepted} {_are(accepted)}."),
    )
    return (*(sentence for wrong, sentence in sentences if wrong), *_without_voxel_size(cysts))


def _without_voxel_size(cysts: Mapping[int, SampleFacts]) -> list[str]:
    unknown = _count(cysts, lambda cyst: not cyst.has_voxel_size and cyst.state != "rejected")
    return [f"The voxel size of {_cysts(unknown, '')} is not known: give it."] if unknown else []


def _too_few(accepted: Mapping[int, str], which: str) -> tuple[str, ...]:
    if len(accepted) >= FEWEST:
        return ()
    return (f"Accept {FEWEST} or more {which} cysts first; {len(accepted)} {_are(len(accepted))} accepted.",)


def _made_before(cysts: Mapping[int, SampleFacts], model: ModelFacts, name: str) -> tuple[str, ...]:
    old = _count(cysts, lambda cyst: cyst.segmented is not None and cyst.segmented < model.made)
    return (f"{_cysts(old, '')} {_were(old)} segmented before this {name} was trained.",) if old else ()


def _count(cysts: Mapping[int, SampleFacts], which: Callable[[SampleFacts], bool]) -> int:
    return sum(which(cyst) for cyst in cysts.values())


def _cysts(count: int, kind: str) -> str:
    return " ".join(filter(None, (str(count), kind, "cyst" if count == 1 else "cysts")))


def _fields(count: int) -> str:
    return f"{count} field{'s' * (count != 1)}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"


def _have(count: int) -> str:
    return "has" if count == 1 else "have"
