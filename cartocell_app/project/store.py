"""The ground of a project: its folder, database and lock, and those who listen to changes."""

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from cartocell_app.errors import UserError
from cartocell_app.project.database import engine_of, sqlite_troubles
from cartocell_app.project.locking import ProjectLock
from cartocell_app.project.places import DATABASE, Glances, whole
from cartocell_app.project.schema import ProjectRow

Listener = Callable[[str, tuple[int, ...]], None]


class Store:
    """An open project without what it holds. All methods may be called from any thread.

    Parameters
    ----------
    folder : Path
        Of the project.
    lock : ProjectLock
        Held if this window may change the project.
    is_temporary : bool
        Whether it is not to be kept.
    """

    def __init__(self, folder: Path, lock: ProjectLock, *, is_temporary: bool = False) -> None:
        self.folder = whole(folder)
        self.is_temporary = is_temporary
        self._lock = lock
        self._writing = threading.RLock()
        self._listeners: list[Listener] = []
        self._is_closed = False
        self._changes = 0  # made so far: what was read before the last one is old
        self._glances = Glances()
        self._engine = engine_of(self.database, read_only=self.read_only)
        with self._reading() as session:
            self.name = session.scalars(select(ProjectRow)).one().name

    @property
    def database(self) -> Path:
        """The project's database."""
        return self.folder / DATABASE

    @property
    def read_only(self) -> bool:
        """Whether this window may only look: another one has the project open, or it cannot be written."""
        return not self._lock.is_held

    @property
    def why_read_only(self) -> str:
        """Why this window may only look, a sentence; empty if it may change the project."""
        return "" if not self.read_only else f"{self.name} can only be read here, because {self._lock.refusal}."

    def close(self) -> None:
        """Let go of the project, once a change that is being made on another thread is made."""
        with self._writing:
            self._is_closed = True
            self._listeners.clear()
            self._engine.dispose()
            self._lock.release()

    def listen(self, callback: Listener) -> Callable[[], None]:
        """Have `callback` called with ``"samples"``, ``"runs"`` or ``"project"`` and numbers after each change.

        It is called on the thread that made the change. Returns a function that ends it.
        """
        self._listeners.append(callback)

        def end() -> None:
            with contextlib.suppress(ValueError):
                self._listeners.remove(callback)

        return end

    def rename(self, name: str) -> None:
        """Give the project another name; its folder keeps its own.

        Raises
        ------
        UserError
            If the name is empty.
        """
        if not name.strip():
            raise UserError("A project needs a name.")
        with self._changing("project", ()) as session:
            session.scalars(select(ProjectRow)).one().name = name.strip()
        self.name = name.strip()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Session]:
        with sqlite_troubles(self.database), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def _changing(self, what: str, ids: Iterable[int]) -> Iterator[Session]:
        """A session whose changes are all made or none; `ids`, as they are at its end, are told afterwards."""
        with self._writing:
            self._check_changeable()
            with self._reading() as session:
                yield session
                session.commit()
            self._changes += 1
        self._tell(what, tuple(ids))

    def _tell(self, what: str, ids: tuple[int, ...]) -> None:
        if ids or what == "project":
            for callback in list(self._listeners):
                callback(what, ids)

    def _check_changeable(self) -> None:
        if self._is_closed:
            raise UserError(f"The project {self.name} was closed.", "Open it again to change it.")
        if self.read_only:
            raise UserError(self.why_read_only, "Close other windows that show it, or copy it, and open it again.")


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)
