"""Reading stacks and labels from files of microscopes and programs; the one way in, whatever the format."""

import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.stacks.formats import sniffing
from cartocell_app.stacks.formats.base import StackFile
from cartocell_app.stacks.formats.table import FORMATS, STACK_ENDINGS, Format, format_by_name
from cartocell_app.stacks.scenes import FileInfo, Scene, SceneInfo, choose_scene, choose_time_and_channel, scenes_of
from cartocell_app.stacks.stack import Stack
from cartocell_app.stacks.voxel_size import VoxelSize

__all__ = ["STACK_ENDINGS", "FileInfo", "SceneInfo", "describe", "is_stack_path", "read", "read_labels", "stem"]

READER_TROUBLES = (
    OSError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    AttributeError,
    AssertionError,
    ArithmeticError,
    EOFError,
    ParseError,
    struct.error,
    zlib.error,
)
"""What the libraries for the formats raise on files that are damaged in one way or another."""

OFFSET = 32768
"""Some microscopes write signed numbers with this added to them, so that the darkest voxel is about here."""

LABEL_NAMES = ("labels", "label", "segmentation")
"""Names of the dataset that holds the labels, beside others."""

SAME = 0.01
"""Voxel sizes that differ by less than this share are the same one, rounded."""


def is_stack_path(path: Path) -> bool:
    """Whether the name of `path` is that of a stack; a folder only counts if stacks of that format are folders.

    Hidden files do not count: macOS puts one beside each file on foreign disks.
    """
    format_ = format_by_name(path)
    if format_ is None or path.name.startswith("."):
        return False
    return not path.exists() or path.is_dir() == (format_.contents is None)


def stem(path: Path) -> str:
    """File name without its ending, whatever other dots it has: "7d.4C.8_2.tif" → "7d.4C.8_2", "a.ome.tif" → "a"."""
    name = Path(path).name
    ending = next((ending for ending in STACK_ENDINGS if name.lower().endswith(ending)), Path(path).suffix)
    name = name[: len(name) - len(ending)]
    return name[:-4] if name.lower().endswith(".ome") else name


def describe(path: Path) -> FileInfo:
    """Say what is in a file, without reading its voxels.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    path = Path(path)
    with _opened(path) as (format_, _, scenes):
        return FileInfo(path, format_.name, tuple(scene.info for scene in scenes))


def read(
    path: Path,
    *,
    scene: str | int | None = None,
    time: int | None = None,
    channel: str | int | None = None,
    voxel_size: VoxelSize | None = None,
) -> Stack:
    """Read one channel of one stack.

    Parameters
    ----------
    path : Path
        Of a format in `STACK_ENDINGS`.
    scene, channel : str or int, optional
        By name, in whatever case, or number from 0; may be left out where there is only one.
    time : int, optional
        Time point from 0; may be left out where there is only one.
    voxel_size : VoxelSize, optional
        Taken instead of what the file says.

    Returns
    -------
    Stack
        Of uint8, uint16 or float32; other types of voxels become float32 (uint8 if they were bool).

    Raises
    ------
    UserError
        If the file cannot be read, a choice is missing or does not exist, or it is no stack: 2D, RGB, not finite.
    """
    path = Path(path)
    with _opened(path) as (format_, file, scenes):
        chosen = choose_scene(path.name, scenes, scene)
        at_time, at_channel = choose_time_and_channel(path.name, chosen.info, time, channel)
        stored = _volume(path, format_, file, chosen, at_time, at_channel)
    info = chosen.info
    data = _intensities(path, stored)
    unnamed = info.sizes["c"] == 1 and info.channel_names[0] == "channel 0"
    return Stack(
        data=data,
        voxel_size=voxel_size or info.voxel_size,
        name=stem(path) if len(scenes) == 1 else f"{stem(path)} {info.name}",
        channel=None if unnamed else info.channel_names[at_channel],
        origin=path,
        notes=(*_voxel_notes(info, voxel_size), *_data_notes(data)),
    )


def read_labels(path: Path) -> tuple[NDArray[Any], VoxelSize | None]:
    """Read labelled cells.

    Parameters
    ----------
    path : Path
        A file with one scene, time point and channel; of several scenes (datasets of an HDF5 file, as PlantSeg writes
        them) the one with a name of `LABEL_NAMES`. Numbers with a fraction are no labels; whole ones stored as floating
        point are.

    Returns
    -------
    labels : (Z, Y, X) ndarray of uint16, uint32 or uint64
        The smallest of these types that holds them. 0 is background and lumen; there may be gaps.
    voxel_size : VoxelSize or None
        None if the file does not say.

    Raises
    ------
    UserError
        If the file cannot be read or does not hold labels.
    """
    path = Path(path)
    with _opened(path) as (format_, file, scenes):
        chosen = _labels_among(path.name, scenes)
        if chosen.info.sizes["c"] > 1 or chosen.info.sizes["t"] > 1:
            raise UserError(
                f"{path.name} holds several channels or time points, so it is no file of labels.",
                "Save the labels alone, as a stack of one channel.",
            )
        stored = _volume(path, format_, file, chosen, 0, 0)
    return _labels(path, stored), chosen.info.voxel_size


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Format, StackFile, tuple[Scene, ...]]]:
    """Open a file after a look at what it is, and list its scenes."""
    format_ = _format_of(path)
    with _damaged(path, format_):
        file = format_.open(path)
    with file:
        with _damaged(path, format_):
            scenes = scenes_of(file.images)
        if not scenes:
            raise UserError(f"{path.name} holds no picture.", "Check that it was saved completely.")
        yield format_, file, scenes


def _labels_among(file_name: str, scenes: Sequence[Scene]) -> Scene:
    """The scene that holds the labels."""
    if len(scenes) == 1:
        return choose_scene(file_name, scenes, None)
    names = [scene.info.name for scene in scenes]
    named = [place for place, name in enumerate(names) if name.rsplit("/", 1)[-1].casefold() in LABEL_NAMES]
    if len(named) != 1:
        raise UserError(
            f"{file_name} holds {len(scenes)} scenes ({', '.join(names)}), and none that is surely the labels.",
            f"Save the labels alone, or call them {LABEL_NAMES[0]}.",
        )
    return choose_scene(file_name, scenes, named[0])


def _volume(path: Path, format_: Format, file: StackFile, scene: Scene, time: int, channel: int) -> NDArray[Any]:
    with _damaged(path, format_):
        try:
            return file.volume(scene.image, {**scene.at, "T": time, "C": channel})
        except MemoryError as error:
            gigabytes = np.prod(scene.info.shape, dtype=float) * np.dtype(scene.info.dtype).itemsize / 1e9
            raise UserError(
                f"{path.name} needs {gigabytes:.1f} GB of memory, which this computer does not have free.",
                "Close other programs, or crop the stack first.",
            ) from error


@contextmanager
def _damaged(path: Path, format_: Format) -> Iterator[None]:
    """Turn what a library raises on a bad file into one sentence."""
    try:
        yield
    except PermissionError as error:
        raise UserError(f"{path.name} may not be read.", "Change its permissions, or copy it.") from error
    except READER_TROUBLES as error:
        raise UserError(
            f"{path.name} is damaged or incomplete, or a kind of {format_.name} file that CartoCell cannot read.",
            "Copy it again from where it came from; or open it in Fiji and save it as TIFF.",
        ) from error


def _format_of(path: Path) -> Format:
    """Format of a file by its name, after a check that it is there and holds what its name says."""
    if not path.exists():
        raise UserError(f"There is no file {path}.", "Check the spelling.")
    format_ = format_by_name(path)
    if format_ is None:
        raise UserError(
            f"{path.name} is of a format that CartoCell does not read.",
            f"It reads {', '.join(STACK_ENDINGS)}. Open the file in Fiji and save it as TIFF.",
        )
    if format_.contents is None:
        if not path.is_dir():
            raise UserError(f"{path.name} is a file, but {format_.name} stacks are folders.", "Unpack it first.")
        return format_
    if path.is_dir():
        raise UserError(f"{path.name} is a folder, not a {format_.name} file.", "Choose the files in it.")
    with _damaged(path, format_):
        if path.stat().st_size == 0:
            raise UserError(f"{path.name} is empty: it has 0 bytes.", "Copy it again from where it came from.")
        found = sniffing.looks_like(path)
    if found == format_.contents:
        return format_
    other = next((one for one in FORMATS if one.contents == found), None)
    if other is not None:
        raise UserError(
            f"{path.name} is called {format_.name} but is a {other.name} file.",
            f"Rename it so that it ends in {other.endings[0]}.",
        )
    raise UserError(
        f"{path.name} is not a {format_.name} file: it holds {found}.",
        "Copy it again from where it came from, or save the stack as TIFF from Fiji.",
    )


def _intensities(path: Path, stored: NDArray[Any]) -> NDArray[Any]:
    """Make voxels uint8, uint16 or float32."""
    kind = stored.dtype.newbyteorder("=")
    if kind == np.bool_:
        return stored.astype(np.uint8)
    if kind.kind not in "uif":
        raise UserError(f"{path.name} holds {stored.dtype} numbers, which are no intensities.", NOT_INTENSITIES)
    if kind in (np.uint8, np.uint16):
        return stored.astype(kind, copy=False)
    with np.errstate(over="ignore"):
        data = stored.astype(np.float32, copy=False)
    if not all(np.isfinite(plane).all() for plane in data):
        raise UserError(f"{path.name} holds voxels that are not a number or infinite.", NOT_INTENSITIES)
    return data


NOT_INTENSITIES = "CartoCell needs the intensities of the microscope: save the stack as 8-bit or 16-bit TIFF from Fiji."


def _labels(path: Path, stored: NDArray[Any]) -> NDArray[Any]:
    """Make labels unsigned integers of the smallest type that holds them."""
    advice = "Labels are whole numbers: 0 for background and lumen, another one for each cell."
    if stored.dtype.kind not in "buif":
        raise UserError(f"{path.name} holds {stored.dtype} numbers, so it is no file of labels.", advice)
    # The comparison is false for NaN and infinity too: they equal nothing, or lie beyond every integer.
    if stored.dtype.kind == "f" and not all(
        (np.abs(plane) < 2.0**53).all() and (np.rint(plane) == plane).all() for plane in stored
    ):
        raise UserError(f"{path.name} holds numbers with a fraction, so it is no file of labels.", advice)
    if stored.min() < 0:
        raise UserError(f"{path.name} holds negative numbers, so it is no file of labels.", advice)
    largest = int(stored.max())
    kind = next(kind for kind in (np.uint16, np.uint32, np.uint64) if largest <= np.iinfo(kind).max)
    return stored.astype(kind, copy=False)


def _voxel_notes(info: SceneInfo, given: VoxelSize | None) -> tuple[str, ...]:
    """Notes of the file, and whether the voxel size that was given differs from the one in the file."""
    if given is None or info.voxel_size is None:
        return info.notes
    if all(abs(a - b) <= SAME * b for a, b in zip(given, info.voxel_size, strict=True)):
        return info.notes
    return (*info.notes, f"The file says {info.voxel_size}; {given} was taken instead.")


def _data_notes(data: NDArray[Any]) -> tuple[str, ...]:
    """What is odd about the intensities."""
    darkest, brightest = data.min(), data.max()
    if darkest == brightest:
        return (f"All voxels have the same value, {darkest:g}.",)
    if data.dtype == np.uint16 and darkest >= OFFSET:
        return (f"The darkest voxel is {darkest}: the file adds {OFFSET} to all values. They were left as they are.",)
    return ()
