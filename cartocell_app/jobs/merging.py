"""Phase 4: several data sets in one folder, without copies where the disk allows it."""

import json
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.jobs.curation_list import read_verdicts
from cartocell_app.jobs.links import link, signature
from cartocell_app.jobs.pairs import LABELS, RAW, Pairs, check_same_size, find_pairs
from cartocell_app.jobs.records import provenance, write_json
from cartocell_app.jobs.reporting import Reporter
from cartocell_app.jobs.tables import write_table
from cartocell_app.progress import stop_if
from cartocell_app.stacks.files import check_writable, remove_partial_files
from cartocell_app.stacks.reading import describe, stem
from cartocell_app.stacks.voxel_size import VoxelSize

FILES = "files.json"
"""Each file that this program put into a merged set, with its signatures, to tell it from what others put there."""

SAME = 0.03
"""Voxel sizes that differ by less than this share are the same one, rounded."""


@dataclass(frozen=True)
class MergeResult:
    """What came of a merge.

    Attributes
    ----------
    pairs : int
        Pairs in the merged set.
    left_out : tuple of str
        Cysts that the curation lists do not accept, as "SET: NAME".
    failed : tuple of str
        Cysts with something wrong about them, likewise.
    renamed : int
        Pairs that got the name of their set before their own.
    """

    pairs: int
    left_out: tuple[str, ...]
    failed: tuple[str, ...]
    renamed: int


@dataclass(frozen=True)
class _Member:
    """One pair on its way into the merged set."""

    set_name: str
    name: str
    merged_name: str
    raw: Path
    labels: Path
    voxel_size: VoxelSize | None

    def links(self) -> dict[str, Path]:
        """Source of each file of the merged set, by its place there."""
        return {
            f"{folder}/{self.merged_name}{source.name[len(stem(source)) :]}": source
            for folder, source in ((RAW, self.raw), (LABELS, self.labels))
        }


def merge_sets(
    sets: Sequence[Path], out: Path, report: Reporter, *, stop: threading.Event | None = None
) -> MergeResult:
    """Merge data sets into the folder `out`: ``x/``, ``y/``, ``merged.csv``.

    Cysts that a set's ``curation.csv`` does not accept are left out. Where a name occurs in several sets, each of
    these pairs gets its set's name before its own. Calling it again brings the folder up to date: what is no longer
    wanted goes, what somebody else put or changed there stays.

    Parameters
    ----------
    sets : sequence of Path
        Folders with ``x`` and ``y``.
    out : Path
        Folder of the merged set.
    report : Reporter
        Gets progress and sentences.
    stop : threading.Event, optional
        Once set, the work stops before the next pair.

    Raises
    ------
    UserError
        If a set is none, a curation list cannot be understood, or nothing can be written.
    CancelledError
        If `stop` was set.
    """
    stop = stop or threading.Event()
    names = _set_names(sets, out)
    found = {folder: find_pairs(folder) for folder in sets}
    verdicts = {folder: read_verdicts(folder) for folder in sets}
    check_writable(out)
    remove_partial_files(out)
    members: list[_Member] = []
    left_out: list[str] = []
    failed: list[str] = []
    for folder, pairs in found.items():
        stop_if(stop.is_set)
        report.step(names[folder], "Checking", len(members), sum(len(each.raw) for each in found.values()))
        good, problems, rejected = _checked(names[folder], pairs, verdicts[folder])
        members += good
        left_out += [f"{names[folder]}: {name}" for name in rejected]
        failed += [f"{names[folder]}: {name}" for name in problems]
        for name, words in problems.items():
            report.message(f"{names[folder]}: {name}: left out. {words}")
    if not members:
        raise UserError("Nothing is left to merge.", "; ".join([*failed, *left_out][:8]))
    members = _told_apart(members)
    _say(members, left_out, report)
    _bring(members, out, report, stop)
    write_table(out / "merged.csv", [_row(member) for member in members])
    write_json(
        out / "run.json", provenance() | {"sets": {names[folder]: str(folder) for folder in sets}, "left_out": left_out}
    )
    renamed = sum(member.merged_name != member.name for member in members)
    return MergeResult(len(members), tuple(left_out), tuple(failed), renamed)


def _set_names(sets: Sequence[Path], out: Path) -> dict[Path, str]:
    """Short names of the sets, each its own; a check that the result is none of them."""
    resolved = [folder.resolve() for folder in sets]
    if out.resolve() in resolved:
        raise UserError(f"{out} is one of the sets to merge.", "Choose another folder for the merged set.")
    if len(set(resolved)) < len(resolved):
        raise UserError("A set was given twice.", "Give each folder once.")
    names = [folder.name for folder in resolved]
    if len(set(names)) < len(names):
        names = ["_".join(folder.parts[-2:]) for folder in resolved]
    if len(set(names)) < len(names):
        names = [f"set{number}" for number in range(1, len(names) + 1)]
    return dict(zip(sets, names, strict=True))


def _checked(
    set_name: str, pairs: Pairs, verdicts: Mapping[str, bool]
) -> tuple[list[_Member], dict[str, str], list[str]]:
    """Pairs of a set that can be merged; what is wrong with others, by name; and names that are not accepted."""
    problems = {name: words for name, words in pairs.complaints().items() if verdicts.get(name, True)}
    members = []
    for name in pairs.raw:
        if verdicts.get(name, True):
            try:
                members.append(_member(set_name, name, pairs))
            except UserError as error:
                problems[name] = str(error)
    return members, problems, [name for name in pairs.raw if not verdicts.get(name, True)]


def _member(set_name: str, name: str, pairs: Pairs) -> _Member:
    """Check a pair by what its files say of themselves, without reading their voxels."""
    infos = []
    for path in (pairs.raw[name], pairs.labels[name]):
        if not path.is_file():
            raise UserError(f"{path.name} is a folder, which cannot be linked.", "Save it as TIFF.")
        scenes = describe(path).scenes
        if len(scenes) > 1 or scenes[0].sizes["c"] > 1 or scenes[0].sizes["t"] > 1:
            raise UserError(f"{path.name} holds several pictures, channels or time points.", "Save one as TIFF.")
        infos.append(scenes[0])
    check_same_size(infos[0].shape, infos[1].shape)
    return _Member(
        set_name, name, name, pairs.raw[name], pairs.labels[name], infos[0].voxel_size or infos[1].voxel_size
    )


def _told_apart(members: Sequence[_Member]) -> list[_Member]:
    """Give pairs of the same name that of their set too."""
    # Disks that do not tell capitals from small letters are common.
    often = Counter(member.name.casefold() for member in members)
    return [
        _Member(**vars(member) | {"merged_name": f"{member.set_name}_{member.name}"})
        if often[member.name.casefold()] > 1
        else member
        for member in members
    ]


def _say(members: Sequence[_Member], left_out: Sequence[str], report: Reporter) -> None:
    if left_out:
        report.message(f"{len(left_out)} cysts are left out, as the curation lists say: {_listed(left_out)}.")
    renamed = [f"{member.set_name}: {member.name}" for member in members if member.merged_name != member.name]
    if renamed:
        report.message(f"Names that occur in several sets get the name of their set in front: {_listed(renamed)}.")
    unknown = [member.name for member in members if member.voxel_size is None]
    if unknown:
        report.message(f"These files do not say their voxel size: {_listed(unknown)}.")
    sizes = [member.voxel_size for member in members if member.voxel_size is not None]
    if sizes and any(max(axis) > min(axis) * (1 + SAME) for axis in zip(*sizes, strict=True)):
        ranges = " × ".join(f"{min(axis):.3g} to {max(axis):.3g}" for axis in zip(*sizes, strict=True))
        report.message(f"The voxel sizes differ ({ranges} µm): `cartocell downsample` brings them together.")


def _bring(members: Sequence[_Member], out: Path, report: Reporter, stop: threading.Event) -> None:
    """Make the files of `out` those of `members`."""
    before = _read_files(out)
    wanted = {place: source for member in members for place, source in member.links().items()}
    after = {place: [signature(source)] for place, source in wanted.items()}
    # Written first: what a killed run has put there, or not yet replaced, is known to the next one.
    write_json(out / FILES, before | {place: before.get(place, []) + known for place, known in after.items()})
    for place in before.keys() - wanted.keys():
        if _is_ours(out / place, before[place]):
            (out / place).unlink(missing_ok=True)
        else:
            report.message(f"{out / place} was changed there by hand and is kept, though no set has it any more.")
    for number, (place, source) in enumerate(wanted.items()):
        report.overall(number, len(wanted))
        report.step(place, "Linking", number, len(wanted))
        stop_if(stop.is_set)
        target = out / place
        if _is_ours(target, after[place]) and target.exists():
            continue
        if _is_ours(target, before.get(place, [])):
            link(source, target)
        else:
            report.message(f"{target} was put or changed there by hand and is kept.")
    write_json(out / FILES, after)
    report.overall(1, 1)


def _is_ours(path: Path, known: Sequence[Any]) -> bool:
    """Whether a file is as this program left it, or gone."""
    now = signature(path)
    return now is None or now in known


def _read_files(out: Path) -> dict[str, list[Any]]:
    try:
        files = json.loads((out / FILES).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return files if isinstance(files, dict) else {}


def _row(member: _Member) -> Mapping[str, Any]:
    z_um, y_um, x_um = member.voxel_size or ("", "", "")
    return {
        "name": member.merged_name,
        "set": member.set_name,
        "name_in_set": member.name,
        "z_um": z_um,
        "y_um": y_um,
        "x_um": x_um,
        "raw": str(member.raw),
        "labels": str(member.labels),
    }


def _listed(names: Sequence[str], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
