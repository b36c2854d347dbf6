"""The one window: samples at the left, what is looked at in the middle, what belongs to it at the right, jobs below."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import QMainWindow, QMenu, QToolBar

from cartocell_app.desktop import menus
from cartocell_app.desktop.actions import Actions
from cartocell_app.desktop.beginnings import Beginnings
from cartocell_app.desktop.centre import Centre
from cartocell_app.desktop.docks import Docks
from cartocell_app.desktop.errors import ErrorReporter
from cartocell_app.desktop.project_commands import ProjectCommands
from cartocell_app.desktop.report_commands import ReportCommands
from cartocell_app.desktop.sample_commands import SampleCommands
from cartocell_app.desktop.samples.list import SampleList
from cartocell_app.desktop.session import Session
from cartocell_app.desktop.status import StatusBar
from cartocell_app.desktop.stepper import Stepper
from cartocell_app.desktop.theme import themes
from cartocell_app.desktop.window_commands import WindowCommands
from cartocell_app.desktop.workers import Latest

if TYPE_CHECKING:
    from cartocell_app.desktop.panels import Panels
    from cartocell_app.desktop.receiving import Receiver
    from cartocell_app.project.project import Project
    from cartocell_app.project.values import Sample

SIZE_PX = (1440, 900)


class MainWindow(QMainWindow):
    """Window of the program.

    Parameters
    ----------
    session : Session
        What all its panels share.
    """

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.panels: Panels | None = None
        self._receiver: Receiver | None = None
        self._project: Project | None = None
        self._looked_at: int | None = None
        self._was_shown = False
        self.setObjectName("main")
        self.setWindowTitle("CartoCell")
        self.setAcceptDrops(True)
        self.resize(*SIZE_PX)
        self.errors = ErrorReporter(self)
        self.status = StatusBar(self)
        self.setStatusBar(self.status)
        self.centre = Centre()
        self.setCentralWidget(self.centre)
        self.samples = SampleList(session)
        self.stepper = Stepper()
        self.recent, self._context = QMenu(self), QMenu(self)
        self.bars = [self._stepper_bar()]
        self.docks = Docks(self, session)
        self.docks.fill("samples", self.samples)
        self.actions_ = Actions(session, self)
        self.projects = ProjectCommands(session, self, self.status.say, self.may_leave, self.receive)
        self.beginnings, self.reports = Beginnings(self), ReportCommands(self)
        self.sample_commands = SampleCommands(session, self.samples, self)
        self.commands = WindowCommands(self)
        for owner in (self.projects, self.beginnings, self.reports, self.sample_commands, self.commands):
            self.actions_.add(owner.actions())
        self.bars += menus.build_toolbars(self, self.actions_)
        self.docks.mark_first()
        self.build_menus()
        self._preload = Latest(lambda _: None, parent=self)
        self._connect()
        self.restoreGeometry(QByteArray.fromBase64(session.settings.geometry.encode()))
        self._show_project(session.project)

    @property
    def page(self) -> str:
        """Name of the page in the middle."""
        return self.centre.page

    def build_menus(self) -> None:
        """Fill menus and tool bars with all actions that there are by now."""
        menus.build_menus(self.menuBar(), self.actions_, self.recent)
        for bar, (_, keys) in zip(self.bars[1:], menus.TOOLBARS, strict=True):
            menus.fill_toolbar(bar, keys, self.actions_)
        self.samples.set_menu(menus.fill_context(self._context, self.actions_))

    def load_panels(self) -> Panels:
        """Load viewer, results and jobs if that was not done yet; they bring much with them."""
        if self.panels is None:
            from cartocell_app.desktop.panels import Panels

            self.panels = Panels(self)
            self.build_menus()
            self.actions_.refresh()
        return self.panels

    def receive(self, paths: list[Path]) -> None:
        """Do the obvious thing with files and folders that were dropped, chosen or given at the start."""
        if self._receiver is None:
            from cartocell_app.desktop.receiving import Receiver

            self._receiver = Receiver(self)
        self._receiver.receive(paths)

    def toggle_page(self, name: str) -> None:
        """Show a page in the middle, or the samples again if it is shown already."""
        self.show_samples() if self.page == name else self.centre.show_page(name)

    def show_samples(self) -> None:
        """Show the viewer, or an invitation to drop stacks if there is nothing to view."""
        project = self.session.project
        if project is None:
            self.centre.show_page("welcome")
        else:
            self.centre.show_page("viewer" if project.samples() else "empty")

    def show_phase(self, number: int) -> None:
        """Show the page of a phase; 0 shows the samples."""
        if number == 0 or self.session.project is None:
            self.show_samples()
            return
        from cartocell_app.desktop.phases import phases_of

        texts = {
            key: (self.actions_.info(key).words, self.actions_.reason(key))
            for key in ("file.import", "segment.samples")
            if self.actions_.has(key)
        }
        texts["file.report"] = (self.actions_.info("file.report").words, self.reports.why_not(number))
        self.centre.phase.show_phase(phases_of(self.session.project)[number - 1], texts)
        self.centre.show_page("phase")
        self.stepper.show_open(number)

    def may_leave(self) -> bool:
        """Whether the open project may be closed; asks if work is going on or not saved."""
        return self.panels is None or self.panels.may_leave()

    def _connect(self) -> None:
        session, welcome = self.session, self.centre.welcome
        session.project_changed.connect(self._show_project)
        session.samples_changed.connect(self._samples_changed)
        session.runs_changed.connect(self._show_phases)
        session.current_changed.connect(self._current_changed)
        session.settings_changed.connect(self._show_recent)
        welcome.wanted.connect(lambda name: self.actions_.action(f"file.{name}").trigger())
        welcome.project_wanted.connect(self.projects.open)
        self.centre.drop.clicked.connect(lambda key: self.actions_.action(key).trigger())
        self.centre.phase.action_wanted.connect(lambda key: self.actions_.action(key).trigger())
        self.centre.phase.closed.connect(self.show_samples)
        self.centre.page_changed.connect(self._page_changed)
        self.samples.opened.connect(self.show_samples)
        self.samples.relocate_wanted.connect(self.projects.relocate)
        self.samples.edits.stack.indexChanged.connect(self.actions_.refresh_soon)
        self.stepper.phase_clicked.connect(self.show_phase)
        self.stepper.palette_clicked.connect(self.commands.show_palette)
        self.status.device_clicked.connect(lambda: self.commands.show_page("device"))
        # Signs on that page are pictures, which keep the colours that they were made with.
        themes.changed.connect(self._show_phases)
        self.errors.log_wanted.connect(lambda: self.commands.show_page("log"))
        self._show_recent()

    def _stepper_bar(self) -> QToolBar:
        bar = QToolBar("Phases", self)
        bar.setObjectName("toolbar-phases")
        bar.setMovable(False)
        bar.addWidget(self.stepper)
        self.addToolBar(bar)
        self.addToolBarBreak()
        return bar

    def _show_project(self, project: Project | None) -> None:
        if project is None:
            self._project = None
            self.setWindowTitle("CartoCell")
            self.docks.hide(self.bars)
            self.centre.show_page("welcome")
            return
        self.setWindowTitle(f"{project.name}{' (read only)' if project.read_only else ''} - CartoCell")
        if project is not self._project:
            self._project = project
            self.load_panels()
            self.docks.show()
            self.show_samples()
        self._show_phases()

    def _samples_changed(self) -> None:
        if self.page in ("viewer", "empty"):
            self.show_samples()
        self._show_phases()

    def _current_changed(self, sample: Sample | None) -> None:
        number = None if sample is None else sample.id
        if number != self._looked_at and number is not None:
            self.show_samples()
        self._looked_at = number

    def _show_phases(self) -> None:
        from cartocell_app.desktop.phases import phases_of

        if self.session.project is not None:
            self.stepper.show_phases(phases_of(self.session.project))
            if self.page == "phase":
                self.show_phase(self.centre.phase.number)

    def _page_changed(self, page: str) -> None:
        if page != "phase":
            self.stepper.show_open(0)
        self.actions_.refresh_soon()

    def _show_recent(self) -> None:
        folders = self.session.settings.recent_projects
        self.centre.welcome.show_recent(folders)
        self.recent.clear()
        for folder in map(Path, folders):
            action = self.recent.addAction(f"{folder.stem}  ({folder.parent})".replace("&", "&&"))
            action.triggered.connect(lambda _=False, folder=folder: self.projects.open(folder))
        self.recent.setEnabled(bool(folders))

    def _after_first_paint(self) -> None:
        """Begin with what would have kept the window waiting."""
        self.status.probe()
        self._preload.request(_import_what_projects_need)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if not self._was_shown:
            self._was_shown = True
            # Twice around: the first turn of the event loop is the one that paints.
            QTimer.singleShot(0, self, lambda: QTimer.singleShot(0, self, self._after_first_paint))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        if not self.may_leave():
            event.ignore()
            return
        self.docks.remember()
        self.session.close_project()
        if self.panels is not None:
            self.panels.tear_down()
        super().closeEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        if event.key() == Qt.Key.Key_Escape and self.page in ("phase", "batch"):
            self.show_samples()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        if event.mimeData().hasUrls():
            event.acceptProposedAction()
            self.centre.set_hot(True)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:  # noqa: N802 - Qt's name
        super().dragLeaveEvent(event)
        self.centre.set_hot(False)

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        self.centre.set_hot(False)
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        event.acceptProposedAction()
        # Not before the other program has been told that the drop arrived: dialogs would keep it waiting.
        QTimer.singleShot(0, lambda: self.receive(paths))


def _import_what_projects_need() -> None:
    import cartocell_app.project.project  # noqa: F401
