"""Everything that is shown of one sample's results, made off the window's thread."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.desktop.results.doubts import Doubt, doubts_of
from cartocell_app.jobs.measurements import Measurements, measured_labels
from cartocell_app.jobs.records import read_record
from cartocell_app.stacks.reading import stem
from cartocell_app.stacks.voxel_size import VoxelSize

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

HIGHEST_IN_A_TABLE = 1 << 22
"""Above this label, a row of colours for each number up to it would be too long."""


@dataclass(frozen=True)
class SampleResults:
    """What is known of a segmented sample.

    Attributes
    ----------
    sample : Sample
        As it was when asked for.
    voxel_size : VoxelSize
        That it was measured with.
    shape : tuple of int
        Size (z, y, x) of the stack in voxels.
    measurements : Measurements
    colours : (n, 3) ndarray of uint8
        RGB of each row of the table of cells, as in the viewer.
    doubts : tuple of Doubt
    row : dict
        The row of ``summary.csv``: scores, seconds, model, device, notes; empty if there is none.
    """

    sample: "Sample"
    voxel_size: VoxelSize
    shape: tuple[int, int, int]
    measurements: Measurements
    colours: NDArray[np.uint8]
    doubts: tuple[Doubt, ...]
    row: dict[str, Any]


def load_results(sample: "Sample") -> SampleResults:
    """Read and measure what there is of a segmented sample.

    Raises
    ------
    UserError
        If the labels cannot be read; an `UnknownVoxelSizeError` if nobody knows the voxel size.
    """
    from cartocell_app.jobs.curation import curate

    assert sample.labels is not None
    known = measured_labels(sample.labels, sample.voxel_size)
    z, y, x = known.labels.shape
    return SampleResults(
        sample,
        known.voxel_size,
        (z, y, x),
        known.measurements,
        colours_of(known.labels, known.measurements.cells["label"].to_numpy()),
        doubts_of(curate(known.labels, known.voxel_size.zyx_um)),
        summary_row(sample),
    )


def summary_row(sample: "Sample") -> dict[str, Any]:
    """What the segmentation noted about a sample: cells, scores, seconds, model, device; empty if nothing."""
    if sample.results is None or sample.labels is None:
        return {}
    # A sample may be renamed; its files are not.
    for name in (stem(Path(sample.labels)), sample.name):
        record = read_record(Path(sample.results), name)
        if record is not None:
            return dict(record["row"])
    return {}


def colours_of(labels: NDArray[Any], ids: NDArray[np.int64]) -> NDArray[np.uint8]:
    """RGB (n, 3) of the cells with these labels, as everywhere else."""
    import fastremap

    from cartocell_app.segmentation.colours import label_colours

    if not len(ids):
        return np.zeros((0, 3), np.uint8)
    if ids[-1] <= HIGHEST_IN_A_TABLE:
        return label_colours(labels)[ids]
    numbers = {0: 0} | {int(label): number for number, label in enumerate(ids, start=1)}
    return label_colours(fastremap.remap(labels, numbers).astype(np.uint32))[1:]
