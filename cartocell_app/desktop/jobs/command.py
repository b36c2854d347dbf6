"""The command line of a job: how it is started here, and how a person would type it."""

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from cartocell_app.jobs.child import cartocell_command

WITHOUT_PROGRESS = ("doctor", "evaluate", "export", "export-model-zoo", "import-model")
"""Commands that tell no progress: they take a moment, and say a sentence at the end."""

_PLAIN_ON_WINDOWS = re.compile(r"[\w@+=:,./\\-]+")


def command_line(words: Sequence[str]) -> list[str]:
    """Program and arguments that run ``cartocell`` with `words` and have it tell its progress."""
    told = [] if tells_no_progress(words) else ["--progress", "json"]
    return cartocell_command([*words, *told])


def tells_no_progress(words: Sequence[str]) -> bool:
    """Whether the command of `words` says plain sentences only."""
    return bool(words) and words[0] in WITHOUT_PROGRESS


def chosen_folder(words: Sequence[str]) -> Path | None:
    """The folder that the user chose for the numbers that the command of `words` exports; None if it exports none."""
    if "--output" not in words[:-1] or words[0] != "measure":
        return None
    return Path(words[words.index("--output") + 1])


def typed(words: Sequence[str], on_windows: bool = os.name == "nt") -> str:
    """`words` as they are typed after ``cartocell`` in this system's terminal.

    Parameters
    ----------
    words : sequence of str
        Of the command.
    on_windows : bool
        Quote for Windows, so that both its terminals understand; else for a POSIX shell.
    """
    command = ["cartocell", *words]
    return " ".join(map(_quoted_on_windows, command)) if on_windows else shlex.join(command)


def _quoted_on_windows(word: str) -> str:
    if _PLAIN_ON_WINDOWS.fullmatch(word):
        return word
    # Backslashes count as such, unless a quotation mark follows: then they are doubled.
    inner = re.sub(r'(\\*)"', r'\1\1\\"', word)
    return '"' + re.sub(r"(\\+)$", r"\1\1", inner) + '"'
