"""Whatever is dropped, chosen or named at the start: looked at in the background, then the obvious thing is done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMessageBox

from cartocell_app.desktop.actions import needs_changeable_project
from cartocell_app.desktop.busy import Busy
from cartocell_app.desktop.importing.drop import Dropped, what_is
from cartocell_app.desktop.importing.pairing import pair_up
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError
from cartocell_app.progress import CancelledError

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow
    from cartocell_app.project.values import Role, Sample

WHERE_TO = "Your stacks stay where they are; the project remembers where that is, and keeps all results."


ROLES_OF_PHASES: dict[int, Role] = {
    1: "high-resolution",
    2: "high-resolution",
    3: "low-resolution",
    4: "low-resolution",
    5: "new",
}


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
        self._hash = Latest(lambda _: None, _not_hashed, parent=self)

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
        elif deed == "nothing":
            raise UserError("Nothing can be done with this.", dropped.sentence)
        elif self._has_place(dropped):
            {
                "import stacks": self._import,
                "add models": self._add_models,
                "run configuration": self._run_configuration,
            }[deed](dropped)

    def _has_place(self, dropped: Dropped) -> bool:
        """Whether a project is open that can take something; offers to make one if none is open."""
        session = self._window.session
        if session.project is not None:
            reason = needs_changeable_project(session)
            if reason:
                raise UserError("Nothing can be added here.", reason)
            return True
        count = f"{len(dropped.stacks)} stack{'s' * (len(dropped.stacks) != 1)}"
        name = dropped.stacks[0].parent.name if dropped.stacks else ""
        button = f"&Make project for {count}" if dropped.stacks else "&Make project"
        return self._window.projects.make_for(name, WHERE_TO, button)

    def _import(self, dropped: Dropped) -> None:
        """Show what was found; a model that came along is what the stacks can be segmented with right away."""
        self._import_models(dropped)
        if dropped.models:
            self._copy_model(dropped.models[0], lambda model: self._show_found(dropped, model))
        else:
            self._show_found(dropped)

    def _show_found(self, dropped: Dropped, model: Path | None = None) -> None:
        from cartocell_app.desktop.importing.import_dialog import ImportDialog

        window = self._window
        queue = window.load_panels().queue
        paired = pair_up(dropped.stacks)
        role = self._role(all_labelled=len(paired.labels) == len(paired.stacks))
        dialog = ImportDialog(paired.stacks, window, window.session, dropped.aside, queue, model, paired.labels, role)
        dialog.imported.connect(self._imported)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _role(self, *, all_labelled: bool) -> Role:
        """What stacks are most likely for: the phase whose page is open; labelled ones are learnt from."""
        if self._window.page == "phase":
            return ROLES_OF_PHASES[self._window.centre.phase.number]
        return "high-resolution" if all_labelled else "new"

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

    def _add_models(self, dropped: Dropped) -> None:
        """Copy models of ours into the project; have those of other programs turned into ours."""
        self._import_models(dropped)
        for path in dropped.models:
            self._copy_model(path, lambda model: self._window.status.say(f"Added the model {model.stem}."))

    def _import_models(self, dropped: Dropped) -> None:
        from cartocell_app.desktop.importing.others import import_model

        project = self._window.session.project
        assert project is not None
        for path in dropped.foreign_models:
            import_model(project, self._window.load_panels().queue, path)

    def _copy_model(self, path: Path, then: Callable[[Path], object]) -> None:
        from cartocell_app.desktop.importing.others import add_model

        project = self._window.session.project
        assert project is not None
        Busy(self._window, f"Adding the model {path.name}…", lambda *_: add_model(project, path), then)

    def _run_configuration(self, dropped: Dropped) -> None:
        from cartocell_app.desktop.importing.others import run_configuration

        project, queue = self._window.session.project, self._window.load_panels().queue
        assert project is not None
        box = QMessageBox(QMessageBox.Icon.Question, "BiaPy's configuration", dropped.sentence, parent=self._window)
        box.setInformativeText("It runs as a job; its results go into a folder of this project.")
        run = box.addButton("&Run it", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.exec()
        if box.clickedButton() is run:
            run_configuration(project, queue, dropped.configurations[0])


def _not_hashed(error: Exception) -> None:
    # The project was closed meanwhile: no mistake, and the next import makes up for it.
    if not isinstance(error, CancelledError):
        raise error
