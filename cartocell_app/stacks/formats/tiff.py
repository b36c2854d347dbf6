"""TIFF of all kinds by tifffile: ImageJ, OME-TIFF, with axes named by tifffile, or plain."""

import logging
from collections.abc import Mapping, Sequence
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.stacks.formats.base import StackFile, StoredImage, name_axes, pick_volume
from cartocell_app.stacks.formats.tiff_metadata import OmeImage, imagej_channels, ome_images, tag_voxel_size

COLOUR_KINDS = ("RGB", "YCBCR", "CMYK", "CIELAB")

INCOMPLETE = "It should hold {wanted} pictures, but it ends before the last. Copy it again from where it came from."

MISFIT = (
    "Its OME metadata are missing, do not fit its pictures, or lie in another file. "
    "Copy it again together with the files that belong to it, or save it as TIFF from Fiji."
)

# What tifffile would log about odd files becomes a note, a refusal, or is of no use to the user.
logging.getLogger("tifffile").addHandler(logging.NullHandler())


class TiffStacks(StackFile):
    """A TIFF file; each series of equal pages is a picture."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._tif = tifffile.TiffFile(path)

    def close(self) -> None:
        self._tif.close()

    @cached_property
    def _series(self) -> Sequence[tifffile.TiffPageSeries]:
        """All series with axes of length 1; since tifffile 2026.5.2 one must ask for those beforehand."""
        series: Any = self._tif.series
        return list(series(squeeze=False)) if callable(series) else series

    def _describe(self) -> list[StoredImage]:
        described = self._ome_images(self._series)
        return [self._image(place, ome) for place, ome in enumerate(described)]

    def _ome_images(self, series: Sequence[tifffile.TiffPageSeries]) -> list[OmeImage | None]:
        """OME description of each series; tifffile leaves out those without planes, so names decide then."""
        if not (self._tif.is_ome and self._tif.ome_metadata):
            return [None] * len(series)
        images = ome_images(self._tif.ome_metadata)
        if len(images) == len(series):
            return list(images)
        by_name = {image.name: image for image in images}
        return [by_name.get(one.name) if len(by_name) == len(images) else None for one in series]

    def _image(self, place: int, ome: OmeImage | None) -> StoredImage:
        series = self._series[place]
        letters, shape = _axes(series), _shape(series)
        samples = shape[letters.index("S")] if "S" in letters else 1
        photometric = series.keyframe.photometric
        rgb = samples > 1 and getattr(photometric, "name", "") in COLOUR_KINDS
        axes, notes, problem = name_axes(shape, _labels(letters, shape, rgb))
        if ome is not None and series.kind == "ome":
            voxel_size, more, channels = *ome.voxel_size, ome.channels
        else:
            voxel_size, more = tag_voxel_size(self._tif, place)
            channels = imagej_channels(self._tif, axes, shape)
        return StoredImage(
            name=series.name,
            axes=axes,
            shape=shape,
            dtype=series.dtype,
            channels=channels,
            voxel_size=voxel_size,
            notes=(*notes, *more),
            rgb=rgb,
            problem=self._unfit(series) or problem,
        )

    def _unfit(self, series: tifffile.TiffPageSeries) -> str:
        """Say what is wrong with `series` as a whole; empty if nothing is."""
        pages = len(self._tif.pages)
        if series.kind in ("generic", "uniform"):
            if pages > 1 and (self._tif.is_ome or ".ome." in self.path.name.lower()):
                return MISFIT
            words = self._tif.imagej_metadata or {}
            promised = prod(words.get(axis, 1) for axis in ("channels", "slices", "frames"))
            if promised > pages:
                return INCOMPLETE.format(wanted=promised)
        planes, size = len(series), series.keyframe.size
        if series.dataoffset is None and size and planes * size < prod(_shape(series)):
            return INCOMPLETE.format(wanted=prod(_shape(series)) // size)
        return ""

    def volume(self, image: int, at: Mapping[str, int]) -> NDArray[Any]:
        """See `StackFile.volume`: maps the file where its voxels lie in one piece, else decodes single pages."""
        series, axes = self._series[image], self.images[image].axes
        shape = _shape(series)
        if series.dataoffset is not None and not series.is_multifile:
            stored = series.dtype.newbyteorder(self._tif.byteorder)
            mapped = np.memmap(self.path, stored, "r", series.dataoffset, shape)
            return pick_volume(mapped, axes, at)
        leading = _leading_axes(shape, len(series))
        wanted = tuple(slice(None) if axis in "ZYX" else at.get(axis, 0) for axis in axes[:leading])
        numbers = np.arange(len(series)).reshape(shape[:leading])[wanted]
        keys = [int(number) for number in numbers.ravel()]
        self._check_complete(series, keys)
        planes = self._tif.asarray(key=keys, series=image).reshape(*numbers.shape, *shape[leading:])
        rest = [axis for axis in axes[:leading] if axis in "ZYX"] + list(axes[leading:])
        return pick_volume(planes, rest, at)

    def _check_complete(self, series: tifffile.TiffPageSeries, keys: Sequence[int]) -> None:
        """Refuse what tifffile would silently fill with zeros: pages in a missing file, or beyond the end."""
        pages = [page for page in (series[key] for key in keys) if page is not None]
        if len(pages) < len(keys):
            raise UserError(
                f"{self.path.name} lacks {len(keys) - len(pages)} of the {len(keys)} slices.",
                "It was not copied completely, or it is spread over several files that must lie in one folder.",
            )
        for page in pages:
            ends = (a + b for a, b in zip(page.dataoffsets, page.databytecounts, strict=True))
            if max(ends, default=0) > page.parent.filehandle.size:
                raise ValueError("the file ends before its last slice")


def _shape(series: tifffile.TiffPageSeries) -> tuple[int, ...]:
    shape: tuple[int, ...] = series.get_shape(squeeze=False) if hasattr(series, "get_shape") else series.shape
    return shape


def _axes(series: tifffile.TiffPageSeries) -> str:
    axes: str = series.get_axes(squeeze=False) if hasattr(series, "get_axes") else series.axes
    return axes


def _labels(letters: str, shape: Sequence[int], rgb: bool) -> list[str | None]:
    """Labels for tifffile's axis letters, None for the ones that it makes up (I, Q); samples may be channels."""
    has_channels = any(axis == "C" and size > 1 for axis, size in zip(letters, shape, strict=True))
    labels: list[str | None] = []
    for place, (axis, size) in enumerate(zip(letters, shape, strict=True)):
        if axis == "S" and size > 1 and not rgb and not has_channels:
            labels.append("C")
        elif axis == "C" and size == 1 and "S" in letters:
            labels.append(f"C{place}")
        elif axis in "IQ":
            labels.append(None)
        else:
            labels.append(f"{axis}{place}" if axis in labels else axis)
    return labels


def _leading_axes(shape: Sequence[int], pages: int) -> int:
    """How many axes count the pages of a series; the rest lie inside one page."""
    for leading in range(len(shape) + 1):
        if prod(shape[:leading]) == pages:
            return leading
    raise ValueError(f"{pages} pages do not make up {tuple(shape)}")
