"""Looks at pairs one after the other in the background, and remembers what it found while they stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from cartocell_app.desktop.curation.pair_check import PairCheck, look_at_pair
from cartocell_app.desktop.workers import Latest

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample


class Checker(QObject):
    """Checks samples that have labels.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    checked = Signal(int)
    """Number of the sample that was looked at."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: dict[int, tuple[tuple[object, ...], PairCheck]] = {}
        self._asked: list[Sample] = []
        self._worker = Latest(self._take, parent=self)

    @property
    def is_busy(self) -> bool:
        """Whether pairs are still to be looked at."""
        return self._worker.is_busy or bool(self._asked)

    def ask(self, samples: Sequence[Sample]) -> None:
        """Look at those of these samples that were not looked at as they are now; others are forgotten."""
        ids = {sample.id for sample in samples}
        self._known = {number: known for number, known in self._known.items() if number in ids}
        self._asked = [sample for sample in samples if self.of(sample) is None and _can_be_read(sample)]
        if not self._worker.is_busy:
            self._next()

    def of(self, sample: Sample) -> PairCheck | None:
        """What was found; None if it was not looked at yet."""
        mark, check = self._known.get(sample.id, ((), None))
        return check if check is not None and mark == _mark(sample) else None

    def forget(self) -> None:
        """Look at nothing more."""
        self._asked = []
        self._worker.forget()

    def _next(self) -> None:
        if self._asked:
            sample = self._asked.pop(0)
            self._worker.request(lambda: (sample.id, _mark(sample), look_at_pair(sample)))

    def _take(self, answer: tuple[int, tuple[object, ...], PairCheck]) -> None:
        number, mark, check = answer
        self._known[number] = (mark, check)
        self.checked.emit(number)
        self._next()


def _can_be_read(sample: Sample) -> bool:
    return sample.labels is not None and sample.labels.exists() and not sample.missing


def _mark(sample: Sample) -> tuple[object, ...]:
    """Changes with what is looked at."""
    labels = sample.labels
    stamp = labels.stat().st_mtime_ns if labels is not None and labels.exists() else None
    return (sample.path, sample.scene, sample.channel, sample.time, sample.voxel_size, labels, stamp)
