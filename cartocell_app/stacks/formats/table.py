"""The one table of formats: which ending belongs to which adapter."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cartocell_app.stacks.formats import sniffing
from cartocell_app.stacks.formats.base import StackFile


@dataclass(frozen=True)
class Format:
    """A file format that stacks come in.

    Attributes
    ----------
    name : str
        What people call it.
    endings : tuple of str
        Of its file names, lower case.
    contents : str or None
        What `sniffing.looks_like` must say; None if such a stack is a folder.
    open : callable
        Opens a file.
    """

    name: str
    endings: tuple[str, ...]
    contents: str | None
    open: Callable[[Path], StackFile]


def _open_tiff(path: Path) -> StackFile:
    from cartocell_app.stacks.formats.tiff import TiffStacks

    return TiffStacks(path)


def _open_czi(path: Path) -> StackFile:
    from cartocell_app.stacks.formats.czi import CziStacks

    return CziStacks(path)


def _open_lif(path: Path) -> StackFile:
    from cartocell_app.stacks.formats.lif import LifStacks

    return LifStacks(path)


def _open_nd2(path: Path) -> StackFile:
    from cartocell_app.stacks.formats.nd2 import Nd2Stacks

    return Nd2Stacks(path)


def _open_omezarr(path: Path) -> StackFile:
    from cartocell_app.stacks.formats.omezarr import OmeZarrStacks

    return OmeZarrStacks(path)


def _open_hdf5(path: Path) -> StackFile:
    from cartocell_app.stacks.formats.hdf5 import Hdf5Stacks

    return Hdf5Stacks(path)


FORMATS: tuple[Format, ...] = (
    Format("TIFF", (".tif", ".tiff"), sniffing.TIFF, _open_tiff),
    Format("CZI", (".czi",), sniffing.CZI, _open_czi),
    Format("LIF", (".lif",), sniffing.LIF, _open_lif),
    Format("ND2", (".nd2",), sniffing.ND2, _open_nd2),
    Format("OME-Zarr", (".zarr",), None, _open_omezarr),
    Format("HDF5", (".h5", ".hdf5"), sniffing.HDF5, _open_hdf5),
)

STACK_ENDINGS: tuple[str, ...] = tuple(ending for format_ in FORMATS for ending in format_.endings)
"""Endings of the names of stacks that can be read."""


def format_by_name(path: Path) -> Format | None:
    """Format that the ending of `path` stands for, None if there is none."""
    return next((format_ for format_ in FORMATS if path.name.lower().endswith(format_.endings)), None)
