"""How this program was installed, and so how parts are added to it."""

import sys

_IN_PYTHON = {
    "train": "Add it with: pip install 'cartocell[train]'",
    # Both bring ONNX Runtime, and the one installed last would overwrite parts of the other.
    "gpu": "Add it with: pip uninstall onnxruntime, then pip install 'onnxruntime-gpu[cuda,cudnn]'",
}


def is_frozen() -> bool:
    """Whether it is the installed program, which brings its own Python, and not a package in somebody's Python."""
    return bool(getattr(sys, "frozen", False))


def how_to_add(part: str) -> str:
    """What to do for a part that is missing, in a sentence.

    Parameters
    ----------
    part : {"train", "gpu"}
        What it is needed for: training, or an NVIDIA graphics card.
    """
    if not is_frozen():
        return _IN_PYTHON[part]
    if part == "train":
        return "The large download of CartoCell has it; your projects open in both."
    return "The download uses the processor; CartoCell installed with Python's pip can use it: see the README."
