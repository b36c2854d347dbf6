"""Which labelled cysts the gallery shows, and in which order; no window in here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from cartocell_app.desktop.samples.words import cells_in_words, natural
from cartocell_app.desktop.training.doubts import doubt_of

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

Which = Literal["waiting", "accepted", "rejected", "all"]

STATES_OF: dict[Which, tuple[str, ...]] = {
    "waiting": ("segmented", "curated"),
    "accepted": ("accepted",),
    "rejected": ("rejected",),
    "all": ("segmented", "curated", "accepted", "rejected"),
}
"""States of the cysts that are shown."""

WORDS: dict[Which, str] = {
    "waiting": "Waiting for you",
    "accepted": "Accepted",
    "rejected": "Rejected",
    "all": "All labelled cysts",
}


def shown_cysts(samples: Sequence[Sample], which: Which) -> list[Sample]:
    """Labelled low-resolution cysts, the most doubtful first.

    Those that a person judged have no doubt any more, and so come by name.
    """
    labelled = [
        sample
        for sample in samples
        if sample.role == "low-resolution" and sample.labels is not None and sample.state in STATES_OF[which]
    ]
    return sorted(labelled, key=lambda sample: (-_doubt(sample), natural(sample.name)))


def second_line(sample: Sample) -> str:
    """What stands below the name of a cyst: its cells, and how much they are to be doubted."""
    doubt = doubt_of(sample)
    if sample.state == "accepted":
        word = "accepted"
    elif sample.state == "rejected":
        word = "rejected"
    else:
        word = "being looked through" if doubt < 0 else "nothing odd" if doubt == 0 else f"doubt {doubt} %"
    return " · ".join(part for part in (cells_in_words(sample), word) if part)


def why(sample: Sample) -> str:
    """What is odd about a cyst, or why it was rejected; empty if nothing is."""
    return sample.reason if doubt_of(sample) < 0 else sample.reason.partition(": ")[2] or sample.reason


def _doubt(sample: Sample) -> int:
    # One that was corrected by hand, or was not looked through yet, stands behind those with doubt.
    return doubt_of(sample) if sample.state == "segmented" else -1
