"""The log of a job, kept in the folder of its run."""

import contextlib
import logging
from collections import deque
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)

NAME = "job.log"
KEPT_LINES = 500
TAIL_BYTES = 200_000


class LogFile:
    """Lines of a job, on disk and the last of them in memory; a disk that refuses does not stop the job.

    Parameters
    ----------
    folder : Path
        Of the run. An older log there is written on.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self.lines: deque[str] = deque(read_tail(folder), KEPT_LINES)
        self._file = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("a", encoding="utf-8", errors="replace")
        except OSError as error:
            log.warning("%s cannot be written: %s", self.path, error)

    def add(self, line: str) -> None:
        """Write a line."""
        self.lines.append(line)
        if self._file is None:
            return
        try:
            self._file.write(line + "\n")
            self._file.flush()
        except OSError as error:
            log.warning("%s cannot be written any more: %s", self.path, error)
            self.close()

    def add_heading(self, words: str) -> None:
        """Write a line with the time of day, so that one tells the attempts apart."""
        self.add(f"[{datetime.now().astimezone():%Y-%m-%d %H:%M:%S}] {words}")

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
            self._file = None


def read_tail(folder: Path) -> list[str]:
    """Last lines of the log in `folder`; none if there is no log."""
    try:
        with (folder / NAME).open("rb") as file:
            file.seek(0, 2)
            start = max(0, file.tell() - TAIL_BYTES)
            file.seek(start)
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return []
    return lines[start > 0 :][-KEPT_LINES:]
