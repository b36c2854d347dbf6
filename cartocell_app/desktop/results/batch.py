"""The numbers of many samples side by side; no window needed."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cartocell_app.errors import UserError
from cartocell_app.morphology.measures import CYST_MEASURES, Measure

if TYPE_CHECKING:
    import pandas as pd

    from cartocell_app.jobs.measurements import Measurements
    from cartocell_app.project.values import Sample

FACTS = (
    Measure("cyst", "Cyst", "", "Name of the sample.", "str"),
    Measure("day", "Day", "", "As given in the list of samples.", "str"),
    Measure("condition", "Condition", "", "As given in the list of samples.", "str"),
    Measure("state", "State", "", "How far the sample is.", "str"),
)
SCORES = (
    Measure("f1_0.5", "F1 at 0.5", "", "Against the truth, at an overlap of half; 1 is perfect.", decimals=3),
    Measure("f1_0.75", "F1 at 0.75", "", "Against the truth, at an overlap of three quarters.", decimals=3),
    Measure("pq_0.5", "Quality (PQ)", "", "Panoptic quality: F1 times the mean overlap of matched cells.", decimals=3),
    Measure("s_total", "Time", "s", "Of the whole segmentation."),
)
PROBLEM = Measure("problem", "Not measured", "", "Why there are no numbers.", "str")
BATCH_MEASURES = (*FACTS, *CYST_MEASURES, *SCORES, PROBLEM)
"""Columns of the table of samples."""

NOT_GIVEN = "not given"
GROUPINGS: dict[str, Callable[["Sample"], str]] = {
    "Day": lambda sample: sample.day or NOT_GIVEN,
    "Condition": lambda sample: sample.condition or NOT_GIVEN,
    "Day and condition": lambda sample: f"{sample.day or NOT_GIVEN}, {sample.condition or NOT_GIVEN}",
    "Nothing": lambda sample: "all cysts",  # noqa: ARG005
}
"""How samples can be put into groups, and the name of a sample's group."""


@dataclass(frozen=True)
class SampleNumbers:
    """One sample among many.

    Attributes
    ----------
    sample : Sample
    measurements : Measurements or None
        None if it could not be measured.
    row : dict
        The row of ``summary.csv``; empty if there is none.
    problem : str
        Why it could not be measured.
    """

    sample: "Sample"
    measurements: "Measurements | None"
    row: dict[str, Any]
    problem: str = ""


def measure_sample(sample: "Sample") -> SampleNumbers:
    """Measure a segmented sample, or take what was measured of it before; a bad one is no error but a problem."""
    from cartocell_app.desktop.results.loading import summary_row
    from cartocell_app.jobs.measurements import measurements_of

    assert sample.labels is not None
    try:
        measured = measurements_of(sample.labels, sample.voxel_size)
    except UserError as error:
        return SampleNumbers(sample, None, summary_row(sample), error.title)
    except MemoryError:
        return SampleNumbers(sample, None, summary_row(sample), "There was not enough memory to measure it.")
    return SampleNumbers(sample, measured, summary_row(sample))


def identity(sample: "Sample") -> tuple[Any, ...]:
    """What a sample's numbers depend on: if it is the same, so are they."""
    labels = Path(sample.labels) if sample.labels is not None else None
    status = labels.stat() if labels is not None and labels.exists() else None
    return labels, status and (status.st_mtime_ns, status.st_size), sample.voxel_size, sample.results


def batch_table(numbers: Iterable[SampleNumbers]) -> "pd.DataFrame":
    """Table with the columns of `BATCH_MEASURES`, a row a sample; whole numbers as floats, since some are missing."""
    import pandas as pd

    rows = []
    for each in numbers:
        sample = each.sample
        row: dict[str, Any] = {measure.name: each.row.get(measure.name, nan) for measure in SCORES}
        row |= {"cyst": sample.name, "day": sample.day or "", "condition": sample.condition or ""}
        row |= {"state": sample.state, "problem": each.problem, "lumen": ""}
        if each.measurements is not None:
            row |= each.measurements.cyst
        rows.append(row)
    table = pd.DataFrame(rows, columns=[measure.name for measure in BATCH_MEASURES])
    return table.astype({one.name: "str" if one.dtype == "str" else "float64" for one in BATCH_MEASURES})


def cells_table(numbers: Iterable[SampleNumbers]) -> "pd.DataFrame":
    """All cells of all samples below each other, with cyst, day and condition in front."""
    import pandas as pd

    tables = []
    for each in numbers:
        if each.measurements is not None:
            facts = {"cyst": each.sample.name, "day": each.sample.day or "", "condition": each.sample.condition or ""}
            front = pd.DataFrame(facts, index=each.measurements.cells.index)
            tables.append(pd.concat([front, each.measurements.cells], axis=1))
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def in_order(groups: Iterable[str]) -> list[str]:
    """Names of groups in the order that people expect: 4 d, 7 d, 10 d; what is not given comes last."""

    def key(name: str) -> tuple[bool, list[Any]]:
        parts = re.split(r"(\d+(?:\.\d+)?)", name)
        return NOT_GIVEN in name, [
            (0, float(part), "") if part[:1].isdigit() else (1, 0.0, part) for part in parts if part
        ]

    return sorted(set(groups), key=key)
