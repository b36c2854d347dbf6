"""Running another ``cartocell`` command in a process of its own, and passing on what it tells."""

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from cartocell_app.errors import UserError
from cartocell_app.exit_codes import BAD_INPUT, DONE, SOME_FAILED, STOPPED
from cartocell_app.installation import is_frozen
from cartocell_app.progress import CancelledError

GRACE_S = 60.0
"""A command that was asked to stop and still runs after this is ended."""

LOOK_S = 0.2
"""Between looks at whether to stop, while the command is silent."""

Event = dict[str, Any]
Hear = Callable[[Event], None]


@dataclass(frozen=True)
class Ended:
    """How a command ended: its exit code, and what it wrote to standard error."""

    code: int
    words: str


Runner = Callable[[Sequence[str], Hear], Ended]
"""Runs ``cartocell`` with the given words, passes its events on, and returns when it has ended."""


def cartocell_command(words: Sequence[str]) -> list[str]:
    """Program and arguments that run ``cartocell`` with `words`, from source and from the installed program."""
    program = [sys.executable] if is_frozen() else [sys.executable, "-m", "cartocell_app.cli"]
    return [*program, *words]


def run_command(stop: threading.Event) -> Runner:
    """Runner that starts real processes; once `stop` is set, the running one is asked to stop too.

    The process writes JSON lines to a pipe: should this one be killed, the next line ends the other.
    """

    def run(words: Sequence[str], hear: Hear) -> Ended:
        command = cartocell_command(words)
        with tempfile.TemporaryFile() as errors, _started(command, errors) as process:
            for line in _lines(process, stop):
                with contextlib.suppress(ValueError):
                    event = json.loads(line)
                    if isinstance(event, dict) and "event" in event:
                        hear(event)
            code = process.wait()
            errors.seek(0)
            return Ended(code, errors.read().decode("utf-8", errors="replace").strip())

    return run


@contextlib.contextmanager
def _started(command: Sequence[str], errors: IO[bytes]) -> Iterator["subprocess.Popen[str]"]:
    """Start a process, in a group of its own so that Ctrl-C reaches only this one; it never outlives the block."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        encoding="utf-8",
        errors="replace",
        env=os.environ | {"PYTHONUTF8": "1"},
        start_new_session=os.name != "nt",
        creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(GRACE_S)
            except subprocess.TimeoutExpired:
                _kill(process)
        if process.stdout is not None:
            process.stdout.close()


def _kill(process: "subprocess.Popen[str]") -> None:
    """End a process at once, with those that it has started."""
    if os.name == "nt":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _lines(process: "subprocess.Popen[str]", stop: threading.Event) -> Iterator[str]:
    """Yield what a process writes until it ends.

    Raises
    ------
    CancelledError
        If `stop` was set.
    """
    lines: queue.Queue[str | None] = queue.Queue()

    def listen() -> None:
        assert process.stdout is not None
        with contextlib.suppress(ValueError):  # closed while listening
            for line in process.stdout:
                lines.put(line)
        lines.put(None)

    threading.Thread(target=listen, daemon=True).start()
    while True:
        if stop.is_set():
            raise CancelledError
        try:
            line = lines.get(timeout=LOOK_S)
        except queue.Empty:
            continue
        if line is None:
            return
        yield line


def check_ended(words: str, ended: Ended, may_fail_in_part: bool) -> str:
    """Raise what a command's end calls for.

    Parameters
    ----------
    words : str
        What it did, for people.
    ended : Ended
        How it ended.
    may_fail_in_part : bool
        Whether exit code 1, some stacks failed, is good enough to go on.

    Returns
    -------
    str
        What the user should know; empty if all is well.

    Raises
    ------
    UserError
        If it says that the input is bad, or the system ended it.
    CancelledError
        If somebody stopped it.
    RuntimeError
        If it crashed.
    """
    if ended.code == DONE:
        return ""
    crashed = "Traceback (most recent call last)" in ended.words
    if ended.code == SOME_FAILED and may_fail_in_part and not crashed:
        return f"{words}: not all stacks could be done. {ended.words}".strip()
    if ended.code in (STOPPED, -signal.SIGINT, -signal.SIGTERM):
        raise CancelledError
    if ended.code == BAD_INPUT or (ended.code == SOME_FAILED and not crashed):
        raise UserError(f"{words} failed.", ended.words.removeprefix("cartocell: "))
    if ended.code < 0:
        raise UserError(
            f"{words} was ended by the system (signal {-ended.code}).",
            "Often that means too little memory. Close other programs and run this again: it goes on from there.",
        )
    raise RuntimeError(f"{words}: exit code {ended.code}\n{ended.words}")
