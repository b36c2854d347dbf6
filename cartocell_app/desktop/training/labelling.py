"""What phase 3 shows on its page: labelling with M1, and the labelled cysts, the most doubtful first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from cartocell_app.desktop.importing.segmenting import LIST, SegmentChoices, cysts_in_words, segment_words, stack_rows
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.samples.words import cells_in_words
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import SPACING
from cartocell_app.desktop.training.doubts import by_doubt, doubt_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Run, Sample

PHASE, MODEL = 3, "M1"
DOUBT, NAME, CELLS, WHY = range(4)
ROWS_SHOWN, ROW_PX = 10, 26


def cysts_to_label(samples: Sequence[Sample]) -> list[Sample]:
    """Low-resolution cysts that have no cells yet and can be read."""
    return [
        sample
        for sample in samples
        if sample.role == "low-resolution" and sample.state in ("to do", "failed")
        and sample.voxel_size is not None and not sample.missing
    ]  # fmt: skip


def start_labelling(project: Project, queue: JobQueue, samples: Sequence[Sample]) -> Run:
    """Put the labelling of `samples` with the project's M1 into the queue.

    Raises
    ------
    UserError
        If the folder of the run cannot be written.
    """
    model = project.models()[MODEL].path

    def make_words(folder: Path) -> list[str]:
        from cartocell_app.jobs.stack_list import write_stack_list

        write_stack_list(folder / LIST, stack_rows(samples))
        return segment_words(folder, SegmentChoices(str(model), "auto"))

    title = f"Label {cysts_in_words(len(samples))} with {MODEL}"
    run = project.new_run("segment", title, [sample.id for sample in samples], make_words, phase=PHASE)
    queue.add(run)
    return run


class LabellingPanel(QWidget):
    """A button that labels, and the list of what to look at.

    Parameters
    ----------
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the labelling.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, session: Session, queue: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._queue = queue
        self.label, self.obstacle = QPushButton(), paragraph("", "small")
        self.label.setProperty("role", "primary")
        self.heading = paragraph("Look at these first", "title")
        self.words = paragraph("Double-click one to look at it; press A to accept it, R to reject it.", "small")
        self.list = QTreeWidget()
        self._set_up_list()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        layout.addWidget(self.label, 0, Qt.AlignmentFlag.AlignLeft)
        for widget in (self.obstacle, self.heading, self.words, self.list):
            layout.addWidget(widget)
        # Several signals in a row, one look at what they changed.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self.refresh)
        for changed in (session.project_changed, session.samples_changed, session.runs_changed):
            changed.connect(self.refresh_soon)
        self.label.clicked.connect(self._begin)
        self.list.itemActivated.connect(self._open)
        self.refresh()

    def refresh_soon(self) -> None:
        """Show how far it is, once the window has nothing else to do."""
        self._soon.start()

    def refresh(self) -> None:
        """Show what is to be labelled and what to be looked at."""
        project = self._session.project
        samples = () if project is None else project.samples()
        problem = self.why_not()
        count = len(cysts_to_label(samples))
        self.label.setText(f"&Label {cysts_in_words(count)} with {MODEL}")
        self.label.setEnabled(not problem)
        self.label.setToolTip(problem or f"Find their cells with {MODEL}; doubtful ones are told afterwards.")
        self.obstacle.setText(problem)
        self.obstacle.setVisible(bool(problem))
        waiting = by_doubt(samples)
        self.list.clear()
        for sample in waiting:
            doubt = doubt_of(sample)
            why = sample.reason.partition(": ")[2] or sample.reason
            item = QTreeWidgetItem(["…" if doubt < 0 else f"{doubt} %", sample.name, cells_in_words(sample), why])
            item.setToolTip(WHY, why)
            item.setSizeHint(NAME, QSize(0, ROW_PX))
            item.setData(NAME, Qt.ItemDataRole.UserRole, sample.id)
            self.list.addTopLevelItem(item)
        for widget in (self.heading, self.words, self.list):
            widget.setVisible(bool(waiting))
        rows = min(ROWS_SHOWN, len(waiting))
        self.list.setFixedHeight(rows * ROW_PX + self.list.header().sizeHint().height() + SPACING)

    def why_not(self) -> str:
        """Why nothing can be labelled now; empty if it can."""
        project = self._session.project
        if project is None or project.read_only:
            return "This project is open in another window, so it can only be read here."
        if MODEL not in project.models():
            return f"{MODEL} comes first: train it in phase 2."
        if not any(sample.role == "low-resolution" for sample in project.samples()):
            return "Add low-resolution stacks, and say so: right-click them in the list, Use for, Low-resolution cysts."
        return "" if cysts_to_label(project.samples()) else "All low-resolution cysts are labelled."

    def _begin(self) -> None:
        project = self._session.project
        if project is not None and not self.why_not():
            start_labelling(project, self._queue, cysts_to_label(project.samples()))
            self.refresh()

    def _open(self, item: QTreeWidgetItem) -> None:
        self._session.set_current(item.data(NAME, Qt.ItemDataRole.UserRole))

    def _set_up_list(self) -> None:
        self.list.setAccessibleName("Labelled cysts, the most doubtful first")
        self.list.setHeaderLabels(["Doubt", "Cyst", "Cells", "Why"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.header().setSectionResizeMode(WHY, QHeaderView.ResizeMode.Stretch)
        for column, width in ((DOUBT, 60), (NAME, 160), (CELLS, 80)):
            self.list.setColumnWidth(column, width)
