"""M1 against M2 on the page of phase 4: a button, then a table and a sentence that says which is better."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from cartocell_app.desktop.importing.segmenting import cysts_in_words
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import SPACING
from cartocell_app.desktop.training.comparing import (
    Judges,
    advice,
    is_old,
    judges_of,
    latest_comparison,
    obstacle,
    read_comparison,
    start_comparing,
)
from cartocell_app.desktop.training.progress import BUSY

HEADERS = ("Model", "Cells", "Found right (F1)", "Closely (F1 at 0.75)", "Both (PQ)")
FIGURES = ("f1_0.5", "f1_0.75", "pq_0.5")
STAGES = {"before Voronoi": "before they touch", "after Voronoi": "touching (Voronoi)"}
ROW_PX = 26


class ComparingView(QWidget):
    """Compares the project's M1 and M2 in cysts that neither learnt from.

    Parameters
    ----------
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the comparison.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, session: Session, queue: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._queue = queue
        self._judges = Judges((), 0)
        self.title = paragraph("M1 against M2", "title")
        self.words, self.doubt = paragraph("", "small"), paragraph("", "doubt")
        self.verdict, self.advice = paragraph(""), paragraph("")
        self.table = QTreeWidget()
        self._set_up_table()
        self.start = QPushButton("&Compare M1 with M2")
        self.start.clicked.connect(self._begin)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self.title, self.words, self.doubt, self.verdict, self.advice, self.table):
            layout.addWidget(widget)
        layout.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)
        self.hide()

    def refresh(self) -> None:
        """Show what can be compared, and what came of it."""
        project = self._session.project
        is_there = project is not None and "M2" in project.models()
        self.setVisible(is_there)
        if project is None or not is_there:
            return
        self._judges = judges_of(project)
        run = latest_comparison(project)
        state = "" if run is None else self._queue.job(run.id).state
        problem = obstacle(project, self._judges)
        busy = state in BUSY
        self.start.setEnabled(not problem and not busy)
        self.start.setToolTip(problem or "It runs in the background, seconds to a minute a cyst.")
        self.words.setText(problem or self._cysts_in_words())
        doubts = [self._bias_in_words()]
        found = None if run is None else read_comparison(run.folder)
        if run is not None and state in ("failed", "cancelled", "interrupted", "some failed"):
            doubts.append(self._queue.job(run.id).message)
        if found is not None and run is not None and is_old(project, run):
            doubts.append("The table is of a model that was trained again since: compare anew.")
        said = " ".join(filter(None, doubts))
        self.doubt.setText("Comparing…" if busy else said)
        self.doubt.setVisible(busy or bool(said))
        self._show(None if busy else found)

    def _cysts_in_words(self) -> str:
        names = ", ".join(cyst.name for cyst in self._judges.cysts[:3])
        more = len(self._judges.cysts) - 3
        return (
            f"Both find the cells of {cysts_in_words(len(self._judges.cysts))} that neither learnt from ({names}"
            f"{f' and {more} more' if more > 0 else ''}), and are compared with the cells that you accepted."
        )

    def _bias_in_words(self) -> str:
        if not self._judges.by_model:
            return ""
        return (
            "The cells of these cysts were found by a model and accepted as they were, so that model is right by "
            "definition. Correct them, or add cysts labelled by hand, for a fair comparison."
        )

    def _show(self, found: dict[str, Any] | None) -> None:
        rows = [] if found is None else [row for row in found["rows"] if row["cyst"] == "ALL"]
        rows.sort(key=lambda row: list(STAGES).index(row["stage"]))  # the models one below the other
        self.table.clear()
        for row in rows:
            figures = [f"{row[name]:.3f}" for name in FIGURES]
            item = QTreeWidgetItem([row["model"], STAGES[row["stage"]], *figures])
            item.setSizeHint(0, QSize(0, ROW_PX))
            self.table.addTopLevelItem(item)
        self.table.setFixedHeight(len(rows) * ROW_PX + self.table.header().sizeHint().height() + SPACING)
        self.verdict.setText("" if found is None else found["verdict"])
        self.advice.setText(advice(rows) if rows else "")
        for widget in (self.table, self.verdict, self.advice):
            widget.setVisible(bool(rows))
        self.advice.setVisible(bool(self.advice.text()))
        self.start.setText("&Compare again" if rows else "&Compare M1 with M2")

    def _begin(self) -> None:
        project = self._session.project
        if project is not None and not obstacle(project, self._judges):
            start_comparing(project, self._queue, self._judges)
            self.refresh()

    def _set_up_table(self) -> None:
        self.table.setAccessibleName("How M1 and M2 compare")
        self.table.setHeaderLabels(HEADERS)
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        header = self.table.headerItem()
        header.setToolTip(2, "Cells that overlap a true one by half or more, of all found and true ones. 1 is best.")
        header.setToolTip(3, "The same for an overlap of three quarters or more.")
        header.setToolTip(4, "Panoptic quality: how many are found right times how closely these are outlined.")
        self.table.header().setStretchLastSection(False)
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.table.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        for policy in (self.table.setHorizontalScrollBarPolicy, self.table.setVerticalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)  # it is as large as what is in it
