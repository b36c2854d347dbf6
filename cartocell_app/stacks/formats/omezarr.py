"""OME-Zarr (versions 0.1 to 0.5) and plain Zarr arrays by zarr; the finest level of each picture."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.stacks.formats.base import SPATIAL, StackFile, StoredImage, judge_voxel_size, pick_volume, plain_axes
from cartocell_app.stacks.voxel_size import VoxelSize, um_per_unit

SOURCE = "OME-Zarr metadata"

BLOSC_HEADER_BYTES = 16
"""Length of what stands before a chunk compressed by Blosc; its last four bytes are the length of the whole."""

AXES_BEFORE_0_3 = ("t", "c", "z", "y", "x")


class OmeZarrStacks(StackFile):
    """A Zarr folder; each multiscale picture in it is a picture."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        import zarr

        self._root: Any = zarr.open(path, mode="r")
        self._arrays: list[Any] = []

    def close(self) -> None:
        """Zarr keeps no file open."""

    def _describe(self) -> list[StoredImage]:
        import zarr

        if isinstance(self._root, zarr.Array):
            self._arrays = [self._root]
            axes, notes, problem = plain_axes(self._root.shape)
            notes = (*notes, "The file states no voxel size.")
            return [StoredImage("", axes, self._root.shape, self._root.dtype, notes=notes, problem=problem)]
        if "plate" in _attributes(self._root):
            raise UserError(
                f"{self.path.name} is a plate of wells{'' if self._has_pixels() else ' without its pixel data'}.",
                "Save the well that you want as a picture of its own: as OME-Zarr, or as TIFF from Fiji.",
            )
        images = []
        for group in self._groups():
            metadata = _attributes(group)
            for multiscale in metadata["multiscales"]:
                array = group[multiscale["datasets"][0]["path"]]
                self._arrays.append(array)
                images.append(_image(group.path, multiscale, metadata.get("omero", {}), array))
        if not images:
            raise UserError(
                f"{self.path.name} is a Zarr folder without a picture that its metadata describe.",
                "CartoCell reads OME-Zarr pictures. Save the stack as OME-Zarr, or as TIFF from Fiji.",
            )
        return images

    def _groups(self) -> Iterator[Any]:
        """Groups with multiscale pictures: the root, or the series that bioformats2raw puts into it."""
        if "multiscales" in _attributes(self._root):
            yield self._root
            return
        series = sorted(self._root.groups(), key=lambda item: (not item[0].isdecimal(), item[0].zfill(9)))
        for _, group in series:
            if "multiscales" in _attributes(group):
                yield group

    def _has_pixels(self) -> bool:
        """Whether there is any chunk of voxels: a file that is no metadata."""
        metadata = (".zarray", ".zattrs", ".zgroup", ".zmetadata", "zarr.json")
        return any(file.is_file() and file.name not in metadata for file in self.path.rglob("*"))

    def volume(self, image: int, at: Mapping[str, int]) -> NDArray[Any]:
        """See `StackFile.volume`: reads the chunks that the volume touches."""
        array = self._arrays[image]
        self._check_blosc(array, self.images[image].axes, at)
        volume = pick_volume(array, self.images[image].axes, at)
        if not volume.any() and array.nchunks_initialized == 0:
            raise UserError(
                f"{self.path.name} holds a description but no pixel data.",
                "It was not copied completely. Copy the whole folder again.",
            )
        return volume

    def _check_blosc(self, array: Any, axes: Sequence[str], at: Mapping[str, int]) -> None:
        """Refuse chunks that were cut: Blosc would read on beyond their end and make up voxels."""
        if array.shards or not any("blosc" in type(codec).__name__.lower() for codec in array.compressors):
            return
        ranges = [
            range(-(-size // chunk)) if axis in SPATIAL else [at.get(axis, 0) // chunk]
            for axis, size, chunk in zip(axes, array.shape, array.chunks, strict=True)
        ]
        for place in product(*ranges):
            file = self.path / array.path / array.metadata.encode_chunk_key(place)
            if not file.exists():
                continue  # a chunk of background need not be stored
            with file.open("rb") as chunk:
                header = chunk.read(BLOSC_HEADER_BYTES)
            if len(header) < BLOSC_HEADER_BYTES or file.stat().st_size < int.from_bytes(header[12:16], "little"):
                raise ValueError(f"the chunk {file} was cut")


def _attributes(group: Any) -> dict[str, Any]:
    """Metadata of a group: under "ome" since version 0.5, at the top before."""
    attributes: dict[str, Any] = group.attrs.asdict()
    inner = attributes.get("ome")
    return inner if isinstance(inner, dict) else attributes


def _image(name: str, multiscale: dict[str, Any], omero: dict[str, Any], array: Any) -> StoredImage:
    # Since 0.4 an axis is a dictionary, in 0.3 only its name, before that all five are always there.
    axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in multiscale.get("axes", AXES_BEFORE_0_3)]
    voxel_size, notes = _voxel_size(axes, multiscale)
    return StoredImage(
        name=multiscale.get("name") or name,
        axes=tuple(str(axis["name"]).upper() for axis in axes),
        shape=array.shape,
        dtype=array.dtype,
        channels=tuple(str(channel.get("label", "")) for channel in omero.get("channels", ())),
        voxel_size=voxel_size,
        notes=notes,
    )


def _voxel_size(axes: Sequence[dict[str, Any]], multiscale: dict[str, Any]) -> tuple[VoxelSize | None, tuple[str, ...]]:
    """Scale of the finest level times that of the whole picture, in µm; a scale without a unit is none."""
    scale = np.ones(len(axes))
    given = False
    for level in (multiscale["datasets"][0], multiscale):
        for transformation in level.get("coordinateTransformations", ()):
            if transformation.get("type") == "scale" and "scale" in transformation:
                scale, given = scale * np.asarray(transformation["scale"], dtype=float), True
    lengths_um: dict[str, float | None] = {}
    for axis, step in zip(axes, scale, strict=True):
        factor = um_per_unit(axis.get("unit"))
        lengths_um[str(axis["name"]).lower()] = float(step) * factor if given and factor is not None else None
    z, y, x = (lengths_um.get(axis) for axis in "zyx")
    if (z, y, x) == (None, None, None) and given and scale.max() != 1:
        steps = " × ".join(f"{step:.4g}" for step in scale)
        return None, (f"The file states no voxel size, only numbers without a unit ({steps}).",)
    return judge_voxel_size((z, y, x), SOURCE)
