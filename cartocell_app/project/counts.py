"""How many cysts of each day and condition are labelled, accepted and rejected: the table of the paper."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cartocell_app.project.values import Role, Sample


@dataclass(frozen=True)
class CystCount:
    """Cysts of one day and condition.

    Attributes
    ----------
    day, condition : str
        Empty where nobody gave them.
    unlabelled : int
        Without labelled cells; also those that failed.
    waiting : int
        Labelled, and neither accepted nor rejected yet.
    accepted, rejected : int
        A person's word.
    """

    day: str
    condition: str
    unlabelled: int = 0
    waiting: int = 0
    accepted: int = 0
    rejected: int = 0

    @property
    def all(self) -> int:
        """All cysts of that day and condition."""
        return self.unlabelled + self.waiting + self.accepted + self.rejected


def count_cysts(samples: Iterable["Sample"], role: "Role" = "low-resolution") -> tuple[CystCount, ...]:
    """Count the cysts of a role by day and condition.

    Parameters
    ----------
    samples : iterable of Sample
        All of the project.
    role : str
        Which of them are counted.

    Returns
    -------
    tuple of CystCount
        By day, 4 d before 10 d, then by condition; those without come last.
    """
    counts: dict[tuple[str, str], dict[str, int]] = {}
    for sample in samples:
        if sample.role == role:
            group = counts.setdefault((sample.day or "", sample.condition or ""), {})
            state = _counted_as(sample)
            group[state] = group.get(state, 0) + 1
    order = sorted(counts, key=lambda group: [(not words, _by_number(words)) for words in group])
    return tuple(CystCount(day, condition, **counts[day, condition]) for day, condition in order)


def total(counts: Iterable[CystCount]) -> CystCount:
    """All of them together."""
    rows = list(counts)
    names = ("unlabelled", "waiting", "accepted", "rejected")
    return CystCount("", "", **{name: sum(getattr(row, name) for row in rows) for name in names})


def _counted_as(sample: "Sample") -> str:
    if sample.state in ("accepted", "rejected"):
        return sample.state
    is_labelled = sample.labels is not None and sample.state in ("segmented", "curated")
    return "waiting" if is_labelled else "unlabelled"


def _by_number(words: str) -> str:
    return re.sub(r"\d+", lambda digits: digits[0].zfill(12), words.casefold())
