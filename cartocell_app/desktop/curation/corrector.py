"""Correcting the cells of the sample that is looked at: what can be done now, doing it, saving it as a new version."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QObject, Signal

from cartocell_app.desktop.curation.draft import Draft, WorkOut
from cartocell_app.desktop.curation.saving import cells_in, save_version
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.viewer.sample_viewer import SampleViewer
from cartocell_app.desktop.workers import Latest
from cartocell_app.morphology import corrections

if TYPE_CHECKING:
    from cartocell_app.morphology.corrections import Correction
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import LabelVersion, Sample

WAIT = "Wait until its cells are shown."


class Corrector(QObject):
    """Corrects cells in the viewer. A copy is corrected; saving writes a new version, and the one before is kept.

    Parameters
    ----------
    session : Session
        Tells which sample and cell are meant.
    shown : SampleViewer
        Shows them.
    parent : QObject, optional
        Owner.
    """

    changed = Signal()
    """What is corrected, or what can be done, is another than before."""

    said = Signal(str)
    """What was done, or why nothing was, in a sentence."""

    def __init__(self, session: Session, shown: SampleViewer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._shown = shown
        self._draft: Draft | None = None
        self._first = 0
        self._then: Callable[[], object] | None = None
        self.is_on = False
        self._working = Latest(self._worked_out, self._failed, self)
        self._saving = Latest(self._saved, self._failed, self)
        self._returning = Latest(self._gone_back, self._failed, self)
        session.cell_changed.connect(self._cell_changed)
        session.current_changed.connect(self._current_changed)
        shown.cells_shown.connect(self._cells_shown)
        shown.before_changed.connect(self.changed)

    @property
    def is_busy(self) -> bool:
        """Whether something is being worked out or saved."""
        return self._working.is_busy or self._saving.is_busy or self._returning.is_busy

    @property
    def is_changed(self) -> bool:
        """Whether there are corrections that are not saved."""
        return self._draft is not None and self._draft.history.is_changed

    @property
    def is_saving(self) -> bool:
        """Whether corrections are being saved; until that is done, none can be made or taken back."""
        return self._saving.is_busy

    @property
    def merging(self) -> int:
        """The cell that another one is to be merged into, once that is clicked; 0 = none."""
        return self._first

    @property
    def next_undo(self) -> Correction | None:
        """What would be taken back."""
        return None if self._draft is None else self._draft.history.next_undo

    @property
    def next_redo(self) -> Correction | None:
        """What would be made again."""
        return None if self._draft is None else self._draft.history.next_redo

    def why_not(self) -> str:
        """Why no cells can be corrected now; empty if they can."""
        project, sample, view = self._session.project, self._session.current, self._shown.viewer.view
        if project is None or sample is None:
            return "Choose a sample in the list first."
        if project.read_only:
            return project.why_read_only
        if sample.labels is None:
            return "This sample has no cells yet: segment it first."
        if self._shown.words or view is None or view.labels is None or self._shown.sample_id != sample.id:
            return WAIT
        if self._shown.shows_before:
            return "Cells before Voronoi are shown: show the final ones first."
        if self._shown.awaits_cells:
            return WAIT
        return "Wait until the last correction is done." if self.is_busy else ""

    def why_not_cell(self) -> str:
        """Why nothing can be done with the picked cell; empty if something can."""
        reason = self.why_not()
        if reason:
            return reason
        if not self._session.cell:
            return "Click a cell first."
        return "" if self._has(self._session.cell) else f"There is no cell {self._session.cell} any more."

    def why_not_judge(self) -> str:
        """Why no sample may be accepted or rejected now; empty if it may: saving would take that back unsaid."""
        return "Save your corrections first (Ctrl+S)." if self.is_changed else ""

    def _has(self, label: int) -> bool:
        view = self._shown.viewer.view
        if self._draft is not None:
            return label in self._draft.cells.boxes
        return view is not None and label <= len(view.boxes) and view.boxes[label - 1] is not None

    def set_on(self, on: bool) -> None:
        """Show the tools of correcting, or put them away; unsaved corrections stay."""
        self.is_on = on
        self._first = 0
        self.changed.emit()

    def delete(self) -> None:
        """Take the picked cell away."""
        if not self.why_not_cell():
            self._do(partial(corrections.delete, label=self._session.cell), "")
            self._session.set_cell(0)

    def begin_merging(self) -> None:
        """Merge the cell that is picked next into the one that is picked now."""
        if not self.why_not_cell():
            self._first = self._session.cell
            self.changed.emit()

    def keep_largest_piece(self) -> None:
        """Take away all of the picked cell but its largest piece."""
        label = self._session.cell
        if not self.why_not_cell():
            self._do(partial(corrections.keep_largest_piece, label=label), f"Cell {label} is in one piece.")

    def fill_holes(self) -> None:
        """Fill the holes of the picked cell."""
        label = self._session.cell
        if not self.why_not_cell():
            self._do(partial(corrections.fill_holes, label=label), f"Cell {label} has no holes.")

    def keep_largest_pieces(self) -> None:
        """Take away all of each cell but its largest piece; works in the background."""
        self._do_with_all(corrections.keep_largest_pieces, "All cells are in one piece.")

    def fill_all_holes(self) -> None:
        """Fill the holes of all cells; works in the background."""
        self._do_with_all(corrections.fill_all_holes, "No cell has holes.")

    def renumber(self) -> None:
        """Number the cells from 1 on without gaps."""
        if not self.why_not():
            self._session.set_cell(0)
            self._do(corrections.renumber, "The cells are numbered without gaps already.")

    def undo(self) -> None:
        """Take the last correction back."""
        if self._draft is not None and not self.why_not():
            self._draft.undo()
            self._show()

    def redo(self) -> None:
        """Make again what was taken back."""
        if self._draft is not None and not self.why_not():
            self._draft.redo()
            self._show()

    def save(self, then: Callable[[], object] | None = None) -> None:
        """Save the corrections as a new version, in the background; `then` is called once nothing is left to save."""
        project, draft = self._session.project, self._draft
        if self.is_saving:
            self._then = then or self._then
        elif project is not None and draft is not None and self.is_changed:
            self._then = then
            self._saving.request(partial(_written, project, draft))
            self.changed.emit()
        elif then is not None:
            then()

    def save_now(self) -> None:
        """Save and wait for it, before the window goes.

        Raises
        ------
        UserError
            If the disk refuses.
        """
        project, draft = self._session.project, self._draft
        if project is not None and draft is not None and self.is_changed:
            self._saved(_written(project, draft))

    def wait_until_saved(self) -> None:
        """Wait for the saving that is under way, before the window goes; nobody can click anything meanwhile."""
        if self.is_saving:
            loop = QEventLoop()
            self._saving.busy_changed.connect(loop.quit)
            loop.exec(QEventLoop.ProcessEventsFlag.ExcludeUserInputEvents)

    def throw_away(self) -> None:
        """Forget the corrections that are not saved; what is saved is shown again if the sample still is."""
        self._forget()
        self._shown.show_again()
        self.changed.emit()

    def versions(self) -> tuple[LabelVersion, ...]:
        """All versions of the current sample's cells, the oldest first."""
        project, sample = self._session.project, self._session.current
        return () if project is None or sample is None else project.label_versions(sample.id)

    def go_back_to(self, version: LabelVersion) -> None:
        """Make an earlier version the present one; those made since are kept too."""
        project = self._session.project
        if project is not None and not self.is_changed and not self.why_not():
            note = f"Gone back to the version of {version.made.astimezone():%d %B %Y, %H:%M}."
            self._returning.request(lambda: (project, version, cells_in(version.path), note))
            self.changed.emit()

    def _gone_back(self, answer: tuple[Project, LabelVersion, int, str]) -> None:
        project, version, count, note = answer
        self._forget()
        project.add_labels(version.sample_id, version.path, version.kind, note, count)
        self.said.emit(note)

    def _do_with_all(self, work_out: WorkOut, if_none: str) -> None:
        if not self.why_not():
            draft = self._begun()
            self._working.request(lambda: (draft, work_out(draft.cells), if_none))
            self.changed.emit()

    def _worked_out(self, answer: tuple[Draft, Correction | None, str]) -> None:
        draft, correction, if_none = answer
        if draft is self._draft:
            self._do(lambda _: correction, if_none)

    def _do(self, work_out: WorkOut, if_none: str) -> None:
        draft = self._begun()
        correction = work_out(draft.cells)
        self._first = 0
        if correction is None:
            self.said.emit(if_none)
            self.changed.emit()
        else:
            draft.do(correction)
            self._show()

    def _begun(self) -> Draft:
        """The corrections of the current sample, begun if there are none."""
        sample, view = self._session.current, self._shown.viewer.view
        assert sample is not None
        assert view is not None
        assert sample.id == self._shown.sample_id, "cells of another sample are shown"
        if self._draft is None or self._draft.sample_id != sample.id:
            self._draft = Draft.of(sample.id, view)
        return self._draft

    def _show(self) -> None:
        """Draw the cells as they are now; nobody reads them from disk while there is something to lose."""
        draft = self._draft
        if draft is not None:
            self._shown.held = draft.sample_id if draft.history.is_changed else None
            self._shown.viewer.take_cells(draft.shown())
        self.changed.emit()

    def _cell_changed(self, label: int) -> None:
        first, self._first = self._first, 0
        if first and label and label != first and not self.why_not_cell():
            self._do(partial(corrections.merge, label=first, other=label), "")
            self._session.set_cell(first)
        self.changed.emit()

    def _current_changed(self, sample: Sample | None) -> None:
        if self._draft is not None and (sample is None or sample.id != self._draft.sample_id):
            self._forget()
        self.changed.emit()

    def _forget(self) -> None:
        self._draft, self._first = None, 0
        self._working.forget()
        self._shown.held = None

    def _cells_shown(self) -> None:
        """Another stack is shown, or this one was read anew: what was corrected before is none of it."""
        if self.is_changed:
            self._show()
        else:
            self._draft = None
            self.changed.emit()

    def _saved(self, answer: tuple[Draft, Callable[[], Sample]]) -> None:
        draft, saved = answer
        then, self._then = self._then, None
        sample = saved()
        draft.history.mark_saved()
        # Else another sample is shown by now, or this one was read anew.
        if draft is self._draft:
            self._shown.held = None
            self._shown.take_as_shown(sample)
        self.said.emit(f"Saved the corrected cells of {sample.name}. The version before is kept.")
        self.changed.emit()
        if then is not None:
            then()

    def _failed(self, error: Exception) -> None:
        self._then = None
        self.changed.emit()
        raise error


def _written(project: Project, draft: Draft) -> tuple[Draft, Callable[[], Sample]]:
    """Write what `draft` holds as a version, on a worker thread; with what tells the project."""
    return draft, save_version(project, draft.sample_id, draft.cells, draft.history.note())
