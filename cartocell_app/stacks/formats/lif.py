"""Leica LIF by liffile: every picture of the file; tiles of a mosaic one by one, as they are not stitched."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.stacks.formats.base import StackFile, StoredImage, judge_voxel_size, number, pick_volume
from cartocell_app.stacks.voxel_size import um_per_unit

SOURCE = "Leica metadata"

DIMENSIONS = "./Data/Image/ImageDescription/Dimensions/DimensionDescription"
CHANNELS = "./Data/Image/ImageDescription/Channels/ChannelDescription"

AXIS_IDS = {"Z": "3", "Y": "2", "X": "1"}

DOWNWARD = "It was recorded with z running backwards; the slices are kept in the order of the file."
SIDEWAYS = "It was recorded as x-z planes along y; it is shown as slices along z."

logging.getLogger("liffile").addHandler(logging.NullHandler())


class LifStacks(StackFile):
    """A LIF file; each of its images is a picture."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        from liffile import LifFile

        self._lif = LifFile(path, squeeze=False)

    def close(self) -> None:
        self._lif.close()

    def _describe(self) -> list[StoredImage]:
        return [self._image(image) for image in self._lif.images]

    def _image(self, image: Any) -> StoredImage:
        if image.is_flim:
            nothing = np.dtype(np.uint8)
            return StoredImage(image.path, (), (), nothing, problem="It is a lifetime recording, not a stack.")
        axes = tuple(image.dims)
        steps_um = {axis: _step_um(image.xml_element, axis) for axis in AXIS_IDS}
        downward = (steps_um["Z"] or 0.0) < 0
        z_um, y_um, x_um = (None if step is None else abs(step) for step in steps_um.values())
        voxel_size, notes = judge_voxel_size((z_um, y_um, x_um), SOURCE)
        if downward:
            notes = (*notes, DOWNWARD)
        if "Y" in axes and "Z" in axes and axes.index("Y") < axes.index("Z"):
            notes = (*notes, SIDEWAYS)
        return StoredImage(
            name=image.path,
            axes=axes,
            shape=tuple(image.shape),
            dtype=image.dtype,
            channels=_channel_names(image.xml_element),
            voxel_size=voxel_size,
            notes=notes,
            rgb=image.sizes.get("S", 1) > 1,
        )

    def volume(self, image: int, at: Mapping[str, int]) -> NDArray[Any]:
        """See `StackFile.volume`: maps the picture and copies what was asked for."""
        return pick_volume(self._lif.images[image].asarray(out="memmap"), self.images[image].axes, at)


def _step_um(element: Any, axis: str) -> float | None:
    """Distance of voxels along `axis`; Leica gives the distance of the first from the last."""
    for dimension in element.findall(DIMENSIONS):
        if dimension.get("DimID") == AXIS_IDS[axis]:
            length, count = number(dimension.get("Length")), int(dimension.get("NumberOfElements", "1"))
            factor = um_per_unit(dimension.get("Unit"))
            return None if length is None or factor is None or count < 2 else length * factor / (count - 1)
    return None


def _channel_names(element: Any) -> tuple[str, ...]:
    """Dye of each channel where Leica noted one, else the colour that it is shown in."""
    names = []
    for channel in element.findall(CHANNELS):
        properties = {entry.findtext("Key"): entry.findtext("Value") for entry in channel.findall("ChannelProperty")}
        names.append(properties.get("DyeName") or channel.get("LUTName") or "")
    return tuple(names)
