"""What a report says of the cysts of phases 1, 3 and 5: counts, pictures, a row for each."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs import report_html as html
from cartocell_app.jobs.measurements import measurements_of
from cartocell_app.jobs.segmenting import ReadingChoices
from cartocell_app.jobs.slice_pictures import outlined_slice
from cartocell_app.progress import Cancelled, stop_if
from cartocell_app.project.project import Project
from cartocell_app.project.values import Sample
from cartocell_app.stacks.reading import read_labels

MOST_PICTURES = 9
"""Of a phase; more are as good as unseen, and make the file large."""

WITHOUT = "not said"
"""Day or condition of a cyst where nobody said them."""

KINDS = {
    "segmented": "found by a network",
    "curated": "corrected by hand",
    "imported": "made with another program, and imported",
}
"""Where labels come from."""

MEASURED = (
    ("outer_diameter_um", "Diameter (µm)"),
    ("lumen_um3", "Lumen (µm³)"),
    ("mean_volume_um3", "Volume of a cell (µm³)"),
    ("mean_neighbours", "Neighbours of a cell"),
)
"""What is told of cysts that were measured: columns of `CYST_MEASURES`, and what they are called here."""


@dataclass(frozen=True)
class Group:
    """Cysts of one day and condition."""

    day: str
    condition: str
    cysts: tuple[Sample, ...]

    def count(self, *states: str) -> int:
        """How many are in one of `states`."""
        return sum(cyst.state in states for cyst in self.cysts)

    @property
    def cells(self) -> int | None:
        """Cells of those that were not rejected; None if none was counted."""
        known = [cyst.cells for cyst in self.cysts if cyst.cells is not None and cyst.state != "rejected"]
        return sum(known) if known else None


def by_day_and_condition(cysts: Sequence[Sample]) -> list[Group]:
    """Groups in the order of days, as numbers, and of conditions."""
    keys = {(cyst.day or WITHOUT, cyst.condition or WITHOUT) for cyst in cysts}
    return [
        Group(day, condition, tuple(c for c in cysts if (c.day or WITHOUT, c.condition or WITHOUT) == (day, condition)))
        for day, condition in sorted(keys, key=lambda key: (_day_number(key[0]), key))
    ]


def counts(cysts: Sequence[Sample]) -> str:
    """Table of how many cysts there are of each day and condition, and in all."""
    groups = by_day_and_condition(cysts)
    rows = [_count_row(group) for group in groups]
    if len(groups) > 1:
        rows.append(_count_row(Group("All", "", tuple(cysts))))
    headers = ("Day", "Condition", "Cysts", "Accepted", "Rejected", "Waiting", "Not done", "Cells")
    return html.table(headers, rows)


def labels_in_words(project: Project, cysts: Sequence[Sample]) -> list[str]:
    """Where the present labels come from, and how many were corrected, in sentences."""
    latest = [versions[-1] for cyst in cysts if (versions := project.label_versions(cyst.id))]
    return [
        f"{count} of {len(latest)} label stacks were {words}."
        for kind, words in KINDS.items()
        if (count := sum(label.kind == kind for label in latest))
    ]


def cyst_table(cysts: Sequence[Sample]) -> str:
    """A row for each cyst."""
    rows = [
        (
            cyst.name, cyst.day, cyst.condition, _size(cyst), cyst.cells, cyst.state, cyst.reason,
        )
        for cyst in cysts
    ]  # fmt: skip
    return html.table(("Cyst", "Day", "Condition", "Voxel (z, y, x; µm)", "Cells", "State", "Remark"), rows)


def measured_table(cysts: Sequence[Sample], cancelled: Cancelled) -> str:
    """Means over the cysts of each day and condition; those that cannot be measured are left out."""
    values = {}
    for cyst in cysts:
        stop_if(cancelled)
        try:
            assert cyst.labels is not None
            values[cyst.id] = measurements_of(cyst.labels, cyst.voxel_size).cyst
        except UserError:
            continue
    rows = []
    for group in by_day_and_condition([cyst for cyst in cysts if cyst.id in values]):
        of_group = [values[cyst.id] for cyst in group.cysts]
        means = [_mean([float(one[column]) for one in of_group]) for column, _ in MEASURED]
        rows.append((group.day, group.condition, len(of_group), _mean([one["cells"] for one in of_group]), *means))
    return html.table(("Day", "Condition", "Cysts", "Cells a cyst", *(title for _, title in MEASURED)), rows)


def pictures(cysts: Sequence[Sample], cancelled: Cancelled) -> str:
    """Middle slices with outlines of some cysts, in turn of each day and condition."""
    shown: list[html.Picture] = []
    for cyst in _in_turn([cyst for cyst in cysts if cyst.labels is not None and not cyst.missing]):
        stop_if(cancelled)
        if len(shown) == MOST_PICTURES:
            break
        try:
            assert cyst.labels is not None
            labels, _ = read_labels(cyst.labels)
            voxel_um = None if cyst.voxel_size is None else cyst.voxel_size.zyx_um
            stack = ReadingChoices(cyst.scene, cyst.channel, cyst.time, voxel_um).read(cyst.path)
        except UserError:
            continue  # the table tells of it; a report is not the place to mend it
        if stack.shape == labels.shape:
            known = [cyst.name, cyst.day, cyst.condition, None if cyst.cells is None else f"{cyst.cells} cells"]
            png = outlined_slice(stack.data, labels, stack.voxel_size)
            shown.append(html.Picture(png, ", ".join(filter(None, known))))
    return html.pictures(shown)


def segmentation_facts(cysts: Sequence[Sample]) -> str:
    """With which models and settings the cysts were segmented, a row for each way."""
    ways: dict[tuple[str, ...], int] = {}
    for cyst in (cyst for cyst in cysts if cyst.results is not None):
        way = _way(cyst)
        ways[way] = ways.get(way, 0) + 1
    rows = [(*way, count) for way, count in sorted(ways.items()) if way != _NO_WAY]
    return html.table(("Model", "SHA-256 of the model", "Profile", "CartoCell", "When", "Cysts"), rows)


_NO_WAY = ("", "", "", "", "")


def _way(cyst: Sample) -> tuple[str, ...]:
    assert cyst.results is not None
    try:
        run: dict[str, Any] = json.loads((cyst.results / "run.json").read_text(encoding="utf-8"))
        run |= run.get("stacks", {}).get(cyst.name, {})  # where it was segmented otherwise than the last of the folder
        card, hashed = run["model"]["card"], str(run["model"]["sha256"])
        profile = run.get("profile") or run.get("settings", {}).get("profile") or card.get("profile", "")
        when = str(run["time"])[:16].replace("T", " ")
        return f"{card['name']} {card['version']}", hashed[:16], str(profile), str(run["program"]["cartocell"]), when
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return _NO_WAY


def _count_row(group: Group) -> tuple[Any, ...]:
    waiting = group.count("segmented", "curated")
    undone = group.count("to do", "running", "failed")
    accepted, rejected = group.count("accepted"), group.count("rejected")
    return group.day, group.condition, len(group.cysts), accepted, rejected, waiting, undone, group.cells


def _size(cyst: Sample) -> str | None:
    return None if cyst.voxel_size is None else " × ".join(f"{edge_um:.4g}" for edge_um in cyst.voxel_size)


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if value == value]
    return float(mean(known)) if known else None


def _in_turn(cysts: Sequence[Sample]) -> Iterator[Sample]:
    """Good cysts before others, and one of each day and condition before a second one of any."""
    good = [cyst for cyst in cysts if cyst.state != "rejected"]
    groups = [list(group.cysts) for group in by_day_and_condition(good)]
    while any(groups):
        for group in groups:
            if group:
                yield group.pop(0)


def _day_number(day: str) -> float:
    number = day.partition(" ")[0]
    return float(number) if number.isdecimal() else float("inf")
