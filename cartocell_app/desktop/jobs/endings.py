"""How a command ended, in the user's words: what happened, and what to do."""

import signal
from dataclasses import dataclass
from typing import Literal

from cartocell_app.exit_codes import DONE, SOME_FAILED, STOPPED

Outcome = Literal["done", "some failed", "failed", "cancelled", "interrupted"]

OUR_FAULT = "Something went wrong inside CartoCell. This is a fault of the program, not yours; the log has the details."
NO_MEMORY = "There was not enough memory. Close other programs, or crop the stacks, and try again."
KILLED = (
    "The system ended it, which often means that memory ran out. Close other programs and go on: what is finished is "
    "kept."
)
CRASHED = "It crashed in a part that is not ours{number}. What is finished is kept; the log may say more."
STOPPED_OUTSIDE = "Something other than this window stopped it. What is finished is kept; go on from there."
SEE_LIST = "; the list of samples says why"
CANCELLED = "Stopped, as you asked. What is finished is kept."
NOT_STARTED = (
    "It could not be started: {reason}. Perhaps a virus scanner holds it back, or the program was moved. Install "
    "CartoCell again if this goes on."
)


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    code : int
        Exit code; the negative number of the signal if one ended it.
    crashed : bool
        Whether the system ended it, instead of itself.
    was_asked : bool
        Whether this window asked it to stop.
    problem : str
        Why it did not start at all; empty if it did.
    """

    code: int = DONE
    crashed: bool = False
    was_asked: bool = False
    problem: str = ""

    @property
    def broke_off(self) -> bool:
        """Whether it ended in the middle without being asked to: the system ended it, or it crashed."""
        return self.crashed and not self.was_asked and -self.code not in (signal.SIGTERM, signal.SIGINT)


@dataclass(frozen=True)
class Ending:
    """What came of a job: its state, and a sentence or two for the user."""

    state: Outcome
    message: str


def ending_of(ended: Ended, errors: str, good: int, bad: int, last_message: str) -> Ending:
    """Say what came of a job.

    Parameters
    ----------
    ended : Ended
        How its process ended.
    errors : str
        What it wrote to standard error.
    good, bad : int
        Results that came well and badly.
    last_message : str
        The last sentence that it said itself.
    """
    if ended.problem:
        return Ending("failed", NOT_STARTED.format(reason=ended.problem.rstrip(".")))
    if ended.was_asked and ended.code != DONE:
        return Ending("cancelled", CANCELLED)
    if ended.crashed or ended.code == STOPPED:
        return _broken_off(ended)
    if ended.code == DONE and not bad:
        return Ending("done", f"{good} stack{'s' * (good > 1)} done." if good else last_message or "Done.")
    if ended.code == DONE or (ended.code == SOME_FAILED and "Traceback (most recent call last)" not in errors):
        return _in_part(good, bad, errors)
    said = _user_error(errors)
    if said:
        return Ending("failed", said)
    return Ending("failed", NO_MEMORY if "MemoryError" in errors else OUR_FAULT)


def _broken_off(ended: Ended) -> Ending:
    number = -ended.code
    if ended.code == STOPPED or number in (signal.SIGTERM, signal.SIGINT):
        return Ending("interrupted", STOPPED_OUTSIDE)
    if number == getattr(signal, "SIGKILL", None):
        return Ending("interrupted", KILLED)
    told = f" (signal {number})" if number > 0 else f" (code {ended.code & 0xFFFFFFFF:#x})"
    return Ending("interrupted", CRASHED.format(number=told))


def _in_part(good: int, bad: int, errors: str) -> Ending:
    if not bad:
        return Ending("some failed", _user_error(errors) or errors.strip() or "Not everything could be done.")
    if not good:
        words = "The stack could not be done" if bad == 1 else f"None of the {bad} stacks could be done"
        return Ending("failed", f"{words}{SEE_LIST}.")
    return Ending("some failed", f"{bad} of {good + bad} stacks could not be done{SEE_LIST}.")


def _user_error(errors: str) -> str:
    """The sentence of a `UserError`, which comes last; empty if there is none."""
    _, found, said = errors.rpartition("cartocell: ")
    return said.strip() if found and "Traceback (most recent call last)" not in said else ""
