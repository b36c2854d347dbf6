"""Where to begin: a small project that shows all five phases, or straight to segmenting."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cartocell_app.desktop.actions import ActionInfo
from cartocell_app.desktop.busy import Busy
from cartocell_app.desktop.new_project import ENDING, usual_folder
from cartocell_app.progress import Cancelled, Progress

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow

NAME = "Sample project"

ONLY_SEGMENT = (
    "Your new cysts and their results are kept in a project: a folder. A model that can segment them comes with "
    "CartoCell, so you can begin at once; the phases before are only for training models of your own."
)


class Beginnings:
    """Commands that lead from nothing to the page of a phase.

    Parameters
    ----------
    window : MainWindow
        In which the page is shown.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def walk_through(self) -> None:
        """Open the sample project on the page of its first phase; make it first where it is not there."""
        if not self._window.may_leave():
            return
        folder = usual_folder() / f"{NAME}{ENDING}"
        if folder.exists():
            self._show_first_phase(folder)
        else:
            Busy(
                self._window,
                "Making the sample project…",
                lambda progress, cancelled: _made(folder, progress, cancelled),
                self._show_first_phase,
            )

    def only_segment(self) -> None:
        """Show the page of phase 5, in a new project where none is open."""
        window = self._window
        if window.session.project is None and not window.projects.make_for("", ONLY_SEGMENT, "&Make project"):
            return
        window.show_phase(5)

    def actions(self) -> list[ActionInfo]:
        """Actions for menus, keys and the palette."""
        return [
            ActionInfo(
                "file.sample-project", "Walk through the five &phases", self.walk_through, "mdi6.map-outline",
                tooltip="Open a small project of synthetic cysts, with which all five phases take minutes.",
            ),
            ActionInfo(
                "file.only-segment", "I only want to se&gment", self.only_segment, "mdi6.fast-forward-outline",
                tooltip="Go straight to phase 5: choose a model, add stacks, segment them.",
            ),
        ]  # fmt: skip

    def _show_first_phase(self, folder: Path) -> None:
        self._window.session.open_project(folder)
        self._window.show_phase(1)


def _made(folder: Path, progress: Progress, cancelled: Cancelled) -> Path:
    from cartocell_app.project.sample_project import make_sample_project

    return make_sample_project(folder, progress, cancelled)
