"""Commands on projects of the window: ``sample-project`` and ``report``."""

from pathlib import Path
from typing import Annotated

import typer

from cartocell_app.command_options import Progress, stage_progress, stoppable


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (sample_project,):
        app.command()(command)


def sample_project(
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="Folder of the project: new, or empty.", show_default=False),
    ],
    progress: Progress = "auto",
) -> None:
    """Make a small project of synthetic cysts, to walk through all five phases in minutes."""
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.project.sample_project import make_sample_project

    with stoppable() as stop, reporter(progress) as report:
        folder = make_sample_project(output, stage_progress(report, "sample project"), stop.is_set)
        report.message(f"Saved the sample project (synthetic cysts) to {folder}. Open it in the window.")
