"""A project on disk: ``NAME.cartocell`` with its samples, label stacks, models and runs."""

import contextlib
import json
import logging
import re
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

import cartocell_app
from cartocell_app.errors import UserError
from cartocell_app.project.database import DATABASE, check_database, engine_of, make_database, sqlite_troubles
from cartocell_app.project.locking import ProjectLock
from cartocell_app.project.places import found, kept
from cartocell_app.project.rows import change, label_of, row_of, run_of, sample_of, words_kept
from cartocell_app.project.schema import LabelRow, ProjectRow, RunRow, SampleRow
from cartocell_app.project.values import UNFINISHED, LabelKind, LabelVersion, NewSample, Run, Sample
from cartocell_app.stacks.files import check_writable, disk_troubles
from cartocell_app.stacks.reading import stem

log = logging.getLogger(__name__)

ENDING = ".cartocell"
LOCK = "project.lock"
FOLDERS = ("stacks", "labels", "models", "runs")

Listener = Callable[[str, tuple[int, ...]], None]


class Project:
    """An open project. All methods may be called from any thread; what they return never changes.

    Parameters
    ----------
    folder : Path
        Of the project; use `Project.create` or `Project.open`.
    lock : ProjectLock
        Held if this window may change the project.
    """

    def __init__(self, folder: Path, lock: ProjectLock, *, is_temporary: bool = False) -> None:
        self.folder = folder
        self.is_temporary = is_temporary
        self._lock = lock
        self._writing = threading.RLock()
        self._listeners: list[Listener] = []
        self._engine = engine_of(folder / DATABASE, read_only=self.read_only)
        with self._reading() as session:
            self.name = session.scalars(select(ProjectRow)).one().name

    @classmethod
    def create(cls, folder: Path, name: str = "", *, is_temporary: bool = False) -> "Project":
        """Make an empty project in `folder`, which must be new or empty, and open it.

        Raises
        ------
        UserError
            If there is something in the folder already, or it cannot be written.
        """
        folder = Path(folder)
        if folder.exists() and any(folder.iterdir()):
            raise UserError(f"There is something in {folder} already.", "Choose another name or place.")
        check_writable(folder)
        with disk_troubles(folder):
            for part in FOLDERS:
                (folder / part).mkdir(parents=True, exist_ok=True)
        make_database(folder / DATABASE)
        engine = engine_of(folder / DATABASE)
        with sqlite_troubles(folder / DATABASE), Session(engine) as session:
            words = name or folder.name.removesuffix(ENDING)
            session.add(ProjectRow(name=words, made=_now(), made_with=cartocell_app.__version__))
            session.commit()
        engine.dispose()
        return cls._opened(folder, is_temporary=is_temporary)

    @classmethod
    def open(cls, folder: Path) -> "Project":
        """Open the project in `folder`; where another window has it open, for reading only.

        Raises
        ------
        UserError
            If it is no project, damaged, or made with a newer version.
        """
        return cls._opened(Path(folder))

    @classmethod
    def _opened(cls, folder: Path, *, is_temporary: bool = False) -> "Project":
        lock = ProjectLock(folder / LOCK)
        held = (folder / DATABASE).is_file() and lock.take()
        try:
            check_database(folder / DATABASE, migrate=held)
            project = cls(folder, lock, is_temporary=is_temporary)
        except BaseException:
            lock.release()
            raise
        project._mark_interrupted()
        return project

    @property
    def read_only(self) -> bool:
        """Whether this window may only look: another one has the project open, or it cannot be written."""
        return not self._lock.is_held

    def close(self) -> None:
        """Let go of the project."""
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
        """Give the project another name; its folder keeps its own."""
        with self._changing("project", ()) as session:
            session.scalars(select(ProjectRow)).one().name = name
        self.name = name

    def samples(self) -> tuple[Sample, ...]:
        """All samples, in the order in which they were added."""
        with self._reading() as session:
            return tuple(sample_of(row, self.folder) for row in session.scalars(select(SampleRow)))

    def sample(self, sample_id: int) -> Sample:
        """One sample.

        Raises
        ------
        KeyError
            If there is none of that number.
        """
        with self._reading() as session:
            row = session.get(SampleRow, sample_id)
            if row is None:
                raise KeyError(sample_id)
            return sample_of(row, self.folder)

    def add_samples(self, new: Sequence[NewSample]) -> tuple[Sample, ...]:
        """Add stacks; those that the project has already (same file, scene, channel and time) are left out."""
        with self._changing("samples", ids := []) as session:
            rows = list(session.scalars(select(SampleRow)))
            names = {row.name for row in rows}
            known = {(row.path, json.dumps(row.reading, sort_keys=True)) for row in rows}
            added = []
            for one in new:
                row = row_of(one, _unused(one.name or stem(one.path), names), self.folder)
                key = (row.path, json.dumps(row.reading, sort_keys=True))
                if key not in known:
                    known.add(key)
                    names.add(row.name)
                    added.append(row)
            session.add_all(added)
            session.flush()
            ids += [row.id for row in added]
            return tuple(sample_of(row, self.folder) for row in added)

    def update_samples(self, ids: Iterable[int], **values: Any) -> None:
        """Set fields of `Sample` on some samples.

        Raises
        ------
        ValueError
            If a field is unknown or cannot be set.
        """
        with self._changing("samples", wanted := list(ids)) as session:
            for row in session.scalars(select(SampleRow).where(SampleRow.id.in_(wanted))):
                change(row, values, self.folder)

    def remove_samples(self, ids: Iterable[int]) -> None:
        """Take samples out of the project; their files stay where they are."""
        with self._changing("samples", wanted := list(ids)) as session:
            session.execute(delete(SampleRow).where(SampleRow.id.in_(wanted)))

    def label_versions(self, sample_id: int) -> tuple[LabelVersion, ...]:
        """All label stacks of a sample, the oldest first."""
        with self._reading() as session:
            rows = session.scalars(select(LabelRow).where(LabelRow.sample_id == sample_id).order_by(LabelRow.id))
            return tuple(label_of(row, self.folder) for row in rows)

    def add_labels(self, sample_id: int, path: Path, kind: LabelKind, note: str = "", cells: int | None = None) -> None:
        """Take a label stack as the present one of a sample; earlier ones are kept."""
        with self._changing("samples", [sample_id]) as session:
            row = session.get_one(SampleRow, sample_id)
            row.labels = kept(path, self.folder)
            row.cells = row.cells if cells is None else cells
            row.state = "curated" if kind == "curated" else "segmented"
            session.add(LabelRow(sample_id=sample_id, path=row.labels, kind=kind, note=note, made=_now()))

    def runs(self) -> tuple[Run, ...]:
        """All runs, the oldest first."""
        with self._reading() as session:
            return tuple(run_of(row, self.folder) for row in session.scalars(select(RunRow)))

    def run(self, run_id: int) -> Run:
        """One run.

        Raises
        ------
        KeyError
            If there is none of that number.
        """
        with self._reading() as session:
            row = session.get(RunRow, run_id)
            if row is None:
                raise KeyError(run_id)
            return run_of(row, self.folder)

    def new_run(
        self, kind: str, title: str, sample_ids: Iterable[int], make_words: Callable[[Path], Sequence[str]]
    ) -> Run:
        """Make a run with a folder of its own, ``runs/0007-segment``.

        Parameters
        ----------
        kind, title : str
            See `Run`.
        sample_ids : iterable of int
            Samples that it works on.
        make_words : callable
            Called with the folder; may write into it; returns the arguments of ``cartocell``.
        """
        with self._changing("runs", ids := []) as session:
            row = RunRow(
                kind=kind, title=title, words=[], folder="", state="queued", sample_ids=list(sample_ids), taken={}
            )
            row.queued = _now()
            session.add(row)
            session.flush()
            folder = self.folder / "runs" / f"{row.id:04d}-{re.sub(r'[^a-z0-9-]', '-', kind.lower())}"
            with disk_troubles(folder):
                folder.mkdir(parents=True, exist_ok=True)
            row.folder = kept(folder, self.folder)
            row.words = words_kept(make_words(folder), self.folder)
            session.flush()
            ids.append(row.id)
            return run_of(row, self.folder)

    def update_run(self, run_id: int, **values: Any) -> None:
        """Set `state`, `message`, `started` or `ended` of a run."""
        strange = values.keys() - {"state", "message", "started", "ended", "words", "title"}
        if strange:
            raise ValueError(f"a run's {', '.join(sorted(strange))} cannot be set")
        with self._changing("runs", [run_id]) as session:
            session.execute(update(RunRow).where(RunRow.id == run_id).values(**values))

    def take_in_results(self, run_id: int) -> tuple[int, ...]:
        """Take in what a run wrote about its samples since the last time: cells, labels, state, errors.

        Returns
        -------
        tuple of int
            Numbers of the samples that changed.
        """
        with self._changing("samples", ids := []) as session:
            run = session.get_one(RunRow, run_id)
            folder = found(run.folder, self.folder)
            rows = session.scalars(select(SampleRow).where(SampleRow.id.in_(run.sample_ids)))
            by_name = {row.name: row for row in rows}
            for path in sorted((folder / "records").glob("*.json")):
                name = path.name.removesuffix(".json")
                if name in by_name and run.taken.get(name) != (stamp := path.stat().st_mtime_ns):
                    record = _record(path)
                    if record is None:
                        continue
                    self._take(by_name[name], record, folder, session)
                    run.taken = run.taken | {name: stamp}
                    ids.append(by_name[name].id)
        return tuple(ids)

    def _take(self, row: SampleRow, record: dict[str, Any], folder: Path, session: Session) -> None:
        if record.get("state") != "done":
            row.state, row.reason = "failed", str(record.get("error") or "It could not be done.")
            return
        labels = folder / "per_image_instances_voronoi" / f"{row.name}.tif"
        row.state, row.reason, row.cells = "segmented", "", record.get("cells")
        row.labels, row.results = kept(labels, self.folder), kept(folder, self.folder)
        note = f"{record.get('model', '')}, {record.get('profile', '')}"
        session.add(LabelRow(sample_id=row.id, path=row.labels, kind="segmented", note=note, made=_now()))

    def _mark_interrupted(self) -> None:
        """Runs that were left when a program was killed can be offered again; their samples wait again."""
        if self.read_only:
            return
        left = [run for run in self.runs() if run.state in UNFINISHED]
        for run in left:
            with contextlib.suppress(OSError):
                self.take_in_results(run.id)
            self.update_run(run.id, state="interrupted", message="The program ended before this was done.")
        running = [sample.id for sample in self.samples() if sample.state == "running"]
        if running:
            self.update_samples(running, state="to do")

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Session]:
        with sqlite_troubles(self.folder / DATABASE), Session(self._engine, expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def _changing(self, what: str, ids: Iterable[int]) -> Iterator[Session]:
        """A session whose changes are all made or none; `ids`, as they are at its end, are told afterwards."""
        if self.read_only:
            raise UserError(
                f"The project {self.name} is open in another window, so it can only be read here.",
                "Change it there, or close that window and open the project again.",
            )
        with self._writing, self._reading() as session:
            yield session
            session.commit()
        changed = tuple(ids)
        if changed or what == "project":
            for callback in list(self._listeners):
                callback(what, changed)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def _unused(name: str, names: set[str]) -> str:
    """`name`, or with a number behind it if it is taken; in whatever case, because result files bear it."""
    taken = {known.casefold() for known in names}
    if name.casefold() not in taken:
        return name
    number = 2
    while f"{name} ({number})".casefold() in taken:
        number += 1
    return f"{name} ({number})"


def _record(path: Path) -> dict[str, Any] | None:
    """What a record says of its stack; None while it cannot be read."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))["row"]
    except (OSError, ValueError, KeyError, TypeError):
        log.warning("%s could not be read", path)
        return None
    return row if isinstance(row, dict) else None
