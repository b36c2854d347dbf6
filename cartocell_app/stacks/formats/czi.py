"""Zeiss CZI by Zeiss's own reader: scenes, mosaics (stitched), pyramids (full resolution only), all compressions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.stacks.formats.base import StackFile, StoredImage, judge_voxel_size, number
from cartocell_app.stacks.voxel_size import VoxelSize

SOURCE = "CZI metadata"

PIXEL_TYPES = {"Gray8": "uint8", "Gray16": "uint16", "Gray32Float": "float32", "Bgr24": "uint8", "Bgr48": "uint16"}

UM_PER_METRE = 1e6

SAME = 0.01
"""Two scalings that differ by less than this share are the same one, rounded."""

Plane = tuple[tuple[str, int], ...]


@dataclass
class _Scene:
    """What the directory of a file says about one scene: where it lies, and which planes it has."""

    left: int
    top: int
    right: int
    bottom: int
    starts: dict[str, int] = field(default_factory=dict)
    ends: dict[str, int] = field(default_factory=dict)
    planes: set[Plane] = field(default_factory=set)

    def add(self, x: int, y: int, width: int, height: int, plane: dict[str, int]) -> None:
        self.left, self.right = min(self.left, x), max(self.right, x + width)
        self.top, self.bottom = min(self.top, y), max(self.bottom, y + height)
        for axis, place in plane.items():
            self.starts[axis] = min(self.starts.get(axis, place), place)
            self.ends[axis] = max(self.ends.get(axis, place + 1), place + 1)
        self.planes.add(tuple(sorted(plane.items())))


class CziStacks(StackFile):
    """A CZI file; each scene is a picture."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            from pylibCZIrw.czi import CziReader
        except ImportError as error:
            raise UserError(
                f"{path.name} is a CZI file, which cannot be read on this computer.",
                "Zeiss offers no reader for it. Save the stack as OME-TIFF from ZEN, or as TIFF from Fiji.",
            ) from error
        self._czi = CziReader(str(path))

    def close(self) -> None:
        self._czi.close()

    @cached_property
    def _scenes(self) -> dict[int | None, _Scene]:
        """Scenes by their number, None if the file knows no scenes; only full resolution counts."""
        scenes: dict[int | None, _Scene] = {}

        def visit(_: int, block: Any) -> bool:
            plane = dict(block.coordinate.to_dict())
            rectangle = block.logicalRect
            x, y, width, height = rectangle.x, rectangle.y, rectangle.w, rectangle.h
            number_of_scene = plane.pop("S", None)
            scene = scenes.setdefault(number_of_scene, _Scene(x, y, x + width, y + height))
            scene.add(x, y, width, height, plane)
            return True

        self._czi.enumerate_subblocks_subset(visit, only_layer0=True)
        for scene in scenes.values():
            if any(end - scene.starts[axis] > len(scene.planes) for axis, end in scene.ends.items()):
                raise ValueError("the directory of the file promises more planes than there are")
        return dict(sorted(scenes.items(), key=lambda item: -1 if item[0] is None else item[0]))

    def _describe(self) -> list[StoredImage]:
        metadata = ElementTree.fromstring(self._czi.raw_metadata)
        voxel_size, notes = _voxel_size(metadata)
        channels = _channel_names(metadata)
        names = {scene.get("Index"): scene.get("Name") or "" for scene in metadata.iter("Scene")}
        return [
            self._image(scene, names.get(str(place), ""), channels, voxel_size, notes)
            for place, scene in self._scenes.items()
        ]

    def _image(
        self,
        scene: _Scene,
        name: str,
        channels: tuple[str, ...],
        voxel_size: VoxelSize | None,
        notes: tuple[str, ...],
    ) -> StoredImage:
        axes = [*scene.starts, "Y", "X"]
        sizes = [scene.ends[axis] - start for axis, start in scene.starts.items()]
        first = scene.starts.get("C", 0)
        kinds = {self._czi.get_channel_pixel_type(place) for place in range(first, scene.ends.get("C", first + 1))}
        known = sorted(kinds & PIXEL_TYPES.keys())
        return StoredImage(
            name=name,
            axes=tuple(axes),
            shape=(*sizes, scene.bottom - scene.top, scene.right - scene.left),
            dtype=np.dtype(PIXEL_TYPES[known[-1]] if known else "uint8"),
            channels=channels[first:],
            voxel_size=voxel_size,
            notes=notes,
            rgb=any(kind.startswith("Bgr") for kind in kinds),
            problem="" if known else f"Its pixels are of type {', '.join(kinds)}, which are no intensities.",
        )

    def volume(self, image: int, at: Mapping[str, int]) -> NDArray[Any]:
        """See `StackFile.volume`."""
        place, scene = list(self._scenes.items())[image]
        fixed = {axis: start + at.get(axis, 0) for axis, start in scene.starts.items() if axis != "Z"}
        slices = range(scene.starts.get("Z", 0), scene.ends.get("Z", 1))
        planes = [fixed | ({"Z": z} if "Z" in scene.starts else {}) for z in slices]
        missing = sum(tuple(sorted(plane.items())) not in scene.planes for plane in planes)
        if missing:
            raise UserError(
                f"{self.path.name} lacks {missing} of the {len(planes)} slices.",
                "The recording was stopped before they were taken. Choose another time point, or cut the stack in ZEN.",
            )
        region = (scene.left, scene.top, scene.right - scene.left, scene.bottom - scene.top)
        return np.stack([self._czi.read(roi=region, plane=plane, scene=place)[..., 0] for plane in planes])


def _channel_names(metadata: ElementTree.Element) -> tuple[str, ...]:
    """Names in the order of channels: those of the image, else those that ZEN displays."""
    shown = metadata.findall("Metadata/DisplaySetting/Channels/Channel")
    stored = metadata.findall("Metadata/Information/Image/Dimensions/Channels/Channel")
    names = []
    for place, channel in enumerate(stored or shown):
        same = [other for other in shown if other.get("Id") == channel.get("Id")] or shown[place : place + 1]
        names.append(channel.get("Name") or next((other.get("Name") or "" for other in same), ""))
    return tuple(names)


def _voxel_size(metadata: ElementTree.Element) -> tuple[VoxelSize | None, tuple[str, ...]]:
    """Voxel size of the pictures as stored; a second scaling is that of the recording before it was processed."""
    lengths_um = _scaling_um(metadata.find("Metadata/Scaling"))
    voxel_size, notes = judge_voxel_size(lengths_um, SOURCE)
    for other in metadata.iter("OriginalScaling"):
        original_um = _scaling_um(other)
        differing = [
            f"{axis} {before:.4g} instead of {now:.4g} µm"
            for axis, now, before in zip("zyx", lengths_um, original_um, strict=True)
            if now and before and abs(now - before) > SAME * now
        ]
        if differing:
            notes = (*notes, f"The file also gives the scaling from before it was processed: {', '.join(differing)}.")
    return voxel_size, notes


def _scaling_um(scaling: ElementTree.Element | None) -> tuple[float | None, float | None, float | None]:
    """Lengths (z, y, x) of a Scaling element, which counts in metres."""
    items = [] if scaling is None else scaling.findall("Items/Distance")
    metres = {item.get("Id"): number(item.findtext("Value")) for item in items}
    z, y, x = (None if metres.get(axis) is None else metres[axis] * UM_PER_METRE for axis in "ZYX")  # type: ignore[operator]
    return z, y, x
