"""What can be done with results, for menus, shortcuts and the palette."""

from pathlib import Path

from cartocell_app.desktop.actions import ActionInfo
from cartocell_app.desktop.results.panel import ResultsPanel
from cartocell_app.desktop.results.saved_bar import open_folder
from cartocell_app.desktop.session import Session


def needs_results(session: Session) -> str:
    """A segmented sample must be looked at."""
    if session.current is None:
        return "Choose a sample in the list first."
    return "" if session.current.labels is not None else f"{session.current.name} is not segmented yet."


def actions(session: Session, panel: ResultsPanel) -> list[ActionInfo]:
    """Actions of the panel of results."""

    def show_files() -> None:
        if session.current is not None and session.current.labels is not None:
            open_folder(Path(session.current.results or Path(session.current.labels).parent))

    return [
        ActionInfo(
            "results.export",
            "&Export results…",
            panel.export,
            "mdi6.export-variant",
            "Ctrl+E",
            "Save tables, label stack, surfaces or a picture of this cyst for other programs.",
            needs_results,
        ),
        ActionInfo(
            "results.show-files",
            "Open &folder of results",
            show_files,
            "mdi6.folder-open-outline",
            tooltip="Show the files of this cyst's segmentation; all of them open in Fiji.",
            needs=needs_results,
        ),
        ActionInfo(
            "results.copy",
            "Copy cells as a &table",
            panel.cells.copy_rows,
            "mdi6.content-copy",
            tooltip="Copy the selected rows of the table of cells, or all of them, for Excel.",
            needs=needs_results,
        ),
    ]
