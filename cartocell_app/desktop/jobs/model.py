"""Jobs as rows of a table, the latest first."""

from __future__ import annotations

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt

from cartocell_app.desktop.icons import icon
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.jobs.view import JobView
from cartocell_app.desktop.jobs.words import SIGNS, duration_in_words, step_in_words

COLUMNS = ("Job", "State", "Time", "What came of it")
ROW_HEIGHT_PX = 26
AnyIndex = QModelIndex | QPersistentModelIndex


class JobsModel(QAbstractTableModel):
    """All jobs of the open project.

    Parameters
    ----------
    queue : JobQueue
        Whose jobs they are.
    parent : QObject, optional
        Owner.
    """

    def __init__(self, queue: JobQueue, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._queue = queue
        self._views: list[JobView] = []

    def refresh(self) -> None:
        """Look at all jobs anew; rows stay selected."""
        views = list(self._queue.jobs())
        if [view.run_id for view in views] != [view.run_id for view in self._views]:
            self.beginResetModel()
            self._views = views
            self.endResetModel()
            return
        for row, (old, new) in enumerate(zip(self._views, views, strict=True)):
            if old != new:
                self._views[row] = new
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(COLUMNS) - 1))

    def view(self, row: int) -> JobView | None:
        """Job in a row; None if there is no such row."""
        return self._views[row] if 0 <= row < len(self._views) else None

    def row_of(self, run_id: int) -> int:
        """Row of a job; -1 if it has none."""
        return next((row for row, view in enumerate(self._views) if view.run_id == run_id), -1)

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and default
        return 0 if parent.isValid() else len(self._views)

    def columnCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008 - Qt's name and default
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(  # noqa: N802 - Qt's name
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return None

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        view = self.view(index.row())
        if view is None:
            return None
        sign = SIGNS[view.state]
        said = step_in_words(view) if view.state == "running" else view.message
        if role == Qt.ItemDataRole.DisplayRole:
            time = duration_in_words(view.started, view.ended)
            return (view.title, sign.word, time, said)[index.column()]
        if role == Qt.ItemDataRole.DecorationRole and index.column() == 0:
            return icon(sign.icon, sign.role)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{view.title}: {sign.word}\n{said}".strip()
        if role == Qt.ItemDataRole.SizeHintRole:
            return QSize(0, ROW_HEIGHT_PX)
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == 0:
            return f"{view.title}, {sign.word}"
        return None
