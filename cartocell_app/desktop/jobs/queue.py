"""Long work as ``cartocell`` commands, one after the other: started, watched, stopped, and never lost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from cartocell_app.desktop.jobs.again import why_not_again
from cartocell_app.desktop.jobs.command import command_line
from cartocell_app.desktop.jobs.endings import Ending
from cartocell_app.desktop.jobs.job import Job
from cartocell_app.desktop.jobs.keeping import mark_running, mark_waiting, settle
from cartocell_app.desktop.jobs.log_file import read_tail
from cartocell_app.desktop.jobs.view import JobView, view_of
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon

if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, State

TELL_MS = 60
"""A job that says much is shown at most this often."""

WINDOW_CLOSED = Ending("interrupted", "It was stopped because CartoCell was closed. What is finished is kept.")
NOT_BEGUN = Ending("cancelled", "Taken out of the queue before it began.")
CLOSED_BEFORE = Ending("interrupted", "CartoCell was closed before it began.")


class JobQueue(QObject):
    """Runs of the open project: at most `at_once` run, the others wait for their turn.

    Parameters
    ----------
    session : Session
        Holds the project whose runs these are.
    command : callable
        Makes program and arguments out of the words of a command.
    at_once : int
        Jobs at a time.
    parent : QObject, optional
        Owner.
    """

    job_changed = Signal(int)
    """Number of a run that is now further, or in another state."""

    event_heard = Signal(int, object)
    """Number of a run, and what its command said (a dict): rounds of a training, for instance."""

    def __init__(
        self,
        session: Session,
        command: Callable[[Sequence[str]], list[str]] = command_line,
        at_once: int = 1,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._command = command
        self._at_once = at_once
        self._project: Project | None = session.project
        self._waiting: list[Run] = []
        self._jobs: dict[int, Job] = {}
        self._states: dict[int, dict[int, State]] = {}
        self._changed: set[int] = set()
        self._soon = soon(self, self._tell, TELL_MS)
        session.project_changed.connect(self._change_project)

    def add(self, run: Run) -> None:
        """Have a run of the open project run when its turn comes; its samples count as running from now on."""
        self._wait_for_turn(run)

    def retry(self, run_id: int) -> None:
        """Run again what failed, was stopped or was interrupted: the same command does only what is missing.

        What a project from elsewhere must not do on this computer is not done, and its message says so.
        """
        if self._project is None or run_id in self._jobs or run_id in self.waiting():
            return
        run = self._project.run(run_id)
        problem = why_not_again(run, self._project.folder)
        if problem:
            self._project.update_run(run_id, state="failed", message=problem)
            self._note(run_id)
        else:
            self._wait_for_turn(run)

    def cancel(self, run_id: int) -> None:
        """Stop a job at the next good moment, or take it out of the queue; the second time, end it at once."""
        job = self._jobs.get(run_id)
        if job is not None:
            job.stop()
        elif run_id in self.waiting():
            self._take_out(run_id, NOT_BEGUN)
        self._note(run_id)

    def leave(self, run_id: int) -> None:
        """Do not offer an interrupted run again."""
        if self._project is not None and self._project.run(run_id).state == "interrupted":
            self._project.update_run(run_id, state="cancelled")
            self._note(run_id)

    def move_first(self, run_id: int) -> None:
        """Let a waiting run be the next."""
        self._waiting.sort(key=lambda run: run.id != run_id)
        self._note(run_id)

    def running(self) -> tuple[int, ...]:
        """Numbers of the runs that run."""
        return tuple(self._jobs)

    def waiting(self) -> tuple[int, ...]:
        """Numbers of the runs that wait, the next first."""
        return tuple(run.id for run in self._waiting)

    def offered(self) -> tuple[JobView, ...]:
        """Runs that were interrupted, the latest first: by the end of the program, of the computer, or a crash."""
        return tuple(view for view in self.jobs() if view.state == "interrupted")

    def jobs(self) -> tuple[JobView, ...]:
        """All runs of the project, the latest first, without their logs."""
        runs = () if self._project is None else self._project.runs()
        views = [self._jobs[run.id].view if run.id in self._jobs else view_of(run) for run in runs]
        return tuple(sorted(views, key=lambda view: -view.run_id))

    def job(self, run_id: int) -> JobView:
        """One run, with the last lines of its log.

        Raises
        ------
        KeyError
            If the open project has no such run.
        """
        if run_id in self._jobs:
            return self._jobs[run_id].as_shown()
        if self._project is None:
            raise KeyError(run_id)
        run = self._project.run(run_id)
        return view_of(run, tuple(read_tail(run.folder)))

    def pid(self, run_id: int) -> int:
        """Number of the process of a run that runs; 0 if it does not."""
        job = self._jobs.get(run_id)
        return 0 if job is None else job.pid

    def stop_all(self) -> None:
        """Stop everything and wait until it has; what did not end is offered again at the next start."""
        jobs, self._jobs = self._jobs, {}
        for run_id in self.waiting():
            self._take_out(run_id, CLOSED_BEFORE)
        for job in jobs.values():
            job.stop_now(WINDOW_CLOSED)
            job.deleteLater()
        self._states.clear()
        self._tell()

    def _wait_for_turn(self, run: Run) -> None:
        project = self._project
        if project is None:
            return
        self._states[run.id] = mark_waiting(project, run)
        self._waiting.append(project.run(run.id))
        self._note(run.id)
        # Not at once: whoever added the run goes on first.
        QTimer.singleShot(0, self, self._start_next)

    def _start_next(self) -> None:
        while self._waiting and len(self._jobs) < self._at_once and self._project is not None:
            run = self._waiting.pop(0)
            job = Job(self._project, run, self._states.pop(run.id, {}), self._command, self)
            self._jobs[run.id] = job
            job.changed.connect(lambda number=run.id: self._note(number))
            job.event_heard.connect(lambda event, number=run.id: self.event_heard.emit(number, event))
            job.settled.connect(lambda number=run.id: self._settled(number))
            mark_running(self._project, run)
            job.start()
            self._note(run.id)

    def _settled(self, run_id: int) -> None:
        job = self._jobs.pop(run_id, None)
        if job is not None:
            job.deleteLater()
            self._note(run_id)
            self._start_next()

    def _take_out(self, run_id: int, ending: Ending) -> None:
        run = next(run for run in self._waiting if run.id == run_id)
        self._waiting.remove(run)
        if self._project is not None:
            settle(self._project, run, ending, self._states.pop(run_id, {}))
        self._changed.add(run_id)

    def _note(self, run_id: int) -> None:
        self._changed.add(run_id)
        if not self._soon.isActive():
            self._soon.start()

    def _tell(self) -> None:
        self._soon.stop()
        changed, self._changed = self._changed, set()
        for run_id in sorted(changed):
            self.job_changed.emit(run_id)

    def _change_project(self, project: Project | None) -> None:
        if project is self._project:
            return
        # The old project is closed by now: at its next opening it finds these runs interrupted.
        jobs, self._jobs, self._waiting = self._jobs, {}, []
        for job in jobs.values():
            job.abandon()
            job.deleteLater()
        self._states.clear()
        self._changed.clear()
        self._soon.stop()
        self._project = project
