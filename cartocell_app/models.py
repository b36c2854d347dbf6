"""Finding the model to use by the word that the user gave for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.errors import UserError
from cartocell_app.resources import CPU_MODEL, GPU_MODEL, MODELS

if TYPE_CHECKING:
    from cartocell_app.segmentation.devices import DeviceName


def find_model(word: str, device: DeviceName = "auto") -> Path:
    """Path of the model called `word`.

    Parameters
    ----------
    word : str
        ``"auto"`` for the best in the box for this computer, the name of another one in the box, or a path.
    device : str
        Where it is to run; with ``"auto"`` a graphics card is tried if there is one.

    Raises
    ------
    UserError
        If there is none.
    """
    if word == "auto":
        return _best_in_the_box(device)
    path, boxed = Path(word), MODELS / f"{word}.onnx"
    # A folder may well be called as a model in the box is: that of its training.
    if path.exists() and not (path.is_dir() and boxed.exists()):
        return path
    if boxed.exists():
        return boxed
    names = ", ".join(sorted(model.stem for model in MODELS.glob("*.onnx")))
    raise UserError(f"There is no model {word}.", f"Give the path of an .onnx file, or one in the box: auto, {names}.")


def _best_in_the_box(device: DeviceName) -> Path:
    """The network of published width on a graphics card, the small one without; a lean installation has only that."""
    if device == "cpu" or not GPU_MODEL.exists():
        return CPU_MODEL
    from cartocell_app.segmentation.devices import choose_device

    return CPU_MODEL if choose_device(GPU_MODEL, device).key == "cpu" else GPU_MODEL
