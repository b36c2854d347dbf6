"""What a project holds, as values that never change."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, get_args

from cartocell_app.stacks.voxel_size import VoxelSize

State = Literal["to do", "running", "segmented", "curated", "accepted", "rejected", "failed"]
"""How far a sample is."""

Role = Literal["high-resolution", "low-resolution", "field", "validation", "new"]
"""What a sample is for: phases 1 and 2; 3 and 4; cutting cysts out of it in 3; watching trainings; phase 5."""

RunState = Literal["queued", "running", "done", "some failed", "failed", "cancelled", "interrupted"]
"""How far a run is; interrupted: the program ended while it ran or waited."""

LabelKind = Literal["segmented", "curated", "imported"]
"""Where labels come from: the network, a person's corrections, another program."""

STATES: tuple[State, ...] = get_args(State)
ROLES: tuple[Role, ...] = get_args(Role)
PHASES = (1, 2, 3, 4, 5)
"""Numbers of the phases of CartoCell."""

UNFINISHED: tuple[RunState, ...] = ("queued", "running")


@dataclass(frozen=True)
class CutOut:
    """Where a cyst was cut out of a field of several.

    Attributes
    ----------
    field_id : int
        Number of the field's sample.
    number : int
        Of the box.
    start_vox, stop_vox : (z, y, x)
        First voxel of the field and the one after the last.
    """

    field_id: int
    number: int
    start_vox: tuple[int, int, int]
    stop_vox: tuple[int, int, int]


@dataclass(frozen=True)
class NewSample:
    """A stack to be added to a project.

    Attributes
    ----------
    path : Path
        Its file.
    scene, channel : str, int or None
        What to read of it, as `cartocell_app.stacks.reading.read` takes it.
    time : int or None
        Time point from 0.
    voxel_size : VoxelSize or None
        None if nobody knows it yet.
    shape : (z, y, x) or None
        In voxels.
    dtype : str or None
        Type of the voxels.
    channel_name : str or None
        As the file calls it.
    day, condition : str or None
        ``"7 d"``, ``"hypoxia"``.
    role : str
        One of `ROLES`.
    name : str
        Shown in lists and given to result files; the file's by default.
    cut_out : CutOut or None
        Where it was cut out, if it was cut out of a field of the project.
    """

    path: Path
    scene: str | int | None = None
    channel: str | int | None = None
    time: int | None = None
    voxel_size: VoxelSize | None = None
    shape: tuple[int, int, int] | None = None
    dtype: str | None = None
    channel_name: str | None = None
    day: str | None = None
    condition: str | None = None
    role: Role = "new"
    name: str = ""
    cut_out: CutOut | None = None


@dataclass(frozen=True)
class Sample:
    """A stack of a project and what became of it; the attributes of `NewSample`, and these.

    Attributes
    ----------
    id : int
        Number within the project; never used again.
    missing : bool
        Whether its file is not where it was.
    state : str
        One of `STATES`.
    reason : str
        Why it was rejected or failed, a sentence.
    cells : int or None
        How many were found.
    labels : Path or None
        Its present label stack; may be missing, as any file.
    results : Path or None
        Folder of the run that segmented it.
    content_hash : str or None
        SHA-256 of its file, once `Project.hash_inputs` computed it.
    notes : str
        A person's.
    """

    id: int
    name: str
    path: Path
    missing: bool
    scene: str | int | None
    channel: str | int | None
    time: int | None
    voxel_size: VoxelSize | None
    shape: tuple[int, int, int] | None
    dtype: str | None
    channel_name: str | None
    day: str | None
    condition: str | None
    role: Role
    state: State
    reason: str
    cells: int | None
    labels: Path | None
    results: Path | None
    content_hash: str | None
    notes: str
    cut_out: CutOut | None = None


@dataclass(frozen=True)
class LabelVersion:
    """One label stack of a sample; earlier ones are kept.

    Attributes
    ----------
    id, sample_id : int
        Numbers within the project.
    path : Path
        Its file.
    kind : str
        One of `LabelKind`.
    note : str
        What was done, in words.
    made : datetime
        When, in UTC.
    """

    id: int
    sample_id: int
    path: Path
    kind: LabelKind
    note: str
    made: datetime


@dataclass(frozen=True)
class Run:
    """A ``cartocell`` command that runs, ran or will run for the project.

    Attributes
    ----------
    id : int
        Number within the project.
    kind : str
        The sub-command: ``"segment"``, ``"train"``, ….
    title : str
        For people: ``"Segment 60 cysts"``.
    words : tuple of str
        Arguments of ``cartocell``.
    folder : Path
        Its results.
    state : str
        One of `RunState`.
    message : str
        What came of it, a sentence.
    sample_ids : tuple of int
        Samples that it works on.
    queued, started, ended : datetime or None
        In UTC.
    phase : int or None
        Which of the five phases it is part of, if of one.
    """

    id: int
    kind: str
    title: str
    words: tuple[str, ...]
    folder: Path
    state: RunState
    message: str
    sample_ids: tuple[int, ...]
    queued: datetime | None
    started: datetime | None
    ended: datetime | None
    phase: int | None = None


@dataclass(frozen=True)
class TrainedModel:
    """A model that was trained in the project.

    Attributes
    ----------
    name : str
        ``"M1"`` or ``"M2"``, or what a person called it.
    path : Path
        Its ONNX file.
    made : datetime
        When, in UTC.
    run_id : int or None
        The training.
    trained_on : mapping of int to str
        Number of each sample that it learnt from or was watched with, and the mark of its labels then; see
        `Project.label_marks`.
    """

    name: str
    path: Path
    made: datetime
    run_id: int | None
    trained_on: Mapping[int, str] = field(default_factory=dict)
