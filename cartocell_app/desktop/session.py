"""What all panels share: the open project, and what of it is looked at and selected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from cartocell_app.desktop.settings import DesktopSettings, load_settings, save_settings, with_recent

# The project brings SQLAlchemy, which would keep the first window waiting.
if TYPE_CHECKING:
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample


class Session(QObject):
    """The open project and the current sample, selection and cell; panels listen to it and never to each other.

    All signals come on the window's thread, also where a worker changed the project.

    Parameters
    ----------
    settings : DesktopSettings, optional
        What the program remembers; read from disk by default.
    parent : QObject, optional
        Owner.
    """

    project_changed = Signal(object)
    """Another project was opened, or its name or place changed; None if it was closed."""

    samples_changed = Signal(tuple)
    """Numbers (`Sample.id`) of the samples that were added, changed or removed."""

    runs_changed = Signal(tuple)
    """Numbers (`Run.id`) of the runs that were added or changed."""

    current_changed = Signal(object)
    """Another `Sample` is looked at, or the one that is looked at changed; None if there is none."""

    selection_changed = Signal(tuple)
    """Numbers of the samples that are selected in the list, in its order."""

    cell_changed = Signal(int)
    """Label of the cell that is selected; 0 = none."""

    settings_changed = Signal(object)
    """The `DesktopSettings` that hold now."""

    _heard = Signal(object, str, tuple)

    def __init__(self, settings: DesktopSettings | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._settings = load_settings() if settings is None else settings
        self._project: Project | None = None
        self._stop_listening: Callable[[], None] | None = None
        self._current: Sample | None = None
        self._selection: tuple[int, ...] = ()
        self._cell = 0
        self.may_leave: Callable[[int | None], bool] | None = None
        """Asked before another sample is looked at, with its number; if not, the present one stays."""
        # The project may speak from any thread; a queued signal brings it to the window's.
        self._heard.connect(self._spread, Qt.ConnectionType.QueuedConnection)

    @property
    def settings(self) -> DesktopSettings:
        """What the program remembers; change it with `remember`."""
        return self._settings

    @property
    def project(self) -> Project | None:
        """The open project."""
        return self._project

    @property
    def current(self) -> Sample | None:
        """The sample that is looked at, as it was when last told by `current_changed`."""
        return self._current

    @property
    def selection(self) -> tuple[int, ...]:
        """Numbers of the samples that are selected in the list."""
        return self._selection

    @property
    def cell(self) -> int:
        """Label of the selected cell; 0 = none."""
        return self._cell

    def remember(self, **values: Any) -> None:
        """Change settings by name and write them to disk."""
        self._keep(self._settings.model_copy(update=values))

    def open_project(self, folder: Path) -> Project:
        """Open the project in `folder` instead of the one that is open.

        Raises
        ------
        UserError
            If it cannot be opened; the other project then stays open.
        """
        from cartocell_app.project.project import Project

        if self._project is not None and self._project.folder.resolve() == Path(folder).resolve():
            return self._project  # a second look at it could only read
        return self.adopt(Project.open(Path(folder)))

    def create_project(self, folder: Path, name: str = "") -> Project:
        """Make a project in `folder` and open it.

        Raises
        ------
        UserError
            If it cannot be made there; the other project then stays open.
        """
        from cartocell_app.project.project import Project

        return self.adopt(Project.create(Path(folder), name))

    def adopt(self, project: Project) -> Project:
        """Take an open project instead of the one that is open, which is closed."""
        self._leave()
        self._project = project
        self._stop_listening = project.listen(lambda what, ids: self._heard.emit(project, what, tuple(ids)))
        if not project.is_temporary:
            self._keep(with_recent(self._settings, project.folder))
        self.project_changed.emit(project)
        return project

    def close_project(self) -> None:
        """Close the open project, if there is one."""
        if self._project is not None:
            self._leave()
            self.project_changed.emit(None)

    def set_current(self, sample_id: int | None) -> None:
        """Look at another sample, or at none."""
        current = self._current
        if sample_id == (None if current is None else current.id):
            return
        if current is not None and self.may_leave is not None and not self.may_leave(sample_id):
            # Panels that are ahead come back, once they have done what they are at.
            QTimer.singleShot(0, self, lambda: self.current_changed.emit(self._current))
            return
        self._look_at(sample_id)

    def _look_at(self, sample_id: int | None) -> None:
        self._current = None if sample_id is None else self._find(sample_id)
        self.set_cell(0)
        self.current_changed.emit(self._current)

    def set_selection(self, sample_ids: Iterable[int]) -> None:
        """Say which samples are selected."""
        selection = tuple(sample_ids)
        if selection != self._selection:
            self._selection = selection
            self.selection_changed.emit(selection)

    def set_cell(self, label: int) -> None:
        """Select a cell of the current sample; 0 selects none."""
        if label != self._cell:
            self._cell = int(label)
            self.cell_changed.emit(self._cell)

    def _keep(self, settings: DesktopSettings) -> None:
        if settings != self._settings:
            self._settings = settings
            save_settings(settings)
            self.settings_changed.emit(settings)

    def _leave(self) -> None:
        """Let go of the open project and of everything that was selected in it."""
        if self._project is None:
            return
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None
        project, self._project = self._project, None
        if self._current is not None:
            self._look_at(None)
        self.set_selection(())
        project.close()

    def _find(self, sample_id: int) -> Sample | None:
        samples = () if self._project is None else self._project.samples()
        return next((sample for sample in samples if sample.id == sample_id), None)

    def _spread(self, project: Project, what: str, ids: tuple[int, ...]) -> None:
        if project is not self._project:
            return  # said before that project was closed
        if what == "samples":
            self.samples_changed.emit(ids)
            self._refresh(ids)
        elif what == "runs":
            self.runs_changed.emit(ids)
        else:
            self.project_changed.emit(project)

    def _refresh(self, changed: tuple[int, ...]) -> None:
        """Tell the current sample anew if it is among those that changed."""
        if self._current is None or self._current.id not in changed:
            return
        found = self._find(self._current.id)
        if found is None:
            self._look_at(None)
        elif found != self._current:
            self._current = found
            self.current_changed.emit(found)
