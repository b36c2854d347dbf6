"""Which of several models finds cells best, in cysts whose true cells are known."""

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.downsampling import downsample
from cartocell_app.jobs.model_training import make_sets
from cartocell_app.jobs.pairs import RAW, check_same_size, find_pairs
from cartocell_app.jobs.records import fingerprint, provenance, read_record, write_json, write_record
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.jobs.tables import write_table
from cartocell_app.progress import stop_if
from cartocell_app.project.naming import file_safe, unused
from cartocell_app.segmentation.devices import DeviceName
from cartocell_app.segmentation.evaluation import IOU_THRESHOLDS, evaluate_pair
from cartocell_app.segmentation.matching import Scores
from cartocell_app.segmentation.network import Network
from cartocell_app.segmentation.pipeline import segment_stack
from cartocell_app.segmentation.settings import PROFILES
from cartocell_app.stacks.files import DiskError, check_writable, file_hash, remove_partial_files
from cartocell_app.stacks.reading import read_labels

PAIRS = "pairs"
"""Part of the lists of cysts that models are compared with; see `cartocell_app.jobs.model_training.write_cysts`."""

BEFORE, AFTER = "before Voronoi", "after Voronoi"
STAGES = (BEFORE, AFTER)
COMPARISON = "comparison.json"

Row = Mapping[str, Any]
VoxelUm = tuple[float, float, float]


@dataclass(frozen=True)
class Compared:
    """What a model found.

    Attributes
    ----------
    name : str
        Of the model.
    rows : mapping of str to mapping
        Scores of each cyst by its name, at both of `STAGES`, as `cartocell_app.segmentation.evaluation` names them.
    """

    name: str
    rows: Mapping[str, Mapping[str, Row]]

    def pooled(self, stage: str) -> dict[float, Scores]:
        """Scores at each of `IOU_THRESHOLDS` with the cells of all cysts counted together."""
        return {iou: reduce(add, (_scores(row[stage], iou) for row in self.rows.values())) for iou in IOU_THRESHOLDS}

    def quality(self, cyst: str) -> float:
        """Panoptic quality in one cyst, after Voronoi."""
        return float(self.rows[cyst][AFTER]["pq_0.5"])


@dataclass(frozen=True)
class Comparison:
    """What several models found in the same cysts, and the sentences for those that could not be done, by name."""

    models: tuple[Compared, ...]
    failed: Mapping[str, str]


def check_models(models: Sequence[Path]) -> None:
    """Check that there are several models, and that no two are one, before work begins that would say nothing.

    Raises
    ------
    UserError
        If there are fewer than two, or one was given twice, be it as a copy.
    """
    if len(models) < 2:
        raise UserError("One model cannot be compared.", "Give two or more.")
    known: dict[str, Path] = {}
    for path in models:
        identity = _content(path)
        if identity in known:
            again = known[identity].resolve() == path.resolve()
            raise UserError(
                f"The model {path} was given twice." if again else f"{known[identity]} and {path} are the same model.",
                "Give models that differ; auto is the one in the box that suits this computer.",
            )
        known[identity] = path


def pairs_of(
    folder: Path, voxel_um: VoxelUm | None, out: Path, report: Reporter, *, stop: threading.Event | None = None
) -> Path:
    """Set of the cysts to compare with, at the voxel size `voxel_um`.

    Parameters
    ----------
    folder : Path
        With ``x`` and ``y``, or with lists of the part `PAIRS`.
    voxel_um : (z, y, x) or None
        In µm; None leaves them as they are.
    out : Path
        Gets what is made of them.
    report, stop
        As for `downsample`.

    Raises
    ------
    UserError
        If there is nothing to compare with, or none of it can be brought to that size.
    """
    if not (folder / RAW).is_dir() and (folder / f"{PAIRS}-{RAW}.csv").is_file():
        return make_sets(folder, voxel_um, report, parts=(PAIRS,), into=out, stop=stop)[PAIRS]
    find_pairs(folder)
    if voxel_um is None:
        return folder
    coarse = out / "low-resolution"
    result = downsample(folder, coarse, voxel_um, report, stop=stop)
    if not (result.done or result.kept):
        raise UserError("None of the cysts could be made coarser.", f"{result.table} says why.")
    return coarse


def compare_models(
    models: Sequence[Path],
    pairs: Path,
    out: Path,
    report: Reporter,
    *,
    device: DeviceName = "auto",
    stop: threading.Event | None = None,
) -> Comparison:
    """Find the cells of all cysts with each model, and score them; calling it again does only what is missing.

    Parameters
    ----------
    models : sequence of Path
        ONNX files, two at least.
    pairs : Path
        Folder with ``x`` (raw stacks) and ``y`` (their true labels); none of the models should have learnt from them.
    out : Path
        Gets ``comparison.csv`` and ``comparison.json``.
    report : Reporter
        Gets progress and sentences.
    device : str
        Where the networks run.
    stop : threading.Event, optional
        Once set, the work stops within one tile.

    Raises
    ------
    UserError
        As `check_models` does, if a model cannot be opened, or none of the cysts can be done with all of them.
    CancelledError
        If `stop` was set.
    """
    check_models(models)
    names = _names(models)
    stop, cysts = stop or threading.Event(), find_pairs(pairs)
    check_writable(out)
    remove_partial_files(out)
    failed = cysts.complaints()
    found: dict[str, dict[str, Mapping[str, Row]]] = {name: {} for name in names}
    for at, (model, name) in enumerate(zip(models, names, strict=True)):
        network = Network.open(model, device)
        identity = {"model": file_hash(model)}
        for number, (cyst, raw) in enumerate(cysts.raw.items()):
            stop_if(stop.is_set)
            report.overall(at * len(cysts.raw) + number, len(names) * len(cysts.raw))
            report.step(cyst, f"Finding cells with {name}", number, len(cysts.raw))
            try:
                folder = out / "scores" / file_safe(name)
                found[name][cyst] = _scored(cyst, raw, cysts.labels[cyst], network, folder, identity, stop)
            except DiskError:
                raise
            except UserError as error:
                failed[cyst] = str(error)
    done = [cyst for cyst in cysts.raw if cyst not in failed]
    if not done:
        raise UserError("No cyst could be compared.", next(iter(failed.values()), "There are none."))
    compared = tuple(Compared(name, {cyst: found[name][cyst] for cyst in done}) for name in names)
    return Comparison(compared, failed)


def write_comparison(comparison: Comparison, models: Sequence[Path], verdict: str, out: Path) -> None:
    """Write ``comparison.csv``, a row a model, stage and cyst and one for all, and ``comparison.json``."""
    rows: list[dict[str, Any]] = []
    for model in comparison.models:
        for stage in STAGES:
            first = {"model": model.name, "stage": stage}
            rows.append(first | {"cyst": "ALL"} | figures(model.pooled(stage)))
            rows += [
                first | {"cyst": cyst} | figures({iou: _scores(row[stage], iou) for iou in IOU_THRESHOLDS})
                for cyst, row in model.rows.items()
            ]
    write_table(out / "comparison.csv", rows)
    named = zip(models, _names(models), strict=True)
    files = {name: {"file": path.name, "sha256": file_hash(path)} for path, name in named}
    write_json(
        out / COMPARISON,
        provenance() | {"models": files, "verdict": verdict, "rows": rows, "failed": dict(comparison.failed)},
    )


def figures(scores: Mapping[float, Scores]) -> dict[str, Any]:
    """Scores at `IOU_THRESHOLDS` as columns."""
    middle = scores[0.5]
    row: dict[str, Any] = {"n_true": middle.n_true, "n_predicted": middle.n_predicted}
    row |= {f"f1_{iou:g}": each.f1 for iou, each in scores.items()}
    return row | {"pq_0.5": middle.panoptic_quality, "precision_0.5": middle.precision, "recall_0.5": middle.recall}


def _content(path: Path) -> str:
    """Hash of a model; of what cannot be read its place, since opening it says better what is wrong."""
    try:
        return file_hash(path)
    except OSError:
        return str(path.resolve())


def _names(models: Sequence[Path]) -> list[str]:
    """A name for each model: that of its file, behind those of as many of its folders as tell it from the others."""
    parts = [(*path.parent.resolve().parts[1:], path.stem) for path in models]
    depths = [1] * len(parts)
    while True:
        names = [" ".join(its[-depth:]) for its, depth in zip(parts, depths, strict=True)]
        # Disks that do not tell capitals from small letters are common, and folders bear these names.
        often = Counter(name.casefold() for name in names)
        alike = [at for at, name in enumerate(names) if often[name.casefold()] > 1 and depths[at] < len(parts[at])]
        if not alike:
            break
        for at in alike:
            depths[at] += 1
    for at, name in enumerate(names):
        names[at] = unused(name, names[:at])
    return names


def _scored(
    name: str, raw: Path, labels: Path, network: Network, folder: Path, identity: Row, stop: threading.Event
) -> Mapping[str, Row]:
    """Scores of a cyst at both stages, from its record if nothing has changed."""
    mark = fingerprint(raw, {**identity, "labels": fingerprint(labels, {})})
    record = read_record(folder, name)
    if record is not None and record.get("fingerprint") == mark:
        kept: dict[str, Row] = record["row"]
        return kept
    stack, (truth, size) = ReadingChoices().read(raw), read_labels(labels)
    check_same_size(stack.shape, truth.shape)
    if stack.voxel_size is None and size is not None:
        stack = ReadingChoices(voxel_um=size.zyx_um).read(raw)
    result = segment_stack(stack, network, PROFILES[network.card.profile], cancelled=stop.is_set)
    cells = {BEFORE: result.on_input(result.instances.before_voronoi), AFTER: result.labels}
    row = {stage: evaluate_pair(truth, found).as_row("") for stage, found in cells.items()}
    write_record(folder, name, {"fingerprint": mark, "row": row})
    return row


def _scores(row: Row, iou: float) -> Scores:
    tp = int(row[f"tp_{iou:g}"])
    return Scores(iou, int(row["n_true"]), int(row["n_predicted"]), tp, row[f"mean_matched_score_{iou:g}"] * tp)
