"""How this program was installed, and so how parts are added to it."""

import sys


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
        return f"Add it with: pip install 'cartocell[{part}]'"
    if part == "train":
        return "The large download of CartoCell has it; your projects open in both."
    return "The download uses the processor; CartoCell installed with Python's pip can use it: see the README."
