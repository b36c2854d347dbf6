"""Commands on projects of the window: ``sample-project`` and ``report``."""

from pathlib import Path
from typing import Annotated

import typer

from cartocell_app.command_options import Progress, stage_progress, stoppable


def register(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    for command in (sample_project, report):
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


def report(
    project: Annotated[Path, typer.Argument(help="Folder of the project, NAME.cartocell.", show_default=False)],
    output: Annotated[Path, typer.Option("--output", "-o", help="The report, one file (.html).", show_default=False)],
    phase: Annotated[
        int | None, typer.Option(min=1, max=5, help="Of one phase.", show_default="all that have something to report")
    ] = None,
    progress: Progress = "auto",
) -> None:
    """Write what was done in a project, and what came of it, as one HTML file with pictures, counts and settings."""
    from cartocell_app.jobs.phase_report import write_report
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.project.project import Project

    opened = Project.open(project)
    try:
        with stoppable() as stop, reporter(progress) as told:
            write_report(opened, output, phase or 0, stage_progress(told, "report"), stop.is_set)
            told.message(f"Saved the report to {output}.")
    finally:
        opened.close()
