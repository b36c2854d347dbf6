"""Corrections that were made, one after the other: taken back, made again, saved."""

from cartocell_app.morphology.corrections import Cells, Correction

NAMED = 6
"""Corrections that a note tells one by one; of more it tells how many."""


class History:
    """Makes corrections and remembers them.

    Parameters
    ----------
    cells : Cells
        What is corrected, as it is saved.
    """

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self._done: list[Correction] = []
        self._undone: list[Correction] = []
        self._saved: tuple[Correction, ...] = ()

    @property
    def next_undo(self) -> Correction | None:
        """What `undo` would take back."""
        return self._done[-1] if self._done else None

    @property
    def next_redo(self) -> Correction | None:
        """What `redo` would make again."""
        return self._undone[-1] if self._undone else None

    @property
    def is_changed(self) -> bool:
        """Whether the cells are others than those that are saved."""
        # By identity: two corrections of the same words are not the same.
        return len(self._done) != len(self._saved) or any(
            one is not other for one, other in zip(self._done, self._saved, strict=True)
        )

    def do(self, correction: Correction) -> None:
        """Make a correction; what was taken back before is forgotten."""
        correction.apply(self.cells)
        self._done.append(correction)
        self._undone.clear()

    def undo(self) -> None:
        """Take the last correction back, if there is one."""
        if self._done:
            correction = self._done.pop()
            correction.inverse().apply(self.cells)
            self._undone.append(correction)

    def redo(self) -> None:
        """Make again what was taken back last, if anything."""
        if self._undone:
            correction = self._undone.pop()
            correction.apply(self.cells)
            self._done.append(correction)

    def mark_saved(self) -> None:
        """Take the cells as they are for those that are saved; all can still be taken back."""
        self._saved = tuple(self._done)

    def note(self) -> str:
        """What was done since the cells were saved last, in a sentence: for the list of versions."""
        kept = sum(1 for one, other in zip(self._done, self._saved, strict=False) if one is other)
        new = [correction.words for correction in self._done[kept:]]
        taken_back = len(self._saved) - kept
        words = new[:NAMED]
        words += [f"{len(new) - NAMED} more"] if len(new) > NAMED else []
        words += [f"take back {taken_back} earlier"] if taken_back else []
        sentence = ", ".join(words)
        return f"{sentence[:1].upper()}{sentence[1:]}." if sentence else ""
