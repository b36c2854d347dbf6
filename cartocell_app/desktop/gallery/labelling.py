"""Labelling low-resolution cysts with M1, and labelling those again that an earlier M1 labelled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cartocell_app.desktop.importing.segmenting import LIST, SegmentChoices, cysts_in_words, segment_words, stack_rows

if TYPE_CHECKING:
    from pathlib import Path

    from cartocell_app.desktop.jobs.queue import JobQueue
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, Sample

PHASE, MODEL = 3, "M1"


def cysts_to_label(samples: Sequence[Sample]) -> list[Sample]:
    """Low-resolution cysts that have no cells yet and can be read."""
    return [sample for sample in samples if _can_be_labelled(sample) and sample.state in ("to do", "failed")]


def cysts_to_label_again(project: Project) -> list[Sample]:
    """Low-resolution cysts that an earlier M1 labelled, or another model before it, and nobody corrected."""
    model = project.models().get(MODEL)
    if model is None:
        return []
    times = project.segmented_times()
    return [
        sample
        for sample in project.samples()
        if _can_be_labelled(sample)
        and sample.state in ("segmented", "accepted", "rejected")
        and sample.id in times
        and times[sample.id] < model.made
    ]


def why_no_labels(project: Project | None) -> str:
    """Why nothing can be labelled now, and what to do; empty if something can."""
    if project is None:
        return "Open or make a project first."
    if project.read_only:
        return project.why_read_only
    if MODEL not in project.models():
        return f"{MODEL} comes first: train it in phase 2."
    samples = project.samples()
    if not any(sample.role == "low-resolution" for sample in samples):
        if any(sample.role == "field" for sample in samples):
            return "Cut the cysts out of your fields first."
        return "Add low-resolution stacks, and say so: right-click them in the list, Use for, Low-resolution cysts."
    return "" if cysts_to_label(samples) else "All low-resolution cysts are labelled."


def start_labelling(project: Project, queue: JobQueue, samples: Sequence[Sample]) -> Run:
    """Put the labelling of `samples` with the project's M1 into the queue.

    Raises
    ------
    UserError
        If the folder of the run cannot be written.
    """
    model = project.models()[MODEL].path

    def make_words(folder: Path) -> list[str]:
        from cartocell_app.jobs.stack_list import write_stack_list

        write_stack_list(folder / LIST, stack_rows(samples))
        return segment_words(folder, SegmentChoices(str(model), "auto"))

    title = f"Label {cysts_in_words(len(samples))} with {MODEL}"
    run = project.new_run("segment", title, [sample.id for sample in samples], make_words, phase=PHASE)
    queue.add(run)
    return run


def _can_be_labelled(sample: Sample) -> bool:
    return sample.role == "low-resolution" and sample.voxel_size is not None and not sample.missing
