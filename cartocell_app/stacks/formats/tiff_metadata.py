"""Voxel sizes and channel names in TIFF files: OME-XML, ImageJ's description, and the tags of TIFF itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

import tifffile

from cartocell_app.stacks.formats.base import judge_voxel_size, number, possible_length
from cartocell_app.stacks.voxel_size import VoxelSize, um_per_unit

IMAGEJ_TAG, OME_METADATA, TIFFFILE_METADATA = "ImageJ tag", "OME metadata", "tifffile metadata"

RESOLUTION_UNITS = {2: "inch", 3: "cm"}
"""Values of the TIFF tag ResolutionUnit that are lengths."""

COARSEST_UM = 20.0
"""A pixel larger than this, in a file that speaks of inches, is one of a screen or printer (72, 300, 1200 dpi)."""

Judged = tuple[VoxelSize | None, tuple[str, ...]]


@dataclass(frozen=True)
class OmeImage:
    """One Image element of OME-XML: its name, channel names, and voxel size with notes."""

    name: str
    channels: tuple[str, ...]
    voxel_size: Judged


def ome_images(xml: str) -> tuple[OmeImage, ...]:
    """Read the Image elements that have pixels, whatever the version of the schema (its namespace is ignored)."""
    found = []
    for image in ElementTree.fromstring(xml):
        if _tag(image) != "Image":
            continue
        for pixels in image:
            if _tag(pixels) == "Pixels":
                names = tuple(channel.get("Name", "") for channel in pixels if _tag(channel) == "Channel")
                found.append(OmeImage(image.get("Name", ""), names, _ome_voxel_size(pixels.attrib)))
    return tuple(found)


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2]


def _ome_voxel_size(pixels: Mapping[str, str]) -> Judged:
    def length_um(axis: str) -> float | None:
        # The schema's default unit is µm; a unit that is no length ("pixel", "reference frame") is no claim.
        return _in_um(pixels.get(f"PhysicalSize{axis}"), pixels.get(f"PhysicalSize{axis}Unit", "µm"))

    return judge_voxel_size((length_um("Z"), length_um("Y"), length_um("X")), OME_METADATA)


def tag_voxel_size(tif: tifffile.TiffFile, number_of_series: int) -> Judged:
    """Voxel size from ImageJ's description, from tifffile's, which uses the same words, or from plain tags."""
    series = tif.series[number_of_series]
    imagej = tif.imagej_metadata
    if imagej:
        return _described_voxel_size(imagej, series.keyframe.tags, IMAGEJ_TAG)
    if series.kind == "shaped" and tif.shaped_metadata:
        described = tif.shaped_metadata[number_of_series]
        if "unit" in described or "spacing" in described:
            return _described_voxel_size(described, series.keyframe.tags, TIFFFILE_METADATA)
    y_um, x_um = _resolution_um(series.keyframe.tags)
    return judge_voxel_size((None, y_um, x_um), "TIFF tag")


def _described_voxel_size(words: Mapping[str, Any], tags: tifffile.TiffTags, source: str) -> Judged:
    """Voxel size in ImageJ's way.

    ``unit`` belongs to x, and to y and z where ``yunit`` and ``zunit`` are left out; ``spacing`` is the step along
    z; XResolution and YResolution are pixels per unit. Without a ``unit``, ResolutionUnit "cm" is one. ImageJ
    leaves out a spacing of 1, which is also what it assumes of a stack that it knows nothing about.
    """
    x_unit = words.get("unit") or ("cm" if _tag_value(tags, "ResolutionUnit") == 3 else None)
    x, y = (_reciprocal(_tag_value(tags, name)) for name in ("XResolution", "YResolution"))
    z = number(words.get("spacing"))
    if not _is_length(x_unit):
        return None, (_without_unit(z, y, x),)
    z_um, y_um, x_um = (
        _in_um(length, words.get(key) or x_unit) for length, key in ((z, "zunit"), (y, "yunit"), (x, "unit"))
    )
    voxel_size, notes = judge_voxel_size((z_um, y_um, x_um), source)
    if z is None and possible_length(y_um) and possible_length(x_um):
        notes = (
            *notes,
            f"ImageJ leaves this distance out both where it is 1 {_spelled(str(x_unit))} and where it is unknown.",
        )
    return voxel_size, notes


def _spelled(unit: str) -> str:
    return "µm" if um_per_unit(unit) == 1.0 else unit


def _without_unit(z: float | None, y: float | None, x: float | None) -> str:
    given = [f"{axis} {size:.4g}" for axis, size in zip("zyx", (z, y, x), strict=True) if size not in (None, 1.0)]
    if not given:
        return "The file states no voxel size."
    return f"The file states no voxel size, only numbers without a unit ({', '.join(given)})."


def _resolution_um(tags: tifffile.TiffTags) -> tuple[float | None, float | None]:
    """Pixel size (y, x) in µm from the tags of TIFF itself; None if it is a screen's or printer's."""
    unit = RESOLUTION_UNITS.get(_tag_value(tags, "ResolutionUnit") or 0)
    y, x = (_in_um(_reciprocal(_tag_value(tags, name)), unit) for name in ("YResolution", "XResolution"))
    if y is None or x is None or max(y, x) > COARSEST_UM:
        return None, None
    return y, x


def _tag_value(tags: tifffile.TiffTags, name: str) -> Any:
    return tags[name].value if name in tags else None


def _reciprocal(rational: Sequence[int] | None) -> float | None:
    """Length of a pixel from pixels per length (numerator, denominator); None if either is 0."""
    if not rational or 0 in rational[:2]:
        return None
    return rational[1] / rational[0]


def _is_length(unit: Any) -> bool:
    return um_per_unit(str(unit)) is not None


def _in_um(value: Any, unit: Any) -> float | None:
    size, factor = number(value), um_per_unit(str(unit))
    return None if size is None or factor is None else size * factor


def imagej_channels(tif: tifffile.TiffFile, axes: Sequence[str], shape: Sequence[int]) -> tuple[str, ...]:
    """Channel names, if ImageJ's slice labels name the channels: one label a channel, the same in all slices."""
    labels = (tif.imagej_metadata or {}).get("Labels")
    if not labels or "C" not in axes:
        return ()
    count = shape[list(axes).index("C")]
    names = tuple(labels[:count])
    # ImageJ's order of planes is T, Z, C, so that the channel runs fastest.
    same = len(labels) % count == 0 and all(label == names[place % count] for place, label in enumerate(labels))
    return names if same and len(set(names)) == count and count > 1 else ()
