"""Making a run out of what was chosen, and putting it into the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.desktop.importing.candidates import GIVEN
from cartocell_app.jobs.forecast import Subject

if TYPE_CHECKING:
    from cartocell_app.desktop.importing.candidates import Candidate
    from cartocell_app.desktop.jobs.queue import JobQueue
    from cartocell_app.jobs.segmenting import ReadingChoices
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Role, Run, Sample

LIST = "stacks.csv"

PHASE_OF_ROLE: dict[Role, int] = {"high-resolution": 1, "low-resolution": 3, "new": 5}
"""In which phase the cells of samples are found."""


@dataclass(frozen=True)
class SegmentChoices:
    """How stacks are segmented.

    Attributes
    ----------
    model : str
        ``"auto"``, the name of a model in the box, or a path.
    profile : str
        How maps become cells; one of the profiles of `cartocell segment`.
    device : str
        Where the network runs.
    cell_width_um : int or None
        About how wide cells are; None as the profile says.
    views : 1, 2 or None
        How often the network looks at each stack; None as the profile says.
    """

    model: str = "auto"
    profile: str = "default"
    device: str = "auto"
    cell_width_um: int | None = None
    views: int | None = None


def subject_of_sample(sample: Sample) -> Subject:
    """What a forecast needs to know of a sample."""
    return Subject(sample.name, sample.shape, sample.voxel_size, sample.channel_name or "")


def subject_of_candidate(candidate: Candidate) -> Subject:
    """What a forecast needs to know of a stack that is still to be imported."""
    several = len(candidate.channels) > 1 and candidate.channel is not None
    channel = candidate.channels[candidate.channel or 0] if several else ""
    shape = None if candidate.info is None else candidate.info.shape
    return Subject(candidate.name, shape, candidate.voxel_size, channel)


def cysts_in_words(number: int) -> str:
    """``"60 cysts"``."""
    return f"{number:,} cyst{'s' * (number != 1)}"


def start_segmenting(
    project: Project, queue: JobQueue, samples: Sequence[Sample], choices: SegmentChoices, phase: int | None = None
) -> Run:
    """Put the segmentation of `samples`, whose voxel sizes are known, into the queue.

    It is part of a phase; if none is given, of the one that all samples are for.

    Returns
    -------
    Run
        As it was put there.
    """

    def make_words(folder: Path) -> list[str]:
        from cartocell_app.jobs.stack_list import write_stack_list

        write_stack_list(folder / LIST, stack_rows(samples))
        return segment_words(folder, choices)

    title = f"Segment {cysts_in_words(len(samples))}"
    run = project.new_run("segment", title, [sample.id for sample in samples], make_words, phase or phase_of(samples))
    queue.add(run)
    return run


def phase_of(samples: Sequence[Sample]) -> int | None:
    """Phase whose work it is to segment these samples; None if they are for several, or for none."""
    phases = {PHASE_OF_ROLE.get(sample.role) for sample in samples}
    return phases.pop() if len(phases) == 1 else None


def stack_rows(samples: Sequence[Sample]) -> dict[str, tuple[Path, ReadingChoices]]:
    """How each sample is read: result name to file and choices, for the list that the command takes."""
    from cartocell_app.jobs.segmenting import ReadingChoices

    rows = {}
    for sample in samples:
        voxel_size = sample.voxel_size
        # What the file itself says is left to it, so that results tell the source as well.
        is_given = voxel_size is not None and voxel_size.source.startswith(GIVEN)
        voxel_um = voxel_size.zyx_um if voxel_size is not None and is_given else None
        rows[sample.name] = (sample.path, ReadingChoices(sample.scene, sample.channel, sample.time, voxel_um))
    return rows


def segment_words(folder: Path, choices: SegmentChoices) -> list[str]:
    """Arguments of ``cartocell`` that segment the list of stacks in `folder` into it."""
    words = ["segment", "--list", str(folder / LIST), "--output", str(folder), "--model", choices.model]
    words += ["--profile", choices.profile, "--device", choices.device]
    for option, number in (("--cell-width", choices.cell_width_um), ("--views", choices.views)):
        words += [] if number is None else [option, str(number)]
    return words
