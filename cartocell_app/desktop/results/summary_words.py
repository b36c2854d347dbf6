"""A cyst's summary as titled groups of lines, ready to be shown or copied."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cartocell_app.desktop.results.words import count_words, number_words, with_unit
from cartocell_app.morphology.measures import CYST_MEASURES, MEASURES, Measure, measure_named

if TYPE_CHECKING:
    from cartocell_app.desktop.results.loading import SampleResults

SCORES = (
    ("f1_0.5", "F1 at IoU 0.5", "1 is perfect: all true cells found, none invented, each overlapping by half."),
    ("f1_0.75", "F1 at IoU 0.75", "The same, but only cells that overlap by three quarters count."),
    ("precision_0.5", "Precision", "Share of the cells found that are true ones, at an overlap of half."),
    ("recall_0.5", "Recall", "Share of the true cells that were found, at an overlap of half."),
    ("pq_0.5", "Panoptic quality", "F1 times the mean overlap of matched cells."),
)  # fmt: skip
"""Columns of ``summary.csv`` to show where the truth is known, with title and meaning."""

SECONDS = (
    ("s_total", "In all", "From reading to the last file written."),
    ("s_network", "Network", "The network's three probability maps."),
    ("s_cells", "Cells", "Seeds, watershed and Voronoi."),
    ("s_write", "Files", "Writing all results."),
)

HOW = (
    ("model", "Model", "The network that found the cells."),
    ("profile", "Profile", "How probability maps became cells."),
    ("device", "Device", "Where the network ran."),
    ("channel", "Channel", "The channel with the cell outlines."),
)


@dataclass(frozen=True)
class Line:
    """A titled value.

    Attributes
    ----------
    title, value : str
    words : str
        What it is, in a sentence.
    before : str
        The same value before Voronoi, where there is one.
    """

    title: str
    value: str
    words: str
    before: str = ""


@dataclass(frozen=True)
class Group:
    """Lines that belong together.

    Attributes
    ----------
    title : str
    lines : tuple of Line
    has_before : bool
        Whether lines have a value before Voronoi too.
    """

    title: str
    lines: tuple[Line, ...]
    has_before: bool = False


def headline(results: "SampleResults") -> str:
    """Cells and voxel size: ``"82 cells · 0.70 × 0.62 × 0.62 µm (ImageJ tag)"``."""
    size = results.voxel_size
    lengths = " × ".join(f"{edge_um:.3g}" for edge_um in size)
    return f"{count_words(len(results.measurements.cells), 'cell')} · {lengths} µm ({size.source})"


def groups_of(results: "SampleResults") -> tuple[Group, ...]:
    """All groups of a sample's summary that have something to say."""
    cyst, row = results.measurements.cyst, results.row
    groups = (
        _cyst(cyst),
        _cells(cyst),
        _scores(row),
        _plain("How", HOW, {name: str(row[name]) for name, *_ in HOW if row.get(name)}),
        _plain("Time", SECONDS, {name: with_unit(float(row[name]), 1, "s") for name, *_ in SECONDS if name in row}),
    )
    return tuple(group for group in groups if group.lines)


def as_text(name: str, groups: tuple[Group, ...]) -> str:
    """The summary as plain text, for the clipboard."""
    lines = [name]
    for group in groups:
        lines += ["", group.title]
        lines += [f"{line.title}\t{line.value}" + (f"\t{line.before}" if line.before else "") for line in group.lines]
    return "\n".join(lines) + "\n"


def _cyst(cyst: Mapping[str, Any]) -> Group:
    def line(name: str, value: str) -> Line:
        measure = measure_named(name, CYST_MEASURES)
        return Line(measure.title, value, measure.words)

    def amount(name: str) -> str:
        measure = measure_named(name, CYST_MEASURES)
        return with_unit(cyst[name], measure.decimals, measure.unit)

    at_frame = f" ({number_words(cyst['cells_at_border'], 0)} at the frame)" if cyst["cells_at_border"] else ""
    kind = {"closed": "closed", "open": "open to the outside", "none": "none found"}[cyst["lumen"]]
    several = f", {cyst['lumens']} of them" if cyst["lumens"] > 1 else ""
    lines = [
        line("cells", number_words(cyst["cells"], 0) + at_frame),
        line("tissue_um3", amount("tissue_um3")),
        line("lumen", kind + several),
    ]
    if cyst["lumen"] == "closed":
        lines.append(line("lumen_um3", amount("lumen_um3")))
    lines.append(line("outer_diameter_um", amount("outer_diameter_um")))
    return Group("Cyst", tuple(lines))


def _cells(cyst: Mapping[str, Any]) -> Group:
    whole = cyst["cells"] - cyst["cells_at_border"]
    averaged: list[Measure] = [measure for measure in MEASURES if measure.is_averaged]
    if not whole:
        return Group("", ())
    lines = tuple(
        Line(measure.title, _mean_and_sd(cyst, measure), f"{measure.words} Mean ± standard deviation.")
        for measure in averaged
    )
    return Group(f"Mean ± SD of {count_words(whole, 'whole cell')}", lines)


def _mean_and_sd(cyst: Mapping[str, Any], measure: Measure) -> str:
    decimals = max(measure.decimals, 1)
    mean, sd = (number_words(cyst[f"{kind}_{measure.name}"], decimals) for kind in ("mean", "sd"))
    return f"{mean} ± {sd}" + (f"\u00a0{measure.unit}" if measure.unit else "")


def _scores(row: Mapping[str, Any]) -> Group:
    lines = tuple(
        Line(title, number_words(float(row[name]), 3), words, number_words(row.get(f"before_voronoi_{name}"), 3))
        for name, title, words in SCORES
        if name in row
    )
    return Group("Against the truth", lines, has_before=True)


def _plain(title: str, entries: tuple[tuple[str, str, str], ...], values: Mapping[str, str]) -> Group:
    return Group(title, tuple(Line(name, values[key], words) for key, name, words in entries if key in values))
