"""The runs of a project, and taking in what they find."""

import contextlib
import hashlib
import json
import logging
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cartocell_app.project.places import found, kept
from cartocell_app.project.rows import run_of, samples_of, words_kept
from cartocell_app.project.samples import Samples
from cartocell_app.project.schema import LabelRow, RunRow, SampleRow
from cartocell_app.project.store import now
from cartocell_app.project.values import UNFINISHED, NewSample, Run, Sample, State
from cartocell_app.stacks.files import disk_troubles

log = logging.getLogger(__name__)

CELLS_FOLDER = "per_image_instances_voronoi"
"""Where `cartocell segment` leaves the cells, in its result folder."""

SETTABLE = frozenset(("state", "message", "started", "ended", "words", "title"))


class Runs(Samples):
    """A project that also holds runs; the parameters are those of `Store`."""

    def runs(self) -> tuple[Run, ...]:
        """All runs, the oldest first."""
        with self._reading() as session:
            return tuple(run_of(row, self.folder) for row in session.scalars(select(RunRow).order_by(RunRow.id)))

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
        self,
        kind: str,
        title: str,
        sample_ids: Iterable[int],
        make_words: Callable[[Path], Sequence[str]],
        phase: int | None = None,
    ) -> Run:
        """Make a run with a folder of its own, ``runs/0007-segment``.

        Parameters
        ----------
        kind, title : str
            See `Run`.
        sample_ids : iterable of int
            Samples that it works on; its results come back to them by the names that they have now.
        make_words : callable
            Called with the folder; may write into it; returns the arguments of ``cartocell``.
        phase : int, optional
            Which of the five phases it is part of.

        Raises
        ------
        UserError
            If the folder cannot be made.
        """
        wanted = tuple(sample_ids)
        with self._writing:
            self._check_changeable()
            with self._reading() as session:
                number = (session.scalar(select(func.max(RunRow.id))) or 0) + 1
                chosen = session.execute(select(SampleRow.name, SampleRow.id).where(SampleRow.id.in_(wanted)))
                names = dict(chosen.all())
            folder = self.folder / "runs" / f"{number:04d}-{re.sub(r'[^a-z0-9-]', '-', kind.lower())}"
            with disk_troubles(folder):
                folder.mkdir(parents=True, exist_ok=True)
            # Outside the transaction: it may take a while, and may ask the project.
            words = words_kept(make_words(folder), self.folder)
            row = RunRow(id=number, kind=kind, title=title, words=words, folder=kept(folder, self.folder))
            row.state, row.queued, row.phase, row.taken = "queued", now(), phase, {}
            row.sample_ids, row.names = list(wanted), names
            with self._changing("runs", [number]) as session:
                session.add(row)
        return self.run(number)

    def update_run(self, run_id: int, **values: Any) -> None:
        """Set `state`, `message`, `started`, `ended`, `words` or `title` of a run.

        Raises
        ------
        ValueError
            If another field is named.
        """
        strange = values.keys() - SETTABLE
        if strange:
            raise ValueError(f"a run's {', '.join(sorted(strange))} cannot be set")
        if "words" in values:
            values["words"] = words_kept(values["words"], self.folder)
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
            for path in sorted((folder / "records").glob("*.json")):
                name = path.name.removesuffix(".json")
                row = session.get(SampleRow, run.names[name]) if name in run.names else None
                mark, record = _record(path)
                # By content and not by time, which a copy of the project does not keep.
                if row is None or record is None or run.taken.get(name) == mark:
                    continue
                self._take(row, name, record, folder, session)
                run.taken = run.taken | {name: mark}
                ids.append(row.id)
        return tuple(ids)

    def take_in_cysts(self, run_id: int, cysts: Mapping[str, Sequence[NewSample]]) -> tuple[Sample, ...]:
        """Add the cysts that a run cut out of fields, those of each field once: what was removed since stays away.

        Parameters
        ----------
        run_id : int
            Of the run.
        cysts : mapping of str to sequence of NewSample
            By the name that the field had when the run was made.

        Returns
        -------
        tuple of Sample
            Those that were added now.
        """
        with self._changing("samples", ids := []) as session:
            run = session.get_one(RunRow, run_id)
            due = {field: new for field, new in cysts.items() if field not in run.taken}
            rows = self._add([cyst for new in due.values() for cyst in new], session)
            run.taken = run.taken | dict.fromkeys(due, "cut out")
            ids += [row.id for row in rows]
            return samples_of(rows, self.folder)

    def let_go(self, sample_ids: Iterable[int], states: Mapping[int, State]) -> None:
        """Say of samples that are worked on that they no longer are; what is done meanwhile stays done.

        Parameters
        ----------
        sample_ids : iterable of int
            Those that are not worked on are left as they are.
        states : mapping of int to str
            States to go back to; the rest is "segmented" if it has labels, else "to do".
        """
        wanted = set(sample_ids)
        with self._changing("samples", ids := []) as session:
            worked_on = session.scalars(select(SampleRow).where(SampleRow.state == "running"))
            for row in (row for row in worked_on if row.id in wanted):
                row.state = states.get(row.id) or ("to do" if row.labels is None else "segmented")
                row.reason = row.reason if row.state == "failed" else ""
                ids.append(row.id)

    def _take(self, row: SampleRow, name: str, record: dict[str, Any], folder: Path, session: Session) -> None:
        if record.get("state") != "done":
            row.state, row.reason = "failed", str(record.get("error") or "It could not be done.")
            return
        cells = record.get("cells")
        row.state, row.reason, row.cells = "segmented", "", cells if isinstance(cells, int) else None
        row.labels = kept(folder / CELLS_FOLDER / f"{name}.tif", self.folder)
        row.results = kept(folder, self.folder)
        note = ", ".join(str(record[key]) for key in ("model", "profile") if record.get(key))
        session.add(LabelRow(sample_id=row.id, path=row.labels, kind="segmented", note=note, made=now()))

    def _mark_interrupted(self) -> None:
        """Runs that were left when a program was killed can be offered again; their samples wait again."""
        for run in self.runs():
            if run.state in UNFINISHED:
                with contextlib.suppress(OSError):
                    self.take_in_results(run.id)
                self.update_run(run.id, state="interrupted", message="The program ended before this was done.")
        self.let_go([sample.id for sample in self.samples()], {})


def _record(path: Path) -> tuple[str, dict[str, Any] | None]:
    """Hash of a record, and what it says of its stack; None while it cannot be read."""
    try:
        content = path.read_bytes()
        row = json.loads(content)["row"]
    except (OSError, ValueError, KeyError, TypeError):
        log.warning("%s could not be read", path)
        return "", None
    return hashlib.sha256(content).hexdigest()[:16], row if isinstance(row, dict) else None
