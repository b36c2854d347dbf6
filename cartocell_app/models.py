"""Finding the model to use by the word that the user gave for it."""

from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.resources import CPU_MODEL, MODELS


def find_model(word: str) -> Path:
    """Path of the model called `word`.

    Parameters
    ----------
    word : str
        ``"auto"`` for the best in the box for this computer, the name of another one in the box, or a path.

    Raises
    ------
    UserError
        If there is none.
    """
    if word == "auto":
        return CPU_MODEL
    path = Path(word)
    if path.exists():
        return path
    boxed = MODELS / f"{word}.onnx"
    if boxed.exists():
        return boxed
    names = ", ".join(sorted(model.stem for model in MODELS.glob("*.onnx")))
    raise UserError(f"There is no model {word}.", f"Give the path of an .onnx file, or one in the box: auto, {names}.")
