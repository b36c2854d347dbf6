"""``cartocell compare``: which of several models is better."""

from pathlib import Path
from typing import Annotated

import typer

from cartocell_app.command_options import DeviceName, Out, Progress, given_voxel_size, stoppable
from cartocell_app.exit_codes import SOME_FAILED


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(compare)


def compare(
    models: Annotated[
        list[str],
        typer.Argument(help="Two models or more: .onnx files, or auto for CartoCell's own.", show_default=False),
    ],
    pairs: Annotated[
        Path,
        typer.Option(
            help="Cysts that none of them learnt from: a folder with x (raw stacks) and y (true labels of the same "
            "names), or with the lists pairs-x.csv and pairs-y.csv (as for segment --list).",
            show_default=False,
        ),
    ],
    output: Out,
    to: Annotated[
        tuple[float, float, float] | None,
        typer.Option(
            "--to",
            metavar="Z Y X",
            help="Voxel size in µm to compare at.",
            show_default="their own",
        ),
    ] = None,
    device: Annotated[DeviceName, typer.Option(help="Where the networks run.")] = "auto",
    progress: Progress = "auto",
) -> None:
    """Compare models on cysts whose cells are known, before and after Voronoi."""
    from cartocell_app.jobs.comparing import check_models, compare_models, pairs_of, write_comparison
    from cartocell_app.jobs.comparison_words import comparison_table, verdict
    from cartocell_app.jobs.reporting import reporter
    from cartocell_app.models import find_model

    files = [find_model(model, device) for model in models]
    check_models(files)
    size = given_voxel_size(to, "--to")
    with stoppable() as stop, reporter(progress) as report:
        cysts = pairs_of(pairs, size, output, report, stop=stop)
        comparison = compare_models(files, cysts, output, report, device=device, stop=stop)
        words, table = verdict(comparison), comparison_table(comparison.models)
        write_comparison(comparison, files, words, output)
        report.event("comparison", words, table=table)
    if progress != "json":
        typer.echo(f"{table}\n\n{words}\nSaved to {output / 'comparison.csv'}.")
    if comparison.failed:
        said = "\n".join(f"{name}: {reason}" for name, reason in comparison.failed.items())
        typer.echo(f"Some cysts could not be compared:\n{said}", err=True)
        raise typer.Exit(SOME_FAILED)
