"""Stands in for `Project` where a test needs hundreds of samples and no database."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cartocell_app.stacks.voxel_size import VoxelSize

VOXEL = VoxelSize(0.7, 0.62, 0.62, "ImageJ tag")


@dataclass(frozen=True)
class FakeSample:
    """Has all that `Sample` has."""

    id: int
    name: str
    path: Path = Path("/nowhere/stack.tif")
    missing: bool = False
    scene: str | int | None = None
    channel: str | int | None = None
    time: int | None = None
    voxel_size: VoxelSize | None = VOXEL
    shape: tuple[int, int, int] | None = (110, 130, 130)
    dtype: str | None = "uint8"
    channel_name: str | None = None
    day: str | None = "7 d"
    condition: str | None = "4C"
    role: str = "new"
    state: str = "to do"
    reason: str = ""
    cells: int | None = None
    labels: Path | None = None
    results: Path | None = None
    content_hash: str | None = None
    notes: str = ""
    cut_out: object = None


class FakeProject:
    """What the shell uses of a project; tells its listeners at once."""

    def __init__(self, folder: Path, samples: Iterable[FakeSample] = (), read_only: bool = False) -> None:
        self.folder = folder
        self.name = folder.stem
        self.read_only = read_only
        self.is_temporary = False
        self.kept = {sample.id: sample for sample in samples}
        self.listeners: list[Callable[[str, tuple[int, ...]], None]] = []
        self.closed = False
        folder.mkdir(parents=True, exist_ok=True)

    def samples(self) -> tuple[FakeSample, ...]:
        return tuple(self.kept.values())

    def update_samples(self, ids: Iterable[int], **values: Any) -> None:
        ids = tuple(ids)
        for number in ids:
            self.kept[number] = replace(self.kept[number], **values)
        self.tell("samples", ids)

    def remove_samples(self, ids: Iterable[int]) -> None:
        ids = tuple(ids)
        for number in ids:
            del self.kept[number]
        self.tell("samples", ids)

    def runs(self) -> tuple[object, ...]:
        return ()

    def listen(self, callback: Callable[[str, tuple[int, ...]], None]) -> Callable[[], None]:
        self.listeners.append(callback)
        return lambda: self.listeners.remove(callback)

    def tell(self, what: str, ids: tuple[int, ...]) -> None:
        for listener in self.listeners:
            listener(what, ids)

    def close(self) -> None:
        self.closed = True
