"""What nobody caught: written to the log and shown in words, while the window lives on."""

import logging
import sys
import threading
import traceback
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.messages import Message, show_user_error
from cartocell_app.desktop.settings import settings_folder
from cartocell_app.errors import UserError

log = logging.getLogger(__name__)

LOG_BYTES, LOG_FILES = 1_000_000, 3


def log_path() -> Path:
    """Where the log is written."""
    return settings_folder() / "logs" / "cartocell.log"


def start_log() -> logging.Handler | None:
    """Write warnings and errors to the log file from now on; None if the disk does not let us."""
    try:
        log_path().parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            log_path(), maxBytes=LOG_BYTES, backupCount=LOG_FILES, encoding="utf-8", delay=True
        )
    except OSError as error:
        log.warning("There is no log file: %s", error)
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)
    return handler


class ErrorReporter(QObject):
    """Takes what nobody caught, on any thread, and shows it over the window.

    Parameters
    ----------
    window : QWidget
        Over which messages are shown.
    """

    log_wanted = Signal()
    """The log file is asked for."""

    _caught = Signal(object)

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._shown: Message | None = None
        # Errors of other threads are shown on the window's; those of painting not before it has ended.
        self._caught.connect(self._show, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Be called for whatever nobody catches."""
        sys.excepthook = self.report
        threading.excepthook = lambda args: self.report(args.exc_type, args.exc_value, args.exc_traceback)

    def report(self, kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
        """Log and show an error; the way of `sys.excepthook`."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error or kind(), trace)
            return
        if isinstance(error, UserError):
            log.info("%s", error)
        else:
            log.error("nobody caught this", exc_info=(kind, error or kind(), trace))
        self._caught.emit(error or kind())

    def _show(self, error: BaseException) -> None:
        if self._shown is not None:
            return  # one message at a time: an error in painting would otherwise bring one for each frame
        if isinstance(error, UserError):
            message = show_user_error(error, self._window)
        else:
            message = Message(
                "Something went wrong inside CartoCell.",
                "This is a fault of the program, not yours. What was saved is safe and you can go on working; if it "
                "happens again, send us the details.",
                "".join(traceback.format_exception(error)),
                "failed",
                self._window,
            )
            message.log_wanted.connect(self.log_wanted)
            message.open()
        self._shown = message
        message.finished.connect(self._forget)

    def _forget(self) -> None:
        self._shown = None
