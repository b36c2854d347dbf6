"""Telling people and programs how far a job is."""

import json
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

ProgressKind = Literal["auto", "json", "none"]

WARM_UP_S = 1.0
"""Before this, too little is known for an honest remaining time."""


class Reporter(Protocol):
    """Where a job tells its progress; used as a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def step(self, item: str, stage: str, done: float, total: float) -> None:
        """Report `done` of `total` of `stage` (a phrase for people) of `item` (a stack's name)."""

    def overall(self, done: float, total: float) -> None:
        """Report how much of the whole job is done; fractions of an item count."""

    def message(self, text: str) -> None:
        """Say a sentence."""

    def result(self, item: str, **values: Any) -> None:
        """Report what came of `item`."""

    def event(self, kind: str, sentence: str, **values: Any) -> None:
        """Report something else: `sentence` for people, `kind` and `values` for programs."""


def reporter(kind: ProgressKind, stream: TextIO | None = None) -> Reporter:
    """Choose how to report: JSON lines for programs, a bar on a terminal, plain sentences elsewhere.

    Parameters
    ----------
    kind : {"auto", "json", "none"}
        ``auto`` draws a bar if standard error is a terminal, and otherwise says a sentence per item.
    stream : text file, optional
        Where to write; standard output for JSON, standard error otherwise.
    """
    if kind == "json":
        return JsonReporter(stream or sys.stdout)
    if kind == "none":
        return SilentReporter()
    stream = stream or sys.stderr
    return BarReporter(stream) if stream.isatty() else PlainReporter(stream)


class _Remaining:
    """Remaining time of a job from what it has done so far."""

    def __init__(self) -> None:
        self.start_s = time.monotonic()

    def eta_s(self, done: float, total: float) -> float | None:
        elapsed_s = time.monotonic() - self.start_s
        if done <= 0 or elapsed_s < WARM_UP_S:
            return None
        return round(elapsed_s / done * (total - done), 1)


class SilentReporter:
    """Says nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None: ...

    def step(self, item: str, stage: str, done: float, total: float) -> None: ...

    def overall(self, done: float, total: float) -> None: ...

    def message(self, text: str) -> None: ...

    def result(self, item: str, **values: Any) -> None: ...

    def event(self, kind: str, sentence: str, **values: Any) -> None: ...


class JsonReporter(SilentReporter):
    """One JSON object a line: ``event`` is ``progress``, ``message`` or ``result``.

    A progress line has ``stack``, ``stage``, ``done`` and ``total`` of the stage, and, once known, ``job_done``,
    ``job_total`` and ``eta_s`` (seconds, null while unknown) of the whole job.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.remaining = _Remaining()
        self.job: tuple[float, float] = (0.0, 0.0)

    def step(self, item: str, stage: str, done: float, total: float) -> None:
        job_done, job_total = self.job
        self._write(
            event="progress",
            stack=item,
            stage=stage,
            done=done,
            total=total,
            job_done=job_done,
            job_total=job_total,
            eta_s=self.remaining.eta_s(job_done, job_total),
        )

    def overall(self, done: float, total: float) -> None:
        self.job = (round(done, 4), total)

    def message(self, text: str) -> None:
        self._write(event="message", message=text)

    def result(self, item: str, **values: Any) -> None:
        self._write(event="result", stack=item, **values)

    def event(self, kind: str, sentence: str, **values: Any) -> None:
        self._write(event=kind, message=sentence, **values)

    def _write(self, **values: Any) -> None:
        self.stream.write(json.dumps(values, ensure_ascii=False, allow_nan=False, default=str) + "\n")
        self.stream.flush()


class PlainReporter(SilentReporter):
    """Sentences only, for log files."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def message(self, text: str) -> None:
        self.stream.write(text + "\n")
        self.stream.flush()

    def result(self, item: str, **values: Any) -> None:
        self.message(result_sentence(item, values))

    def event(self, kind: str, sentence: str, **values: Any) -> None:  # noqa: ARG002
        self.message(sentence)


class BarReporter(SilentReporter):
    """A progress bar with remaining time, and sentences above it."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.bar: Bar | None = None
        self.task: TaskID | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        self.bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("·"),
            TimeRemainingColumn(compact=True, elapsed_when_finished=True),
            console=Console(file=self.stream),
            transient=True,
        )
        self.bar.start()
        self.task = self.bar.add_task("", total=None)
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def step(self, item: str, stage: str, done: float, total: float) -> None:  # noqa: ARG002
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description=f"{stage} · {item}" if item else stage)

    def overall(self, done: float, total: float) -> None:
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=done, total=total)

    def message(self, text: str) -> None:
        if self.bar is not None:
            self.bar.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def result(self, item: str, **values: Any) -> None:
        self.message(result_sentence(item, values))

    def event(self, kind: str, sentence: str, **values: Any) -> None:  # noqa: ARG002
        self.message(sentence)


def result_sentence(item: str, values: dict[str, Any]) -> str:
    """Say in a line what came of one stack."""
    if values.get("error"):
        return f"{item}: not done. {values['error']}"
    sentence = f"{item}: {values['cells']} cells in {values['seconds']:.1f} s"
    return sentence if values.get("f1") is None else f"{sentence}, F1 {values['f1']:.3f} at IoU 0.5"
