"""The panel at the left: all samples of the project, searched, sorted, selected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.samples.delegate import SampleDelegate
from cartocell_app.desktop.samples.edits import SampleEdits
from cartocell_app.desktop.samples.model import CELLS, EDITABLE, NAME, SAMPLE_ROLE, SIZE, STATE, VOXEL, SampleModel
from cartocell_app.desktop.samples.sorting import ALL, NO_FILE, ShownSamples
from cartocell_app.desktop.samples.thumbnails import ThumbnailMaker
from cartocell_app.desktop.samples.words import MISSING, SIGNS
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample

WIDE_PX = 520
"""From here on, all columns are shown; below, only name and state."""


class SampleList(QWidget):
    """Samples by day; the current one is what the viewer shows, the selected ones are what actions act on.

    Parameters
    ----------
    session : Session
        Whose project is listed.
    parent : QWidget, optional
        Owner.
    """

    relocate_wanted = Signal()
    """Files are missing, and the user wants to say where they are."""

    opened = Signal()
    """A sample was clicked, perhaps the one that is current already."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._project: Project | None = None
        self.edits = SampleEdits(session, self)
        self.model = SampleModel(self)
        self.shown = ShownSamples(self)
        self.shown.setSourceModel(self.model)
        self.thumbnails = ThumbnailMaker(self)
        self.search = QLineEdit()
        self.states = QComboBox()
        self.tree = QTreeView()
        self._missing = QPushButton(icon(MISSING.icon, MISSING.role), "")
        self._count = QLabel()
        self._set_up_controls()
        self._set_up_tree()
        self._lay_out()
        self._connect()
        self._show_project(session.project)

    def step(self, by: int) -> None:
        """Look at the next (1) or previous (-1) sample, in the order of the list."""
        numbers = self.numbers()
        if not numbers:
            return
        current = self._session.current
        at = numbers.index(current.id) if current is not None and current.id in numbers else -1 if by > 0 else 0
        self.go_to(numbers[max(0, min(at + by, len(numbers) - 1))])

    def go_to(self, sample_id: int) -> None:
        """Select a sample alone and look at it."""
        index = self.shown.mapFromSource(self.model.find(sample_id))
        if index.isValid():
            # The tree's own setCurrentIndex adds to the selection while Ctrl or Shift is held, as in a shortcut.
            flags = QItemSelectionModel.SelectionFlag
            self.tree.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
            self.tree.scrollTo(index)

    def numbers(self) -> list[int]:
        """Numbers of the samples that are shown, in the order of the list."""
        days = (self.shown.index(row, 0) for row in range(self.shown.rowCount()))
        rows = (self.shown.index(at, 0, day) for day in days for at in range(self.shown.rowCount(day)))
        return [row.data(SAMPLE_ROLE).id for row in rows]

    def set_menu(self, actions: Sequence[QAction]) -> None:
        """What a right click offers."""
        self.tree.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        for action in self.tree.actions():
            self.tree.removeAction(action)
        self.tree.addActions(list(actions))

    def rename_current(self) -> None:
        """Edit the name of the current sample in its place; its day or condition where that was clicked."""
        index = self.tree.currentIndex()
        if index.column() not in EDITABLE:
            index = index.siblingAtColumn(NAME)
        if index.isValid():
            self.tree.edit(index)

    def _set_up_controls(self) -> None:
        self.search.setPlaceholderText("Search")
        self.search.setAccessibleName("Search samples")
        self.search.setToolTip("Search name, day, condition, state, reason and notes")
        self.search.setClearButtonEnabled(True)
        self.search.addAction(icon("mdi6.magnify", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.states.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.states.setMinimumContentsLength(7)
        self.states.setAccessibleName("Show samples of one state")
        self.states.setToolTip("Show samples of one state")
        self.states.addItem("All states", ALL)
        for state, sign in SIGNS.items():
            self.states.addItem(icon(sign.icon, sign.role), sign.word, state)
        self.states.addItem(icon(MISSING.icon, MISSING.role), MISSING.word, NO_FILE)
        self._missing.setObjectName("missing")
        self._missing.setToolTip("Say in which folder the files are now; all that are found there are linked again.")
        self._count.setProperty("role", "small")

    def _set_up_tree(self) -> None:
        tree = self.tree
        tree.setModel(self.shown)
        tree.setItemDelegateForColumn(NAME, SampleDelegate(tree))
        # Otherwise Qt asks for the height of each cell of each row whenever rows come or go.
        tree.setUniformRowHeights(True)
        tree.setAccessibleName("Samples")
        tree.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        tree.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        tree.setSortingEnabled(True)
        tree.sortByColumn(NAME, Qt.SortOrder.AscendingOrder)
        tree.setIndentation(SPACING)
        tree.setIconSize(QSize(16, 16))
        tree.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        tree.setExpandsOnDoubleClick(True)
        header = tree.header()
        header.setStretchLastSection(False)
        header.setSectionsMovable(False)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((STATE, 104), (CELLS, 60), (SIZE, 110), (VOXEL, 130)):
            tree.setColumnWidth(column, width)

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        controls.setSpacing(SPACING)
        controls.addWidget(self.search, 3)
        controls.addWidget(self.states, 2)
        foot = QVBoxLayout()
        foot.setContentsMargins(SPACING, SPACING // 2, SPACING, SPACING // 2)
        foot.setSpacing(SPACING // 2)
        foot.addWidget(self._missing)
        foot.addWidget(self._count)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(controls)
        layout.addWidget(self.tree, 1)
        layout.addLayout(foot)

    def _connect(self) -> None:
        self.search.textChanged.connect(self._filter)
        self.states.currentIndexChanged.connect(self._filter)
        self.tree.selectionModel().selectionChanged.connect(self._selected)
        self.tree.selectionModel().currentChanged.connect(self._moved)
        self.tree.clicked.connect(self._clicked)
        self.tree.activated.connect(self._clicked)
        self._missing.clicked.connect(self.relocate_wanted)
        self.model.edited.connect(self._edited)
        self.model.thumbnail_wanted.connect(self.thumbnails.ask)
        self.thumbnails.made.connect(self.model.set_thumbnail)
        self._session.project_changed.connect(self._show_project)
        self._session.samples_changed.connect(self._show_samples)
        self._session.current_changed.connect(self._follow)

    def _show_project(self, project: Project | None) -> None:
        if project is not self._project:
            self._project = project
            self.model.forget_thumbnails()
            keeps = project is not None and not project.read_only
            self.thumbnails.start_with(project.folder / "thumbnails" if project is not None and keeps else None)
            self.model.is_editable = keeps
        self._show_samples()

    def _show_samples(self) -> None:
        project = self._session.project
        samples = () if project is None else project.samples()
        selection, current = self._session.selection, self._session.current
        before = self.model.rowCount()
        resets: list[bool] = []
        connection = self.model.modelReset.connect(lambda: resets.append(True))
        self.model.show(samples)
        self.model.disconnect(connection)
        if resets:
            self._restore(selection, current.id if current is not None else None)
        if before == 0:
            self._expand()
        self._count_up(samples)

    def _restore(self, selection: tuple[int, ...], current: int | None) -> None:
        """Select again what was selected before rows were added or moved."""
        self._expand()
        there = set(self.numbers())
        flags = QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        if current in there:
            index = self.shown.mapFromSource(self.model.find(current))
            self.tree.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        for number in selection:
            if number in there:
                self.tree.selectionModel().select(self.shown.mapFromSource(self.model.find(number)), flags)

    def _expand(self) -> None:
        for row in range(self.shown.rowCount()):
            self.tree.expand(self.shown.index(row, 0))

    def _filter(self) -> None:
        self.shown.show_only(self.search.text(), self.states.currentData())
        self._expand()
        self._count_up(() if self._session.project is None else self._session.project.samples())

    def _selected(self) -> None:
        rows = self.tree.selectionModel().selectedRows(NAME)
        samples = [row.data(SAMPLE_ROLE) for row in sorted(rows, key=_place)]
        self._session.set_selection(sample.id for sample in samples if sample is not None)

    def _moved(self, index: QModelIndex) -> None:
        sample = index.siblingAtColumn(NAME).data(SAMPLE_ROLE) if index.isValid() else None
        if sample is not None:
            self._session.set_current(sample.id)

    def _clicked(self, index: QModelIndex) -> None:
        if index.siblingAtColumn(NAME).data(SAMPLE_ROLE) is not None:
            self.opened.emit()

    def _follow(self, sample: Sample | None) -> None:
        """Show as current what another panel made current."""
        shown = self.tree.currentIndex().siblingAtColumn(NAME).data(SAMPLE_ROLE)
        if sample is not None and (shown is None or shown.id != sample.id):
            self.go_to(sample.id)

    def _edited(self, sample_id: int, name: str, text: str) -> None:
        self.edits.change([sample_id], f"change of {name}", **{name: text or None})

    def _count_up(self, samples: Sequence[Sample]) -> None:
        states = Counter(sample.state for sample in samples)
        shown = len(self.numbers()) if self.shown.is_filtering else len(samples)
        words = f"{shown} of {len(samples)}" if shown != len(samples) else f"{len(samples)}"
        words += " sample" if len(samples) == 1 else " samples"
        if states["accepted"]:
            words += f" · {states['accepted']} accepted"
        self._count.setText(words)
        missing = sum(sample.missing for sample in samples)
        self._missing.setVisible(missing > 0)
        self._missing.setText(f"{missing} missing: relocate…")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        for column in range(STATE + 1, self.model.columnCount()):
            self.tree.setColumnHidden(column, event.size().width() < WIDE_PX)


def _place(index: QModelIndex) -> tuple[int, int]:
    return index.parent().row(), index.row()
