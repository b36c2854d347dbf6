"""Measuring many samples in the background, each only once."""

import time
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from cartocell_app.desktop.results.batch import SampleNumbers, identity, measure_sample
from cartocell_app.desktop.workers import Latest

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample

SHARE_S = 0.25
"""After so long, what was measured by then is handed over."""

Known = tuple[tuple[Any, ...], SampleNumbers]


class BatchMeasurer(QObject):
    """Measures all samples that have labels; those that have not changed since are not measured again.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    progressed = Signal(int, int)
    """Samples measured, and samples to measure in all; equal once there is nothing left to do."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: dict[int, Known] = {}
        self._samples: list[Sample] = []
        self._done = 0
        self._worker = Latest(self._take, self._give_up, self)

    def measure(self, samples: Iterable["Sample"]) -> None:
        """Have the numbers of these samples from now on, instead of earlier ones."""
        self._worker.forget()
        self._samples = [sample for sample in samples if sample.labels is not None]
        self._done = 0
        self._go_on()

    def numbers(self) -> list[SampleNumbers]:
        """What is known of the samples by now, in their order; names, days and conditions as they are now."""
        found = []
        for sample in self._samples:
            if sample.id in self._known:
                known = self._known[sample.id][1]
                found.append(SampleNumbers(sample, known.measurements, known.row, known.problem))
        return found

    def _go_on(self) -> None:
        self.progressed.emit(self._done, len(self._samples))
        waiting = self._samples[self._done :]
        if waiting:
            known = {sample.id: self._known[sample.id] for sample in waiting if sample.id in self._known}
            self._worker.request(partial(_measure_some, waiting, known))

    def _take(self, found: dict[int, Known]) -> None:
        self._known |= found
        self._done += len(found)
        self._go_on()

    def _give_up(self, error: Exception) -> None:
        """Show a bug once, and do not run into it again and again."""
        self._done = len(self._samples)
        self._go_on()
        raise error


def _measure_some(waiting: Sequence["Sample"], known: Mapping[int, Known]) -> dict[int, Known]:
    """Numbers of the first samples, by their number: as many as there is time for, but at least one."""
    end_s = time.monotonic() + SHARE_S
    found: dict[int, Known] = {}
    for sample in waiting:
        what = identity(sample)
        before = known.get(sample.id)
        found[sample.id] = before if before is not None and before[0] == what else (what, measure_sample(sample))
        if time.monotonic() > end_s:
            break
    return found
