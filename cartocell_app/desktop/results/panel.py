"""The results of the current sample: summary, cells, doubts, and their export."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QStackedWidget, QTabWidget, QVBoxLayout, QWidget

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.messages import show_user_error
from cartocell_app.desktop.results.cells_table import CellsTable
from cartocell_app.desktop.results.doubts_list import DoubtsList
from cartocell_app.desktop.results.export_dialog import ExportDialog
from cartocell_app.desktop.results.exporting import count_paths, export_sample
from cartocell_app.desktop.results.exports import Exports
from cartocell_app.desktop.results.saved_bar import SavedBar
from cartocell_app.desktop.results.summary_panel import SummaryPanel
from cartocell_app.desktop.results.summary_words import headline
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.theme import set_role
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.desktop.results.loading import SampleResults
    from cartocell_app.project.values import Sample


class ResultsPanel(QWidget):
    """What was found in the current sample, measured off the window's thread.

    Parameters
    ----------
    session : Session
        Whose current sample and cell it follows, and whose cell it sets.
    parent : QWidget, optional
        Owner.
    """

    before_voronoi_wanted = Signal(bool)
    """True: the viewer is to show the cells before Voronoi; False: the cells as they are."""

    voxel_size_wanted = Signal(int)
    """`Sample.id` of a sample whose voxel size the user wants to give."""

    results_shown = Signal(object)
    """The `SampleResults` that are shown from now on; None: none."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown_for: tuple[Any, ...] | None = None
        self._is_to_export = False
        self.results: SampleResults | None = None
        self.summary, self.cells, self.doubts = SummaryPanel(), CellsTable(), DoubtsList()
        self.saved = SavedBar()
        self._measuring = Latest(self._show, self._show_error, self)
        self._exports = Exports(self.saved, count_paths, self)
        self._lay_out()
        self.summary.before_voronoi_wanted.connect(self.before_voronoi_wanted)
        self.cells.cell_picked.connect(session.set_cell)
        self.doubts.cell_picked.connect(session.set_cell)
        session.cell_changed.connect(self._set_cell)
        session.current_changed.connect(self.follow)
        self.follow(session.current)

    def follow(self, sample: "Sample | None") -> None:
        """Show the results of a sample; None shows none."""
        wanted = None if sample is None else _what_is_shown(sample)
        if wanted is not None and wanted == self._shown_for:
            return
        self._shown_for = wanted
        self._is_to_export = False
        self._measuring.forget()
        if not self._exports.is_busy:
            self.saved.hide()
        if sample is None:
            self._say("Choose a cyst in the list to see its cells here.")
        elif sample.labels is None:
            self._say(_why_no_labels(sample))
        else:
            self._say(f"Measuring {sample.name} …")
            self._measuring.request(partial(_load, sample))

    def export(self) -> None:
        """Ask what to export of the current sample, and where to; while it is measured, as soon as that is done."""
        if self.results is None:
            self._is_to_export = self._measuring.is_busy
            if not self._is_to_export:
                show_user_error(UserError("Nothing can be exported yet.", self.message.text()), self)
        else:
            dialog = ExportDialog(self.results.sample.name, self._proposed_folder(), self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.chosen.connect(self._export)
            dialog.open()

    def _lay_out(self) -> None:
        self.name, self.facts = QLabel(), QLabel(wordWrap=True)
        set_role(self.name, "title")
        set_role(self.facts, "muted")
        self.export_button = QPushButton("Export…", icon=icon("mdi6.export-variant"))
        self.export_button.setToolTip("Save tables, label stack, surfaces or a picture for other programs.")
        self.export_button.clicked.connect(self.export)
        header, words = QHBoxLayout(), QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.name)
        words.addWidget(self.facts)
        header.addLayout(words, 1)
        header.addWidget(self.export_button, 0, Qt.AlignmentFlag.AlignTop)
        header.setContentsMargins(12, 12, 12, 8)
        self.tabs = QTabWidget(documentMode=True)
        self.tabs.tabBar().setDrawBase(False)
        for page, title in ((self.summary, "Summary"), (self.cells, "Cells"), (self.doubts, "Doubts")):
            self.tabs.addTab(page, title)
        shown = QWidget()
        inside = QVBoxLayout(shown)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(0)
        inside.addLayout(header)
        inside.addWidget(self.tabs, 1)
        inside.addWidget(self.saved)
        self.pages = QStackedWidget()
        self.pages.addWidget(self._message_page())
        self.pages.addWidget(shown)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)

    def _message_page(self) -> QWidget:
        page = QWidget()
        self.message = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        set_role(self.message, "muted")
        self.give_voxel_size = QPushButton("Give voxel size…")
        set_role(self.give_voxel_size, "primary")
        self.give_voxel_size.clicked.connect(self._ask_for_voxel_size)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(24, 24, 24, 24)
        layout.setSpacing(12)
        layout.addStretch(1)
        layout.addWidget(self.message)
        layout.addWidget(self.give_voxel_size, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(2)
        return page

    def _say(self, sentence: str, *, voxel_size_helps: bool = False) -> None:
        self._take(None)
        self.message.setText(sentence)
        self.give_voxel_size.setVisible(voxel_size_helps)
        self.pages.setCurrentIndex(0)

    def _show(self, results: "SampleResults") -> None:
        self.name.setText(results.sample.name)
        self.facts.setText(headline(results))
        self.tabs.setTabText(2, f"Doubts ({len(results.doubts)})" if results.doubts else "Doubts")
        self._take(results)
        self.pages.setCurrentIndex(1)
        if self._is_to_export:
            self._is_to_export = False
            self.export()

    def _take(self, results: "SampleResults | None") -> None:
        self.results = results
        self.summary.show_results(results)
        if results is None:
            self.cells.show_cells(None)
            self.doubts.show_doubts(())
        else:
            self.cells.show_cells(results.measurements.cells, results.colours)
            labels = results.measurements.cells["label"].tolist()
            colours = {label: QColor(*rgb) for label, rgb in zip(labels, results.colours.tolist(), strict=True)}
            self.doubts.show_doubts(results.doubts, colours)
        self._set_cell(self._session.cell)
        self.results_shown.emit(results)

    def _show_error(self, error: Exception) -> None:
        from cartocell_app.jobs.measurements import UnknownVoxelSizeError

        if isinstance(error, UnknownVoxelSizeError):
            self._say(
                f"{error.title} Give it once: the microscope's own file or your colleague knows it.",
                voxel_size_helps=True,
            )
        elif isinstance(error, UserError):
            self._say(str(error))
        else:
            self._say("These labels could not be measured.")
            raise error

    def _set_cell(self, label: int) -> None:
        self.cells.set_cell(label)
        self.doubts.set_cell(label)

    def _ask_for_voxel_size(self) -> None:
        if self._session.current is not None:
            self.voxel_size_wanted.emit(self._session.current.id)

    def _proposed_folder(self) -> Path:
        project = self._session.project
        return Path.home() if project is None or project.is_temporary else Path(project.folder) / "exports"

    def _export(self, kinds: tuple[str, ...], folder: Path) -> None:
        assert self.results is not None
        sample = self.results.sample
        self._exports.add(sample.name, partial(export_sample, sample, kinds, folder))


def _load(sample: "Sample") -> "SampleResults":
    # Measuring brings pandas and scipy, which the first window would wait for.
    from cartocell_app.desktop.results.loading import load_results

    return load_results(sample)


def _what_is_shown(sample: "Sample") -> tuple[Any, ...]:
    """What of a sample the panel shows: if this is the same, there is nothing to do."""
    labels = None if sample.labels is None else Path(sample.labels)
    changed_ns = labels.stat().st_mtime_ns if labels is not None and labels.exists() else 0
    return sample.id, sample.name, labels, changed_ns, sample.voxel_size, sample.results, sample.state, sample.reason


def _why_no_labels(sample: "Sample") -> str:
    if sample.state == "running":
        return f"{sample.name} is being segmented. Its cells appear here as soon as it is done."
    if sample.state == "failed":
        return f"{sample.name} could not be segmented. {sample.reason}".strip()
    return f"{sample.name} is not segmented yet. Its cells appear here once it is."
