"""Exports that were asked for: each is written in its turn, and what came of all is said."""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject

from cartocell_app.desktop.results.saved_bar import SavedBar
from cartocell_app.desktop.results.words import count_words
from cartocell_app.desktop.workers import InTurn
from cartocell_app.errors import UserError


class Exports(QObject):
    """Writes exports one after the other, and says in a bar how far they are.

    Parameters
    ----------
    saved : SavedBar
        Where it is said.
    count : callable
        Words for how many files were written: ``"6 files"``.
    parent : QObject, optional
        Owner.
    """

    def __init__(self, saved: SavedBar, count: Callable[[Sequence[Path]], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._saved, self._count = saved, count
        self._names: deque[str] = deque()
        self._written: list[Path] = []
        self._failures: list[tuple[str, str]] = []
        self._asked = 0
        self._worker = InTurn(self._take, self._fail, self)

    @property
    def is_busy(self) -> bool:
        """Whether something is still to be written."""
        return bool(self._names)

    def add(self, name: str, work: Callable[[], tuple[Path, ...]]) -> None:
        """Have `work` done as soon as all exports before it are written; it returns what it wrote."""
        if not self.is_busy:
            self._written, self._failures, self._asked = [], [], 0
        self._names.append(name)
        self._asked += 1
        self._worker.request(work)
        self._say()

    def _take(self, paths: Any) -> None:
        self._names.popleft()
        self._written += paths
        self._say()

    def _fail(self, error: Exception) -> None:
        name = self._names.popleft()
        is_known = isinstance(error, UserError)
        self._failures.append((name, str(error) if is_known else "The export did not work."))
        self._say()
        if not is_known:
            raise error

    def _say(self) -> None:
        if self._names:
            more = f", then {len(self._names) - 1} more" if len(self._names) > 1 else ""
            self._saved.say_working(f"Exporting {self._names[0]}{more} …")
        elif self._failures:
            self._saved.say_failed(" ".join(self._in_words()))
        else:
            self._saved.say_saved(" ".join(self._in_words()), self._written[-1].parent)

    def _in_words(self) -> list[str]:
        """Sentences on what was written and what was not: an error must not go under in what went well after it."""
        written = list(dict.fromkeys(self._written))
        folders = list(dict.fromkeys(path.parent for path in written))
        words = []
        if written:
            several = f"{count_words(len(folders), 'folder')}, the last of them " if len(folders) > 1 else ""
            words.append(f"Saved {self._count(written)} to {several}{folders[-1]}" + "." * bool(self._failures))
        words += [f"{name}: {why}" if self._asked > 1 else why for name, why in self._failures]
        return words
