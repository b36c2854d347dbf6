"""Scoring files of labels against files of true labels."""

import json
from dataclasses import dataclass
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.jobs.inputs import find_stacks, pair
from cartocell_app.jobs.records import write_json
from cartocell_app.jobs.segmenting import CELLS
from cartocell_app.segmentation.evaluation import Evaluation, evaluate_pair, mean_of, pool
from cartocell_app.stacks.files import whole_file
from cartocell_app.stacks.reading import read_labels


@dataclass(frozen=True)
class FileScores:
    """Scores of each pair of files by name, and the names without a partner."""

    pairs: dict[str, Evaluation]
    without_prediction: tuple[str, ...]
    without_truth: tuple[str, ...]

    def pooled(self) -> dict[str, float]:
        """Scores with the cells of all files counted together."""
        return pool(list(self.pairs.values())).as_row("")

    def mean(self) -> dict[str, float]:
        """Means of the files' scores."""
        return mean_of(list(self.pairs.values()))


def evaluate_files(truth: Path, predicted: Path, table: Path | None = None, scores: Path | None = None) -> FileScores:
    """Score `predicted` against `truth`, two files or two folders of files with the same names.

    Parameters
    ----------
    truth, predicted : Path
        Label stacks; for `predicted` also a folder that ``cartocell segment`` wrote.
    table : Path, optional
        Gets all scores as CSV: a row a file, and ``POOLED`` and ``MEAN``.
    scores : Path, optional
        Gets the pooled scores as JSON.

    Raises
    ------
    UserError
        If nothing pairs, or a pair's sizes differ.
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
    result = FileScores(
        {name: _score(name, *paths) for name, paths in pairs.items()}, tuple(only_truth), tuple(only_predicted)
    )
    if table is not None:
        _write_table(result, table)
    if scores is not None:
        write_json(scores, result.pooled())
    return result


def _score(name: str, truth: Path, predicted: Path) -> Evaluation:
    try:
        return evaluate_pair(read_labels(truth)[0], read_labels(predicted)[0])
    except UserError as error:
        raise UserError(f"{name}: {error.title}", error.body) from error


def _write_table(result: FileScores, path: Path) -> None:
    import pandas as pd

    rows = [{"name": name} | scores.as_row("") for name, scores in result.pairs.items()]
    rows += [{"name": "POOLED"} | result.pooled(), {"name": "MEAN"} | result.mean()]
    with whole_file(path) as partial:
        pd.DataFrame(rows).to_csv(partial, index=False, encoding="utf-8-sig", float_format="%.6g")


def scores_table(result: FileScores) -> str:
    """Say the scores in a small table of text."""
    lines = [f"{len(result.pairs)} pair{'s' * (len(result.pairs) != 1)}"]
    lines += ["              IoU 0.3   IoU 0.5   IoU 0.75"]
    pooled, mean = result.pooled(), result.mean()
    for words, key in (("F1", "f1"), ("precision", "precision"), ("recall", "recall"), ("quality (PQ)", "pq")):
        lines.append(f"{words:<13}" + "".join(f"{pooled[f'{key}_{iou}']:>9.3f} " for iou in (0.3, 0.5, 0.75)))
    if len(result.pairs) > 1:
        lines.append(f"{'F1, mean':<13}" + "".join(f"{mean[f'f1_{iou}']:>9.3f} " for iou in (0.3, 0.5, 0.75)))
    for names, words in ((result.without_prediction, "labels to score"), (result.without_truth, "true labels")):
        if names:
            lines.append(f"No {words} for: {', '.join(names)}")
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
