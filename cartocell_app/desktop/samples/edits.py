"""Changes of samples that can be undone: accepting, rejecting, renaming, sorting into days."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand, QUndoStack

from cartocell_app.desktop.session import Session

if TYPE_CHECKING:
    from cartocell_app.project.project import Project


class SampleEdits(QObject):
    """Makes changes and remembers how it was before; forgets when another project is opened.

    Parameters
    ----------
    session : Session
        Whose project is changed.
    parent : QObject, optional
        Owner.
    """

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.stack = QUndoStack(self)
        self._session = session
        self._project: object = None
        session.project_changed.connect(self._forget)

    def change(self, ids: Sequence[int], what: str, **values: Any) -> None:
        """Set `values` of the samples `ids`; `what` says it for the Edit menu: "accept 3 samples"."""
        project = self._session.project
        if project is None or not ids:
            return
        command = _Change(project, tuple(ids), what, values)
        # An error comes out here, before the step is on the stack.
        project.update_samples(command.ids, **values)
        self.stack.push(command)

    def _forget(self, project: object) -> None:
        if project is not self._project:
            self._project = project
            self.stack.clear()


class _Change(QUndoCommand):
    """Values of some samples, and those that they had."""

    def __init__(self, project: Project, ids: tuple[int, ...], what: str, values: dict[str, Any]) -> None:
        super().__init__(what)
        self.ids = ids
        self._project = project
        self._values = values
        self._is_done = True
        before: dict[tuple[Any, ...], list[int]] = defaultdict(list)
        wanted = set(ids)
        for sample in project.samples():
            if sample.id in wanted:
                before[tuple(getattr(sample, name) for name in values)].append(sample.id)
        self._before = dict(before)

    def redo(self) -> None:
        # Qt calls this when the step is pushed, and then it is done already.
        if not self._is_done:
            self._project.update_samples(self.ids, **self._values)
        self._is_done = True

    def undo(self) -> None:
        for values, ids in self._before.items():
            self._project.update_samples(tuple(ids), **dict(zip(self._values, values, strict=True)))
        self._is_done = False
