"""Telling two windows on one project apart: the first may change it, the second only reads."""

import contextlib
import os
import socket
import sys
from pathlib import Path
from typing import IO


class ProjectLock:
    """A lock of the operating system on a file of the project; it goes when the program goes, however it ends.

    The file also says who holds it, in words; they mean nothing once the lock is gone.

    Parameters
    ----------
    path : Path
        The lock file; made if it is missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.refusal = ""
        self._file: IO[bytes] | None = None

    @property
    def is_held(self) -> bool:
        """Whether this program holds it."""
        return self._file is not None

    def take(self) -> bool:
        """Try to hold it. False if it cannot be held; `refusal` then says why, as the end of a sentence."""
        try:
            file = self.path.open("r+b" if self.path.exists() else "w+b")
        except OSError:
            self.refusal = "its folder may not be written"
            return False
        try:
            _lock(file)
        except BlockingIOError:
            file.close()
            self.refusal = f"it is open in another window{self._holder()}"
            return False
        except OSError:
            file.close()
            self.refusal = "the disk it lies on cannot tell two windows apart"
            return False
        self._file, self.refusal = file, ""
        with contextlib.suppress(OSError):
            file.truncate(0)
            file.seek(0)
            file.write(f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            file.flush()
        return True

    def release(self) -> None:
        """Let go of it."""
        if self._file is not None:
            file, self._file = self._file, None
            with contextlib.suppress(OSError):
                _unlock(file)
            file.close()

    def _holder(self) -> str:
        """Who holds it, in brackets; empty if nobody said."""
        with contextlib.suppress(OSError):
            words = self.path.read_text(encoding="utf-8", errors="replace").strip()
            return f" ({words})" if words else ""
        return ""


if sys.platform == "win32":
    import errno
    import msvcrt

    FAR = 1 << 30
    """Windows locks bytes against reading too: a place beyond the words is locked."""

    def _lock(file: IO[bytes]) -> None:
        file.seek(FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError as error:
            raise BlockingIOError(errno.EAGAIN, "locked") from error

    def _unlock(file: IO[bytes]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)
else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
