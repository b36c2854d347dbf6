"""What was found in files that are to become samples, and what must be chosen before they do."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QScrollArea,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.importing.adding import Added, add
from cartocell_app.desktop.importing.candidates import Candidate, look_at, obstacle, rows_like
from cartocell_app.desktop.importing.inspector import Inspector
from cartocell_app.desktop.importing.segment_area import SegmentArea
from cartocell_app.desktop.importing.segmenting import start_segmenting, subject_of_candidate
from cartocell_app.desktop.importing.table import CHANNEL, CONDITION, DAY, FOUND, NAME, VOXEL, CandidatesModel
from cartocell_app.desktop.importing.use_area import UseArea
from cartocell_app.desktop.importing.whole_problem import WholeProblemDelegate
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.messages import show_user_error
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import MARGIN, SPACING
from cartocell_app.desktop.workers import Latest

if TYPE_CHECKING:
    from cartocell_app.project.values import Role

SIZE_PX = (1320, 740)
WIDTHS_PX = {NAME: 160, FOUND: 248, CHANNEL: 138, VOXEL: 238, DAY: 46, CONDITION: 64}
CHANNEL_HABIT = "import.channel: "
"""Before the names of a file's channels: the habit that says which of them was taken last time."""


class ImportDialog(QDialog):
    """Describes stacks, one after the other, and imports those that are ticked.

    Parameters
    ----------
    paths : sequence of Path
        Files that are called like stacks.
    parent : QWidget or None
        Window that it belongs to.
    session : Session
        Holds the project that gets the samples.
    aside : str
        What else was found and is left aside, in a sentence; empty if nothing.
    queue : JobQueue, optional
        Where they can be segmented right away.
    model : Path, optional
        A model that was dropped with them: then they are to be segmented with it.
    labels : mapping of Path to Path, optional
        Labelled cells by stack, which become the first version of its cells.
    role : str
        What they are for, unless another use is chosen.
    """

    imported = Signal(tuple)
    """The new `Sample`s."""

    def __init__(
        self,
        paths: Sequence[Path],
        parent: QWidget | None,
        session: Session,
        aside: str = "",
        queue: JobQueue | None = None,
        model: Path | None = None,
        labels: Mapping[Path, Path] | None = None,
        role: Role = "new",
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import stacks")
        self.resize(QSize(*SIZE_PX).boundedTo(self.screen().availableSize()))
        self._session = session
        self._left = deque(paths)
        self._count = len(paths)
        self._aside = aside
        self._queue = queue
        self._labels = dict(labels or {})
        self.use = UseArea(role)
        self.model = CandidatesModel(self)
        self.table = self._make_table()
        self.inspector = Inspector(session)
        self.segment = SegmentArea(session, model)
        self.segment.setVisible(queue is not None)
        self.title = paragraph("", "page-title")
        self.words = paragraph("", "muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Files looked at")
        self.all = QCheckBox("&All")
        self.all.setChecked(True)
        self.all.setToolTip("Tick all stacks that can be used, or none.")
        self.all.clicked.connect(self.model.tick_all)
        self.obstacle = QLabel()
        self.obstacle.setProperty("role", "doubt")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.do_import = self.buttons.addButton("", QDialogButtonBox.ButtonRole.AcceptRole)
        self.do_import.setDefault(True)
        self.do_import.setProperty("role", "primary")
        self._looking = Latest(self._looked_at, parent=self)
        self._adding = Latest(self._added, self._not_added, parent=self)
        self._build()
        self._connect()
        self._look_at_next()

    def accept(self) -> None:
        """Import what is ticked; the dialog closes once that is done."""
        project = self._session.project
        if self._why_not() or project is None or self._adding.is_busy:
            return
        ticked = [candidate for candidate in self.model.candidates if candidate.is_ticked]
        self._remember_channels(ticked)
        if self._queue is not None:
            self.segment.remember()
        self._looking.forget()
        self._left.clear()
        self.setEnabled(False)
        self._adding.request(partial(add, project, ticked, self.use.role))

    def done(self, result: int) -> None:
        """Close; what is still being looked at is dropped."""
        self._left.clear()
        self._looking.forget()
        super().done(result)

    def _look_at_next(self) -> None:
        if self._left:
            path = self._left.popleft()
            self._looking.request(lambda: look_at(path))
        self._show_state()

    def _looked_at(self, found: tuple[Candidate, ...]) -> None:
        first = self.model.rowCount() == 0
        # Of several stacks in one file nobody knows to which one labels belong.
        labels = self._labels.get(found[0].path) if len(found) == 1 else None
        self.model.add([replace(one, labels=labels) for one in found])
        for row in range(self.model.rowCount() - len(found), self.model.rowCount()):
            self._take_habit(row)
        if first:
            chosen = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
            self.table.selectionModel().setCurrentIndex(self.model.index(0, 0), chosen)
        self._look_at_next()

    def _added(self, added: Added) -> None:
        self.setEnabled(True)
        super().accept()
        self.imported.emit(added.samples)
        project = self._session.project
        ready = [sample for sample in added.samples if sample.voxel_size is not None and sample.labels is None]
        if self._segments and self._queue is not None and project is not None and ready:
            start_segmenting(project, self._queue, ready, self.segment.form.choices())
        if added.error is not None:
            show_user_error(added.error, self.parentWidget())

    def _not_added(self, error: Exception) -> None:
        self.setEnabled(True)
        raise error

    def _choose_channel(self, channel: int, for_all: bool) -> None:
        rows = self._selected_rows()
        if for_all and rows:
            rows = rows_like(self.model.candidates, rows[0], lambda candidate: candidate.channels)
        self.model.choose(rows, channel=channel)

    def _take_habit(self, row: int) -> None:
        """Take the channel that was taken last time where the channels have the same names."""
        candidate = self.model.candidates[row]
        habit = self._session.settings.panels.get(_habit_of(candidate))
        if candidate.channel is None and isinstance(habit, int) and 0 <= habit < len(candidate.channels):
            self.model.choose([row], channel=habit)

    def _remember_channels(self, ticked: Sequence[Candidate]) -> None:
        habits = {_habit_of(one): one.channel for one in ticked if len(one.channels) > 1 and one.channel is not None}
        if habits:
            self._session.remember(panels={**self._session.settings.panels, **habits})

    def _selected_rows(self) -> list[int]:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        current = self.table.currentIndex().row()
        return sorted(rows, key=lambda row: row != current)

    def _show_selected(self) -> None:
        rows = self._selected_rows()
        candidates = self.model.candidates
        alike = 0
        if rows and not candidates[rows[0]].problem:
            alike = len(rows_like(candidates, rows[0], lambda candidate: candidate.channels)) - 1
        self.inspector.show_candidates([candidates[row] for row in rows], alike)

    def _show_state(self) -> None:
        candidates = self.model.candidates
        seen = self._count - len(self._left) - self._looking.is_busy
        is_looking = bool(self._left) or self._looking.is_busy
        bad = sum(bool(candidate.problem) for candidate in candidates)
        ticked = sum(candidate.is_ticked for candidate in candidates)
        self.title.setText(f"Found {_count(len(candidates) - bad, 'stack')}")
        self.words.setText(_words(seen, self._count, bad, is_looking, self._aside))
        self.bar.setRange(0, self._count)
        self.bar.setValue(seen)
        self.bar.setVisible(is_looking)
        if not is_looking:
            self.segment.show_subjects([subject_of_candidate(one) for one in candidates if one.is_ticked])
        why_not = self._why_not()
        deed = "&Import and segment" if self._segments else "&Import"
        self.do_import.setText(f"{deed} {_count(ticked, 'stack')}" if ticked else deed)
        self.do_import.setEnabled(not why_not)
        self.do_import.setToolTip(why_not or "Add them to the project. The files stay where they are.")
        self.obstacle.setText("" if is_looking and not candidates else why_not)
        self.all.setCheckState(
            Qt.CheckState.Checked
            if ticked == len(candidates) - bad
            else Qt.CheckState.PartiallyChecked
            if ticked
            else Qt.CheckState.Unchecked
        )

    @property
    def _segments(self) -> bool:
        return self._queue is not None and self.segment.is_wanted

    def _why_not(self) -> str:
        return obstacle(self.model.candidates) or (self.segment.obstacle() if self._segments else "")

    def _connect(self) -> None:
        self.segment.changed.connect(self._show_state)
        self.model.changed.connect(self._show_state)
        self.model.dataChanged.connect(self._show_selected)
        self.table.selectionModel().selectionChanged.connect(self._show_selected)
        self.inspector.channel_chosen.connect(self._choose_channel)
        self.inspector.chosen.connect(lambda name, value: self.model.choose(self._selected_rows(), **{name: value}))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)

    def _make_table(self) -> QTreeView:
        table = QTreeView()
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setAllColumnsShowFocus(True)
        table.setAccessibleName("Stacks that were found")
        table.setModel(self.model)
        table.setItemDelegate(WholeProblemDelegate(table, self.model))
        for column, width in WIDTHS_PX.items():
            table.header().resizeSection(column, width)
        return table

    def _scrolling_inspector(self) -> QScrollArea:
        """Many channels need more height than the screen has."""
        frame = QScrollArea()
        frame.setWidgetResizable(True)
        frame.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        frame.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        frame.setFixedWidth(self.inspector.width() + frame.verticalScrollBar().sizeHint().width())
        frame.setWidget(self.inspector)
        return frame

    def _build(self) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(SPACING)
        middle.addWidget(self.table, 1)
        middle.addWidget(self._scrolling_inspector())
        below = QHBoxLayout()
        below.setSpacing(MARGIN)
        below.addWidget(self.all)
        below.addWidget(self.obstacle, 1, Qt.AlignmentFlag.AlignRight)
        below.addWidget(self.buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN * 2, MARGIN * 2, MARGIN * 2, MARGIN)
        layout.setSpacing(MARGIN)
        for widget in (self.title, self.words, self.bar):
            layout.addWidget(widget)
        layout.addLayout(middle, 1)
        for widget in (self.use, self.segment):
            layout.addWidget(widget)
        layout.addLayout(below)


def _habit_of(candidate: Candidate) -> str:
    return CHANNEL_HABIT + ", ".join(candidate.channels)


def _words(seen: int, count: int, bad: int, is_looking: bool, aside: str) -> str:
    """What was found so far, in a sentence or two."""
    if is_looking:
        return f"Looking at file {min(seen + 1, count):,} of {count:,}…"
    sentences = ["They stay where they are; the project remembers where that is."]
    if bad:
        sentences.insert(0, f"{_count(bad, 'file')} cannot be used and {'say' if bad > 1 else 'says'} why.")
    return " ".join([*sentences, aside]).strip()


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"
