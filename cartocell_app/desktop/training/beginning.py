"""What a training begins with: a model that knows cysts already, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.resources import CPU_MODEL

if TYPE_CHECKING:
    from cartocell_app.project.project import Project


@dataclass(frozen=True)
class Beginning:
    """Something to begin with.

    Attributes
    ----------
    model : Path or None
        Its model; None begins with nothing.
    name, words : str
        For people: what it is, and when to take it.
    """

    model: Path | None
    name: str
    words: str


CARTOCELL = Beginning(
    CPU_MODEL,
    "CartoCell's model (recommended)",
    "It has learnt from synthetic cysts what cells look like, and goes on with yours: it needs fewer of them and less "
    "time.",
)
NOTHING = Beginning(
    None,
    "Nothing, as published",
    "All that it will know is what your cysts show. Take it with many cysts, or to repeat the publication.",
)


def beginnings(project: Project | None, phase: int) -> list[Beginning]:
    """What a training of a phase can begin with, the recommended one first; phase 4 also with the project's M1."""
    m1 = None if project is None or phase != 4 else project.models().get("M1")
    if m1 is None:
        return [CARTOCELL, NOTHING]
    own = Beginning(
        m1.path,
        "Your M1",
        "It goes on from what your high-resolution cysts taught it. Take it if M1 labelled your cysts well.",
    )
    return [CARTOCELL, own, NOTHING]
