"""HDF5 by h5py: each dataset of numbers is a picture; voxel sizes as PlantSeg and pytorch-3dunet write them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.stacks.formats.base import (
    StackFile,
    StoredImage,
    judge_voxel_size,
    name_axes,
    number,
    pick_volume,
    plain_axes,
)
from cartocell_app.stacks.voxel_size import VoxelSize

SIZE_ATTRIBUTE = "element_size_um"


class Hdf5Stacks(StackFile):
    """An HDF5 file; its datasets of two or more axes are its pictures."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        import h5py

        self._h5 = h5py.File(path, "r")
        self._datasets: list[Any] = []

    def close(self) -> None:
        self._h5.close()

    def _describe(self) -> list[StoredImage]:
        import h5py

        def visit(_: str, item: Any) -> None:
            if isinstance(item, h5py.Dataset) and item.ndim >= 2 and item.dtype.kind in "buifc":
                self._datasets.append(item)

        self._h5.visititems(visit)
        if not self._datasets:
            raise UserError(f"{self.path.name} holds no stack.", "There is no dataset of pictures in this HDF5 file.")
        return [self._image(dataset) for dataset in self._datasets]

    def _image(self, dataset: Any) -> StoredImage:
        named = _axis_names(dataset)
        axes, notes, problem = plain_axes(dataset.shape) if named is None else name_axes(dataset.shape, named)
        voxel_size, more = self._voxel_size(dataset)
        return StoredImage(
            name=dataset.name.strip("/"),
            axes=axes,
            shape=dataset.shape,
            dtype=dataset.dtype,
            voxel_size=voxel_size,
            notes=(*notes, *more),
            problem=problem,
        )

    def _voxel_size(self, dataset: Any) -> tuple[VoxelSize | None, tuple[str, ...]]:
        """Voxel size (z, y, x) from the attribute of the dataset, of its group or of the file."""
        for owner in (dataset, dataset.parent, self._h5):
            if SIZE_ATTRIBUTE in owner.attrs:
                values = [number(value) for value in np.ravel(owner.attrs[SIZE_ATTRIBUTE])]
                if len(values) == 3:
                    return judge_voxel_size((values[0], values[1], values[2]), SIZE_ATTRIBUTE)
        return judge_voxel_size((None, None, None), SIZE_ATTRIBUTE)

    def volume(self, image: int, at: Mapping[str, int]) -> NDArray[Any]:
        """See `StackFile.volume`: reads the part of the dataset that was asked for."""
        stored = self.images[image]
        return pick_volume(self._datasets[image], stored.axes, at)


def _axis_names(dataset: Any) -> list[str | None] | None:
    """Names of the axes: ilastik's ``axistags``, or HDF5's own dimension labels; None if there are none."""
    tags = dataset.attrs.get("axistags")
    if tags is not None:
        entries = json.loads(tags if isinstance(tags, str) else bytes(tags).decode())["axes"]
        names = [str(entry["key"]).upper() for entry in entries]
    else:
        names = [str(dimension.label).upper() for dimension in dataset.dims]
    usable = len(names) == dataset.ndim and len(set(names)) == len(names) and {"Y", "X"} <= set(names)
    return list(names) if usable else None
