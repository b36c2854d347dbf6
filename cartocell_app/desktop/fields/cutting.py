"""Fields in the project: their boxes, the run that cuts them up, and the cysts that come of it."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cartocell_app.desktop.importing.segmenting import LIST, cysts_in_words, stack_rows
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.desktop.jobs.queue import JobQueue
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import NewSample, Run, Sample
    from cartocell_app.stacks.boxes import Box

log = logging.getLogger(__name__)

KIND = "crop"
PHASE = 3
BOXES, CYSTS = "boxes.csv", "cysts"
"""In the run's folder: the boxes that are cut out, and what is cut out."""

WIDE_UM = 300.0
"""A low-resolution stack this wide and high may well be a field: cysts of 10 days are 100 µm wide."""


def fields_of(samples: Sequence[Sample]) -> list[Sample]:
    """Samples that are fields."""
    return [sample for sample in samples if sample.role == "field"]


def perhaps_fields(samples: Sequence[Sample]) -> list[Sample]:
    """Low-resolution samples that are so wide that they may be fields of several cysts, and have no cells yet."""
    wide = []
    for sample in samples:
        is_new = sample.role == "low-resolution" and sample.state == "to do" and sample.cut_out is None
        if is_new and sample.voxel_size is not None and sample.shape is not None:
            edges_um = [edge * um for edge, um in zip(sample.shape, sample.voxel_size, strict=True)]
            if min(edges_um[1:]) >= WIDE_UM:
                wide.append(sample)
    return wide


def cut_out_of(samples: Sequence[Sample], field_id: int) -> list[Sample]:
    """Cysts that were cut out of a field."""
    return [sample for sample in samples if sample.cut_out is not None and sample.cut_out.field_id == field_id]


def is_being_cut(project: Project, field_id: int) -> bool:
    """Whether cysts of a field are being cut out, or wait for it."""
    from cartocell_app.project.values import UNFINISHED

    return any(run.kind == KIND and field_id in run.sample_ids and run.state in UNFINISHED for run in project.runs())


def boxes_path(project: Project, field_id: int) -> Path:
    """Where the boxes of a field are kept."""
    return project.folder / "fields" / f"{field_id:04d}" / BOXES


def kept_boxes(project: Project, field: Sample) -> list[Box] | None:
    """Boxes of a field as they were left, and those whose cysts were cut out; None if nobody looked for any yet."""
    from cartocell_app.jobs.box_table import read_boxes
    from cartocell_app.stacks.boxes import box_in

    path = boxes_path(project, field.id)
    cut = [cyst.cut_out for cyst in cut_out_of(project.samples(), field.id) if cyst.cut_out is not None]
    if not path.is_file() and not cut:
        return None
    its: list[Box] = []
    try:
        # Under its number, since a field may be renamed.
        its = read_boxes(path, [str(field.id)]).get(str(field.id), []) if path.is_file() else []
    except UserError as error:
        log.warning("the boxes of %s are looked for anew: %s", field.name, error)
    boxes = {box.number: (box.start_vox, box.stop_vox) for box in its}
    boxes |= {place.number: (place.start_vox, place.stop_vox) for place in cut}
    shape = field.shape
    if shape is None:
        return None
    return [box_in(shape, number, start, stop) for number, (start, stop) in sorted(boxes.items())]


def keep_boxes(project: Project, field_id: int, boxes: Sequence[Box]) -> None:
    """Keep the boxes of a field for the next time.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    from cartocell_app.jobs.box_table import write_boxes

    write_boxes(boxes_path(project, field_id), {str(field_id): boxes})


def start_cutting(project: Project, queue: JobQueue, field: Sample, boxes: Sequence[Box]) -> Run:
    """Put the cutting of `boxes` out of a field into the queue.

    Raises
    ------
    UserError
        If the folder of the run cannot be written.
    """

    def make_words(folder: Path) -> list[str]:
        from cartocell_app.jobs.box_table import write_boxes
        from cartocell_app.jobs.stack_list import write_stack_list

        write_stack_list(folder / LIST, stack_rows([field]))
        write_boxes(folder / BOXES, {field.name: boxes})
        places = ("--list", folder / LIST, "--boxes", folder / BOXES, "--output", folder / CYSTS)
        return [KIND, *map(str, places)]

    title = f"Cut {cysts_in_words(len(boxes))} out of {field.name}"
    run = project.new_run(KIND, title, [field.id], make_words, phase=PHASE)
    queue.add(run)
    return run


def take_in_cut(project: Project, run: Run) -> int:
    """Add the cysts that a run cut out to the project, if that was not done; says how many were added now.

    They are for labelling with M1, and take day, condition and voxel size along from their field.

    Raises
    ------
    UserError
        If the table of the run cannot be read.
    """
    from cartocell_app.jobs.box_table import read_boxes
    from cartocell_app.jobs.cropping import CROPS
    from cartocell_app.jobs.stack_list import read_stack_list

    table = run.folder / CYSTS / CROPS
    if project.read_only or not table.is_file():
        return 0
    (name,) = read_stack_list(run.folder / LIST)
    field = next((sample for sample in project.samples() if sample.id in run.sample_ids), None)
    if field is None:
        return 0
    cysts: dict[str, list[NewSample]] = defaultdict(list)
    for box in read_boxes(table, [name]).get(name, []):
        cysts[name].append(_cyst(run.folder / CYSTS / f"{name}_cyst{box.number:02d}.tif", field, box))
    return len(project.take_in_cysts(run.id, cysts))


def _cyst(path: Path, field: Sample, box: Box) -> NewSample:
    from cartocell_app.project.values import CutOut, NewSample

    return NewSample(
        path=path,
        voxel_size=field.voxel_size,
        shape=box.shape,
        dtype=field.dtype,
        channel_name=field.channel_name,
        day=field.day,
        condition=field.condition,
        role="low-resolution",
        cut_out=CutOut(field.id, box.number, box.start_vox, box.stop_vox),
    )
