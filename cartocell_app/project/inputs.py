"""The stacks that a project works on: whether they are there, and what they are known by."""

from pathlib import Path

from sqlalchemy import select

from cartocell_app.progress import Cancelled, Progress, never, silent
from cartocell_app.project.hashing import hash_of
from cartocell_app.project.models import Models
from cartocell_app.project.relocating import Lost, find_lost
from cartocell_app.project.rows import put_path
from cartocell_app.project.samples import ALL_SAMPLES
from cartocell_app.project.schema import SampleRow
from cartocell_app.project.values import Sample


class Inputs(Models):
    """A project that also looks after its inputs; the parameters are those of `Store`."""

    def missing(self) -> tuple[Sample, ...]:
        """Samples whose files are not where they were, as it is now."""
        self._glances.forget()
        return tuple(sample for sample in self.samples() if sample.missing)

    def hash_inputs(self, progress: Progress = silent, cancelled: Cancelled = never) -> int:
        """Compute the hash of each input that has none, or that changed since; long, so on a worker thread.

        With it, an input is found again that was moved and renamed. Where size and time of a file are as they were,
        its hash is not computed again.

        Returns
        -------
        int
            How many were computed.

        Raises
        ------
        CancelledError
            If asked to stop; what was computed is kept.
        """
        due = self._without_hash()
        for number, (sample_id, path) in enumerate(due):
            progress("Looking at inputs", number, len(due))
            try:
                digest, stat = hash_of(path, cancelled), path.stat()
            except OSError:
                continue  # gone or not to be read: then it is missing, which is told elsewhere
            with self._changing("samples", [sample_id]) as session:
                row = session.get(SampleRow, sample_id)
                if row is not None:
                    row.content_hash, row.modified_ns = digest, stat.st_mtime_ns
                    row.bytes = stat.st_size if path.is_file() else None
        return len(due)

    def relocate(self, folder: Path, progress: Progress = silent, cancelled: Cancelled = never) -> int:
        """Look for all missing inputs in `folder` and below, and link those that are found at once.

        A file is the missing one if it has its name and size, or its size and content (where that is known).

        Returns
        -------
        int
            How many were found.

        Raises
        ------
        CancelledError
            If asked to stop; nothing is changed then.
        """
        missing = {sample.id: sample.path for sample in self.missing()}
        with self._reading() as session:
            rows = session.scalars(select(SampleRow).where(SampleRow.id.in_(missing)))
            lost = [Lost(row.id, missing[row.id], row.bytes, row.content_hash) for row in rows]
        found = find_lost(lost, folder, progress, cancelled)
        with self._changing("samples", found) as session:
            for row in session.scalars(select(SampleRow).where(SampleRow.id.in_(found))):
                put_path(row, found[row.id], self.folder)
        return len(found)

    def _without_hash(self) -> list[tuple[int, Path]]:
        with self._reading() as session:
            known = {row.id: row for row in session.scalars(ALL_SAMPLES)}
        due = []
        for sample in self.samples():
            row = known.get(sample.id)
            if row is None or sample.missing:
                continue
            try:
                stat = sample.path.stat()
            except OSError:
                continue  # gone since the list was made
            same = row.modified_ns == stat.st_mtime_ns and row.bytes in (None, stat.st_size)
            if row.content_hash is None or not same:
                due.append((sample.id, sample.path))
        return due
