"""All segmented samples side by side: a table, and charts by day and condition."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, Qt, QTimer
from PySide6.QtGui import QShowEvent
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
from cartocell_app.desktop.results.batch import BATCH_MEASURES, PROBLEM, batch_table
from cartocell_app.desktop.results.batch_measuring import BatchMeasurer
from cartocell_app.desktop.results.cells_model import Index, TableModel
from cartocell_app.desktop.results.cells_table import fit_columns, table_view
from cartocell_app.desktop.results.exporting import export_batch
from cartocell_app.desktop.results.saved_bar import SavedBar
from cartocell_app.desktop.results.words import count_words
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import set_role
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.desktop.results.batch_chart_panel import ChartPanel

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
        self._exporting = Latest(self._say_exported, self._say_not_exported, self)
        self._lay_out()
        self.measurer.progressed.connect(self._progressed)
        self.table.doubleClicked.connect(self._open_row)
        self.table.activated.connect(self._open_row)
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
        self.model.set_table(batch_table(numbers) if numbers else None)
        fit_columns(self.table)
        if self.charts is not None:
            self.charts.show_numbers(numbers)

    def _open_row(self, index: QModelIndex) -> None:
        numbers = self.measurer.numbers()
        self._session.set_current(numbers[self.model.position(index.row())].sample.id)

    def _ask_where_to_export(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for the tables")
        if folder:
            self.export(Path(folder))

    def export(self, folder: Path) -> None:
        """Save the tables into `folder`."""
        self.saved.say_working("Exporting …")
        self._exporting.request(partial(export_batch, self.measurer.numbers(), folder))

    def _say_exported(self, paths: tuple[Path, ...]) -> None:
        folder = paths[0].parent
        self.saved.say_saved(f"Saved {count_words(len(paths), 'table')} to {folder}", folder)

    def _say_not_exported(self, error: Exception) -> None:
        if not isinstance(error, UserError):
            self.saved.say_failed("The export did not work.")
            raise error
        self.saved.say_failed(str(error))
