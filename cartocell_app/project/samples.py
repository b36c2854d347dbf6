"""The samples of a project and their label stacks."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cartocell_app.errors import UserError
from cartocell_app.project.naming import checked_name, file_safe, unused
from cartocell_app.project.places import found, kept, same_place
from cartocell_app.project.rows import Placed, change, label_of, looked_for, placed, row_of, samples_of
from cartocell_app.project.schema import LabelRow, SampleRow
from cartocell_app.project.store import Store, now
from cartocell_app.project.values import LabelKind, LabelVersion, NewSample, Sample
from cartocell_app.stacks.reading import stem

ALL_SAMPLES = select(SampleRow).order_by(SampleRow.id)


class Samples(Store):
    """A project that holds samples; the parameters are those of `Store`."""

    _read: tuple[int, tuple[Placed, ...]] | None = None

    def samples(self) -> tuple[Sample, ...]:
        """All samples, in the order in which they were added; quick, since windows ask often.

        Whether their files are there is seen up to a second late, later with a very slow drive.
        """
        changes, read = self._changes, self._read
        # A window that only looks cannot know when the other one changes something.
        if read is None or read[0] != changes or self.read_only:
            with self._reading() as session:
                read = changes, tuple(placed(row, self.folder) for row in session.scalars(ALL_SAMPLES))
            self._read = read
        return looked_for(read[1], self._glances.present)

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
            return samples_of([row], self.folder)[0]

    def add_samples(self, new: Sequence[NewSample]) -> tuple[Sample, ...]:
        """Add stacks, and return those that were added.

        A stack that the project has already is left out: the same file, by whatever link, with the same scene,
        channel and time. One whose name is taken gets a number behind it.
        """
        with self._changing("samples", ids := []) as session:
            added = self._add(new, session)
            ids += [row.id for row in added]
            return samples_of(added, self.folder)

    def _add(self, new: Sequence[NewSample], session: Session) -> list[SampleRow]:
        rows = list(session.scalars(ALL_SAMPLES))
        names = {row.name for row in rows}
        known = {(same_place(found(row.path, self.folder)), _reading(row)) for row in rows}
        added = []
        for one in new:
            row = row_of(one, unused(file_safe(one.name or stem(one.path)), names), self.folder)
            key = (same_place(one.path), _reading(row))
            if key not in known:
                known.add(key)
                names.add(row.name)
                added.append(row)
        session.add_all(added)
        session.flush()
        return added

    def update_samples(self, ids: Iterable[int], **values: Any) -> None:
        """Set fields of `Sample` on some samples.

        Raises
        ------
        UserError
            If a name cannot be given, is another sample's already, or is to be that of several.
        ValueError
            If a field is unknown or cannot be set.
        """
        with self._changing("samples", wanted := list(dict.fromkeys(ids))) as session:
            if "name" in values:
                if len(wanted) > 1:
                    raise UserError("Several samples cannot have one name.", "Name them one by one.")
                others = session.scalars(select(SampleRow.name).where(SampleRow.id.not_in(wanted)))
                values["name"] = checked_name(values["name"], [*others])
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

    def new_labels_path(self, sample_id: int) -> Path:
        """Where the next label stack of a sample can be written: ``labels/0012-2/NAME.tif``.

        The file is called like the present one, so that the maps of the run that made that are still found.
        """
        sample = self.sample(sample_id)
        version = len(self.label_versions(sample_id)) + 1
        name = f"{sample.name}.tif" if sample.labels is None else sample.labels.name
        return self.folder / "labels" / f"{sample_id:04d}-{version}" / name

    def add_labels(self, sample_id: int, path: Path, kind: LabelKind, note: str = "", cells: int | None = None) -> None:
        """Take a label stack as the present one of a sample; earlier ones are kept.

        Parameters
        ----------
        sample_id : int
            Of the sample.
        path : Path
            The label stack; it stays where it is.
        kind : str
            Where it comes from.
        note : str
            What was done, in words.
        cells : int, optional
            How many it holds, if that changed.
        """
        with self._changing("samples", [sample_id]) as session:
            row = session.get_one(SampleRow, sample_id)
            row.labels = kept(path, self.folder)
            row.cells = row.cells if cells is None else cells
            row.state, row.reason = ("curated" if kind == "curated" else "segmented"), ""
            session.add(LabelRow(sample_id=sample_id, path=row.labels, kind=kind, note=note, made=now()))

    def label_marks(self) -> Mapping[int, str]:
        """A mark of the present labels of each sample that has some; another mark means that a training would differ.

        It stands for the version of the labels and what else of the sample a training depends on: its file, channel
        and voxel size.
        """
        with self._reading() as session:
            latest = dict(session.execute(select(LabelRow.sample_id, LabelRow.id).order_by(LabelRow.id)).all())
        return {
            sample.id: f"{latest.get(sample.id, 0)} {sample.scene!r} {sample.channel!r} {sample.time} "
            f"{None if sample.voxel_size is None else sample.voxel_size.zyx_um}"
            for sample in self.samples()
            if sample.labels is not None
        }

    def segmented_times(self) -> Mapping[int, datetime]:
        """When the network made the present labels of each sample, where nobody has corrected them since."""
        with self._reading() as session:
            rows = session.execute(select(LabelRow.sample_id, LabelRow.kind, LabelRow.made).order_by(LabelRow.id))
            latest = {sample_id: (kind, made) for sample_id, kind, made in rows}
        return {sample_id: made for sample_id, (kind, made) in latest.items() if kind == "segmented"}


def _reading(row: SampleRow) -> str:
    """Scene, channel and time of a sample, as one word to compare."""
    return json.dumps(row.reading, sort_keys=True)
