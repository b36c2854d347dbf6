"""Whether a run that a project brought along may be done again: a project may come from a stranger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cartocell_app.project.values import Run

FROM_THE_WINDOW = frozenset(("segment", "train-model", "crop", "compare", "measure", "import-model", "export", "run"))
"""Commands that the window begins; no project of its own asks for another one."""

INTO_OPTIONS = ("-o", "--output", "--result_dir", "--result-dir")
INTO_FIRST = ("train-model",)
"""Options that name what is written; commands that write into the folder that they name first."""


def why_not_again(run: Run, folder: Path) -> str:
    """Why a run is not done again, and what to do; empty if it may be.

    Parameters
    ----------
    run : Run
        With the words that the project kept.
    folder : Path
        Of the project.
    """
    if not run.words or run.words[0] not in FROM_THE_WINDOW:
        return "It is not a job that this window begins, so it is not done again. Begin a new one."
    home = folder.resolve()
    if all(path.resolve().is_relative_to(home) for path in (run.folder, *_written(run.words))):
        return ""
    return "It would write outside this project, so it is not done again. Begin a new one: that asks you where to."


def _written(words: Sequence[str]) -> Iterator[Path]:
    """Files and folders that a command writes, as far as its words name them."""
    if words[0] in INTO_FIRST and len(words) > 1:
        yield Path(words[1])
    for option, value in zip(words, [*words[1:], ""], strict=True):
        if option in INTO_OPTIONS:
            yield Path(value)
        name, _, joined = option.partition("=")
        if joined and (name in INTO_OPTIONS):
            yield Path(joined)
