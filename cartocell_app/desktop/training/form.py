"""What a model is trained on, and how: proposed, and to be changed before it begins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.importing.segmenting import cysts_in_words
from cartocell_app.desktop.importing.voxel_editor import VoxelEditor
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.samples.words import cells_in_words, everything_in_words
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import SPACING
from cartocell_app.desktop.training.beginning import Beginning, beginnings
from cartocell_app.desktop.training.coarser_view import CoarserView
from cartocell_app.desktop.training.presets import PRESETS, PROPOSED
from cartocell_app.desktop.training.proposing import (
    MODEL_OF,
    coarser_shape,
    cysts_to_train_with,
    obstacle,
    propose_voxel,
    propose_watching,
)
from cartocell_app.desktop.training.starting import TrainingChoices
from cartocell_app.jobs.cost_words import time_in_words
from cartocell_app.jobs.training_costs import TrainingWork
from cartocell_app.presets import early_end_in_words
from cartocell_app.stacks.voxel_size import VoxelSize

if TYPE_CHECKING:
    from cartocell_app.jobs.costs import Shape
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample

NAME, CELLS, WATCHES = range(3)
ROWS_SHOWN, ROW_PX = 7, 26
ALWAYS = "This cyst is for watching trainings (Use for, in the list of samples), so it is never learnt from."


class TrainingForm(QWidget):
    """Cysts, voxel size, beginning and preset of a training.

    Parameters
    ----------
    session : Session
        Holds the project whose cysts are trained with.
    phase : int
        2 trains M1, 4 trains M2.
    parent : QWidget, optional
        Owner.
    """

    changed = Signal()
    """Something was chosen, or cysts came or went."""

    wanted = Signal(object)
    """The `TrainingChoices` to begin with."""

    def __init__(self, session: Session, phase: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.phase = phase
        self._project: Project | None = None
        self._cysts: list[Sample] = []
        self._typed = False  # whether the voxel size is the user's own, to be kept when cysts change
        self.heading = paragraph("", "title")
        self.cysts = QTreeWidget()
        self.split, self.obstacle = paragraph("", "small"), paragraph("", "doubt")
        self.voxel = VoxelEditor(session)
        self.coarser = CoarserView()
        self.begin, self.begin_words = QComboBox(), paragraph("", "small")
        self.preset = QComboBox()
        self.preset_words = paragraph("", "small")
        self.start = QPushButton()
        self.start.setProperty("role", "primary")
        self._set_up_cysts()
        for preset in PRESETS:
            self.preset.addItem(preset.name, preset)
        self.preset.setCurrentIndex(PROPOSED)
        self._lay_out()
        self.cysts.itemChanged.connect(self._show)
        self.cysts.currentItemChanged.connect(self._show_coarser)
        self.begin.currentIndexChanged.connect(self._show)
        self.preset.currentIndexChanged.connect(self._show)
        self.voxel.given.connect(self._voxel_given)
        for field in self.voxel.fields.values():
            field.textEdited.connect(self._voxel_given)
        self.start.clicked.connect(self._begin)

    def refresh(self) -> None:
        """Take the project's cysts anew; what was changed by hand stays where they are the same."""
        project = self._session.project
        samples = () if project is None else project.samples()
        cysts = cysts_to_train_with(samples, self.phase)
        # Another project counts its cysts from one as well: its numbers alone would not tell them apart.
        is_same_project = project is self._project
        stays = is_same_project and _uses(cysts) == _uses(self._cysts)
        watching = self._ticked() if stays else propose_watching(cysts)
        self._typed = self._typed and is_same_project
        self._project, self._cysts = project, cysts
        self._fill(watching)
        name = MODEL_OF[self.phase]
        again = project is not None and name in project.models()
        self.heading.setText(f"To train {name} again: what it learns from" if again else f"What {name} learns from")
        self.start.setText(f"&Train {name} again" if again else f"&Train {name}")
        self._fill_beginnings()
        if not self._typed:
            proposed = propose_voxel(samples, cysts, self._session.settings.voxel_presets)
            size = None if proposed.zyx_um is None else VoxelSize(*proposed.zyx_um, source=proposed.words)
            self.voxel.show_voxel_size(size, proposed.words)
        self._show()

    def choices(self) -> TrainingChoices | None:
        """What is chosen; None if that cannot be trained with."""
        size = self.voxel.voxel_size()
        if size is None or self.why_not():
            return None
        ticked = self._ticked()
        learning = tuple(cyst for cyst in self._cysts if cyst.id not in ticked)
        watching = tuple(cyst for cyst in self._cysts if cyst.id in ticked)
        begin: Beginning = self.begin.currentData()
        return TrainingChoices(self.phase, learning, watching, size.zyx_um, self.preset.currentData().key, begin.model)

    def work(self) -> TrainingWork:
        """The training as it is chosen now, to say what it costs."""
        ticked, size = self._ticked(), self.voxel.voxel_size()
        parts: tuple[list[Shape], list[Shape]] = ([], [])
        for cyst in self._cysts if size is not None else ():
            parts[cyst.id in ticked].append(coarser_shape(cyst, size.zyx_um))
        count = len(self._cysts) - len(ticked)
        what = f"Training {MODEL_OF[self.phase]}" + (f" on {cysts_in_words(count)}" if count else "")
        # A training takes the network of what it begins with.
        is_published = self.begin.currentData().model is None
        return TrainingWork(what, self.preset.currentData(), tuple(parts[0]), tuple(parts[1]), is_published)

    def why_not(self) -> str:
        """Why it cannot begin, and what to do; empty if it can."""
        problem = obstacle(self._cysts, self.phase)
        if problem:
            return problem
        watching = len(self._ticked())
        if watching == 0:
            return "Tick at least one cyst to watch the training; it is not learnt from."
        if watching == len(self._cysts):
            return "Untick at least one cyst: there must be one to learn from."
        project = self._session.project
        if project is None or project.read_only:
            return "This project is open in another window, so it can only be read here."
        return "" if self.voxel.voxel_size() is not None else "Type the voxel size to train at."

    def _set_up_cysts(self) -> None:
        tree = self.cysts
        tree.setAccessibleName("Cysts to train with")
        tree.setHeaderLabels(["Cyst", "Cells", "Watches"])
        tree.headerItem().setToolTip(
            WATCHES,
            "Cysts that watch are never learnt from: after each round they show how well the model does with cysts "
            "that it has not seen. One in eight is good.",
        )
        tree.setRootIsDecorated(False)
        tree.setUniformRowHeights(True)
        tree.header().setStretchLastSection(False)
        tree.header().setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((CELLS, 80), (WATCHES, 80)):
            tree.setColumnWidth(column, width)

    def _fill(self, watching: set[int]) -> None:
        self.cysts.blockSignals(True)
        self.cysts.clear()
        for cyst in self._cysts:
            item = QTreeWidgetItem([cyst.name, cells_in_words(cyst), ""])
            item.setToolTip(NAME, everything_in_words(cyst))
            item.setData(NAME, Qt.ItemDataRole.UserRole, cyst.id)
            item.setSizeHint(NAME, QSize(0, ROW_PX))
            item.setCheckState(WATCHES, Qt.CheckState.Checked if cyst.id in watching else Qt.CheckState.Unchecked)
            if _always_watches(cyst):
                item.setFlags(item.flags() & ~Qt.ItemFlag.ItemIsUserCheckable)
                item.setToolTip(WATCHES, ALWAYS)
            self.cysts.addTopLevelItem(item)
        self.cysts.blockSignals(False)
        rows = min(ROWS_SHOWN, max(2, len(self._cysts)))
        self.cysts.setFixedHeight(rows * ROW_PX + self.cysts.header().sizeHint().height() + SPACING)

    def _fill_beginnings(self) -> None:
        found = beginnings(self._session.project, self.phase)
        # Not their names alone: the M1 of another project has another file.
        if found == [self.begin.itemData(at) for at in range(self.begin.count())]:
            return
        chosen = self.begin.currentText()
        self.begin.blockSignals(True)
        self.begin.clear()
        for beginning in found:
            self.begin.addItem(beginning.name, beginning)
        self.begin.setCurrentIndex(max(0, self.begin.findText(chosen)))
        self.begin.blockSignals(False)

    def _ticked(self) -> set[int]:
        items = (self.cysts.topLevelItem(row) for row in range(self.cysts.topLevelItemCount()))
        return {cyst.id for cyst in self._cysts if _always_watches(cyst)} | {
            item.data(NAME, Qt.ItemDataRole.UserRole)
            for item in items
            if item.checkState(WATCHES) is Qt.CheckState.Checked
        }

    def _voxel_given(self) -> None:
        self._typed = True
        self._show()

    def _show(self) -> None:
        ticked = self._ticked()
        learning = [cyst for cyst in self._cysts if cyst.id not in ticked]
        self.split.setText(f"{len(learning)} to learn from, {len(ticked)} to watch with. Click a tick to change it.")
        preset = self.preset.currentData()
        self.begin_words.setText(self.begin.currentData().words)
        seconds = self.work().cost().seconds
        taken = "" if seconds is None else f"It takes {time_in_words(seconds)} on the processor of this computer, "
        faster = "a small part of that with an NVIDIA graphics card; the first round will tell."
        words = (preset.words, f"{taken}{faster}" if taken else "", early_end_in_words(preset))
        self.preset_words.setText(" ".join(filter(None, words)))
        self._show_coarser()
        problem = self.why_not()
        self.obstacle.setText(problem)
        self.obstacle.setVisible(bool(problem))
        self.start.setEnabled(not problem)
        self.start.setToolTip(problem or "It runs in the background; you can go on working, or come back tomorrow.")
        for widget in (self.cysts, self.split):
            widget.setVisible(bool(self._cysts))
        self.changed.emit()

    def _show_coarser(self) -> None:
        """Show the cyst that is clicked, else the first one, as coarse as it will be."""
        if not self.isVisible():
            return  # the page refreshes when it is shown
        item, size = self.cysts.currentItem() or self.cysts.topLevelItem(0), self.voxel.voxel_size()
        chosen = None if item is None else item.data(NAME, Qt.ItemDataRole.UserRole)
        cyst = next((cyst for cyst in self._cysts if cyst.id == chosen), None)
        self.coarser.show_cyst(cyst, None if size is None else size.zyx_um)

    def _begin(self) -> None:
        choices = self.choices()
        if choices is not None:
            self.wanted.emit(choices)

    def _lay_out(self) -> None:
        voxel_label, preset_label = QLabel("Voxel size that it is trained at"), QLabel("&How long")
        begin_label = QLabel("&Begin with")
        preset_label.setBuddy(self.preset)
        begin_label.setBuddy(self.begin)
        voxel_label.setToolTip("All cysts are made this coarse before they are learnt from; none is made finer.")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self.heading, self.cysts, self.split):
            layout.addWidget(widget)
        # Above and not beside their fields: the page may be narrow.
        for label, widgets in (
            (voxel_label, (self.voxel, self.coarser)),
            (begin_label, (self.begin, self.begin_words)),
            (preset_label, (self.preset, self.preset_words)),
        ):
            label.setProperty("role", "title")
            layout.addSpacing(SPACING)
            for widget in (label, *widgets):
                layout.addWidget(widget)
        layout.addWidget(self.obstacle)
        layout.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)


def _uses(cysts: Sequence[Sample]) -> set[tuple[int, str]]:
    """Which cysts there are, and what each is for."""
    return {(cyst.id, cyst.role) for cyst in cysts}


def _always_watches(cyst: Sample) -> bool:
    return cyst.role == "validation"
