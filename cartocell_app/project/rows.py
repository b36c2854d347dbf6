"""Between rows of the database and values."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from cartocell_app.project.places import found, kept, present, whole
from cartocell_app.project.schema import LabelRow, ModelRow, RunRow, SampleRow
from cartocell_app.project.values import CutOut, LabelVersion, NewSample, Run, Sample, TrainedModel
from cartocell_app.stacks.voxel_size import VoxelSize

HERE = "{project}"
"""Stands for the project's folder in the words of its runs, so that they hold after it was moved."""

Look = Callable[[Iterable[Path]], frozenset[Path]]
"""Tells which of some files are there."""


@dataclass(frozen=True)
class Placed:
    """A sample, and how its file is known where it does not lie at the sample's path.

    Attributes
    ----------
    sample : Sample
        As if its file were there.
    before : Path
        Where its file lay when it was last told.
    bytes : int or None
        Its size; None for folders.
    """

    sample: Sample
    before: Path
    bytes: int | None


def samples_of(rows: Iterable[SampleRow], folder: Path) -> tuple[Sample, ...]:
    """Values of samples' rows in the project that lies in `folder`; looks which of their files are there."""
    return looked_for([placed(row, folder) for row in rows])


def looked_for(samples: Sequence[Placed], look: Look = present) -> tuple[Sample, ...]:
    """Samples with what the disk says, asked by `look`: where their files are, and whether they are missing."""
    there = look(one.sample.path for one in samples)
    return tuple(one.sample if one.sample.path in there else _elsewhere(one) for one in samples)


def _elsewhere(one: Placed) -> Sample:
    is_there = one.before.is_file() and one.before.stat().st_size == one.bytes
    return replace(one.sample, path=one.before) if is_there else replace(one.sample, missing=True)


def placed(row: SampleRow, folder: Path) -> Placed:
    """Value of a sample's row, without a look at the disk."""
    sample = Sample(
        id=row.id,
        name=row.name,
        path=found(row.path, folder),
        missing=False,
        scene=row.reading.get("scene"),
        channel=row.reading.get("channel"),
        time=row.reading.get("time"),
        voxel_size=None if row.voxel is None else VoxelSize(*row.voxel),
        shape=None if row.shape is None else cast("tuple[int, int, int]", tuple(row.shape)),
        dtype=row.dtype,
        channel_name=row.channel_name,
        day=row.day,
        condition=row.condition,
        role=cast("Any", row.role),
        state=cast("Any", row.state),
        reason=row.reason,
        cells=row.cells,
        labels=None if row.labels is None else found(row.labels, folder),
        results=None if row.results is None else found(row.results, folder),
        content_hash=row.content_hash,
        notes=row.notes,
        cut_out=_cut_out(row.cut_out),
    )
    return Placed(sample, Path(row.whole_path), row.bytes)


def row_of(new: NewSample, name: str, folder: Path) -> SampleRow:
    """Row of a new sample."""
    row = SampleRow(
        name=name,
        reading={"scene": new.scene, "channel": new.channel, "time": new.time},
        voxel=_voxel(new.voxel_size),
        shape=None if new.shape is None else list(new.shape),
        dtype=new.dtype,
        channel_name=new.channel_name,
        day=new.day,
        condition=new.condition,
        role=new.role,
        state="to do",
        cut_out=None if new.cut_out is None else asdict(new.cut_out),
    )
    put_path(row, new.path, folder)
    return row


def put_path(row: SampleRow, path: Path, folder: Path) -> None:
    """Say where the file of a sample is; its hash stays, as that of the same file in another place."""
    row.path, row.whole_path = kept(path, folder), str(whole(path))
    row.bytes = path.stat().st_size if path.is_file() else None
    row.modified_ns = path.stat().st_mtime_ns if path.exists() else None


def change(row: SampleRow, values: dict[str, Any], folder: Path) -> None:
    """Set fields of `Sample` on its row.

    Raises
    ------
    ValueError
        If a field does not exist or is not one to be set.
    """
    for name, value in values.items():
        if name == "path":
            put_path(row, value, folder)
        elif name in ("labels", "results"):
            setattr(row, name, None if value is None else kept(value, folder))
        elif name in ("scene", "channel", "time"):
            row.reading = row.reading | {name: value}
        elif name == "voxel_size":
            row.voxel = _voxel(value)
        elif name == "shape":
            row.shape = None if value is None else list(value)
        elif name in SETTABLE:
            setattr(row, name, value)
        else:
            raise ValueError(f"a sample's {name} cannot be set")


SETTABLE = frozenset(
    ("name", "dtype", "channel_name", "day", "condition", "role", "state", "reason", "cells", "content_hash", "notes")
)
"""Fields that are kept as they are."""


def label_of(row: LabelRow, folder: Path) -> LabelVersion:
    """Value of a label stack's row."""
    return LabelVersion(row.id, row.sample_id, found(row.path, folder), cast("Any", row.kind), row.note, row.made)


def model_of(row: ModelRow, folder: Path) -> TrainedModel:
    """Value of a model's row."""
    trained_on = {int(sample): str(mark) for sample, mark in row.trained_on.items()}
    return TrainedModel(row.name, found(row.path, folder), row.made, row.run_id, trained_on)


def words_kept(words: Iterable[object], folder: Path) -> list[Any]:
    """Words of a command as the database keeps them: paths in the project are told from its folder."""
    kept_words = []
    for word in map(str, words):
        path = Path(word)
        inside = path.is_absolute() and path.is_relative_to(folder)
        kept_words.append(f"{HERE}/{path.relative_to(folder).as_posix()}" if inside else word)
    return kept_words


def run_of(row: RunRow, folder: Path) -> Run:
    """Value of a run's row."""
    return Run(
        id=row.id,
        kind=row.kind,
        title=row.title,
        words=tuple(_word(word, folder) for word in row.words),
        folder=found(row.folder, folder),
        state=cast("Any", row.state),
        message=row.message,
        sample_ids=tuple(row.sample_ids),
        queued=row.queued,
        started=row.started,
        ended=row.ended,
        phase=row.phase,
    )


def _cut_out(known: dict[str, Any] | None) -> CutOut | None:
    if known is None:
        return None
    start, stop = (cast("tuple[int, int, int]", tuple(known[name])) for name in ("start_vox", "stop_vox"))
    return CutOut(known["field_id"], known["number"], start, stop)


def _word(word: str, folder: Path) -> str:
    return str(folder / word.removeprefix(f"{HERE}/")) if word.startswith(f"{HERE}/") else word


def _voxel(size: VoxelSize | None) -> list[Any] | None:
    return None if size is None else [*size.zyx_um, size.source]
