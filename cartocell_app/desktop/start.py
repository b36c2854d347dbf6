"""`cartocell-desktop`: opens the window; what is named on the command line is opened as if it were dropped."""

import argparse
import logging
import multiprocessing
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app import __version__
from cartocell_app.installation import is_frozen

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow
    from cartocell_app.desktop.self_test import SelfTest

COMMAND_LINE = "cartocell"
"""Called by this name, the frozen program is the command line, whatever follows."""


def main() -> None:
    """Start the program; the frozen one also runs the command line if its first word is a command."""
    multiprocessing.freeze_support()
    words = sys.argv[1:]
    if is_frozen() and (Path(sys.argv[0]).stem == COMMAND_LINE or is_command(words)):
        from cartocell_app.cli import main as command_line

        command_line()
        return
    sys.exit(run_window(words))


def is_command(words: Sequence[str]) -> bool:
    """Whether `words` begin with a sub-command of `cartocell` instead of something to open."""
    if not words or Path(words[0]).exists():
        return False
    from typer.main import get_command

    from cartocell_app.cli import app

    return words[0] in get_command(app).commands


def run_window(words: Sequence[str]) -> int:
    """Open the window and run until it is closed.

    Parameters
    ----------
    words : sequence of str
        Of the command line, without the program's name.

    Returns
    -------
    int
        Exit status.
    """
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QIcon
    from PySide6.QtWidgets import QApplication

    from cartocell_app import resources
    from cartocell_app.desktop.errors import start_log
    from cartocell_app.desktop.main_window import MainWindow
    from cartocell_app.desktop.session import Session
    from cartocell_app.desktop.theme import apply_theme
    from cartocell_app.desktop.workers import wait_for_workers

    choices = _parser().parse_args(words)
    logging.basicConfig(level=logging.WARNING)
    log = start_log()
    app = QApplication(sys.argv[:1])
    app.setApplicationName("CartoCell")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("cartocell-desktop")
    app.setWindowIcon(QIcon(str(resources.ROOT / "icons" / "cartocell.png")))
    session = Session()
    apply_theme(app, session.settings.theme)
    window = MainWindow(session)
    window.errors.install()
    window.show()
    if choices.paths:
        QTimer.singleShot(0, lambda: window.receive([path.absolute() for path in choices.paths]))
    test = _self_test(window, choices.self_test)
    if choices.quit_after is not None:
        QTimer.singleShot(round(1000 * choices.quit_after), window.close)
    status = app.exec()
    wait_for_workers()
    if log is not None:
        log.close()
    return 1 if test is not None and test.failed else status


def _self_test(window: "MainWindow", folder: Path | None) -> "SelfTest | None":
    """Have the program try itself, if it is told where to put what comes of it."""
    if folder is None:
        return None
    from cartocell_app.desktop.self_test import SelfTest

    return SelfTest(window, folder.absolute())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("cartocell-desktop", description="Open the window of CartoCell.")
    parser.add_argument("paths", nargs="*", type=Path, help="stacks, folders, a project or a model to open")
    parser.add_argument("--version", action="version", version=f"cartocell {__version__}")
    parser.add_argument(
        "--quit-after", type=float, metavar="SECONDS", help="close the window by itself: a test that it starts"
    )
    parser.add_argument(
        "--self-test",
        type=Path,
        metavar="FOLDER",
        help="open, segment and measure the sample cyst by itself, write what came of it there, and close",
    )
    return parser


if __name__ == "__main__":
    main()
