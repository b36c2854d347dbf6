"""How long a training takes on this computer, and whether there can be one."""

import math
import os
from collections.abc import Iterable
from importlib.util import find_spec

from cartocell_app.presets import TRAINING_PRESETS, Preset

PRESETS = tuple(preset for preset in TRAINING_PRESETS if preset.in_window)
PROPOSED = next(number for number, preset in enumerate(PRESETS) if preset.key == "quick")

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


def can_train() -> bool:
    """Whether this installation can train."""
    return find_spec("torch") is not None and find_spec("lightning") is not None


def seconds_of(preset: Preset, shapes: Iterable[tuple[int, int, int]], work: float | None = None) -> float:
    """How long a training takes on this computer's processor, at most.

    Parameters
    ----------
    preset : Preset
        How it is trained.
    shapes : iterable of (z, y, x)
        Sizes in voxels of the cysts that it learns from, as coarse as they are then.
    work : float, optional
        How long a step takes, against the network of CartoCell; the preset's own by default.
    """
    patch, batch = preset.patch_vox, preset.batch
    patches = sum(
        math.prod(math.ceil(size / side) for size, side in zip(shape, patch, strict=True)) for shape in shapes
    )
    steps = preset.rounds * (preset.steps or math.ceil(patches / batch))
    rate_vox_s = CORE_VOX_S * min(MOST_CORES, os.cpu_count() or 1)
    return steps * batch * math.prod(patch) * (preset.work if work is None else work) / rate_vox_s


def time_in_words(seconds: float) -> str:
    """``"about 40 min"``; honest about how little is known before the first round."""
    if seconds < 90:
        return "a minute or two"
    if seconds < 90 * 60:
        return f"about {5 * math.ceil(seconds / 300)} min"
    hours = seconds / 3600
    return f"about {hours:.0f} hours" if hours < 48 else f"about {hours / 24:.0f} days"
