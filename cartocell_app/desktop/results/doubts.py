"""What is odd about a cyst's labels, as sentences with the cells that they are about."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cartocell_app.desktop.results.words import count_words

if TYPE_CHECKING:
    from cartocell_app.jobs.curation import CurationReport

ABOUT_CELLS = (
    ("no_lumen", "does not reach the lumen", "do not reach the lumen"),
    ("no_outside", "does not reach the outside", "do not reach the outside"),
    ("in_pieces", "is in several pieces", "are in several pieces"),
    ("small", "is unusually small", "are unusually small"),
    ("large", "is unusually large, perhaps several in one", "are unusually large, perhaps several in one"),
    ("apart", "lies apart from the cyst", "lie apart from the cyst"),
)
"""Findings of a `CurationReport` about single cells, and how to say them of one and of several."""


@dataclass(frozen=True)
class Doubt:
    """Something to look at.

    Attributes
    ----------
    sentence : str
        What is odd.
    cells : tuple of int
        Labels of the cells that it is about; none if it is about the whole cyst.
    """

    sentence: str
    cells: tuple[int, ...] = ()


def doubts_of(report: "CurationReport") -> tuple[Doubt, ...]:
    """List what is odd, first about the whole cyst, then about cells."""
    about_cells = [
        Doubt(f"{count_words(len(cells), 'cell')} {one if len(cells) == 1 else several}", tuple(cells))
        for finding, one, several in ABOUT_CELLS
        if (cells := getattr(report, finding))
    ]
    # The report's reasons about the whole come first, those about cells after them.
    whole = report.reasons[: len(report.reasons) - len(about_cells)]
    return tuple(_about_the_whole(reason, report.cut) for reason in whole) + tuple(about_cells)


def _about_the_whole(reason: str, cut: tuple[int, ...]) -> Doubt:
    if reason.startswith("the frame cuts"):
        return Doubt(f"The frame cuts {count_words(len(cut), 'cell')} of the cyst", cut)
    sentence = reason.replace("it has", "The cyst has", 1) if reason.startswith("it has") else reason
    return Doubt(sentence[0].upper() + sentence[1:])
