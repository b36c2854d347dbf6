"""Saving the report of a phase, from its page, or of all phases."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog, QMessageBox

from cartocell_app.desktop.actions import ActionInfo, needs_project
from cartocell_app.desktop.busy import Busy
from cartocell_app.progress import Cancelled, Progress

if TYPE_CHECKING:
    from cartocell_app.desktop.main_window import MainWindow
    from cartocell_app.desktop.session import Session

KEY = "file.report"


class ReportCommands:
    """Commands on reports.

    Parameters
    ----------
    window : MainWindow
        Whose open phase is reported.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def why_not(self, number: int) -> str:
        """Why there is nothing to report of a phase (0: of all), a sentence; empty if there is something."""
        from cartocell_app.project.phase_facts import facts_of
        from cartocell_app.project.reportable import why_no_report

        project = self._window.session.project
        return "Open or make a project first." if project is None else why_no_report(facts_of(project), number)

    def save(self) -> None:
        """Ask for a file, and save the report of the phase whose page is open, else of all."""
        window, project = self._window, self._window.session.project
        number = window.centre.phase.number if window.page == "phase" else 0
        if project is None or self.why_not(number):
            return
        name = f"{project.name} - phase {number}" if number else project.name
        chosen, _ = QFileDialog.getSaveFileName(
            window, "Save the report", str(project.folder.parent / f"{name}.html"), "Web page (*.html)"
        )
        if not chosen:
            return
        path = Path(chosen) if chosen.lower().endswith((".html", ".htm")) else Path(f"{chosen}.html")

        def write(progress: Progress, cancelled: Cancelled) -> Path:
            from cartocell_app.jobs.phase_report import write_report

            return write_report(project, path, number, progress, cancelled)

        Busy(window, "Writing the report…", write, self._tell)

    def actions(self) -> list[ActionInfo]:
        """Actions for menus, keys and the palette."""
        return [
            ActionInfo(
                KEY, "Save re&port…", self.save, "mdi6.file-chart-outline",
                tooltip="Save pictures, counts, settings and scores of the open phase, or of all, as one file that "
                "any browser shows.", needs=self._needs,
            ),
        ]  # fmt: skip

    def _needs(self, session: Session) -> str:
        return needs_project(session) or self.why_not(0)

    def _tell(self, path: Path) -> None:
        self._window.status.say(f"Saved {path}")
        box = QMessageBox(QMessageBox.Icon.Information, "Report", "The report is saved.", parent=self._window)
        box.setInformativeText(f"{path}\n\nIt is one file, with all pictures in it: any browser shows and prints it.")
        show = box.addButton("&Open it", QMessageBox.ButtonRole.AcceptRole)
        box.addButton("&Close", QMessageBox.ButtonRole.RejectRole)
        show.clicked.connect(lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))))
        box.finished.connect(box.deleteLater)
        box.open()
