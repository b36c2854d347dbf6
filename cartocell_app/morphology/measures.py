"""What is measured: each quantity's name, unit and meaning, said once for files, tables and tooltips."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["int64", "float64", "bool", "str"]


@dataclass(frozen=True)
class Measure:
    """One column of a table of measurements.

    Parameters
    ----------
    name : str
        Of the column in CSV files and data frames; it ends in its unit: ``"volume_um3"``.
    title : str
        For people, without the unit: ``"Volume"``.
    unit : str
        As people write it: ``"µm³"``; empty if there is none.
    words : str
        What it is, in sentences.
    dtype : {"int64", "float64", "bool", "str"}
        Of its values. Of floats, NaN means that it could not be measured.
    decimals : int
        Places after the point in tables on the screen.
    is_averaged : bool
        Whether its mean over the cells of a cyst says something.
    """

    name: str
    title: str
    unit: str
    words: str
    dtype: Kind = "float64"
    decimals: int = 1
    is_averaged: bool = False

    @property
    def header(self) -> str:
        """Title with unit: ``"Volume (µm³)"``."""
        return f"{self.title} ({self.unit})" if self.unit else self.title


AXES_WORDS = "in µm from the corner of the stack, along {}: as in the viewer and in Fiji."

MEASURES = (
    Measure("label", "Cell", "", "Number of the cell in the label stack.", "int64", 0),
    Measure("volume_um3", "Volume", "µm³", "All voxels of the cell.", is_averaged=True),
    Measure(
        "equivalent_diameter_um",
        "Diameter",
        "µm",
        "Diameter of the ball with the cell's volume.",
        decimals=2,
        is_averaged=True,
    ),
    Measure(
        "surface_um2",
        "Surface",
        "µm²",
        "Whole surface: towards neighbours, lumen and outside. Where the frame cuts a cell there is none. "
        "Estimated from lines in 13 directions, which does not count the steps of voxels.",
        is_averaged=True,
    ),
    Measure("contact_um2", "Contact", "µm²", "The part of the surface that is shared with neighbours."),
    Measure("neighbours", "Neighbours", "", "Number of cells that share a wall with it.", "int64", 0, is_averaged=True),
    Measure("neighbour_labels", "Neighbour cells", "", "Numbers of its neighbours.", "str"),
    Measure(
        "touches_border",
        "At the frame",
        "",
        "Whether it reaches a face of the stack: part of it may be missing, so it is left out of means.",
        "bool",
    ),
    Measure("centroid_z_um", "Centre z", "µm", "Mean place of its voxels, " + AXES_WORDS.format("z")),
    Measure("centroid_y_um", "Centre y", "µm", "Mean place of its voxels, " + AXES_WORDS.format("y")),
    Measure("centroid_x_um", "Centre x", "µm", "Mean place of its voxels, " + AXES_WORDS.format("x")),
)
"""Of each cell."""

CONTACT_MEASURES = (
    Measure("label", "Cell", "", "Number of a cell.", "int64", 0),
    Measure("neighbour", "Neighbour", "", "Number of its neighbour; each pair stands once.", "int64", 0),
    Measure("contact_um2", "Contact", "µm²", "Surface that the two share."),
)
"""Of each two cells that share a wall."""


def _averages(measures: Iterable[Measure]) -> Iterable[Measure]:
    """Mean and standard deviation of each averaged measure."""
    for measure in (one for one in measures if one.is_averaged):
        words = f"{measure.words} {{}} of the cells that do not touch the frame."
        for kind, title, which in (("mean", "mean", "Mean"), ("sd", "SD", "Standard deviation (n - 1)")):
            yield Measure(
                f"{kind}_{measure.name}",
                f"{measure.title}, {title}",
                measure.unit,
                words.format(which),
                decimals=max(measure.decimals, 1),
            )


CYST_MEASURES = (
    Measure("cells", "Cells", "", "Number of cells.", "int64", 0),
    Measure("cells_at_border", "Cells at the frame", "", "Cells that reach a face of the stack.", "int64", 0),
    Measure("tissue_um3", "Tissue", "µm³", "Volume of all cells together.", decimals=0),
    Measure(
        "lumen",
        "Lumen",
        "",
        "closed: tissue on all sides; open: a gap in the tissue leads outside; none: not to be found.",
        "str",
    ),
    Measure("lumens", "Lumens", "", "Number of separate lumens.", "int64", 0),
    Measure("lumen_um3", "Lumen volume", "µm³", "Volume of closed lumens; empty for an open one.", decimals=0),
    Measure(
        "outer_diameter_um",
        "Outer diameter",
        "µm",
        "Diameter of the ball with the volume of the largest piece of tissue and the lumens in it.",
    ),
    *_averages(MEASURES),
)
"""Of each cyst, that is of each stack."""


def measure_named(name: str, measures: Iterable[Measure] = MEASURES) -> Measure:
    """Find the measure of a column.

    Raises
    ------
    KeyError
        If there is none of that name.
    """
    for measure in measures:
        if measure.name == name:
            return measure
    raise KeyError(name)
