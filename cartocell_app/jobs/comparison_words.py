"""What came of a comparison of models: a table, and a sentence that says which one is better and by how much."""

from collections.abc import Sequence

from cartocell_app.jobs.comparing import AFTER, STAGES, Compared, Comparison

SAME = 0.01
"""Panoptic qualities that differ by less are as good as equal."""

FEW_CELLS, FEW_CYSTS = 100, 3
"""Fewer of these give a hint, not a proof."""


def better(first: Compared, second: Compared) -> int:
    """1 if the second model is better than the first, -1 if it is worse, 0 if they are as good as equal."""
    gain = second.pooled(AFTER)[0.5].panoptic_quality - first.pooled(AFTER)[0.5].panoptic_quality
    return 0 if abs(gain) < SAME else (1 if gain > 0 else -1)


def verdict(comparison: Comparison) -> str:
    """Which model is better and by how much, in two or three sentences; with more than two, the best and the next."""
    models = comparison.models
    if len(models) > 2:
        models = tuple(sorted(models, key=lambda model: -model.pooled(AFTER)[0.5].panoptic_quality)[1::-1])
    first, second = models
    said = {
        1: f"{second.name} is better than {first.name}.",
        0: f"{second.name} is not better than {first.name}: they differ too little to matter.",
        -1: f"{second.name} is worse than {first.name}.",
    }[better(first, second)]
    cells, count = first.pooled(AFTER)[0.5].n_true, len(first.rows)
    f1, pq = ([_figure(model, at) for model in (second, first)] for at in ("f1", "panoptic_quality"))
    wins = sum(second.quality(cyst) > first.quality(cyst) for cyst in first.rows)
    words = (
        f"{said} Of {cells:,} cells in {count} cyst{'s' * (count != 1)}, {second.name} finds {100 * f1[0]:.0f} % right "
        f"and {first.name} {100 * f1[1]:.0f} % (F1). With how well they are outlined it is {pq[0]:.2f} against "
        f"{pq[1]:.2f} of 1 (PQ)."
    )
    if count > 1:
        words += f" {second.name} was the better one in {wins} of {count} cysts."
    if cells < FEW_CELLS or count < FEW_CYSTS:
        words += " That is little to compare with, so take it as a hint."
    return words


def _figure(model: Compared, name: str) -> float:
    return float(getattr(model.pooled(AFTER)[0.5], name))


def comparison_rows(models: Sequence[Compared]) -> list[tuple[str, str, float, float, float]]:
    """Rows of the table: model, stage, F1 at an overlap of 0.5 and of 0.75, panoptic quality."""
    rows = []
    for stage in STAGES:
        for model in models:
            scores = model.pooled(stage)
            rows.append((model.name, stage, scores[0.5].f1, scores[0.75].f1, scores[0.5].panoptic_quality))
    return rows


def comparison_table(models: Sequence[Compared]) -> str:
    """The same as text."""
    rows = comparison_rows(models)
    width = max(len("model"), *(len(row[0]) for row in rows))
    lines = [f"{'model':<{width}}  {'':<15} F1 at 0.5  F1 at 0.75     PQ"]
    lines += [
        f"{name:<{width}}  {stage:<15} {f1:>9.3f}  {f1_75:>10.3f}  {pq:>5.3f}" for name, stage, f1, f1_75, pq in rows
    ]
    return "\n".join(lines)
