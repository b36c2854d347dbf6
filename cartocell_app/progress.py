"""How a long function tells how far it is and learns that it should stop.

Floors below ``jobs`` know no progress bar: they take a `Progress` and a `Cancelled` callable.
"""

from collections.abc import Callable

Progress = Callable[[str, float, float], None]
"""Called as ``progress(stage, done, total)``; `stage` is a short phrase for people, such as ``"Network"``."""

Cancelled = Callable[[], bool]
"""Returns True once the work should stop."""


class CancelledError(Exception):
    """The work was stopped on request; nothing was left half written."""


def silent(stage: str, done: float, total: float) -> None:
    """Ignore the progress."""


def never() -> bool:
    """Never ask to stop."""
    return False


def stop_if(cancelled: Cancelled) -> None:
    """Raise `CancelledError` if `cancelled` says so."""
    if cancelled():
        raise CancelledError
