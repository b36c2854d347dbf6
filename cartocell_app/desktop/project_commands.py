"""What can be done with projects: make, open, save a copy, find lost stacks, try the sample cyst."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from cartocell_app.desktop.actions import ActionInfo, needs_changeable_project, needs_project
from cartocell_app.desktop.busy import Busy
from cartocell_app.desktop.new_project import ENDING, NewProjectDialog, usual_folder
from cartocell_app.desktop.replacing import may_replace
from cartocell_app.desktop.session import Session
from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress

if TYPE_CHECKING:
    from cartocell_app.project.project import Project

SAMPLE_PROJECT = "Sample cyst"


class ProjectCommands:
    """Commands on whole projects.

    Parameters
    ----------
    session : Session
        In which projects are opened.
    window : QWidget
        Over which questions are asked.
    say : callable
        Shows a sentence in the status bar.
    may_leave : callable
        Asks, if need be, whether the open project may be left; returns False if not.
    receive : callable
        Does the obvious thing with files that were chosen.
    """

    def __init__(
        self,
        session: Session,
        window: QWidget,
        say: Callable[[str], None],
        may_leave: Callable[[], bool],
        receive: Callable[[list[Path]], None],
    ) -> None:
        self._session = session
        self._window = window
        self._say = say
        self._may_leave = may_leave
        self._receive = receive

    def new(self) -> None:
        """Ask for name and folder, and make a project."""
        self.make_for("", "", "&Make project")

    def make_for(self, name: str, why: str, button: str) -> bool:
        """Ask for name and folder, and make a project; False if the user does not want to."""
        if not self._may_leave():
            return False
        dialog = NewProjectDialog(usual_folder(), name, why, button, self._window)
        if not dialog.exec():
            return False
        self._session.create_project(dialog.path(), dialog.name.text().strip())
        return True

    def ask_to_open(self) -> None:
        """Ask which project to open."""
        chosen = QFileDialog.getExistingDirectory(
            self._window, f"Open a project (a folder whose name ends with {ENDING})", str(self._nearby())
        )
        if chosen:
            self.open(Path(chosen))

    def open(self, folder: Path) -> None:
        """Open the project in `folder`."""
        if self._may_leave():
            project = self._session.open_project(folder)
            if project.read_only:
                self._say("This project is open in another window. You can look at everything here, but not change it.")

    def close(self) -> None:
        """Close the open project; the welcome page comes back."""
        if self._may_leave():
            self._session.close_project()

    def choose_stacks(self) -> None:
        """Ask for stacks, and go on as if they had been dropped."""
        # Imported late: the readers' table brings numpy, which the first window does not need.
        from cartocell_app.stacks.reading import STACK_ENDINGS

        patterns = " ".join(f"*{ending}" for ending in STACK_ENDINGS)
        last = self._session.settings.last_folder or str(Path.home())
        chosen, _ = QFileDialog.getOpenFileNames(
            self._window, "Choose stacks", last, f"Stacks ({patterns});;All files (*)"
        )
        if chosen:
            self._session.remember(last_folder=str(Path(chosen[0]).parent))
            self._receive([Path(path) for path in chosen])

    def save_zip(self) -> None:
        """Ask for a file, and save a copy of the project with its stacks in it."""
        project = self._session.project
        if project is None:
            return
        proposed = self._nearby() / f"{project.name}.zip"
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, "Save a copy with everything in it", str(proposed), "Zip file (*.zip)"
        )
        if not chosen:
            return
        path = _zip_named(Path(chosen))
        # The dialog asks before it replaces a file, but only for the name that was typed.
        if path != Path(chosen) and not may_replace([path], self._window):
            return

        def save(progress: Progress, cancelled: Cancelled) -> Path:
            project.save_zip(path, progress, cancelled)
            return path

        Busy(self._window, f"Saving a copy of {project.name}…", save, lambda saved: self._say(f"Saved {saved}"))

    def unpack(self, path: Path) -> None:
        """Unpack a project from a zip file beside it, and open it."""
        if not self._may_leave():
            return

        def unpack(progress: Progress, cancelled: Cancelled) -> Path:
            from cartocell_app.project.project import Project

            return Project.unpack_zip(path, path.parent, progress, cancelled)

        Busy(self._window, f"Unpacking {path.name}…", unpack, self._session.open_project)

    def relocate(self) -> None:
        """Ask for a folder, and link all missing stacks that are found below it."""
        project = self._session.project
        if project is None:
            return
        chosen = QFileDialog.getExistingDirectory(
            self._window, "In which folder are the missing stacks now?", str(self._nearby())
        )
        if chosen:
            folder = Path(chosen)
            Busy(
                self._window,
                f"Looking for missing stacks in {folder}…",
                lambda progress, cancelled: project.relocate(folder, progress, cancelled),
                lambda found: self._say_found(project, found, folder),
            )

    def try_sample(self) -> None:
        """Open the project of the sample cyst, and make it first where it is not there."""
        if not self._may_leave():
            return
        folder = usual_folder() / f"{SAMPLE_PROJECT}{ENDING}"
        if folder.exists():
            project = self._session.open_project(folder)
        else:
            project = self._session.create_project(folder, SAMPLE_PROJECT)
        if not project.samples() and not project.read_only:
            Busy(
                self._window,
                "Opening the sample cyst…",
                lambda *_: add_sample_cyst(project),
                self._session.set_current,
            )
        elif project.samples():
            self._session.set_current(project.samples()[0].id)

    def actions(self) -> list[ActionInfo]:
        """Actions for menus, keys and the palette."""
        return [
            ActionInfo(
                "file.new", "&New project…", self.new, "mdi6.folder-plus-outline", "Ctrl+N",
                "Make a project: a folder with samples, cells and results.",
            ),
            ActionInfo(
                "file.open", "&Open project…", self.ask_to_open, "mdi6.folder-open-outline", "Ctrl+O",
                "Open a project that you made before.",
            ),
            ActionInfo(
                "file.sample", "&Try the sample cyst", self.try_sample, "mdi6.flask-outline",
                tooltip="Open a project with a small synthetic cyst.",
            ),
            ActionInfo(
                "file.import", "&Import stacks…", self.choose_stacks, "mdi6.tray-arrow-down", "Ctrl+I",
                "Choose stacks to add; you see what was found before anything is added.", self._needs_place,
            ),
            ActionInfo(
                "file.save-zip", "&Save a copy as zip…", self.save_zip, "mdi6.folder-zip-outline", "Ctrl+Shift+S",
                "Save the project with its stacks in one file, for another computer or a colleague.", needs_project,
            ),
            ActionInfo(
                "file.relocate", "&Relocate missing stacks…", self.relocate, "mdi6.file-search-outline",
                tooltip="Say in which folder stacks are that were moved.", needs=self._needs_missing,
            ),
            ActionInfo(
                "file.close", "&Close project", self.close, shortcut="Ctrl+W",
                tooltip="Close the project; everything in it is saved already.", needs=needs_project,
            ),
        ]  # fmt: skip

    def _say_found(self, project: Project, found: int, folder: Path) -> None:
        left = len(project.missing())
        if not found:
            raise UserError(
                f"None of the missing stacks is in {folder}.",
                "CartoCell looks for files of the same name and content, in all folders below. Choose another folder.",
            )
        self._say(f"Found {found}. " + (f"{left} are still missing." if left else "All stacks are linked again."))

    def _nearby(self) -> Path:
        project = self._session.project
        return usual_folder() if project is None else project.folder.parent

    def _needs_place(self, session: Session) -> str:
        # Without a project one is made on the way.
        return "" if session.project is None else needs_changeable_project(session)

    def _needs_missing(self, session: Session) -> str:
        reason = needs_changeable_project(session)
        if reason or session.project is None:
            return reason
        return "" if any(sample.missing for sample in session.project.samples()) else "No stack is missing."


def _zip_named(path: Path) -> Path:
    """The file with the ending of zip files; what follows a dot in "MDCK 12.05" belongs to the name."""
    return path if path.suffix.lower() == ".zip" else path.with_name(f"{path.name}.zip")


def add_sample_cyst(project: Project) -> int:
    """Add the sample cyst that comes with the program, on a worker thread; returns the sample's number."""
    from cartocell_app.project.values import NewSample
    from cartocell_app.resources import SAMPLE_STACK
    from cartocell_app.stacks.reading import read

    stack = read(SAMPLE_STACK)
    new = NewSample(
        path=SAMPLE_STACK,
        scene=None,
        channel=None,
        time=None,
        voxel_size=stack.voxel_size,
        shape=stack.shape,
        dtype=str(stack.data.dtype),
        channel_name=stack.channel,
        day=None,
        condition=None,
        role="new",
        name="Sample cyst",
    )
    (sample,) = project.add_samples([new])
    return sample.id
