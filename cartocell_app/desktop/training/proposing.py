"""What a training is proposed to be made of: which cysts learn, which watch, at which voxel size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

from cartocell_app.desktop.samples.words import natural
from cartocell_app.project.phases import FEWEST, M1_ROLES, M2_ROLES

if TYPE_CHECKING:
    from cartocell_app.desktop.settings import VoxelPreset
    from cartocell_app.project.values import Sample

VoxelUm = tuple[float, float, float]

ROLES_OF = {2: M1_ROLES, 4: M2_ROLES}
"""Roles of the samples that the phases which train learn from."""

MODEL_OF = {2: "M1", 4: "M2"}
NEW_IN = {2: "high-resolution", 4: "low-resolution"}
"""Of which role there must be enough."""

WATCH_ONE_IN = 8


@dataclass(frozen=True)
class ProposedVoxel:
    """A voxel size to train at.

    Attributes
    ----------
    zyx_um : (z, y, x) or None
        In µm; None if nothing is known.
    words : str
        Where it comes from.
    """

    zyx_um: VoxelUm | None
    words: str


def cysts_to_train_with(samples: Sequence[Sample], phase: int) -> list[Sample]:
    """Samples that a person accepted for a phase that trains, in the order of the list."""
    roles = ROLES_OF[phase]
    good = [sample for sample in samples if sample.role in roles and sample.state == "accepted" and sample.labels]
    return sorted(good, key=lambda sample: natural(sample.name))


def obstacle(cysts: Sequence[Sample], phase: int) -> str:
    """Why these cysts cannot be trained with, and what to do; empty if they can."""
    role = NEW_IN[phase]
    count = sum(cyst.role == role for cyst in cysts)
    if count < FEWEST:
        are = "is" if count == 1 else "are"
        return (
            f"{FEWEST} or more accepted {role} cysts with labelled cells are needed; {count} {are} there. Right-click "
            f"cysts in the list and choose Use for, then accept those whose cells are right (A)."
        )
    missing = [cyst.name for cyst in cysts if cyst.missing]
    if missing:
        where = f"The stack of {_listed(missing)} is not where it was."
        return f"{where} Use File, Relocate missing stacks…, or reject the cyst."
    unknown = [cyst.name for cyst in cysts if cyst.voxel_size is None]
    if unknown:
        return f"The voxel size of {_listed(unknown)} is not known. Give it (right click in the list)."
    return ""


def propose_watching(cysts: Sequence[Sample]) -> set[int]:
    """Numbers of the cysts that watch: those meant for it, else one in eight, spread over the list."""
    meant = {cyst.id for cyst in cysts if cyst.role == "validation"}
    if meant or len(cysts) < FEWEST:
        return meant
    step = min(WATCH_ONE_IN, len(cysts))
    return {cyst.id for cyst in cysts[step - 1 :: step]}


def propose_voxel(samples: Sequence[Sample], cysts: Sequence[Sample], presets: Sequence[VoxelPreset]) -> ProposedVoxel:
    """Voxel size to train at: that of the low-resolution stacks, else the lab's, else the cysts' own.

    Parameters
    ----------
    samples : sequence of Sample
        All of the project.
    cysts : sequence of Sample
        Those that are trained with.
    presets : sequence of VoxelPreset
        Voxel sizes of the lab.
    """
    routine = [sample for sample in samples if sample.role == "low-resolution"]
    found = _middle(routine)
    if found is not None:
        return ProposedVoxel(found, f"The usual one (median) of your {len(routine)} low-resolution stacks.")
    if presets:
        coarsest = max(presets, key=lambda preset: preset.z_um * preset.y_um * preset.x_um)
        return ProposedVoxel(
            (coarsest.z_um, coarsest.y_um, coarsest.x_um),
            f"Your lab's {coarsest.name}. There are no low-resolution stacks yet to take it from.",
        )
    words = (
        "The cysts' own, so nothing is made coarser. Add low-resolution stacks, or type the size of your routine ones."
    )
    return ProposedVoxel(_middle(cysts), words)


def coarser_shape(sample: Sample, voxel_um: VoxelUm) -> tuple[int, int, int]:
    """Size of a cyst in voxels once it is as coarse as wanted; no axis is made finer."""
    if sample.shape is None or sample.voxel_size is None:
        return 1, 1, 1
    z, y, x = (
        max(1, round(size * min(1.0, have_um / want_um)))
        for size, have_um, want_um in zip(sample.shape, sample.voxel_size, voxel_um, strict=True)
    )
    return z, y, x


def _middle(samples: Sequence[Sample]) -> VoxelUm | None:
    sizes = [sample.voxel_size.zyx_um for sample in samples if sample.voxel_size is not None]
    if not sizes:
        return None
    z_um, y_um, x_um = (round(median(axis), 6) for axis in zip(*sizes, strict=True))
    return z_um, y_um, x_um


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{names[0]} and {len(names) - 1} more"
