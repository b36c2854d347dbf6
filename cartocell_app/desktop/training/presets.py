"""How a model can be trained, in a biologist's words, and how long that takes on this computer."""

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec

PATCH_VOX = (64, 80, 80)
PATCHES_A_STEP = 2

CORE_VOX_S = 70_000
"""Voxels that one core of a processor learns from in a second; measured with the preset quick on two busy cores."""

MOST_CORES = 8
"""More cores do not help as much."""

NO_TORCH = (
    "This installation of CartoCell cannot train: the part that learns (PyTorch) is not in it. Looking, segmenting "
    "with the models that are there, accepting and measuring all work without it."
)
HOW_TO_ADD = (
    "To add it, open a terminal in the environment in which CartoCell is installed, type "
    "<b>pip install 'cartocell[train]'</b> and start CartoCell again. Or train on another computer: this project can "
    "be saved as one file (File menu) and opened there."
)


@dataclass(frozen=True)
class Preset:
    """A way to train.

    Attributes
    ----------
    key : str
        What the command line calls it.
    name, words : str
        For people: what it is, and when to take it.
    rounds : int
        Most rounds.
    steps : int or None
        Steps of a round; None is as many as show all cysts once.
    work : float
        How long a step takes, against the network of CartoCell.
    """

    key: str
    name: str
    words: str
    rounds: int
    steps: int | None = None
    work: float = 1.0


PRESETS = (
    Preset(
        "quick",
        "Quick",
        "12 short rounds. Good enough to see whether your examples suffice, and often to label with.",
        12,
        50,
    ),
    Preset("standard", "Standard", "100 rounds through all your cysts. The better model; let it run over night.", 100),
    Preset(
        "paper",
        "As published in 2023",
        "1300 rounds at most with the network of the publication. Needs a graphics card; takes days without one.",
        1300,
        work=9.0,  # operations per voxel of both networks
    ),
)


def can_train() -> bool:
    """Whether this installation can train."""
    return find_spec("torch") is not None and find_spec("lightning") is not None


def seconds_of(preset: Preset, shapes: Iterable[tuple[int, int, int]]) -> float:
    """How long a training takes on this computer's processor, at most.

    Parameters
    ----------
    preset : Preset
        How it is trained.
    shapes : iterable of (z, y, x)
        Sizes in voxels of the cysts that it learns from, as coarse as they are then.
    """
    patches = sum(
        math.prod(math.ceil(size / patch) for size, patch in zip(shape, PATCH_VOX, strict=True)) for shape in shapes
    )
    steps = preset.rounds * (preset.steps or math.ceil(patches / PATCHES_A_STEP))
    rate_vox_s = CORE_VOX_S * min(MOST_CORES, os.cpu_count() or 1)
    return steps * PATCHES_A_STEP * math.prod(PATCH_VOX) * preset.work / rate_vox_s


def time_in_words(seconds: float) -> str:
    """``"about 40 min"``; honest about how little is known before the first round."""
    if seconds < 90:
        return "a minute or two"
    if seconds < 90 * 60:
        return f"about {5 * math.ceil(seconds / 300)} min"
    hours = seconds / 3600
    return f"about {hours:.0f} hours" if hours < 48 else f"about {hours / 24:.0f} days"
