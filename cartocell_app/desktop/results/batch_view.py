"""All segmented samples side by side: a table, and charts by day and condition."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QObject, Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.marking import PageSelection
from cartocell_app.desktop.replacing import may_replace
from cartocell_app.desktop.results.batch import BATCH_MEASURES, PROBLEM, SampleNumbers, batch_table
from cartocell_app.desktop.results.batch_measuring import BatchMeasurer
from cartocell_app.desktop.results.cells_model import Index, TableModel
from cartocell_app.desktop.results.cells_table import fit_columns, table_view
from cartocell_app.desktop.results.exporting import batch_paths, export_batch
from cartocell_app.desktop.results.exports import Exports
from cartocell_app.desktop.results.saved_bar import SavedBar
from cartocell_app.desktop.results.words import count_words
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import set_role

if TYPE_CHECKING:
    from cartocell_app.desktop.results.batch_chart_panel import ChartPanel
    from cartocell_app.project.project import Project

REDRAW_MS = 400
"""While samples are being measured, table and charts are drawn anew this often."""

TEACHES = "Segment some cysts: their numbers then stand here side by side, with charts by day and condition."


class BatchModel(TableModel):
    """A row a sample; rows without numbers say why in their tooltips.

    Parameters
    ----------
    parent : QObject, optional
        Owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(BATCH_MEASURES, parent)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.ToolTipRole and index.isValid() and self.table is not None:
            problem = self.table[PROBLEM.name].iat[self.position(index.row())]
            return problem or super().data(index, role)
        return super().data(index, role)


class BatchView(QWidget):
    """Table and charts over all segmented samples of the open project, measured in the background.

    Nothing is measured until it is seen for the first time.

    Parameters
    ----------
    session : Session
        Whose project it shows, and whose current sample it sets.
    parent : QWidget, optional
        Owner.
    """

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.measurer = BatchMeasurer(self)
        self.model = BatchModel(self)
        self.table = table_view(self.model, "Cysts")
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.charts: ChartPanel | None = None
        self._redraw = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._redraw.timeout.connect(self._draw)
        self._marked, self._is_drawing = PageSelection(session), False
        self._project: Project | None = None
        self._shown: list[int] = []  # numbers of the samples in the table, in the order of its places
        self._lay_out()
        self._exports = Exports(self.saved, lambda paths: count_words(len(paths), "table"), self)
        self.measurer.progressed.connect(self._progressed)
        self.table.doubleClicked.connect(self._open_row)
        self.table.activated.connect(self._open_row)
        self.table.selectionModel().selectionChanged.connect(self._mark)
        for changed in (session.project_changed, session.samples_changed):
            changed.connect(self.refresh)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if self.charts is None:
            # pyqtgraph takes a while to load, so only now.
            from cartocell_app.desktop.results.batch_chart_panel import ChartPanel

            self.charts = ChartPanel()
            self.charts.sample_picked.connect(self._session.set_current)
            self.splitter.addWidget(self.charts)
            self.splitter.setSizes([1, 1])
        self.refresh()
        self._mark()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        # Not where the window was only minimised.
        if not event.spontaneous():
            self._marked.let_go()

    def refresh(self) -> None:
        """Look at the samples again, and measure what is new among them."""
        if not self.isVisible():
            return
        project = self._session.project
        self.measurer.measure(() if project is None else project.samples())
        self._draw()

    def _lay_out(self) -> None:
        title = QLabel("All cysts")
        set_role(title, "page-title")
        self.facts = QLabel()
        set_role(self.facts, "muted")
        self.bar = QProgressBar(textVisible=False, maximumWidth=160)
        self.export_button = QPushButton("Export tables…", icon=icon("mdi6.export-variant"))
        self.export_button.clicked.connect(self._ask_where_to_export)
        header = QHBoxLayout()
        header.setSpacing(12)
        for widget, stretch in ((title, 0), (self.facts, 1), (self.bar, 0), (self.export_button, 0)):
            header.addWidget(widget, stretch)
        self.splitter = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False)
        self.splitter.addWidget(self.table)
        nothing = QLabel(TEACHES, alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        set_role(nothing, "muted")
        self.pages = QStackedWidget()
        self.pages.addWidget(nothing)
        self.pages.addWidget(self.splitter)
        self.saved = SavedBar()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 8)
        layout.setSpacing(8)
        layout.addLayout(header)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self.saved)

    def _progressed(self, done: int, total: int) -> None:
        self.bar.setMaximum(max(total, 1))
        self.bar.setValue(done)
        self.bar.setVisible(done < total)
        cysts = count_words(total, "cyst")
        bad = sum(bool(each.problem) for each in self.measurer.numbers())
        measured = f"{cysts}, {bad} of them not measured (see their tooltips)" if bad else cysts
        self.facts.setText(f"Measuring {done} of {cysts} …" if done < total else measured if total else "")
        self.pages.setCurrentIndex(1 if total else 0)
        self.export_button.setEnabled(done == total > 0)
        self.export_button.setToolTip(
            "Save the tables of cysts and cells as CSV and Excel files."
            if done == total > 0
            else "There is nothing to export yet: wait until all cysts are measured."
        )
        if done == total:
            self._redraw.stop()
            self._draw()
        elif not self._redraw.isActive():
            self._redraw.start()

    def _draw(self) -> None:
        numbers = self.measurer.numbers()
        self._show_rows(numbers)
        fit_columns(self.table)
        if self.charts is not None:
            self.charts.show_numbers(numbers)

    def _show_rows(self, numbers: list[SampleNumbers]) -> None:
        """Show these rows; those that were marked stay marked, so that keys are for them as before."""
        marked, at = self._marked_samples(), self._sample_of(self.table.currentIndex())
        if self._project is not self._session.project:
            self._project, marked, at = self._session.project, [], None
        self._is_drawing = True
        self.model.set_table(batch_table(numbers) if numbers else None)
        self._shown = [each.sample.id for each in numbers]
        self._mark_again(marked, at)
        self._is_drawing = False
        self._mark()

    def _mark_again(self, marked: list[int], at: int | None) -> None:
        flags, selection = QItemSelectionModel.SelectionFlag, self.table.selectionModel()
        rows = {number: self.model.row_of(place) for place, number in enumerate(self._shown)}
        # It would bring the current row into sight again and again while samples are being measured.
        self.table.setAutoScroll(False)
        for number, row in rows.items():
            if row is not None and number == at:
                selection.setCurrentIndex(self.model.index(row, 0), flags.NoUpdate)
            if row is not None and number in marked:
                selection.select(self.model.index(row, 0), flags.Select | flags.Rows)
        self.table.setAutoScroll(True)

    def _mark(self) -> None:
        """Have keys and commands of the window be for the rows that are marked here."""
        if self.isVisible() and not self._is_drawing:
            self._marked.mark(self._marked_samples())

    def _marked_samples(self) -> list[int]:
        rows = sorted(index.row() for index in self.table.selectionModel().selectedRows())
        return [self._shown[self.model.position(row)] for row in rows]

    def _sample_of(self, index: QModelIndex) -> int | None:
        return self._shown[self.model.position(index.row())] if index.isValid() else None

    def _open_row(self, index: QModelIndex) -> None:
        self._session.set_current(self._sample_of(index))

    def _ask_where_to_export(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the tables")
        if folder and may_replace(batch_paths(Path(folder)), self):
            self.export(Path(folder))

    def export(self, folder: Path) -> None:
        """Save the tables into `folder`."""
        self._exports.add("the tables", partial(export_batch, self.measurer.numbers(), folder))
