"""What a report says of the models of phases 2 and 4: what they learnt from, how it went, cards, who is better."""

import json
from collections.abc import Mapping, Sequence
from math import nan
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs import report_html as html
from cartocell_app.jobs.model_training import LEARN, WATCH, read_cysts, read_rounds
from cartocell_app.project.project import Project
from cartocell_app.project.values import Run, TrainedModel
from cartocell_app.segmentation.model_card import ModelCard, read_card
from cartocell_app.stacks.files import file_hash

LOSS = (("loss", "Cysts it learnt from"), ("validation_loss", "Cysts that watched"))
OVERLAP = (("iou_B", "Cell interiors"), ("iou_C", "Cell borders"), ("iou_M", "Tissue"))
"""Columns of a round, and what they are called for people."""

SETTINGS = {
    "preset": "Preset",
    "epochs": "Rounds at most",
    "steps_per_epoch": "Steps a round",
    "batch": "Pieces a step",
    "patch": "Size of a piece (z, y, x; voxels)",
    "learning_rate": "Greatest size of a step",
    "optimiser": "Optimiser",
    "seed": "Seed",
}
"""Settings of a training that are told, and what they are called for people."""


def model_parts(project: Project, model: TrainedModel) -> list[str]:
    """All that is known of a trained model."""
    run = _training(project, model)
    folder = None if run is None else run.folder
    rounds = [] if folder is None else read_rounds(folder)
    return [
        html.heading("Learnt from", 3),
        *_cysts(project, model, folder),
        html.heading("How the training went", 3),
        html.facts(_course(run, rounds)),
        html.side_by_side(filter(None, (_curves("How far it was off", rounds, LOSS), _overlap(rounds)))),
        html.heading("Settings", 3),
        html.facts(_settings(folder)),
        html.heading("The model's card", 3),
        _card(model.path),
    ]


def comparison_parts(project: Project) -> list[str]:
    """Who is better, M1 or M2, as far as they were compared; from the latest comparison."""
    for run in reversed(project.runs()):
        found = _read(run.folder / "comparison.json") if run.phase == 4 else {}
        if run.state == "done" and found.get("rows"):
            rows = [
                (row["model"], row["stage"], row["f1_0.5"], row["f1_0.75"], row["pq_0.5"])
                for row in found["rows"]
                if row.get("cyst") == "ALL"
            ]
            headers = ("Model", "Stage", "F1 at an overlap of 0.5", "F1 at 0.75", "Panoptic quality")
            verdict = html.paragraph(str(found.get("verdict", "")))
            return [html.heading("Compared", 3), verdict, html.table(headers, rows)]
    return []


def _training(project: Project, model: TrainedModel) -> Run | None:
    try:
        return None if model.run_id is None else project.run(model.run_id)
    except KeyError:
        return None


def _cysts(project: Project, model: TrainedModel, folder: Path | None) -> list[str]:
    known = {sample.id: sample for sample in project.samples()}
    learnt = [known[number] for number in model.trained_on if number in known]
    gone = len(model.trained_on) - len(learnt)
    sentences = [f"{gone} of its cysts {'is' if gone == 1 else 'are'} no longer in the project."] if gone else []
    watching: set[str] = set()
    try:
        watching = set() if folder is None else read_cysts(folder, WATCH).keys() & {one.name for one in learnt}
        count = 0 if folder is None else len(read_cysts(folder, LEARN))
        sentences.append(f"It learnt from {count} cysts; {len(watching)} watched, from which it did not learn.")
    except UserError:
        sentences.append(f"It learnt from {len(model.trained_on)} cysts, with those that watched.")
    rows = [
        (one.name, one.role, one.day, one.condition, one.cells, "watched" if one.name in watching else "learnt from")
        for one in learnt
    ]
    words = [html.paragraph(sentence) for sentence in sentences]
    return [*words, html.table(("Cyst", "Use", "Day", "Condition", "Cells", "In the training"), rows)]


def _course(run: Run | None, rounds: Sequence[Mapping[str, Any]]) -> list[tuple[str, Any]]:
    lines: list[tuple[str, Any]] = []
    if run is not None and run.started is not None and run.ended is not None:
        lines.append(("Begun and ended (UTC)", f"{run.started:%Y-%m-%d %H:%M} – {run.ended:%Y-%m-%d %H:%M}"))
    if rounds:
        best = min(rounds, key=lambda row: row["validation_loss"])
        lines += [
            ("Rounds", f"{len(rounds)} of at most {rounds[-1]['epochs']}"),
            ("Time of all rounds", f"{sum(row['seconds'] for row in rounds) / 60:.1f} min"),
            ("Best round, whose network is the model", best["epoch"]),
            *((f"Overlap (IoU) in the best round: {name}", float(best[key])) for key, name in OVERLAP),
        ]
    return lines


def _curves(
    title: str,
    rounds: Sequence[Mapping[str, Any]],
    columns: Sequence[tuple[str, str]],
    highest: float | None = None,
) -> str:
    series = [(name, [float(row.get(key, nan)) for row in rounds]) for key, name in columns]
    return html.curves(title, series, highest)


def _overlap(rounds: Sequence[Mapping[str, Any]]) -> str:
    return _curves("How well it saw the cysts that watched (overlap, 1 is perfect)", rounds, OVERLAP, 1.0)


def _settings(folder: Path | None) -> list[tuple[str, Any]]:
    run = {} if folder is None else _read(folder / "training" / "run.json")
    settings, program = run.get("settings"), run.get("program")
    lines = [(words, settings.get(key)) for key, words in SETTINGS.items()] if isinstance(settings, dict) else []
    lines.append(("Started from", run.get("start_from")))
    if isinstance(program, dict):
        lines.append(("Programs", ", ".join(f"{name} {version}" for name, version in program.items())))
    lines.append(("Computer", run.get("machine")))
    return [(words, ", ".join(map(str, value)) if isinstance(value, list) else value) for words, value in lines]


def _card(path: Path) -> str:
    try:
        card: ModelCard = read_card(path)
    except UserError as error:
        return html.paragraph(str(error))
    size = "not known"
    if card.voxel_size_um is not None:
        size = " × ".join(f"{um:.4g}" for um in card.voxel_size_um) + " µm (z, y, x)"
    return html.facts(
        (
            ("Name and version", f"{card.name} {card.version}"),
            ("File", path.name),
            ("SHA-256", file_hash(path)),
            ("Works at voxels of", size),
            ("Training", card.training),
            ("Command", card.training_command),
            ("Profile", card.profile),
            *((f"Score: {name}", value) for name, value in card.scores.items()),
            ("Limits", card.limits),
            ("Licence", card.licence),
            ("Made", card.created),
            ("Programs", ", ".join(f"{name} {version}" for name, version in card.software.items())),
        )
    )


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
