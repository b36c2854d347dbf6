"""Which models there are to choose from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cartocell_app.resources import CPU_MODEL, MODELS

PROJECT_MODELS = "models"
AUTO_WORDS = "CartoCell's for this computer (recommended)"
"""The small network where there is no graphics card."""


@dataclass(frozen=True)
class ModelChoice:
    """A model that can be chosen.

    Attributes
    ----------
    word : str
        What the command line takes for it.
    path : Path
        Its file.
    name : str
        For people.
    """

    word: str
    path: Path
    name: str


def model_choices(project_folder: Path | None) -> list[ModelChoice]:
    """Models of the project, the latest first, and those in the box; the recommended one first of all."""
    choices = [ModelChoice("auto", CPU_MODEL, AUTO_WORDS)]
    if project_folder is not None:
        own = sorted((project_folder / PROJECT_MODELS).glob("*.onnx"), key=lambda path: -path.stat().st_mtime)
        choices += [model_from_file(path, "this project") for path in own]
    boxed = sorted(MODELS.glob("*.onnx"))
    return [*choices, *(ModelChoice(path.stem, path, f"{path.stem} (in the box)") for path in boxed)]


def model_from_file(path: Path, where: str = "") -> ModelChoice:
    """A model by its file."""
    return ModelChoice(str(path), path, f"{path.stem} ({where or path.parent})")
