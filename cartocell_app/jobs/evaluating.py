"""Scoring files of labels against files of true labels."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.inputs import find_stacks, pair
from cartocell_app.jobs.records import write_json
from cartocell_app.jobs.segmenting import CELLS
from cartocell_app.segmentation.evaluation import Evaluation, evaluate_pair, mean_of, pool
from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.reading import read_labels

NOTHING_TO_SCORE = "There are no labels of that name to score."


@dataclass(frozen=True)
class FileScores:
    """What came of files of true labels.

    Attributes
    ----------
    pairs : dict of str to Evaluation
        Scores of each pair that could be scored, by name.
    failed : dict of str to str
        What is wrong with other pairs, in a sentence, by name.
    without_prediction : tuple of str
        Names of true labels that nothing was found for.
    without_truth : tuple of str
        Names of labels whose truth nobody knows; these say nothing about how good the others are.
    """

    pairs: dict[str, Evaluation]
    failed: dict[str, str]
    without_prediction: tuple[str, ...]
    without_truth: tuple[str, ...]

    def not_scored(self) -> dict[str, str]:
        """Why some true labels are not in the scores, by name."""
        return self.failed | dict.fromkeys(self.without_prediction, NOTHING_TO_SCORE)

    def counts(self) -> dict[str, int]:
        """How many true labels the scores are of, and how many they leave out."""
        return {"n_pairs": len(self.pairs), "n_missing": len(self.without_prediction), "n_failed": len(self.failed)}

    def pooled(self) -> dict[str, float]:
        """Scores with the cells of all files counted together."""
        return pool(list(self.pairs.values())).as_row("")

    def mean(self) -> dict[str, float]:
        """Means of the files' scores."""
        return mean_of(list(self.pairs.values()))


def evaluate_files(truth: Path, predicted: Path, table: Path | None = None, scores: Path | None = None) -> FileScores:
    """Score `predicted` against `truth`, two files or two folders of files with the same names.

    A pair that cannot be scored does not keep the others from it.

    Parameters
    ----------
    truth, predicted : Path
        Label stacks; for `predicted` also a folder that ``cartocell segment`` wrote.
    table : Path, optional
        Gets all scores as CSV: a row for each file of true labels, and ``POOLED`` and ``MEAN`` of those that could be
        scored; a column ``error`` if some could not.
    scores : Path, optional
        Gets the pooled scores as JSON, with `FileScores.counts`.

    Raises
    ------
    UserError
        If nothing pairs, or not a single pair can be scored.
    """
    if (predicted / CELLS).is_dir():
        predicted = predicted / CELLS
    if truth.is_file() and predicted.is_file():
        pairs = {predicted.name: (truth, predicted)}
        only_truth: list[str] = []
        only_predicted: list[str] = []
    else:
        true_files, predicted_files = find_stacks([truth]), find_stacks([predicted])
        both, only_truth, only_predicted = pair(true_files, predicted_files)
        pairs = {name: (true_files[name], predicted_files[name]) for name in both}
    if not pairs:
        raise UserError(f"No file in {predicted} is named like one in {truth}.", "Pairs must have the same name.")
    scored, failed = _score_all(pairs)
    result = FileScores(scored, failed, tuple(only_truth), tuple(only_predicted))
    if table is not None:
        _write_table(result, table)
    if scores is not None:
        write_json(scores, result.pooled() | result.counts())
    return result


def _score_all(pairs: Mapping[str, tuple[Path, Path]]) -> tuple[dict[str, Evaluation], dict[str, str]]:
    """Scores of the pairs by name, and what is wrong with others."""
    scored: dict[str, Evaluation] = {}
    errors: dict[str, UserError] = {}
    for name, (truth, predicted) in pairs.items():
        try:
            scored[name] = evaluate_pair(read_labels(truth)[0], read_labels(predicted)[0])
        except UserError as error:
            errors[name] = error
    if not scored:
        name, first = next(iter(errors.items()))
        more = f" None of the {len(errors)} pairs could be scored." if len(errors) > 1 else ""
        raise UserError(f"{name}: {first.title}", f"{first.body}{more}".strip()) from first
    return scored, {name: str(reason) for name, reason in errors.items()}


def _write_table(result: FileScores, path: Path) -> None:
    import pandas as pd

    rows: dict[str, dict[str, Any]] = {name: scores.as_row("") for name, scores in result.pairs.items()}
    rows |= {name: {"error": reason} for name, reason in result.not_scored().items()}
    named = [{"name": name} | rows[name] for name in sorted(rows)]
    table = pd.DataFrame([*named, {"name": "POOLED"} | result.pooled(), {"name": "MEAN"} | result.mean()])
    columns = ["name", *result.pooled(), *(["error"] if "error" in table else [])]
    with whole_file(path) as partial:
        table[columns].to_csv(partial, index=False, encoding="utf-8-sig", float_format="%.6g")


def scores_table(result: FileScores) -> str:
    """Say the scores in a small table of text."""
    left_out = len(result.not_scored())
    of_all = f" of {len(result.pairs) + left_out}" if left_out else ""
    lines = [f"{len(result.pairs)}{of_all} pair{'s' * (bool(of_all) or len(result.pairs) != 1)}"]
    lines += ["              IoU 0.3   IoU 0.5   IoU 0.75"]
    pooled, mean = result.pooled(), result.mean()
    for words, key in (("F1", "f1"), ("precision", "precision"), ("recall", "recall"), ("quality (PQ)", "pq")):
        lines.append(f"{words:<13}" + "".join(f"{pooled[f'{key}_{iou}']:>9.3f} " for iou in (0.3, 0.5, 0.75)))
    if len(result.pairs) > 1:
        lines.append(f"{'F1, mean':<13}" + "".join(f"{mean[f'f1_{iou}']:>9.3f} " for iou in (0.3, 0.5, 0.75)))
    for names, words in ((result.without_prediction, "labels to score"), (result.without_truth, "true labels")):
        if names:
            lines.append(f"No {words} for: {', '.join(names)}")
    lines += [f"Not scored: {name}: {reason}" for name, reason in result.failed.items()]
    return "\n".join(lines)


def read_scores(path: Path) -> dict[str, float]:
    """Read what `evaluate_files` wrote as `scores`.

    Raises
    ------
    UserError
        If the file is missing or something else.
    """
    try:
        scores = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): float(value) for name, value in scores.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UserError(f"{path} holds no scores.", "Give a file that `cartocell evaluate --scores` wrote.") from error
