"""Fields on the page of phase 3: which there are, and what was cut out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from cartocell_app.desktop.fields.cutting import cut_out_of, fields_of, is_being_cut, perhaps_fields
from cartocell_app.desktop.importing.segmenting import cysts_in_words
from cartocell_app.desktop.pages import paragraph
from cartocell_app.desktop.theme import SPACING

if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample

NAME, STATE = range(2)
ROWS_SHOWN, ROW_PX = 5, 26


class FieldsSection(QWidget):
    """List of fields, and a button to find and cut out their cysts; not seen where there are none.

    Parameters
    ----------
    parent : QWidget, optional
        Owner.
    """

    field_wanted = Signal(int)
    """Number of the field whose cysts are to be found and cut out."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._project: Project | None = None
        self._wide: list[Sample] = []
        self.list, self.open, self.take = QTreeWidget(), QPushButton("&Find and cut out cysts…"), QPushButton()
        self.question = paragraph("", "doubt")
        self.heading = paragraph("Fields of several cysts", "title")
        self.words = paragraph("Cysts are cut out of fields first, each for itself; then M1 labels them.", "small")
        self.list.setAccessibleName("Fields of several cysts")
        self.list.setHeaderLabels(["Field", "Cysts"])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.header().setStretchLastSection(False)
        self.list.header().setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        self.list.setColumnWidth(STATE, 170)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING)
        for widget in (self.heading, self.words, self.list):
            layout.addWidget(widget)
        layout.addWidget(self.open, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.question)
        layout.addWidget(self.take, 0, Qt.AlignmentFlag.AlignLeft)
        self.list.itemActivated.connect(self._open)
        self.open.clicked.connect(lambda: self._open(self.list.currentItem()))
        self.take.clicked.connect(self._take)

    def show_project(self, project: Project | None) -> None:
        """Show the fields of a project as they are now."""
        self._project = project
        samples = () if project is None else project.samples()
        fields = fields_of(samples)
        chosen = self.list.currentItem()
        number = None if chosen is None else chosen.data(NAME, Qt.ItemDataRole.UserRole)
        self.list.clear()
        first_uncut = None
        for field in fields:
            count = len(cut_out_of(samples, field.id))
            item = QTreeWidgetItem([field.name, self._state(field, count)])
            item.setData(NAME, Qt.ItemDataRole.UserRole, field.id)
            item.setSizeHint(NAME, QSize(0, ROW_PX))
            self.list.addTopLevelItem(item)
            if field.id == number:
                self.list.setCurrentItem(item)
            if not count and first_uncut is None:
                first_uncut = item
        if fields and self.list.currentItem() is None:
            self.list.setCurrentItem(first_uncut or self.list.topLevelItem(0))
        self.list.setFixedHeight(
            min(ROWS_SHOWN, len(fields)) * ROW_PX + self.list.header().sizeHint().height() + SPACING // 2
        )
        self._ask(perhaps_fields(samples))
        for widget in (self.heading, self.words, self.list, self.open):
            widget.setVisible(bool(fields))
        self.setVisible(bool(fields or self._wide))

    def _state(self, field: Sample, count: int) -> str:
        if self._project is not None and is_being_cut(self._project, field.id):
            return "being cut out"
        return f"{cysts_in_words(count)} cut out" if count else "none cut out yet"

    def _ask(self, wide: list[Sample]) -> None:
        """Ask whether stacks that are wide enough for it are fields."""
        is_changeable = self._project is not None and not self._project.read_only
        self._wide = wide if is_changeable else []
        names = wide[0].name if len(wide) == 1 else f"{len(wide)} of your low-resolution stacks"
        it = "it is a field" if len(wide) == 1 else "they are fields"
        self.question.setText(f"{names} may hold several cysts: no single one is so wide. If so, cut them out first.")
        self.take.setText(f"&Yes, {it}")
        for widget in (self.question, self.take):
            widget.setVisible(bool(self._wide))

    def _take(self) -> None:
        if self._project is not None:
            self._project.update_samples([sample.id for sample in self._wide], role="field")

    def _open(self, item: QTreeWidgetItem | None) -> None:
        if item is not None:
            self.field_wanted.emit(item.data(NAME, Qt.ItemDataRole.UserRole))
