"""Between rows of the database and values."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from cartocell_app.project.places import found, kept
from cartocell_app.project.schema import LabelRow, RunRow, SampleRow
from cartocell_app.project.values import LabelVersion, NewSample, Run, Sample
from cartocell_app.stacks.voxel_size import VoxelSize

HERE = "{project}"
"""Stands for the project's folder in the words of its runs, so that they hold after it was moved."""

PATHS = ("path", "labels", "results")


def sample_of(row: SampleRow, folder: Path) -> Sample:
    """Value of a sample's row in the project that lies in `folder`."""
    path = found(row.path, folder)
    return Sample(
        id=row.id,
        name=row.name,
        path=path,
        missing=not path.exists(),
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
    )


def row_of(new: NewSample, name: str, folder: Path) -> SampleRow:
    """Row of a new sample."""
    return SampleRow(
        name=name,
        path=kept(new.path, folder),
        bytes=new.path.stat().st_size if new.path.is_file() else None,
        reading={"scene": new.scene, "channel": new.channel, "time": new.time},
        voxel=voxel_of(new.voxel_size),
        shape=None if new.shape is None else list(new.shape),
        dtype=new.dtype,
        channel_name=new.channel_name,
        day=new.day,
        condition=new.condition,
        role=new.role,
        state="to do",
    )


def voxel_of(size: VoxelSize | None) -> list[Any] | None:
    """A voxel size as the database keeps it."""
    return None if size is None else [*size.zyx_um, size.source]


def change(row: SampleRow, values: dict[str, Any], folder: Path) -> None:
    """Set fields of `Sample` on its row."""
    for name, value in values.items():
        if name in PATHS:
            setattr(row, name, None if value is None else kept(value, folder))
        elif name in ("scene", "channel", "time"):
            row.reading = row.reading | {name: value}
        elif name == "voxel_size":
            row.voxel = voxel_of(value)
        elif name == "shape":
            row.shape = None if value is None else list(value)
        elif name in ("id", "missing") or not hasattr(row, name):
            raise ValueError(f"a sample's {name} cannot be set")
        else:
            setattr(row, name, value)


def label_of(row: LabelRow, folder: Path) -> LabelVersion:
    """Value of a label stack's row."""
    return LabelVersion(row.id, row.sample_id, found(row.path, folder), cast("Any", row.kind), row.note, row.made)


def words_kept(words: Iterable[object], folder: Path) -> list[Any]:
    """Words of a command as the database keeps them."""
    return [str(word).replace(str(folder), HERE) for word in words]


def run_of(row: RunRow, folder: Path) -> Run:
    """Value of a run's row."""
    return Run(
        id=row.id,
        kind=row.kind,
        title=row.title,
        words=tuple(word.replace(HERE, str(folder)) for word in row.words),
        folder=found(row.folder, folder),
        state=cast("Any", row.state),
        message=row.message,
        sample_ids=tuple(row.sample_ids),
        queued=row.queued,
        started=row.started,
        ended=row.ended,
    )
