"""Options that several ``cartocell`` commands share, and what they do with what was typed."""

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from cartocell_app.errors import UserError
from cartocell_app.installation import how_to_add
from cartocell_app.progress import CancelledError
from cartocell_app.segmentation.cell_width import NARROWEST_UM, WIDEST_UM
from cartocell_app.stacks.voxel_size import VoxelSize

ProgressKind = Literal["auto", "json", "none"]
DeviceName = Literal["auto", "cpu", "cuda", "coreml", "directml"]

Inputs = Annotated[list[Path], typer.Argument(help="Stacks, or folders of stacks.", show_default=False)]
Out = Annotated[Path, typer.Option("--output", "-o", help="Folder for the results.", show_default=False)]
VoxelUm = Annotated[
    tuple[float, float, float] | None,
    typer.Option(
        "--voxel-size", metavar="Z Y X", help="Voxel size in µm, over what the file says.", show_default=False
    ),
]
MissingVoxelUm = Annotated[
    tuple[float, float, float] | None,
    typer.Option("--voxel-size", metavar="Z Y X", help="In µm, of files that do not say theirs.", show_default=False),
]
CellWidthUm = Annotated[
    float | None,
    typer.Option(
        "--cell-width",
        metavar="UM",
        help="About how wide the cells are in µm, if much narrower or wider than those of cysts (some 11): the network "
        "then looks at them larger or smaller. Without it, it looks again where they come out so.",
        show_default=False,
    ),
]
ViewsWanted = Annotated[
    int | None,
    typer.Option(
        "--views",
        min=1,
        max=2,
        help="How often the network looks at a stack: 1, or 2 (also turned over; cells are outlined more closely, in "
        "twice the time or more).",
        show_default="what the model says",
    ),
]
Channel = Annotated[
    str | None,
    typer.Option(
        help="Cell outlines channel, by name or number from 0. Needed if there are several.", show_default=False
    ),
]
Scene = Annotated[
    str | None, typer.Option(help="Scene (series, position), by name or number from 0.", show_default=False)
]
TimePoint = Annotated[int | None, typer.Option("--time", help="Time point, from 0.", show_default=False)]
StackList = Annotated[
    Path | None,
    typer.Option(
        "--list",
        help="Instead of stacks: a table (.csv), a row a stack: name, file, and how to read it: scene, channel, "
        "time, z_um, y_um, x_um (empty: as the file says).",
        show_default=False,
    ),
]
Subfolders = Annotated[bool, typer.Option("--subfolders", help="Look into folders inside folders too.")]
StartFrom = Annotated[
    str | None,
    typer.Option(
        help="What to start from instead of chance: network.pt of an earlier training, a model (.onnx) exported from "
        "one, or auto: CartoCell's small one. The network is then as wide as that one, and its steps are gentle.",
        show_default=False,
    ),
]
Progress = Annotated[
    ProgressKind, typer.Option("--progress", help="auto: a bar on a terminal; json: lines for programs.")
]


@contextlib.contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Turn Ctrl-C and a polite kill into a wish to stop, so that nothing is left half written.

    A second Ctrl-C stops at once; the half-written file is removed even then.
    """
    stop = threading.Event()

    def ask(number: int, _frame: Any) -> None:
        if stop.is_set():
            raise CancelledError
        stop.set()
        if number == signal.SIGINT and sys.stderr.isatty():
            os.write(2, b"\nStopping at the next good moment ...\n")

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def given_voxel_size(
    voxel_um: tuple[float, float, float] | None, option: str = "--voxel-size"
) -> tuple[float, float, float] | None:
    """Check a voxel size typed by the user."""
    if voxel_um is not None:
        try:
            VoxelSize(*voxel_um, source="given by you")
        except ValueError as error:
            raise UserError(f"{option} {' '.join(map(str, voxel_um))} cannot be right: {error}.") from error
    return voxel_um


def given_cell_width(cell_width_um: float | None) -> float | None:
    """Check a width of cells typed by the user."""
    if cell_width_um is not None and not NARROWEST_UM <= cell_width_um <= WIDEST_UM:
        raise UserError(
            f"--cell-width {cell_width_um:g} cannot be right: cells that can be told apart are {NARROWEST_UM:g} to "
            f"{WIDEST_UM:g} µm wide."
        )
    return cell_width_um


def name_or_number(text: str | None) -> str | int | None:
    """Read a channel or scene: a number counts from 0, anything else is a name."""
    return int(text) if text is not None and text.isdecimal() else text


def needs_training() -> None:
    """Check that training is installed."""
    if find_spec("torch") is None or find_spec("lightning") is None:
        raise UserError(
            "Training needs PyTorch and Lightning, which this installation does not have.",
            f"{how_to_add('train').rstrip('.')}. Segmenting works without.",
        )


def stage_progress(report: Any, item: str) -> Any:
    """Progress callable (stage, done, total) of a job that is one item."""

    def progress(stage: str, done: float, total: float) -> None:
        report.overall(done, total)
        report.step(item, stage, done, total)

    return progress
