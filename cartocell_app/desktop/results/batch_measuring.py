"""Measuring many samples in the background, one after the other, each only once."""

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from cartocell_app.desktop.results.batch import SampleNumbers, identity, measure_sample
from cartocell_app.desktop.workers import Latest

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample


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
        self._known: dict[int, tuple[tuple[Any, ...], SampleNumbers]] = {}
        self._samples: list[Sample] = []
        self._waiting: list[tuple[Sample, tuple[Any, ...]]] = []
        self._worker = Latest(self._take, self._leave_out, self)

    def measure(self, samples: Iterable["Sample"]) -> None:
        """Have the numbers of these samples from now on, instead of earlier ones."""
        self._worker.forget()
        self._samples = [sample for sample in samples if sample.labels is not None]
        wanted = [(sample, identity(sample)) for sample in self._samples]
        self._waiting = [(sample, what) for sample, what in wanted if self._known.get(sample.id, (None,))[0] != what]
        self._go_on()

    def stop(self) -> None:
        """Leave the rest unmeasured."""
        self._waiting = []
        self._worker.forget()

    def numbers(self) -> list[SampleNumbers]:
        """What is known of the samples by now, in their order; names, days and conditions as they are now."""
        found = []
        for sample in self._samples:
            if sample.id in self._known:
                known = self._known[sample.id][1]
                found.append(SampleNumbers(sample, known.measurements, known.row, known.problem))
        return found

    def _go_on(self) -> None:
        total = len(self._samples)
        self.progressed.emit(total - len(self._waiting), total)
        if self._waiting:
            self._worker.request(partial(measure_sample, self._waiting[0][0]))

    def _take(self, numbers: SampleNumbers) -> None:
        sample, what = self._waiting.pop(0)
        self._known[sample.id] = (what, numbers)
        self._go_on()

    def _leave_out(self, error: Exception) -> None:
        """A bug shows itself once, and the other samples go on."""
        self._take(SampleNumbers(self._waiting[0][0], None, {}, "It could not be measured."))
        raise error
