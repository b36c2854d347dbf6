"""One run while it runs: its process, what it says, its log, and its results on their way into the project."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from cartocell_app.desktop.jobs.command import tells_no_progress, typed
from cartocell_app.desktop.jobs.endings import Ended, Ending, ending_of
from cartocell_app.desktop.jobs.events import Event, after, read_event, sentence
from cartocell_app.desktop.jobs.keeping import settle
from cartocell_app.desktop.jobs.log_file import LogFile
from cartocell_app.desktop.jobs.process import CLOSING_GRACE_MS, JobProcess
from cartocell_app.desktop.jobs.resuming import ENDED_HERE, rest_after
from cartocell_app.desktop.jobs.view import JobView, view_of
from cartocell_app.desktop.workers import Latest
from cartocell_app.exit_codes import SOME_FAILED

if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, State

KEPT_ERROR_LINES = 400


class Job(QObject):
    """A run that runs.

    Parameters
    ----------
    project : Project
        Gets the results.
    run : Run
        What is run.
    states : dict of int to str
        States that its samples had before.
    command : callable
        Makes program and arguments out of the words of the command.
    parent : QObject, optional
        Owner.
    """

    changed = Signal()
    """It said something, or is asked to stop."""

    event_heard = Signal(object)
    """What it said, as it said it (a dict)."""

    settled = Signal()
    """It ended, and the project knows."""

    def __init__(
        self,
        project: Project,
        run: Run,
        states: dict[int, State],
        command: Callable[[Sequence[str]], list[str]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.run = run
        self.view = replace(view_of(run), state="running", message="")
        self._project = project
        self._states = states
        self._command = command
        self._left_out: set[str] = set()
        self._ending: Ending | None = None
        self._plain = tells_no_progress(run.words)
        self._errors: list[str] = []
        self._log = LogFile(run.folder)
        self._taking = Latest(lambda _: None, parent=self)
        self._settling = Latest(lambda _: self.settled.emit(), self._not_settled, parent=self)
        self._process = self._make_process(run.words)

    @property
    def pid(self) -> int:
        """Number of its process."""
        return self._process.pid

    @property
    def lines(self) -> tuple[str, ...]:
        """The last lines of its log."""
        return tuple(self._log.lines)

    def start(self) -> None:
        """Start its process."""
        self._log.add_heading(typed(self.run.words))
        self._process.start()

    def _make_process(self, words: Sequence[str]) -> JobProcess:
        process = JobProcess(self._command(words), self)
        process.line_heard.connect(self._hear)
        process.words_heard.connect(self._hear_error)
        process.ended.connect(self._ended)
        return process

    def stop(self) -> None:
        """Ask it to stop at the next good moment; the second time, end it at once."""
        if self._process.was_asked:
            self._process.kill()
        else:
            self._process.stop()
        self.view = replace(self.view, is_stopping=True)
        self.changed.emit()

    def stop_now(self, ending: Ending) -> None:
        """Stop it and wait until it has, at most a few seconds; then tell the project `ending`."""
        self._end(CLOSING_GRACE_MS)
        if self._ending is None:
            self._close(ending)
        # It may have ended a moment ago, and the project does not know yet.
        settle(self._project, self.run, self._ending or ending, self._states)

    def abandon(self) -> None:
        """End it at once; its project is closed, so nothing can be told to it."""
        self._end(0)
        self._log.close()

    def _end(self, grace_ms: int) -> None:
        self._process.ended.disconnect(self._ended)
        if grace_ms:
            self._process.stop(grace_ms)
        if not self._process.wait(grace_ms):
            self._process.kill()
            self._process.wait(CLOSING_GRACE_MS)
        self._taking.forget()
        self._settling.forget()

    def _hear(self, line: str) -> None:
        event = read_event(line)
        if event is None:
            if line.strip():
                self._log.add(line)
            if self._plain and line.strip():
                self._hear_event({"event": "message", "message": line.strip()}, is_logged=True)
            return
        self._hear_event(event, is_logged=False)

    def _hear_event(self, event: Event, *, is_logged: bool) -> None:
        words = sentence(event)
        if words and not is_logged:
            self._log.add(words)
        progress = after(self.view.progress, event)
        self.view = replace(self.view, progress=progress, message=progress.message)
        if event["event"] == "result":
            project, run_id = self._project, self.run.id
            # While one look at the results is under way, the next ones wait as one.
            self._taking.request(lambda: project.take_in_results(run_id))
        self.changed.emit()
        self.event_heard.emit(event)

    def _hear_error(self, line: str) -> None:
        self._log.add(line)
        self._errors = [*self._errors[-KEPT_ERROR_LINES:], line]

    def _goes_on(self) -> bool:
        """Whether the rest is done, after the system ended the process in the middle of one stack."""
        item = self.view.progress.item
        words, gave_up = rest_after(self.run.words, self.run.folder, item, self._left_out)
        if gave_up:
            self._hear_event({"event": "result", "stack": item, "error": ENDED_HERE}, is_logged=False)
        if not words:
            return False
        self._log.add_heading(f"Going on with the rest: {typed(words)}")
        self.view = replace(self.view, progress=replace(self.view.progress, item="", stage="", done=0.0, total=0.0))
        self._process.deleteLater()
        self._process = self._make_process(words)
        self._process.start()
        return True

    def _ended(self, ended: Ended) -> None:
        if ended.broke_off and self._goes_on():
            return
        if ended.broke_off and self._left_out:
            ended = Ended(SOME_FAILED)  # there was nothing left to go on with
        progress = self.view.progress
        ending = ending_of(ended, "\n".join(self._errors), progress.good, progress.bad, progress.message)
        self._close(ending)
        project, run, states = self._project, self.run, self._states
        self._settling.request(lambda: settle(project, run, ending, states))

    def _close(self, ending: Ending) -> None:
        self._ending = ending
        self._log.add_heading(ending.message)
        self._log.close()
        self.view = replace(self.view, state=ending.state, message=ending.message, is_stopping=False)

    def _not_settled(self, error: Exception) -> None:
        self.settled.emit()
        raise error

    def as_shown(self) -> JobView:
        """How it is now, with its log."""
        return replace(self.view, log=self.lines)
