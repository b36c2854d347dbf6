"""Opening ``project.sqlite``: is it one of ours, is it whole, is it of this version."""

import contextlib
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine, event

from cartocell_app.errors import UserError
from cartocell_app.project.schema import APPLICATION_ID, SCHEMA_VERSION, Base
from cartocell_app.stacks.files import disk_troubles

DATABASE = "project.sqlite"
WAIT_S = 10.0

Migration = Callable[[sqlite3.Connection], None]

MIGRATIONS: Mapping[int, Migration] = {}
"""From each earlier `SCHEMA_VERSION` to the next."""


def make_database(path: Path) -> None:
    """Make an empty database.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    engine = engine_of(path)
    with disk_troubles(path), sqlite_troubles(path):
        Base.metadata.create_all(engine)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            connection.commit()
    engine.dispose()


def engine_of(path: Path, *, read_only: bool = False) -> Engine:
    """SQLAlchemy's engine for a database.

    SQLite's rollback journal is kept: the write-ahead log needs shared memory, which network drives do not offer.
    """
    uri = f"file:{path.as_posix().replace('%', '%25').replace('?', '%3f').replace('#', '%23')}"
    mode = "ro" if read_only else "rwc"
    engine = create_engine(
        "sqlite://",
        # Opening takes a tenth of a millisecond, and nothing stays open that would keep a folder from being moved.
        poolclass=NullPool,
        creator=lambda: sqlite3.connect(f"{uri}?mode={mode}", uri=True, timeout=WAIT_S, check_same_thread=False),
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def check_database(
    path: Path,
    *,
    migrate: bool,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    newest: int = SCHEMA_VERSION,
) -> None:
    """Look whether `path` is a whole database of ours, and bring it to this version if `migrate`.

    Before a migration a copy is laid beside it (``project-v1.sqlite``); if the migration fails, the copy comes back.

    Raises
    ------
    UserError
        If it is missing, damaged, of another program, of a newer version, or of an older one and not to be changed.
    """
    if not path.is_file():
        raise UserError(f"{path.parent} is no CartoCell project: it has no {DATABASE}.", "Choose a .cartocell folder.")
    with sqlite_troubles(path), contextlib.closing(sqlite3.connect(path, timeout=WAIT_S)) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if application != APPLICATION_ID:
        raise UserError(f"{path} is the database of another program.", "Choose a .cartocell folder.")
    if verdict != "ok":
        raise damaged(path)
    if version > newest:
        raise UserError(
            f"{path.parent.name} was made with a newer version of CartoCell.", "Install that version to open it."
        )
    if version < newest and not migrate:
        raise UserError(
            f"{path.parent.name} is of an older version of CartoCell and must be brought up to date, "
            "but it is open in another window or may not be written.",
            "Close the other window, or copy the project to a place that you can write to.",
        )
    if version < newest:
        _migrate(path, version, newest, migrations)


def _migrate(path: Path, version: int, newest: int, migrations: Mapping[int, Migration]) -> None:
    backup = path.with_name(f"project-v{version}.sqlite")
    with disk_troubles(backup):
        shutil.copy2(path, backup)
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=WAIT_S)) as connection:
            for step in range(version, newest):
                migrations[step](connection)
            connection.execute(f"PRAGMA user_version = {newest}")
            connection.commit()
    except BaseException:
        shutil.copy2(backup, path)
        raise


@contextlib.contextmanager
def sqlite_troubles(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a bad file or disk into one sentence."""
    from sqlalchemy.exc import DatabaseError

    try:
        yield
    except (sqlite3.DatabaseError, DatabaseError) as error:
        words = str(error).lower()
        if "disk is full" in words or "disk i/o" in words:
            raise UserError(f"{path} could not be written: the disk is full or fails.", "Free some space.") from error
        if "readonly" in words or "unable to open" in words:
            raise UserError(f"{path} may not be written.", "Check its permissions, or copy the project.") from error
        if "locked" in words:
            raise UserError(f"{path} is in use by another program.", "Wait a moment and try again.") from error
        if "malformed" in words or "not a database" in words:
            raise damaged(path) from error
        raise


def damaged(path: Path) -> UserError:
    """The database is broken; says which copies there are."""
    copies = sorted(copy.name for copy in path.parent.glob("project-v*.sqlite"))
    way_out = (
        f"Copies from before updates are beside it: {', '.join(copies)}. Rename one to {DATABASE}."
        if copies
        else "Restore it from a backup; stacks, labels and runs in the folder are still whole."
    )
    return UserError(f"{path} is damaged.", way_out)
