"""Tables of ``project.sqlite``. A change of them needs a new `SCHEMA_VERSION` and a migration."""

from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION: Final = 3
"""Kept in SQLite's ``user_version``."""

APPLICATION_ID: Final = 0x43617274
"""Kept in SQLite's ``application_id``: tells our databases from others ("Cart")."""


class UtcTime(TypeDecorator[datetime]):
    """A moment; SQLite keeps no time zone, so that of the earth is taken and given back."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        del dialect
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON, datetime: UtcTime}  # noqa: RUF012 - as SQLAlchemy wants it


class ProjectRow(Base):
    """The project itself: one row; `model` is the file of the model that is used unless told otherwise, or empty."""

    __tablename__ = "project"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    made: Mapped[datetime]
    made_with: Mapped[str]
    model: Mapped[str] = mapped_column(default="", server_default="")


class SampleRow(Base):
    """A sample; paths as `cartocell_app.project.places` writes them.

    `whole_path` is where its file lay when it was last told: a project that is moved away from it finds it there.
    `bytes` and `modified_ns` are those of the file that `content_hash` belongs to. `cut_out` holds a `CutOut`.
    """

    __tablename__ = "samples"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - numbers are never used again
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    path: Mapped[str]
    whole_path: Mapped[str]
    bytes: Mapped[int | None]
    modified_ns: Mapped[int | None]
    reading: Mapped[dict[str, Any]]
    voxel: Mapped[list[Any] | None]
    shape: Mapped[list[Any] | None]
    dtype: Mapped[str | None]
    channel_name: Mapped[str | None]
    day: Mapped[str | None]
    condition: Mapped[str | None]
    role: Mapped[str]
    state: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")
    cells: Mapped[int | None]
    labels: Mapped[str | None]
    results: Mapped[str | None]
    content_hash: Mapped[str | None]
    notes: Mapped[str] = mapped_column(default="")
    cut_out: Mapped[dict[str, Any] | None]


class LabelRow(Base):
    """A label stack of a sample."""

    __tablename__ = "labels"
    __table_args__ = (Index("labels_of_sample", "sample_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    sample_id: Mapped[int] = mapped_column(ForeignKey("samples.id", ondelete="CASCADE"))
    path: Mapped[str]
    kind: Mapped[str]
    note: Mapped[str]
    made: Mapped[datetime]


class RunRow(Base):
    """A run; `names` are those of its samples when it was made, `taken` the hashes of records that were taken in."""

    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    words: Mapped[list[Any]]
    folder: Mapped[str]
    state: Mapped[str]
    message: Mapped[str] = mapped_column(default="")
    sample_ids: Mapped[list[Any]]
    names: Mapped[dict[str, Any]]
    phase: Mapped[int | None]
    taken: Mapped[dict[str, Any]]
    queued: Mapped[datetime | None]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]


class ModelRow(Base):
    """A trained model; of several with one name the latest counts."""

    __tablename__ = "models"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    path: Mapped[str]
    made: Mapped[datetime]
    run_id: Mapped[int | None] = mapped_column(ForeignKey("runs.id", ondelete="SET NULL"))
    trained_on: Mapped[dict[str, Any]]
