"""The table of the phases: M1 against M2 on the test set, before and after Voronoi."""

from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from cartocell_app.jobs.evaluating import read_scores
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.phase_steps import MODELS, STAGES, cells_folder, scores_path
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.tables import write_table
from cartocell_app.progress import Cancelled, stop_if
from cartocell_app.segmentation.cyst_faces import LateralSurface, lateral_surface
from cartocell_app.segmentation.evaluation import IOU_THRESHOLDS
from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.reading import read_labels

FIGURES = {
    "true cells": "n_true",
    "found": "n_predicted",
    **{
        f"{words} {iou:g}": f"{key}_{iou:g}"
        for words, key in (("precision", "precision"), ("recall", "recall"), ("F1", "f1"))
        for iou in IOU_THRESHOLDS
    },
    "PQ": "pq_0.5",
    "walls in contact": "share_in_contact",
}
"""Columns of the printed table: how they are called there, and in ``table.csv``."""

EXPLANATION = """\
Precision, recall and F1 at an overlap over union of at least 0.3, 0.5, 0.75 and panoptic quality (PQ, at 0.5), the
cells of all test cysts counted together. "Walls in contact" is the share of the cells' lateral surface behind which
another cell lies at once, and not a gap between cells first."""


def write_phase_table(out: Path, report: Reporter, cancelled: Cancelled) -> str:
    """Write ``table.csv`` and ``table.md`` into the folder of the phases, from the scores that are there.

    Returns
    -------
    str
        The table as text.
    """
    rows = []
    for model in MODELS:
        for stage in STAGES:
            scores = read_scores(scores_path(out, model, stage))
            surface = _lateral_surface(cells_folder(out, model, stage), f"{model} {stage}", report, cancelled)
            share = surface.share_in_contact
            rows.append({"model": model, "stage": stage} | scores | {"share_in_contact": share})
    write_table(out / "table.csv", rows)
    text = _markdown(rows)
    with whole_file(out / "table.md") as partial:
        partial.write_text(f"{text}\n\n{EXPLANATION}\n", encoding="utf-8")
    return f"{text}\n\n{EXPLANATION}"


def _lateral_surface(folder: Path, words: str, report: Reporter, cancelled: Cancelled) -> LateralSurface:
    """Lateral surface of all cysts of a folder together."""
    surfaces = [LateralSurface(0.0, 0.0)]
    stacks = find_stacks([folder])
    for number, (name, path) in enumerate(stacks.items()):
        stop_if(cancelled)
        report.step(f"{words}: {name}", "Measuring walls", number, len(stacks))
        labels, voxel_size = read_labels(path)
        assert voxel_size is not None, "`segment` writes none without"
        surfaces.append(lateral_surface(labels, voxel_size.zyx_um))
    return reduce(add, surfaces)


def _markdown(rows: list[dict[str, Any]]) -> str:
    """Rows as columns: a line for each figure, which stays narrow."""
    titles = [f"{row['model']} {row['stage']}" for row in rows]
    body = [[words, *(_figure(key, row[key]) for row in rows)] for words, key in FIGURES.items()]
    lines = [["", *titles], *body]
    widths = [max(len(line[column]) for line in lines) for column in range(len(titles) + 1)]
    text = [
        _line(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    ]
    rule = _line(["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])])
    return "\n".join([text[0], rule, *text[1:]])


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _figure(key: str, value: float) -> str:
    return f"{value:.0f}" if key.startswith("n_") else f"{value:.3f}"
