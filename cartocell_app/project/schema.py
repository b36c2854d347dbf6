"""Tables of ``project.sqlite``. A change of them needs a new `SCHEMA_VERSION` and a migration."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import JSON, ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

SCHEMA_VERSION: Final = 1
"""Kept in SQLite's ``user_version``."""

APPLICATION_ID: Final = 0x43617274
"""Kept in SQLite's ``application_id``: tells our databases from others ("Cart")."""


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {dict[str, Any]: JSON, list[Any]: JSON}  # noqa: RUF012 - as SQLAlchemy wants it


class ProjectRow(Base):
    """The project itself: one row."""

    __tablename__ = "project"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    made: Mapped[datetime]
    made_with: Mapped[str]


class SampleRow(Base):
    """A sample; paths as `cartocell_app.project.places` writes them."""

    __tablename__ = "samples"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - numbers are never used again
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    path: Mapped[str]
    bytes: Mapped[int | None]
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
    """A run; `taken` says which records of its folder were taken in, by name and time."""

    __tablename__ = "runs"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title: Mapped[str]
    words: Mapped[list[Any]]
    folder: Mapped[str]
    state: Mapped[str]
    message: Mapped[str] = mapped_column(default="")
    sample_ids: Mapped[list[Any]]
    taken: Mapped[dict[str, Any]]
    queued: Mapped[datetime | None]
    started: Mapped[datetime | None]
    ended: Mapped[datetime | None]
