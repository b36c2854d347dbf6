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

BROKEN = "CartoCell failed to measure it. The other cysts are not affected."

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
        self._bug_shown = False
        self._worker = Latest(self._take, parent=self)

    def measure(self, samples: Iterable["Sample"]) -> None:
        """Have the numbers of these samples from now on, instead of earlier ones."""
        self._worker.forget()
        self._samples = [sample for sample in samples if sample.labels is not None]
        # Numbers of samples count in one project only, and the next project has the same ones.
        self._known = {sample.id: self._known[sample.id] for sample in self._samples if self._is_known(sample)}
        self._done = 0
        self._bug_shown = False
        self._go_on()

    def numbers(self) -> list[SampleNumbers]:
        """What is known of the samples by now, in their order; names, days and conditions as they are now."""
        found = []
        for sample in self._samples:
            if self._is_known(sample):
                known = self._known[sample.id][1]
                found.append(SampleNumbers(sample, known.measurements, known.row, known.problem))
        return found

    def _is_known(self, sample: "Sample") -> bool:
        """Whether there are numbers of these labels; whether the file has changed since, only the worker looks up."""
        if sample.id not in self._known:
            return False
        measured = self._known[sample.id][1].sample
        return _source(measured) == _source(sample)

    def _go_on(self) -> None:
        self.progressed.emit(self._done, len(self._samples))
        waiting = self._samples[self._done :]
        if waiting:
            known = {sample.id: self._known[sample.id] for sample in waiting if sample.id in self._known}
            self._worker.request(partial(_measure_some, waiting, known))

    def _take(self, answer: tuple[dict[int, Known], list[Exception]]) -> None:
        found, bugs = answer
        self._known |= found
        self._done += len(found)
        self._go_on()
        if bugs and not self._bug_shown:
            # Once is enough: the other samples likely have the same.
            self._bug_shown = True
            raise bugs[0]


def _source(sample: "Sample") -> tuple[Any, ...]:
    """What a sample's numbers come from; like `identity`, but quick on slow disks, since no file is looked at."""
    return sample.labels, sample.voxel_size, sample.results


def _measure_some(waiting: Sequence["Sample"], known: Mapping[int, Known]) -> tuple[dict[int, Known], list[Exception]]:
    """Numbers of the first samples, by their number: as many as there is time for, but at least one; and bugs."""
    end_s = time.monotonic() + SHARE_S
    found: dict[int, Known] = {}
    bugs: list[Exception] = []
    for sample in waiting:
        what: tuple[Any, ...] = ()
        try:
            what = identity(sample)
            before = known.get(sample.id)
            found[sample.id] = before if before is not None and before[0] == what else (what, measure_sample(sample))
        except Exception as error:  # noqa: BLE001 - one sample's bug must not cost the numbers of all others
            found[sample.id] = what, SampleNumbers(sample, None, {}, BROKEN)
            bugs.append(error)
        if time.monotonic() > end_s:
            break
    return found, bugs
