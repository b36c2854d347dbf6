"""A project on disk: ``NAME.cartocell`` with its samples, label stacks, models and runs."""

from pathlib import Path

import cartocell_app
from cartocell_app.errors import UserError
from cartocell_app.progress import Cancelled, Progress, never, silent
from cartocell_app.project.database import check_database, make_database
from cartocell_app.project.inputs import Inputs
from cartocell_app.project.locking import ProjectLock
from cartocell_app.project.packing import ENDING, pack
from cartocell_app.project.places import DATABASE, whole
from cartocell_app.project.schema import ProjectRow
from cartocell_app.project.store import now
from cartocell_app.project.unpacking import unpack
from cartocell_app.stacks.files import check_writable, disk_troubles, remove_partial_files

LOCK = "project.lock"
FOLDERS = ("stacks", "labels", "models", "runs")


class Project(Inputs):
    """An open project; made with `create` or `open`.

    All methods may be called from any thread: what they return never changes, each works in a session of its own,
    and changes are made one after the other. The parameters are those of `Store`.
    """

    @classmethod
    def create(cls, folder: Path, name: str = "", *, is_temporary: bool = False) -> "Project":
        """Make an empty project in `folder`, which must be new or empty, and open it.

        Raises
        ------
        UserError
            If there is something in the folder already, or it cannot be written.
        """
        folder = whole(folder)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise UserError(f"There is something in {folder} already.", "Choose another name or place.")
        check_writable(folder)
        with disk_troubles(folder):
            for part in FOLDERS:
                (folder / part).mkdir(parents=True, exist_ok=True)
        words = name.strip() or folder.name.removesuffix(ENDING)
        make_database(folder / DATABASE, ProjectRow(name=words, made=now(), made_with=cartocell_app.__version__))
        return cls._opened(folder, is_temporary=is_temporary)

    @classmethod
    def open(cls, folder: Path) -> "Project":
        """Open the project in `folder`; where another window has it open, for reading only.

        Runs that a killed program left are marked as interrupted.

        Raises
        ------
        UserError
            If it is no project, damaged, or made with a newer version.
        """
        return cls._opened(whole(folder))

    @classmethod
    def _opened(cls, folder: Path, *, is_temporary: bool = False) -> "Project":
        lock = ProjectLock(folder / LOCK)
        held = (folder / DATABASE).is_file() and lock.take()
        try:
            check_database(folder / DATABASE, may_write=held)
            project = cls(folder, lock, is_temporary=is_temporary)
            if held:
                for part in ("stacks", "labels", "models"):
                    remove_partial_files(folder / part)  # those in runs are removed when the run goes on
                project._mark_interrupted()
        except BaseException:
            lock.release()
            raise
        return project

    def save_zip(
        self, path: Path, progress: Progress = silent, cancelled: Cancelled = never, *, with_inputs: bool = True
    ) -> None:
        """Save a copy of the whole project in one file, whole or not at all.

        Parameters
        ----------
        path : Path
            The zip file; an older one is replaced.
        progress, cancelled
            Told how far it is, in bytes; asked whether to stop.
        with_inputs : bool
            Whether stacks that lie outside the project are put in too; in the copy they lie inside.

        Raises
        ------
        UserError
            If the disk refuses, or a file cannot be read.
        CancelledError
            If asked to stop.
        """
        pack(self.folder, self.samples() if with_inputs else (), path, progress, cancelled)

    @staticmethod
    def unpack_zip(path: Path, folder: Path, progress: Progress = silent, cancelled: Cancelled = never) -> Path:
        """Unpack a project from a zip file into a new folder below `folder`, whole or not at all.

        Returns
        -------
        Path
            Folder of the project, to be opened.

        Raises
        ------
        UserError
            If the file is no zip file or damaged, holds no project or something that could do harm, or the disk
            refuses.
        CancelledError
            If asked to stop.
        """
        return unpack(path, folder, progress, cancelled)
