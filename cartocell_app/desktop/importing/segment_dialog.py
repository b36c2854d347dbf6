"""The one confirmation before stacks are segmented: how many, how, on what, and what it will need."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QDialogButtonBox, QHBoxLayout, QPushButton, QRadioButton, QWidget

from cartocell_app.desktop.importing.fitting import FittingDialog
from cartocell_app.desktop.importing.segment_form import SegmentForm
from cartocell_app.desktop.importing.segment_words import subjects_in_words
from cartocell_app.desktop.importing.segmenting import cysts_in_words, start_segmenting, subject_of_sample
from cartocell_app.desktop.importing.voxel_editor import VoxelEditor
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample
    from cartocell_app.stacks.voxel_size import VoxelSize

MOST_NAMED = 3


class SegmentDialog(FittingDialog):
    """Asks how samples are to be segmented, and puts that into the queue.

    Parameters
    ----------
    samples : sequence of Sample
        Of the open project: those that were chosen.
    parent : QWidget or None
        Window that it belongs to.
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the run.
    model : Path, optional
        A model to begin with, such as one that was dropped.
    to_do : sequence of Sample
        All that have no cells yet, to be taken instead. They are proposed unless several were chosen.
    """

    started = Signal(object)
    """The `Run` that was put into the queue."""

    def __init__(
        self,
        samples: Sequence[Sample],
        parent: QWidget | None,
        session: Session,
        queue: JobQueue,
        model: Path | None = None,
        to_do: Sequence[Sample] = (),
    ) -> None:
        super().__init__("Segment", parent)
        self._session = session
        self._queue = queue
        self._samples = list(samples)
        self.only = QRadioButton(_only_in_words(samples))
        self.all = QRadioButton(f"&All {len(to_do):,} that are to do")
        self.title = paragraph("", "page-title")
        self.words = paragraph("", "muted")
        self.doubt = paragraph("", "doubt")
        self.give = QPushButton("&Give the voxel size…")
        self.give.setCheckable(True)
        self.give.setAutoDefault(False)
        self.leave_out = QPushButton("&Leave out")
        self.leave_out.setAutoDefault(False)
        self.voxel = VoxelEditor(session)
        self.form = SegmentForm(session, model)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.start = self.buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self.start.setDefault(True)
        self.start.setProperty("role", "primary")
        self._build()
        self.give.toggled.connect(self._show)
        self.leave_out.clicked.connect(self._leave_out)
        self.voxel.given.connect(self._give)
        self.form.changed.connect(self._show)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self._offer(list(samples), list(to_do))

    def accept(self) -> None:
        """Put the run into the queue, and close."""
        project = self._session.project
        if self.obstacle() or project is None:
            return
        self.form.remember()
        run = start_segmenting(project, self._queue, self._present(), self.form.choices())
        super().accept()
        self.started.emit(run)

    def obstacle(self) -> str:
        """Why it cannot begin, in a sentence; empty if it can."""
        if not self._present():
            return "There is no stack left to segment."
        unknown = len(self._unknown())
        if unknown:
            return f"{'One stack has' if unknown == 1 else f'{unknown:,} stacks have'} no voxel size yet."
        return self.form.obstacle()

    def _present(self) -> list[Sample]:
        return [sample for sample in self._samples if not sample.missing]

    def _unknown(self) -> list[Sample]:
        return [sample for sample in self._present() if sample.voxel_size is None]

    def _offer(self, chosen: list[Sample], to_do: list[Sample]) -> None:
        """Let one choose between the chosen ones and all that are to do, where that makes a difference."""
        differ = bool(chosen and to_do) and [one.id for one in chosen] != [one.id for one in to_do]
        for radio, samples in ((self.only, chosen), (self.all, to_do)):
            radio.setVisible(differ)
            radio.toggled.connect(lambda on, samples=samples: self._take(samples) if on else None)
        takes_all = bool(to_do) and len(chosen) < 2
        (self.all if takes_all else self.only).setChecked(True)

    def _take(self, samples: Sequence[Sample]) -> None:
        """Take samples as they are by now: a voxel size may have been given meanwhile."""
        project, chosen = self._session.project, {sample.id for sample in samples}
        now = () if project is None else project.samples()
        self._samples = [sample for sample in now if sample.id in chosen]
        self._samples_changed()

    def _leave_out(self) -> None:
        self._samples = [sample for sample in self._samples if sample.voxel_size is not None]
        self._samples_changed()

    def _give(self, voxel_size: VoxelSize) -> None:
        project = self._session.project
        if project is None:
            return
        project.update_samples([sample.id for sample in self._unknown()], voxel_size=voxel_size)
        self._take(self._samples)

    def _samples_changed(self) -> None:
        present = self._present()
        subjects = [subject_of_sample(sample) for sample in present]
        again = sum(sample.labels is not None for sample in present)
        missing = len(self._samples) - len(present)
        lines = [subjects_in_words(subjects)]
        if again:
            lines.append(f"{_are(again, 'segmented already')}: they get new cells, and the old ones are kept.")
        if missing:
            lines.append(f"{_are(missing, 'left out')}: the files are not where they were.")
        self.words.setText("\n".join(lines))
        self.form.show_subjects(subjects)
        self._show()

    def _show(self) -> None:
        unknown = self._unknown()
        count = cysts_in_words(len(self._present()))
        self.title.setText(f"Segment {count}")
        names = ", ".join(sample.name for sample in unknown[:MOST_NAMED])
        more = f" and {len(unknown) - MOST_NAMED:,} others" if len(unknown) > MOST_NAMED else ""
        self.doubt.setText(
            f"The voxel size of {names}{more} is unknown. Without it, cells have no size, and the network sees them "
            "too large or too small."
        )
        for widget in (self.doubt, self.give, self.leave_out):
            widget.setVisible(bool(unknown))
        self.leave_out.setToolTip("Segment the others only.")
        self.voxel.setVisible(bool(unknown) and self.give.isChecked())
        why_not = self.obstacle()
        self.start.setText(f"&Segment {count}")
        self.start.setEnabled(not why_not)
        self.start.setToolTip(why_not or "Put it into the queue. The window can be used meanwhile.")

    def _build(self) -> None:
        ways = QHBoxLayout()
        ways.setSpacing(SPACING)
        ways.addWidget(self.give)
        ways.addWidget(self.leave_out)
        ways.addStretch()
        self.content.addWidget(self.title)
        which = QHBoxLayout()
        which.setSpacing(SPACING * 2)
        which.addWidget(self.all)
        which.addWidget(self.only)
        which.addStretch()
        self.content.addLayout(which)
        self.content.addWidget(self.words)
        self.content.addWidget(self.doubt)
        self.content.addLayout(ways)
        self.content.addWidget(self.voxel)
        self.content.addWidget(self.form)
        self.content.addStretch()
        self.content.addWidget(self.buttons)


def _are(number: int, what: str) -> str:
    return f"{number:,} {'is' if number == 1 else 'are'} {what}"


def _only_in_words(chosen: Sequence[Sample]) -> str:
    if len(chosen) == 1:
        return f"O&nly {chosen[0].name.replace('&', '&&')}"
    return f"O&nly the {len(chosen):,} chosen"
