"""How much the labels of a cyst are to be doubted, and why: told in the sample itself, and read from there again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

NOTHING_ODD = "Nothing odd was found."

_DOUBT = re.compile(r"Doubt (\d+) %")


def waiting_for_doubts(samples: Sequence[Sample]) -> list[Sample]:
    """Low-resolution cysts that the network labelled and nobody, neither person nor program, looked through yet."""
    return [
        sample
        for sample in samples
        if sample.role == "low-resolution" and sample.state == "segmented" and sample.labels and not sample.reason
    ]


def judged(sample: Sample) -> str:
    """What is odd about the labels of a sample, in a sentence for the list of samples.

    Raises
    ------
    UserError
        If the labels cannot be read, or nobody knows the voxel size.
    """
    from cartocell_app.jobs.curation import curate
    from cartocell_app.jobs.measurements import measured_labels

    assert sample.labels is not None
    known = measured_labels(sample.labels, sample.voxel_size)
    found = curate(known.labels, known.voxel_size.zyx_um)
    if not found.reasons:
        return NOTHING_ODD
    return f"Doubt {round(100 * found.doubt)} %: {'; '.join(found.reasons)}."


def doubt_of(sample: Sample) -> int:
    """Doubt in percent, as `judged` said it; 0 if nothing is odd, -1 if it was not looked through."""
    if sample.reason == NOTHING_ODD:
        return 0
    found = _DOUBT.match(sample.reason)
    return -1 if found is None else int(found[1])
