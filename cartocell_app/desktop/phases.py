"""How far each of the five phases of a project is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cartocell_app.project.phases import PhaseState
    from cartocell_app.project.project import Project

NUMBERS = (1, 2, 3, 4, 5)


def phases_of(project: Project) -> tuple[PhaseState, ...]:
    """The five phases, in their order."""
    from cartocell_app.project.phases import facts_of, resolve_phase

    facts = facts_of(project)
    return tuple(resolve_phase(facts, number) for number in NUMBERS)
