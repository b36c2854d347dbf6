"""Telling two windows on one project apart: the first may change it, the second only reads."""

import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import IO


class ProjectLock:
    """A lock of the operating system on a file of the project; it goes when the program goes, however it ends.

    Parameters
    ----------
    path : Path
        The lock file; made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] | None = None

    @property
    def is_held(self) -> bool:
        """Whether this program holds it."""
        return self._file is not None

    def take(self) -> bool:
        """Try to hold it; False if another window does, or the folder cannot be written."""
        try:
            file = self.path.open("r+b" if self.path.exists() else "w+b")
        except OSError:
            return False
        try:
            _lock(file)
        except OSError:
            file.close()
            return False
        self._file = file
        with contextlib.suppress(OSError):
            file.truncate(0)
            file.seek(0)
            file.write(f"{os.getpid()} on {socket.gethostname()}\n".encode())
            file.flush()
        return True

    def holder(self) -> str:
        """Who holds it, in words; empty if nobody said."""
        with contextlib.suppress(OSError):
            return self.path.read_text(encoding="utf-8", errors="replace").strip()
        return ""

    def release(self) -> None:
        """Let go of it."""
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):
                _unlock(file)
            file.close()


if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 30
    """Windows locks bytes against reading too: a place beyond the words is locked."""

    def _lock(file: IO[bytes]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

    def _unlock(file: IO[bytes]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
