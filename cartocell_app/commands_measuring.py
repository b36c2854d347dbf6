"""``cartocell measure``: cells, contacts and cysts in numbers."""

from pathlib import Path
from typing import Annotated

import typer

from cartocell_app.command_options import Out, Progress, Subfolders, VoxelUm, given_voxel_size, stoppable
from cartocell_app.exit_codes import SOME_FAILED


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(measure)


def measure(
    labels: Annotated[
        list[Path], typer.Argument(help="Label stacks, folders of them, or results of `segment`.", show_default=False)
    ],
    output: Out,
    voxel_size: VoxelUm = None,
    subfolders: Subfolders = False,
    progress: Progress = "auto",
) -> None:
    """Measure cells: volume, surface, neighbours and their contacts, and each cyst, as CSV and Excel."""
    from cartocell_app.jobs.inputs import find_stacks
    from cartocell_app.jobs.measuring import failed_before, measure_stacks
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.jobs.segmenting import CELLS

    given = [path / CELLS if (path / CELLS).is_dir() else path for path in labels]
    stacks = find_stacks(given, subfolders=subfolders, leave_out=output)
    voxel_um, failed = given_voxel_size(voxel_size), failed_before(stacks, labels)
    with stoppable() as stop, reporter(progress) as report:
        result = measure_stacks(stacks, output, report, voxel_um=voxel_um, failed=failed, cancelled=stop.is_set)
        report.message(f"Saved to {output} (a row a cyst: {result.cysts}).")
    if result.failed:
        typer.echo(f"{len(result.failed)} of {len(stacks)} could not be measured; see {result.cysts}.", err=True)
        raise typer.Exit(SOME_FAILED)
