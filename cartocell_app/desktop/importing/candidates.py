"""Stacks on their way into a project: what was found in each file, and what was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.errors import UserError
from cartocell_app.stacks.voxel_size import VoxelSize

if TYPE_CHECKING:
    from cartocell_app.project.values import NewSample
    from cartocell_app.stacks.scenes import FileInfo, SceneInfo

GIVEN = "given by you"
"""How the source of a voxel size begins that was typed or taken from the lab's; others are what the file says."""


@dataclass(frozen=True)
class Candidate:
    """One stack in a file, and what was chosen for it.

    Attributes
    ----------
    path : Path
        Its file.
    format_name : str
        "TIFF"; empty where the file cannot be read.
    scene_count : int
        Stacks in the file.
    scene : int
        Which of them, from 0.
    info : SceneInfo or None
        What the file says; None where it cannot be read.
    problem : str
        Why it cannot be used, in a sentence or two; empty if it can.
    channel : int or None
        Cell outlines channel from 0; None while nobody chose among several.
    time : int
        Time point from 0.
    voxel_size : VoxelSize or None
        What the file says, or what was given; None while unknown.
    name : str
        Under which it will be listed.
    day, condition : str
        Read from the name, or typed; empty if unknown.
    is_ticked : bool
        Whether it is to be imported.
    labels : Path or None
        File with its labelled cells, if one was found beside it.
    """

    path: Path
    format_name: str = ""
    scene_count: int = 1
    scene: int = 0
    info: SceneInfo | None = None
    problem: str = ""
    channel: int | None = None
    time: int = 0
    voxel_size: VoxelSize | None = None
    name: str = ""
    day: str = ""
    condition: str = ""
    is_ticked: bool = False
    labels: Path | None = None

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of its channels, in the order of the file."""
        return () if self.info is None else self.info.channel_names

    @property
    def times(self) -> int:
        """Time points that there are."""
        return 0 if self.info is None else self.info.sizes["t"]

    @property
    def needs_channel(self) -> bool:
        """Whether somebody must still choose the channel."""
        return self.is_ticked and self.channel is None

    def new_sample(self) -> NewSample:
        """The sample that it becomes."""
        from cartocell_app.project.values import NewSample

        assert self.info is not None
        has_choice = len(self.channels) > 1
        named = self.channel is not None and self.channels[self.channel] != f"channel {self.channel}"
        return NewSample(
            path=self.path,
            scene=self.scene if self.scene_count > 1 else None,
            channel=self.channel if has_choice else None,
            time=self.time if self.times > 1 else None,
            voxel_size=self.voxel_size,
            shape=self.info.shape,
            dtype=self.info.dtype,
            channel_name=self.channels[self.channel] if named and self.channel is not None else None,
            day=self.day or None,
            condition=self.condition or None,
            name=self.name,
        )


def look_at(path: Path) -> tuple[Candidate, ...]:
    """All stacks in a file, for a worker thread; one with its problem if there is none that can be used."""
    from cartocell_app.stacks.reading import describe, stem

    try:
        info = describe(path)
    except UserError as error:
        return (Candidate(path, problem=str(error), name=stem(path)),)
    return tuple(_candidate(info, number, stem(path)) for number in range(len(info.scenes)))


def _candidate(info: FileInfo, number: int, stem: str) -> Candidate:
    from cartocell_app.project.names import day_and_condition

    scene, several = info.scenes[number], len(info.scenes) > 1
    day, condition = day_and_condition(stem)
    if several and day is None:
        day, condition = day_and_condition(scene.name)
    problem = problem_of(scene)
    return Candidate(
        info.path,
        info.format_name,
        len(info.scenes),
        number,
        scene,
        problem,
        channel=0 if len(scene.channel_names) == 1 else None,
        voxel_size=scene.voxel_size,
        name=f"{stem} {scene.name}" if several else stem,
        day=day or "",
        condition=condition or "",
        is_ticked=not problem,
    )


def problem_of(scene: SceneInfo) -> str:
    """Why a scene cannot be imported; empty if it can."""
    if scene.rgb:
        return "It is a colour picture. In Fiji, split its channels and save the one with the cell outlines."
    if scene.problem:
        return scene.problem
    if not scene.is_volume:
        return "It is 2D. CartoCell needs a stack with several slices."
    return ""


def found_in_words(candidate: Candidate) -> str:
    """What was found: ``"48 slices of 512 × 512 · 2 channels · TIFF"``; or why it cannot be used."""
    info = candidate.info
    if candidate.problem or info is None:
        return candidate.problem
    slices, height, width = info.shape
    words = [f"{slices:,} slices of {width:,} × {height:,}"]
    for axis, what in (("c", "channels"), ("t", "time points")):
        if info.sizes[axis] > 1:
            words.append(f"{info.sizes[axis]:,} {what}")
    if candidate.labels is not None:
        words.append(f"with labels {candidate.labels.name}")
    return " · ".join([*words, candidate.format_name])


def voxel_in_words(voxel_size: VoxelSize | None) -> str:
    """Edge lengths of a voxel, z first, and where they were learnt."""
    if voxel_size is None:
        return "needed before measuring"
    return " × ".join(f"{length_um:.3g}" for length_um in voxel_size) + f" ({voxel_size.source})"


def channel_in_words(candidate: Candidate) -> str:
    """The chosen channel; a demand to choose while there is none; empty where there is no choice."""
    if candidate.problem:
        return ""
    if candidate.channel is None:
        return f"choose one of {len(candidate.channels)}"
    return candidate.channels[candidate.channel] if len(candidate.channels) > 1 else "the only one"


def with_choice(candidates: Sequence[Candidate], rows: Sequence[int], **values: object) -> tuple[Candidate, ...]:
    """Candidates with `values` set on some rows; those that cannot be used stay as they are."""
    chosen = set(rows)
    return tuple(
        replace(candidate, **values) if row in chosen and not candidate.problem else candidate  # type: ignore[arg-type]
        for row, candidate in enumerate(candidates)
    )


def rows_like(candidates: Sequence[Candidate], row: int, same: Callable[[Candidate], object]) -> list[int]:
    """Rows of all candidates for which `same` gives what it gives for the one in `row`."""
    wanted = same(candidates[row])
    return [number for number, other in enumerate(candidates) if not other.problem and same(other) == wanted]


def obstacle(candidates: Sequence[Candidate]) -> str:
    """Why these cannot be imported yet, in a sentence; empty if they can."""
    ticked = [candidate for candidate in candidates if candidate.is_ticked]
    if not ticked:
        return "Tick at least one stack."
    missing = sum(candidate.needs_channel for candidate in ticked)
    if missing:
        stacks = "One stack has" if missing == 1 else f"{missing:,} stacks have"
        return f"{stacks} several channels: choose the one with the cell outlines."
    unnamed = next((candidate for candidate in ticked if not candidate.name.strip()), None)
    return f"Give {unnamed.path.name} a name." if unnamed else ""
