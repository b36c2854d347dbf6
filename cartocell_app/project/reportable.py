"""Whether there is something to report of a phase."""

from cartocell_app.project.phase_facts import ProjectFacts
from cartocell_app.project.values import PHASES, Role

CYSTS_OF: dict[int, Role] = {1: "high-resolution", 3: "low-resolution", 5: "new"}
"""Role of the cysts whose cells a phase is about."""

MODEL_OF = {2: "M1", 4: "M2"}
"""Model that a phase trains."""


def why_no_report(facts: ProjectFacts, number: int) -> str:
    """Why there is nothing to report of a phase yet, a sentence; empty if there is something.

    Parameters
    ----------
    facts : ProjectFacts
        From `facts_of`.
    number : int
        1 to 5; 0 is all phases together.
    """
    if number == 0:
        return "" if any(not why_no_report(facts, one) for one in PHASES) else "No phase has anything to report yet."
    if number in MODEL_OF:
        name = MODEL_OF[number]
        return "" if name in facts.models else f"There is nothing to report before {name} is trained."
    if any(cyst.mark is not None for cyst in facts.of(CYSTS_OF[number]).values()):
        return ""
    return "There is nothing to report before a cyst has cells."
