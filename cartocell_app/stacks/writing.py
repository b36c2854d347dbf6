"""Writing stacks, labels and maps: compressed TIFF that Fiji opens with the right scale, and OME-Zarr.

Files and folders are whole or absent. TIFFs carry ImageJ's description, which Fiji, Bio-Formats, napari and
`cartocell_app.stacks.reading` understand. Two things lie beyond what ImageJ itself writes:

* 32-bit labels get the same description in a file of their own type: Fiji opens them as 32-bit images with the
  right scale, whereas of an OME-TIFF named ``.tif`` it would miss the distance between slices.
* What does not fit into the 4 GiB of a plain TIFF becomes a BigTIFF with OME metadata, which Fiji passes on to
  Bio-Formats.
"""

import contextlib
import shutil
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tifffile
from numpy.typing import NDArray

from cartocell_app.stacks.files import disk_troubles, partial_place, whole_file
from cartocell_app.stacks.resampling import resample_labels, resample_raw
from cartocell_app.stacks.voxel_size import VoxelSize

LARGEST_PLAIN_TIFF_BYTES = 2**32 - 2**26
"""Voxels of more bytes than this go into a BigTIFF; the rest of the 4 GiB is for what compression may add."""

PIXEL_TYPES = (np.uint8, np.uint16, np.float32)
"""Types of voxels that ImageJ knows and that a stack may have."""

PYRAMID_VOX = 512
"""OME-Zarr: axes are halved from level to level until none is longer than this."""

CHUNK = (32, 256, 256)
"""OME-Zarr: largest chunk (z, y, x) in voxels."""


def write_labels(path: Path, labels: NDArray[Any], voxel_size: VoxelSize | None) -> None:
    """Write labels as a compressed TIFF with their scale.

    Parameters
    ----------
    path : Path
        Ends in ``.tif``.
    labels : (Z, Y, X) ndarray of int or bool
        0 is background and lumen; none negative. Stored as uint16, or as uint32 if any is above 65,535.
    voxel_size : VoxelSize or None
        None is written as "pixel", not as some number.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    largest = _largest_label(labels)
    # ImageJ stretches the grey values of the first slice, which often holds no cell at all.
    _write(path, labels, _label_type(largest), "ZYX", voxel_size, shown=(0.0, float(max(largest, 1))))


def write_stack(path: Path, data: NDArray[Any], voxel_size: VoxelSize | None) -> None:
    """Write intensities (Z, Y, X) of type uint8, uint16 or float32 as a compressed TIFF with their scale.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    _write(path, data, _pixel_type(data), "ZYX", voxel_size)


def write_maps(
    path: Path, maps: NDArray[Any], voxel_size: VoxelSize | None, channels: Sequence[str] = ("B", "C", "M")
) -> None:
    """Write probability maps as a compressed TIFF of several channels with their scale.

    Parameters
    ----------
    path : Path
        Ends in ``.tif``.
    maps : (C, Z, Y, X) ndarray of float32
        From 0 to 1. Stored as float32 in ImageJ's order ZCYX, each channel shown from 0 to 1.
    voxel_size : VoxelSize or None
        None is written as "pixel".
    channels : sequence of str
        A name for each map.

    Raises
    ------
    UserError
        If the disk refuses.
    """
    if len(channels) != len(maps):
        raise ValueError(f"{len(maps)} maps have {len(channels)} names")
    _write(path, np.moveaxis(maps, 0, 1), np.dtype(np.float32), "ZCYX", voxel_size, (0.0, 1.0), channels)


def _largest_label(labels: NDArray[Any]) -> int:
    if labels.dtype.kind not in "bui":
        raise ValueError(f"labels are whole numbers, not {labels.dtype}")
    if labels.dtype.kind == "i" and labels.min(initial=0) < 0:
        raise ValueError("a label is negative")
    largest = int(labels.max(initial=0))
    if largest >= 2**32:
        raise ValueError(f"label {largest} does not fit into 32 bits")
    return largest


def _label_type(largest: int) -> np.dtype[Any]:
    return np.dtype(np.uint16 if largest < 2**16 else np.uint32)


def _pixel_type(data: NDArray[Any]) -> np.dtype[Any]:
    kind = data.dtype.newbyteorder("=")
    if kind not in PIXEL_TYPES:
        raise ValueError(f"a stack of {data.dtype} cannot be written")
    return kind


def _write(
    path: Path,
    data: NDArray[Any],
    kind: np.dtype[Any],
    axes: str,
    voxel_size: VoxelSize | None,
    shown: tuple[float, float] | None = None,
    channels: Sequence[str] = (),
) -> None:
    """Write `data` as `kind` with one compressed strip a plane; planes are converted one at a time."""
    planes = data if data.ndim == 3 else (plane for z in data for plane in z)
    how: dict[str, Any] = {
        "shape": data.shape,
        "dtype": kind,
        "photometric": "minisblack",
        "compression": "zlib",
        # Measured: more saves no space on noise and gradients, while labels shrink by a further tenth.
        "compressionargs": {"level": 1 if kind.kind == "f" else 3},
    }
    if data.size * kind.itemsize > LARGEST_PLAIN_TIFF_BYTES:
        how |= {"bigtiff": True, "ome": True, "metadata": _ome_metadata(axes, voxel_size, channels)}
    else:
        how |= _imagej_tags(data.shape, axes, voxel_size, shown, channels)
    with whole_file(path) as partial:
        tifffile.imwrite(partial, (plane.astype(kind, copy=False) for plane in planes), **how)


def _imagej_tags(
    shape: tuple[int, ...],
    axes: str,
    voxel_size: VoxelSize | None,
    shown: tuple[float, float] | None,
    channels: Sequence[str],
) -> dict[str, Any]:
    """Arguments for tifffile that describe a stack as ImageJ does; its own ``imagej=True`` knows no 32-bit labels."""
    described: dict[str, Any] = {"unit": "pixel"}
    if voxel_size is not None:
        described = {"unit": "um", "spacing": voxel_size.stated_um[0]}
    if shown is not None:
        described |= {"min": shown[0], "max": shown[1]}
    slices: dict[str, Any] = {}
    if channels and shown is not None:
        slices = {"Labels": list(channels) * shape[0], "Ranges": shown * len(channels)}
    return {
        "byteorder": "<",
        "metadata": None,
        "description": tifffile.imagej_description(shape, axes, **described),
        "extratags": tifffile.imagej_metadata_tag(slices, "<"),
        "resolution": _resolution(voxel_size),
        "resolutionunit": "NONE",
    }


def _resolution(voxel_size: VoxelSize | None) -> tuple[tuple[int, int], tuple[int, int]]:
    """Voxels per µm along x and y as fractions small enough for readers that take them as signed."""
    lengths_um = (1.0, 1.0) if voxel_size is None else (voxel_size.x_um, voxel_size.y_um)
    x, y = (Fraction(1 / length_um).limit_denominator(10**6) for length_um in lengths_um)
    return (x.numerator, x.denominator), (y.numerator, y.denominator)


def _ome_metadata(axes: str, voxel_size: VoxelSize | None, channels: Sequence[str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {"axes": axes}
    if channels:
        metadata["Channel"] = {"Name": list(channels)}
    if voxel_size is not None:
        for axis, length_um in zip("ZYX", voxel_size.stated_um, strict=True):
            metadata |= {f"PhysicalSize{axis}": length_um, f"PhysicalSize{axis}Unit": "µm"}
    return metadata


def write_ome_zarr(
    path: Path, data: NDArray[Any], voxel_size: VoxelSize | None, kind: Literal["labels", "raw"] = "labels"
) -> None:
    """Write labels or intensities as an OME-Zarr folder with a pyramid of coarser copies.

    Parameters
    ----------
    path : Path
        Ends in ``.ome.zarr``; an older folder of that name is replaced once the new one is whole.
    data : (Z, Y, X) ndarray
        Labels as for `write_labels`, or intensities as for `write_stack`.
    voxel_size : VoxelSize or None
        None: the axes have no unit and the scale counts voxels.
    kind : {"labels", "raw"}
        Labels are thinned out, intensities averaged.

    Raises
    ------
    UserError
        If the disk refuses.

    Notes
    -----
    Version 0.4 of the format (https://ngff.openmicroscopy.org/0.4), since Fiji and napari of any age open it.
    """
    import zarr
    from zarr.storage import MemoryStore

    stored = _label_type(_largest_label(data)) if kind == "labels" else _pixel_type(data)
    shapes = _pyramid(data.shape)
    # Zarr writes several files at once, and when the disk refuses one it goes on with the others while the folder is
    # being taken away. So it writes into memory, where cells take little once compressed.
    files: dict[str, Any] = {}
    with disk_troubles(path), _whole_folder(path) as partial:
        group = zarr.open_group(MemoryStore(files), mode="w", zarr_format=2)
        for number, shape in enumerate(shapes):
            level = group.create_array(
                str(number),
                shape=shape,
                dtype=stored,
                chunks=tuple(min(n, most) for n, most in zip(shape, CHUNK, strict=True)),
                chunk_key_encoding={"name": "v2", "separator": "/"},
                fill_value=0,
            )
            data = _coarser(data, shape, kind).astype(stored, copy=False)
            level[:] = data
        group.attrs.update(_ngff_metadata(path, shapes, voxel_size, kind))
        for name, content in files.items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(content.to_bytes())


def _coarser(data: NDArray[Any], shape: tuple[int, ...], kind: Literal["labels", "raw"]) -> NDArray[Any]:
    if data.shape == shape:
        return data
    z, y, x = shape
    if kind == "labels":
        return resample_labels(data, (z, y, x))
    averaged = resample_raw(data, (z, y, x))
    return averaged if data.dtype.kind == "f" else np.rint(averaged)


def _pyramid(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Shapes from the full size down, until no axis is longer than `PYRAMID_VOX`."""
    shapes = [shape]
    while max(shapes[-1]) > PYRAMID_VOX:
        shapes.append(tuple((n + 1) // 2 if n > PYRAMID_VOX else n for n in shapes[-1]))
    return shapes


def _ngff_metadata(
    path: Path, shapes: Sequence[tuple[int, ...]], voxel_size: VoxelSize | None, kind: str
) -> dict[str, Any]:
    """Attributes of the root group; coarser levels are shifted since positions are those of voxel centres."""
    unit = {} if voxel_size is None else {"unit": "micrometer"}
    full = (1.0, 1.0, 1.0) if voxel_size is None else voxel_size.stated_um
    datasets = []
    for number, shape in enumerate(shapes):
        scale = [step * n / m for step, n, m in zip(full, shapes[0], shape, strict=True)]
        shift = [(coarse - step) / 2 for coarse, step in zip(scale, full, strict=True)]
        transforms: list[dict[str, Any]] = [{"type": "scale", "scale": scale}]
        if any(shift):
            transforms.append({"type": "translation", "translation": shift})
        datasets.append({"path": str(number), "coordinateTransformations": transforms})
    axes = [{"name": axis, "type": "space"} | unit for axis in "zyx"]
    multiscale = {
        "version": "0.4",
        "name": path.name.removesuffix(".zarr").removesuffix(".ome"),
        "axes": axes,
        "datasets": datasets,
    }
    metadata: dict[str, Any] = {"multiscales": [multiscale]}
    if kind == "labels":
        metadata["image-label"] = {"version": "0.4"}
    return metadata


@contextlib.contextmanager
def _whole_folder(path: Path) -> Iterator[Path]:
    """Fill a folder beside its final place and move it there once it is complete, in place of an older one."""
    partial = partial_place(path)
    # No longer than the name itself, which may be as long as the disk takes.
    older = partial_place(path.with_name(f"older-{path.name[len('older-') :]}"))
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield partial
        if path.is_dir():
            path.rename(older)
        try:
            partial.rename(path)
        except OSError:
            if older.is_dir():
                older.rename(path)
            raise
    finally:
        for leftover in (partial, older):
            shutil.rmtree(leftover, ignore_errors=True)
