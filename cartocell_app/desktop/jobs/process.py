"""One ``cartocell`` command in a process of its own: heard line by line, stopped politely, never left behind."""

import contextlib
import os
import signal
from collections.abc import Sequence

import psutil
from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from cartocell_app.desktop.jobs.endings import Ended
from cartocell_app.desktop.jobs.events import LineReader

GRACE_MS = 30_000
"""A command that was asked to stop ends at its next tile; one that still runs after this is ended."""

CLOSING_GRACE_MS = 3_000
"""The same while the window closes: what is being written is whole or absent, so that nothing is spoilt."""


class JobProcess(QObject):
    """A command that runs.

    Parameters
    ----------
    command : sequence of str
        Program and arguments.
    parent : QObject, optional
        Owner.
    """

    line_heard = Signal(str)
    """A line of standard output."""

    words_heard = Signal(str)
    """A line of standard error."""

    ended = Signal(object)
    """It ended, or did not start: an `Ended`."""

    def __init__(self, command: Sequence[str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._out, self._errors = LineReader(), LineReader()
        self._was_asked = False
        self._is_over = False
        self._pid = 0
        self._grace = QTimer(self)
        self._grace.setSingleShot(True)
        self._grace.timeout.connect(self.kill)
        self._process = QProcess(self)
        self._process.setProgram(command[0])
        self._process.setArguments(list(command[1:]))
        self._process.setProcessEnvironment(_environment())
        if os.name != "nt":
            # A group of its own: Ctrl-C in the terminal of the window is not for it, and it is ended as a whole.
            parameters = QProcess.UnixProcessParameters()
            parameters.flags = QProcess.UnixProcessFlag.CreateNewSession
            self._process.setUnixProcessParameters(parameters)
        self._process.setStandardInputFile(QProcess.nullDevice())
        self._process.started.connect(self._started)
        self._process.readyReadStandardOutput.connect(self._hear)
        self._process.readyReadStandardError.connect(self._hear)
        self._process.finished.connect(self._finished)
        self._process.errorOccurred.connect(self._failed)

    @property
    def pid(self) -> int:
        """Number of the process; 0 before it runs."""
        return self._pid

    @property
    def was_asked(self) -> bool:
        """Whether it was asked to stop."""
        return self._was_asked

    def start(self) -> None:
        """Start it."""
        self._process.start()

    def stop(self, grace_ms: int = GRACE_MS) -> None:
        """Ask it to stop at the next good moment; it is ended if it still runs after `grace_ms`."""
        self._was_asked = True
        if self._is_over:
            return
        self._grace.start(grace_ms)
        # Windows has no polite way to a program without a window. Files are whole or absent, so little is lost.
        if os.name == "nt":
            self.kill()
        else:
            self._process.terminate()

    def kill(self) -> None:
        """End it at once, with all that it has started."""
        self._was_asked = True
        if self._is_over:
            return
        for process in _family(self._pid):
            with contextlib.suppress(psutil.Error):
                process.kill()
        self._process.kill()

    def wait(self, timeout_ms: int) -> bool:
        """Wait until it has ended; False if it still runs after `timeout_ms`."""
        return self._is_over or self._process.waitForFinished(timeout_ms)

    def _started(self) -> None:
        self._pid = self._process.processId()

    def _hear(self) -> None:
        for line in self._out.feed(self._process.readAllStandardOutput().data()):
            self.line_heard.emit(line)
        for line in self._errors.feed(self._process.readAllStandardError().data()):
            self.words_heard.emit(line)

    def _finished(self, code: int, status: QProcess.ExitStatus) -> None:
        self._hear()
        for line in self._out.finish():
            self.line_heard.emit(line)
        for line in self._errors.finish():
            self.words_heard.emit(line)
        _end_group(self._pid)
        crashed = status == QProcess.ExitStatus.CrashExit
        self._over(Ended(-code if crashed else code, crashed, self._was_asked))

    def _failed(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._over(Ended(was_asked=self._was_asked, problem=self._process.errorString()))

    def _over(self, ended: Ended) -> None:
        self._is_over = True
        self._grace.stop()
        self.ended.emit(ended)


def _environment() -> QProcessEnvironment:
    environment = QProcessEnvironment.systemEnvironment()
    environment.insert("PYTHONUTF8", "1")
    return environment


def _family(pid: int) -> list[psutil.Process]:
    """A process and all that it has started, directly or not."""
    if not pid:
        return []
    try:
        parent = psutil.Process(pid)
        return [*parent.children(recursive=True), parent]
    except psutil.Error:
        return []


def _end_group(pid: int) -> None:
    """End what a process that has ended itself left running in its group."""
    if os.name != "nt" and pid:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
