"""Ways to train that the window offers, and whether there can be a training."""

from importlib.util import find_spec

from cartocell_app.installation import how_to_add, is_frozen
from cartocell_app.presets import TRAINING_PRESETS

PRESETS = tuple(preset for preset in TRAINING_PRESETS if preset.in_window)
PROPOSED = next(number for number, preset in enumerate(PRESETS) if preset.key == "quick")

NO_TORCH = (
    "This installation of CartoCell cannot train: the part that learns (PyTorch) is not in it. Looking, segmenting "
    "with the models that are there, accepting and measuring all work without it."
)
_ELSEWHERE = "Or train on another computer: this project can be saved as one file (File menu) and opened there."
_IN_PYTHON = (
    "To add it, open a terminal in the environment in which CartoCell is installed, type "
    "<b>pip install 'cartocell[train]'</b> and start CartoCell again."
)


def how_to_add_training() -> str:
    """What to do where there can be no training, as this installation needs it."""
    return f"{how_to_add('train') if is_frozen() else _IN_PYTHON} {_ELSEWHERE}"


def can_train() -> bool:
    """Whether this installation can train."""
    return find_spec("torch") is not None and find_spec("lightning") is not None
