"""Whatever is dropped, chosen or named at the start: looked at in the background, then the obvious thing is done."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from cartocell_app.desktop.importing.drop import Dropped, what_is
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow
    from cartocell_app.project.values import Sample

WHERE_TO = "Your stacks stay where they are; the project remembers where that is, and keeps all results."


class Receiver(QObject):
    """Does what is obvious with files and folders.

    Parameters
    ----------
    window : MainWindow
        In which it is done.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._look = Latest(self._do, parent=self)
        self._hash = Latest(lambda _: None, parent=self)

    def receive(self, paths: list[Path]) -> None:
        """Look at `paths` and do the obvious thing, after one confirmation."""
        if paths:
            self._window.status.say("Looking at what was dropped…")
            self._look.request(lambda: what_is(paths))

    def _do(self, dropped: Dropped) -> None:
        self._window.status.clearMessage()
        deed = dropped.deed
        if deed == "open project":
            self._window.projects.open(dropped.projects[0])
        elif deed == "unpack project":
            self._window.projects.unpack(dropped.project_zips[0])
        elif deed == "import stacks":
            self._import(dropped)
        else:
            raise UserError("Nothing can be done with this.", dropped.sentence)

    def _import(self, dropped: Dropped) -> None:
        """Show what was found, in a new project if none is open."""
        from cartocell_app.desktop.importing.import_dialog import ImportDialog

        count = f"{len(dropped.stacks)} stack{'s' * (len(dropped.stacks) != 1)}"
        if self._window.session.project is None:
            name = dropped.stacks[0].parent.name
            if not self._window.projects.make_for(name, WHERE_TO, f"&Make project for {count}"):
                return
        dialog = ImportDialog(dropped.stacks, self._window, self._window.session, _aside(dropped))
        dialog.imported.connect(self._imported)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _imported(self, samples: tuple[Sample, ...]) -> None:
        session = self._window.session
        project = session.project
        if not samples or project is None:
            self._window.status.say("These stacks are in the project already.")
            return
        self._window.status.say(f"Imported {len(samples)} stack{'s' * (len(samples) != 1)}.")
        session.set_current(samples[0].id)
        # What stacks are found by if they are moved one day.
        self._hash.request(lambda: project.hash_inputs(cancelled=lambda: session.project is not project))


def _aside(dropped: Dropped) -> str:
    """What else was there, in a sentence."""
    others = len(dropped.strangers) + dropped.passed_over
    return f"{others} other file{'s' * (others != 1)} left aside." if others else ""
