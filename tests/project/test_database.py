"""Databases that are damaged, foreign, of other versions, or on a full disk."""

import contextlib
import sqlite3
from pathlib import Path

import pytest

from cartocell_app.errors import UserError
from cartocell_app.project.database import BACKUP, check_database, sqlite_troubles
from cartocell_app.project.places import DATABASE
from cartocell_app.project.project import Project
from cartocell_app.project.schema import SCHEMA_VERSION
from cartocell_app.project.values import CutOut, NewSample


@pytest.fixture
def database(project: Project) -> Path:
    """Database of a project that is closed again."""
    project.close()
    return project.folder / DATABASE


def run(database: Path, *statements: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        answers = [connection.execute(statement).fetchall() for statement in statements]
        connection.commit()
    return answers[-1]


def test_a_newer_one_is_refused_and_left_alone(database):
    run(database, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = database.read_bytes()
    with pytest.raises(UserError, match="newer version"):
        Project.open(database.parent)
    assert database.read_bytes() == before


def test_the_database_of_another_program_is_refused(tmp_path):
    run(tmp_path / DATABASE, "CREATE TABLE photos (id)")
    with pytest.raises(UserError, match="another program"):
        Project.open(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a database at all" * 500])
def test_what_is_no_database_is_refused(tmp_path, content):
    (tmp_path / DATABASE).write_bytes(content)
    with pytest.raises(UserError):
        Project.open(tmp_path)


@pytest.mark.parametrize("keep", [0.1, 0.3, 0.6])
def test_half_a_database_is_refused(database, keep):
    content = database.read_bytes()
    database.write_bytes(content[: int(len(content) * keep)])
    (database.parent / BACKUP).unlink(missing_ok=True)
    with pytest.raises(UserError, match="damaged") as refusal:
        Project.open(database.parent)
    assert "still whole" in refusal.value.body


def test_a_lost_database_is_missed_with_the_way_out(database):
    Project.open(database.parent).close()
    database.unlink()
    with pytest.raises(UserError, match=f"no {DATABASE}") as refusal:
        Project.open(database.parent)
    assert BACKUP in refusal.value.body


def add_weather(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE samples ADD COLUMN weather TEXT DEFAULT 'fair'")


def rename_then_fail(connection: sqlite3.Connection) -> None:
    connection.execute("ALTER TABLE samples RENAME TO cysts")
    connection.execute("INSERT INTO nowhere VALUES (1)")


def test_an_older_one_is_brought_up_to_date_after_a_copy(database):
    before = database.read_bytes()
    check_database(database, may_write=True, migrations={SCHEMA_VERSION: add_weather}, newest=SCHEMA_VERSION + 1)
    assert run(database, "SELECT weather FROM samples") == [("fair",)] * 3
    assert run(database, "PRAGMA user_version") == [(SCHEMA_VERSION + 1,)]
    assert (database.parent / f"project-v{SCHEMA_VERSION}.sqlite").read_bytes() == before


def test_a_migration_that_fails_changes_nothing(database):
    before = database.read_bytes()
    steps = {SCHEMA_VERSION: add_weather, SCHEMA_VERSION + 1: rename_then_fail}
    with pytest.raises(UserError, match="as it was"):
        check_database(database, may_write=True, migrations=steps, newest=SCHEMA_VERSION + 2)
    assert database.read_bytes() == before
    again = Project.open(database.parent)
    assert len(again.samples()) == 3
    again.close()


def test_an_older_one_is_not_changed_by_a_window_that_only_looks(database):
    before = database.read_bytes()
    with pytest.raises(UserError, match="older version"):
        check_database(database, may_write=False, migrations={SCHEMA_VERSION: add_weather}, newest=SCHEMA_VERSION + 1)
    assert database.read_bytes() == before


def test_every_version_that_was_released_has_its_step():
    from cartocell_app.project.database import MIGRATIONS

    assert set(MIGRATIONS) == set(range(1, SCHEMA_VERSION))


def test_a_project_of_the_first_version_opens_without_a_model_of_its_own(database):
    columns = ("project DROP COLUMN model", "samples DROP COLUMN cut_out")
    run(database, *(f"ALTER TABLE {column}" for column in columns), "PRAGMA user_version = 1")
    again = Project.open(database.parent)
    assert (again.model_in_use(), len(again.samples())) == (None, 3)
    again.use_model(again.folder / "models" / "M2.onnx")
    again.close()


def test_a_project_of_the_second_version_opens_and_takes_cysts_that_were_cut_out(database, tmp_path):
    run(database, "ALTER TABLE samples DROP COLUMN cut_out", "PRAGMA user_version = 2")
    again = Project.open(database.parent)
    assert [sample.cut_out for sample in again.samples()] == [None] * 3
    (tmp_path / "cyst.tif").write_bytes(b"cyst")
    place = CutOut(1, 7, (0, 10, 20), (30, 40, 50))
    (cyst,) = again.add_samples([NewSample(tmp_path / "cyst.tif", cut_out=place)])
    assert again.sample(cyst.id).cut_out == place
    again.close()


def test_a_full_disk_is_said_and_changes_nothing(database):
    with contextlib.closing(sqlite3.connect(database)) as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(UserError, match="disk is full") as refusal, sqlite_troubles(database):
            connection.execute("UPDATE samples SET notes = ?", ("x" * 10_000_000,))
        assert "Free some space" in refusal.value.body
    again = Project.open(database.parent)
    assert {sample.notes for sample in again.samples()} == {""}
    again.close()


def test_no_room_for_the_copy_does_not_keep_a_project_from_opening(database, monkeypatch):
    def full(*_args):
        raise OSError(28, "No space left on device")

    (database.parent / BACKUP).unlink(missing_ok=True)
    monkeypatch.setattr("cartocell_app.project.database.shutil.copy2", full)
    Project.open(database.parent).close()
    assert not (database.parent / BACKUP).exists()
    assert not list(database.parent.glob(".partial*"))
