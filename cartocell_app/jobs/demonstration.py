"""The main job on the cyst that comes with the program."""

import threading
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.jobs.batch import BatchChoices, segment_batch
from cartocell_app.jobs.inputs import find_stacks
from cartocell_app.jobs.records import forget_record, read_record
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.segmenting import CELLS, result_paths
from cartocell_app.models import find_model
from cartocell_app.resources import SAMPLE_LABELS, SAMPLE_STACK
from cartocell_app.segmentation.devices import DeviceName


def demonstrate(out: Path, device: DeviceName, report: Reporter, stop: threading.Event) -> str:
    """Segment the sample cyst into `out`.

    Returns
    -------
    str
        What came of it, in sentences: cells, scores against the known truth, times, and where the picture is.
    """
    stacks = find_stacks([SAMPLE_STACK])
    (name,) = stacks
    # A demonstration that only says "done before" shows nothing.
    forget_record(out, name)
    choices = BatchChoices(find_model("auto", device), device=device)
    segment_batch(stacks, out, choices, report, truth_folder=SAMPLE_LABELS.parent, stop=stop)
    record = read_record(out, name)
    row = {} if record is None else record["row"]
    if row.get("state") != "done":
        raise UserError("The sample cyst could not be segmented.", str(row.get("error", "")))
    paths = result_paths(out, name)
    truth = int(row["n_true"])
    return "\n".join(
        (
            f"The sample cyst (synthetic, {truth} cells): {row['cells']} cells found on {row['device']}.",
            f"Against the truth: F1 {row['f1_0.5']:.3f} at IoU 0.5, {row['f1_0.75']:.3f} at IoU 0.75, "
            f"panoptic quality {row['pq_0.5']:.3f}.",
            f"Time: {row['s_total']:.1f} s in all, of it the network {row['s_network']:.1f} s.",
            f"Picture:      {paths['overview']}",
            f"Cells (Fiji): {out / CELLS / (name + '.tif')}",
        )
    )
