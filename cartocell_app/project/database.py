"""``project.sqlite``: making it, and opening it: is it one of ours, is it whole, is it of this version."""

import contextlib
import logging
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from sqlalchemy import Engine, NullPool, create_engine, event
from sqlalchemy.orm import Session

from cartocell_app.errors import UserError
from cartocell_app.project.places import DATABASE
from cartocell_app.project.schema import APPLICATION_ID, SCHEMA_VERSION, Base, ProjectRow
from cartocell_app.stacks.files import whole_file

log = logging.getLogger(__name__)

BACKUP = "project-backup.sqlite"
"""The database as it was when the project was last opened and whole."""

WAIT_S = 10.0
"""How long a reader waits while another thread or program writes; a write takes milliseconds."""

Migration = Callable[[sqlite3.Connection], None]


def _model_in_use(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE project ADD COLUMN model VARCHAR DEFAULT '' NOT NULL")


def _cut_out(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE samples ADD COLUMN cut_out JSON")


MIGRATIONS: Mapping[int, Migration] = {1: _model_in_use, 2: _cut_out}
"""From each earlier `SCHEMA_VERSION` to the next; each gets a connection inside a transaction."""


def make_database(path: Path, first_row: ProjectRow) -> None:
    """Make a database without samples; it is there once it is whole.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    with whole_file(path) as partial, sqlite_troubles(path):
        engine = engine_of(partial)
        Base.metadata.create_all(engine)
        with Session(engine) as session:
            session.add(first_row)
            session.commit()
        engine.dispose()
        with contextlib.closing(sqlite3.connect(partial)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def engine_of(path: Path, *, read_only: bool = False) -> Engine:
    """SQLAlchemy's engine for a database.

    SQLite's rollback journal is kept. Its write-ahead log would let readers pass a writer, but needs memory that all
    programs share, which network drives do not offer, and leaves two more files that a copied project would miss.
    Here one thread writes at a time, for milliseconds, and readers wait only while it puts its changes to disk.
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
    may_write: bool,
    migrations: Mapping[int, Migration] = MIGRATIONS,
    newest: int = SCHEMA_VERSION,
) -> None:
    """Look whether `path` is a whole database of ours, lay a copy beside it, and bring it to this version.

    Parameters
    ----------
    path : Path
        The database.
    may_write : bool
        Whether this window holds the project; if not, nothing is copied or changed.
    migrations, newest
        Steps between versions, and the version of this program.

    Raises
    ------
    UserError
        If it is missing, damaged, of another program, of a newer version, or of an older one and not to be changed.
    """
    if not path.is_file():
        raise no_project(path)
    with sqlite_troubles(path), contextlib.closing(sqlite3.connect(path, timeout=WAIT_S)) as connection:
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    if application != APPLICATION_ID:
        raise UserError(f"{path} is the database of another program.", "Choose a .cartocell folder.")
    # SQLite takes what is cut off its last page for zeros, and finds nothing wrong with them.
    if verdict != "ok" or path.stat().st_size < pages * page_bytes:
        raise damaged(path)
    if version > newest:
        raise UserError(
            f"{path.parent.name} was made with a newer version of CartoCell.", "Install that version to open it."
        )
    if version < newest and not may_write:
        raise UserError(
            f"{path.parent.name} is of an older version of CartoCell and must be brought up to date, "
            "but it is open in another window or may not be written.",
            "Close the other window, or copy the project to a place that you can write to.",
        )
    if version < newest:
        _migrate(path, version, newest, migrations)
    elif may_write:
        _back_up(path)


def no_project(path: Path) -> UserError:
    """There is no database; says which copies there are."""
    return UserError(
        f"{path.parent} is no CartoCell project: it has no {path.name}.", _copies(path) or "Choose a .cartocell folder."
    )


def damaged(path: Path) -> UserError:
    """The database is broken; says which copies there are."""
    otherwise = "Restore it from a backup of yours; stacks, labels and runs in the folder are still whole."
    return UserError(f"{path} is damaged.", _copies(path) or otherwise)


def _copies(path: Path) -> str:
    """What to do with the copies beside a database; empty if there are none."""
    copies = [path.with_name(BACKUP), *sorted(path.parent.glob("project-v*.sqlite"), reverse=True)]
    there = [copy.name for copy in copies if copy.is_file()]
    if not there:
        return ""
    return (
        f"A copy from when the project was last opened is beside it: rename {there[0]} to {DATABASE} and open the "
        f"project again. Labels and results are not touched by this."
    )


def _back_up(path: Path) -> None:
    """Keep the database as it is now; a project opens also where there is no room for that."""
    backup = path.with_name(BACKUP)
    try:
        now, then = path.stat(), backup.stat() if backup.exists() else None
        if then is None or (now.st_size, now.st_mtime_ns) != (then.st_size, then.st_mtime_ns):
            with whole_file(backup) as partial:
                shutil.copy2(path, partial)
    except (OSError, UserError) as error:
        log.warning("no copy of %s could be kept: %s", path, error)


def _migrate(path: Path, version: int, newest: int, migrations: Mapping[int, Migration]) -> None:
    """Take all steps or none. The copy from before stays beside it, for older versions of the program."""
    backup = path.with_name(f"project-v{version}.sqlite")
    with whole_file(backup) as partial:
        shutil.copy2(path, partial)
    try:
        with contextlib.closing(sqlite3.connect(path, timeout=WAIT_S, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            for step in range(version, newest):
                migrations[step](connection)
            connection.execute(f"PRAGMA user_version = {newest}")
            connection.execute("COMMIT")
    except (sqlite3.Error, KeyError) as error:
        # SQLite took the steps back; a step that made its changes last before it failed is undone like this.
        with whole_file(path) as partial:
            shutil.copy2(backup, partial)
        raise UserError(
            f"{path.parent.name} could not be brought up to the version of this program; it is as it was.",
            f"Open it with the version that made it. ({error})",
        ) from error


@contextlib.contextmanager
def sqlite_troubles(path: Path) -> Iterator[None]:
    """Turn what SQLite says of a bad file or disk into one sentence."""
    from sqlalchemy.exc import DatabaseError

    try:
        yield
    except (sqlite3.DatabaseError, DatabaseError) as error:
        words = str(error).lower()
        if "disk is full" in words or "disk i/o" in words:
            raise UserError(
                f"{path} could not be written: the disk is full or fails. The project is as it was before.",
                "Free some space and try again.",
            ) from error
        if "readonly" in words or "unable to open" in words:
            raise UserError(
                f"{path} could not be opened or may not be written.", "Check its permissions, or copy the project."
            ) from error
        if "locked" in words:
            raise UserError(f"{path} is in use by another program.", "Wait a moment and try again.") from error
        if any(sign in words for sign in ("malformed", "not a database", "no such table", "no such column")):
            raise damaged(path) from error
        raise
