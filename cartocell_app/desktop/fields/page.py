"""The page of fields: boxes around their cysts are found, corrected and cut out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from cartocell_app.desktop.fields.canvas import FieldCanvas
from cartocell_app.desktop.fields.cutting import (
    cut_out_of,
    fields_of,
    is_being_cut,
    keep_boxes,
    kept_boxes,
    start_cutting,
)
from cartocell_app.desktop.fields.editing import BoxEdits
from cartocell_app.desktop.fields.keys import keys_of_boxes, keys_of_picture
from cartocell_app.desktop.fields.reading import found_boxes, project, read_field
from cartocell_app.desktop.fields.side_bar import BoxBar
from cartocell_app.desktop.fields.top_bar import FieldBar
from cartocell_app.desktop.fields.words import found_in_words
from cartocell_app.desktop.jobs.queue import JobQueue
from cartocell_app.desktop.keys import PanelKeys
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.soon import soon
from cartocell_app.desktop.theme import MARGIN, SPACING
from cartocell_app.desktop.workers import Latest
from cartocell_app.errors import UserError

if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample
    from cartocell_app.stacks.boxes import Box, Shape
    from cartocell_app.stacks.stack import Stack


class FieldsPage(QWidget):
    """One field at a time.

    Parameters
    ----------
    session : Session
        Holds the project.
    queue : JobQueue
        Gets the cutting.
    parent : QWidget, optional
        Owner.
    """

    closed = Signal()
    """The page of phase 3 is asked for again."""

    def __init__(self, session: Session, queue: JobQueue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._queue = session, queue
        self._project: Project | None = session.project
        self._field: Sample | None = None
        self._stack: Stack | None = None
        self._chosen = 0
        self._is_finding = False  # whether the cysts of this field are being found; an earlier one's do not count
        self._has_boxes = False  # whether boxes were found or drawn, even if none is left
        self.edits = BoxEdits((1, 1, 1))
        self.top, self.canvas, self.bar = FieldBar(), FieldCanvas(), BoxBar()
        self._reading = Latest(self._read, self._failed, parent=self)
        self._finding = Latest(self._found, self._not_found, parent=self)
        self._looking = Latest(self.canvas.show_pictures, parent=self)
        # Not at once: a box must not be taken away while the mouse still holds it.
        self._soon = soon(self, self._show)
        self._lay_out()
        self._connect()
        self._show_fields()

    @property
    def is_busy(self) -> bool:
        """Whether the field or its boxes are still to come."""
        return self._reading.is_busy or self._finding.is_busy or self._looking.is_busy or self._soon.isActive()

    @property
    def chosen(self) -> int:
        """Number of the chosen box; 0 if none is."""
        return self._chosen

    def show_field(self, sample_id: int) -> None:
        """Read a field, and look for its cysts if that was not done yet."""
        project = self._session.project
        field = next((one for one in fields_of(project.samples()) if one.id == sample_id), None) if project else None
        if field is None or (self._field is not None and self._field.id == sample_id and self._stack is not None):
            return
        self._keep()
        self._forget()
        self._field = field
        self.top.show_fields(fields_of(project.samples()), sample_id)
        self.bar.say(f"Reading {field.name}…")
        self._reading.request(lambda: (field, read_field(field)))
        self._show()

    def choose(self, number: int) -> None:
        """Choose a box; 0 chooses none."""
        if number != self._chosen:
            self._chosen = number
            self._look()
            self._soon.start()

    def add(self, y: float | None = None, x: float | None = None) -> None:
        """Add a box around a place, or in the middle of what is seen, and choose it."""
        if self.why_not():
            return
        middle = self.canvas.middle_vox() if y is None or x is None else (y, x)
        self.choose(self.edits.add(middle, self.top.slices))
        self._changed()

    def remove(self) -> None:
        """Remove the chosen box."""
        if not self.why_not() and self.edits.remove(self._chosen):
            self.choose(0)
            self._changed()

    def move(self, *by_vox: int) -> None:
        """Move the chosen box by so many voxels (z, y, x)."""
        if not self.why_not() and self.edits.move(self._chosen, by_vox):
            self._changed()

    def grow(self, by_vox: int) -> None:
        """Make the chosen box larger on all sides."""
        if not self.why_not() and self.edits.grow(self._chosen, (by_vox,) * 3):
            self._changed()

    def undo(self) -> None:
        """Take the last change back."""
        if not self.why_not() and self.edits.undo():
            self._changed()

    def redo(self) -> None:
        """Make again what was taken back."""
        if not self.why_not() and self.edits.redo():
            self._changed()

    def find(self) -> None:
        """Look for cysts."""
        stack = self._stack
        if stack is not None and not self.why_not():
            self.bar.say("Finding cysts; this takes some seconds…")
            self._is_finding = True
            self._finding.request(lambda: found_boxes(stack))
            self._show()

    def cut(self) -> None:
        """Cut out the cysts of all boxes for which that was not done."""
        project, field = self._session.project, self._field
        if project is None or field is None or self.why_not() or self._obstacle():
            return
        self._keep()
        start_cutting(project, self._queue, field, self.edits.due)
        self.bar.say("")
        self._show()

    def why_not(self) -> str:
        """Why nothing can be changed now; empty if it can."""
        project = self._session.project
        if project is None or self._field is None:
            return "Choose a field first."
        if project.read_only:
            return project.why_read_only
        if self._stack is None:
            return "The field is still being read." if self._reading.is_busy else "The field could not be read."
        if self._is_finding:
            return "Its cysts are still being found."
        return "They are being cut out at the moment." if is_being_cut(project, self._field.id) else ""

    def _obstacle(self) -> str:
        if self.edits.due:
            return ""
        if self.edits.boxes:
            return "All cysts are cut out; M1 labels them on the page of phase 3. Add a box where one is missing."
        return "There is no box. Add one around each cyst."

    def _drawn(self, number: int, start_vox: Shape, stop_vox: Shape) -> None:
        problem = self.why_not()
        if not problem:
            self.edits.put(number, start_vox, stop_vox)
        self.choose(number)
        if problem:
            self._soon.start()  # the box goes back to where it was, and nothing is kept
        else:
            self._changed()

    def _changed(self) -> None:
        if self.edits.box(self._chosen) is None:
            self._chosen = 0
        self._has_boxes = True
        self._keep()
        self._soon.start()

    def _read(self, answer: tuple[Sample, Stack]) -> None:
        field, stack = answer
        project = self._session.project
        if project is None or self._field is None or field.id != self._field.id:
            return
        self._stack = stack
        cut = [cyst.cut_out.number for cyst in cut_out_of(project.samples(), field.id) if cyst.cut_out is not None]
        kept = kept_boxes(project, field)
        self.edits = BoxEdits(stack.shape, kept or (), cut)
        self._has_boxes = kept is not None
        self.top.show_depth(stack.shape[0])
        self.canvas.show_field(stack.shape, None if stack.voxel_size is None else stack.voxel_size.zyx_um[1:])
        self._look()
        self.bar.say("")
        if kept is None:
            self.find()
        self._show()

    def _found(self, boxes: list[Box]) -> None:
        self._is_finding = False
        self.edits.take_found(boxes)
        self.bar.say(found_in_words(len(boxes)))
        self._changed()

    def _not_found(self, error: Exception) -> None:
        self._is_finding = False
        self._failed(error)

    def _failed(self, error: Exception) -> None:
        if not isinstance(error, UserError | MemoryError):
            raise error
        self.bar.say(str(error) or "There is not enough memory for this field. Close other programs.")
        self._show()

    def _look(self) -> None:
        """Project the slices and rows that are to be seen; those rows where the chosen box lies."""
        stack, box = self._stack, self.edits.box(self._chosen)
        if stack is not None:
            slices = self.top.slices
            rows = (0, stack.shape[1]) if box is None else (box.start_vox[1], box.stop_vox[1])
            self._looking.request(lambda: project(stack.data, slices, rows))

    def _show(self) -> None:
        voxel_size = None if self._stack is None else self._stack.voxel_size
        self.canvas.show_boxes(self.edits.boxes, self.edits.cut_out, self._chosen)
        self.bar.show_boxes(self.edits, voxel_size, self._chosen)
        self.bar.show_what_can_be_done(self.edits, self._chosen, self.why_not(), self._obstacle())

    def _keep(self) -> None:
        project, field = self._session.project, self._field
        # Before the first search ends there is nothing to keep, and an empty list would mean that it found nothing.
        if project is not None and field is not None and self._has_boxes and not project.read_only:
            keep_boxes(project, field.id, self.edits.boxes)

    def _forget(self) -> None:
        for worker in (self._reading, self._finding, self._looking):
            worker.forget()
        self._field, self._stack, self._chosen = None, None, 0
        self._is_finding = self._has_boxes = False
        self.edits = BoxEdits((1, 1, 1))
        self.canvas.clear_pictures()
        self.bar.say("")

    def _show_fields(self) -> None:
        """Offer the fields of the project, and know anew which cysts were cut out."""
        project = self._session.project
        if project is not self._project:
            self._project = project
            self._forget()
        samples = () if project is None else project.samples()
        fields = fields_of(samples)
        if self._field is not None and self._field.id not in {field.id for field in fields}:
            self._forget()
        self.top.show_fields(fields, None if self._field is None else self._field.id)
        if self._field is not None:
            cut = [cyst.cut_out for cyst in cut_out_of(samples, self._field.id)]
            self.edits.cut_out = frozenset(place.number for place in cut if place is not None)
        self._soon.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        # A field may be large; it is read again when it is wanted again. Not while the window is only minimised.
        if not event.spontaneous():
            self._forget()
            self._soon.start()

    def _connect(self) -> None:
        session, bar, top = self._session, self.bar, self.top
        for changed in (session.project_changed, session.samples_changed, session.runs_changed):
            changed.connect(self._show_fields)
        top.closed.connect(self.closed)
        top.field_wanted.connect(self.show_field)
        top.slices_changed.connect(self._look)
        self.canvas.chosen.connect(self.choose)
        self.canvas.box_drawn.connect(self._drawn)
        self.canvas.add_wanted.connect(self.add)
        bar.chosen.connect(self.choose)
        for button, run in (
            (bar.add, self.add), (bar.remove, self.remove), (bar.undo, self.undo), (bar.find, self.find),
            (bar.cut, self.cut),
        ):  # fmt: skip
            button.clicked.connect(lambda _=False, run=run: run())
        # On the whole page: the window's own Undo and Delete are for samples. The others would keep such keys.
        PanelKeys(keys_of_boxes(self), self).watch(self, self.canvas, bar.list, top.fields)
        PanelKeys(keys_of_picture(self), self).watch(self.canvas)

    def _lay_out(self) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(MARGIN)
        middle.addWidget(self.canvas, 1)
        middle.addWidget(self.bar)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(SPACING)
        layout.addWidget(self.top)
        layout.addLayout(middle, 1)
