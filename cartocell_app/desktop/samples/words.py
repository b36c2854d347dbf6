"""Samples in words and signs: never by colour alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from cartocell_app.desktop.signs import Sign

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

NO_DAY = "Day not given"


SIGNS = {
    "to do": Sign("To do", "mdi6.circle-outline", "muted"),
    "running": Sign("Running", "mdi6.progress-clock", "running"),
    "segmented": Sign("Segmented", "mdi6.hexagon-multiple-outline", "accent"),
    "curated": Sign("Curated", "mdi6.pencil-circle-outline", "accent"),
    "accepted": Sign("Accepted", "mdi6.check-circle", "accepted"),
    "rejected": Sign("Rejected", "mdi6.close-circle-outline", "muted"),
    "failed": Sign("Failed", "mdi6.alert-circle", "failed"),
}
USES = {
    "high-resolution": "high-resolution cysts, from which M1 learns",
    "low-resolution": "low-resolution cysts, which M1 labels and M2 learns from",
    "field": "fields of several cysts, which are cut out and then labelled",
    "validation": "watching trainings",
    "new": "new cysts, to be segmented",
}
"""What the roles of samples are called."""

MISSING = Sign("File missing", "mdi6.file-question-outline", "doubt")


FIELD = Sign("Field", "mdi6.view-grid-outline", "muted")


def sign_of(sample: Sample) -> Sign:
    """How `sample` is: its state, unless its file is missing; fields are not segmented themselves."""
    if sample.missing:
        return MISSING
    return FIELD if sample.role == "field" and sample.state == "to do" else SIGNS[sample.state]


def cells_in_words(sample: Sample) -> str:
    """``"62 cells"``; empty before it is segmented."""
    return "" if sample.cells is None else f"{sample.cells:,} cell{'s' * (sample.cells != 1)}"


def size_in_words(sample: Sample) -> str:
    """Size in voxels (z × y × x); empty if unknown."""
    return "" if sample.shape is None else " × ".join(map(str, sample.shape))


def voxel_in_words(sample: Sample) -> str:
    """Edge lengths (z × y × x) of a voxel in µm."""
    if sample.voxel_size is None:
        return "voxel size unknown"
    return " × ".join(f"{length_um:.3g}" for length_um in sample.voxel_size) + " µm"


def second_line(sample: Sample) -> str:
    """What stands below the name in the list."""
    known = (cells_in_words(sample), sample.condition)
    return " · ".join(part for part in (*known, voxel_in_words(sample)) if part)


def everything_in_words(sample: Sample) -> str:
    """All that is known, a line each, for the tooltip."""
    sign = sign_of(sample)
    size = size_in_words(sample)
    use = USES[sample.role]
    source = f" ({sample.voxel_size.source})" if sample.voxel_size is not None else ""
    lines = (
        sample.name,
        f"{sign.word}: {sample.reason}" if sample.reason else sign.word,
        cells_in_words(sample),
        f"For: {use}",
        f"{size} voxels (z × y × x)" if size else "",
        f"Voxel: {voxel_in_words(sample)}{source}" if sample.voxel_size else "Its voxel size is not known yet.",
        f"Channel: {sample.channel_name}" if sample.channel_name else "",
        str(sample.path),
        sample.notes,
    )
    return "\n".join(line for line in lines if line)


def natural(text: str) -> str:
    """Text to sort by, in which numbers count as numbers: 4 d, 7 d, 10 d."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(12), text.casefold())
