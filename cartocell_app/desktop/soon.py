"""Several signals in a row, one look at what they changed."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer


def soon(owner: QObject, look: Callable[[], object], wait_ms: int = 0) -> QTimer:
    """Make a timer that calls `look` once after it was started, however often that was.

    Parameters
    ----------
    owner : QObject
        Goes with it.
    look : callable
        Called on the window's thread.
    wait_ms : int
        How long to wait; 0 is until the window has nothing else to do.
    """
    timer = QTimer(owner)
    timer.setSingleShot(True)
    timer.setInterval(wait_ms)
    timer.timeout.connect(look)
    return timer
