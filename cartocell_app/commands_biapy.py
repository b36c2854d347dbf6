"""``cartocell run``: BiaPy's configuration files, with BiaPy's own options."""

import os
from pathlib import Path
from typing import Annotated

import typer

from cartocell_app.command_options import Progress, VoxelUm, given_voxel_size, stoppable
from cartocell_app.exit_codes import SOME_FAILED


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    app.command()(run)


def run(
    config: Annotated[Path, typer.Option("--config", "-cfg", help="BiaPy's .yaml file.", show_default=False)],
    result_dir: Annotated[
        Path,
        typer.Option("--result_dir", "-rdir", help="Folder for all jobs; nothing goes elsewhere.", show_default=False),
    ],
    name: Annotated[str, typer.Option("--name", "-name", help="Of the job: its folder.")] = "unknown_job",
    run_id: Annotated[int, typer.Option("--run_id", "--rid", "-rid", min=1, help="Number of the run.")] = 1,
    gpu: Annotated[
        str | None,
        typer.Option("--gpu", "-gpu", help="Graphics cards by number, as 0 or 0,1.", show_default="the best there is"),
    ] = None,
    voxel_size: VoxelUm = None,
    progress: Progress = "auto",
) -> None:
    """Train and segment as one of BiaPy's configuration files asks. Run it again to go on."""
    from cartocell_app.jobs.biapy_folders import JobFolders
    from cartocell_app.jobs.biapy_models import RunChoices
    from cartocell_app.jobs.biapy_run import read_gpus, run_config

    gpus = read_gpus(gpu)
    if gpus:  # as BiaPy did: for PyTorch, ONNX Runtime and all processes started from here
        os.environ["CUDA_VISIBLE_DEVICES"] = ",".join(map(str, gpus))
    choices = RunChoices(JobFolders(result_dir, name, run_id), gpus, given_voxel_size(voxel_size), progress)
    with stoppable() as stop:
        result = run_config(config, choices, stop=stop)
    if result.failed:
        raise typer.Exit(SOME_FAILED)
