"""Reading a field, finding its cysts and looking at it from above and from the side; off the window's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cartocell_app.project.values import Sample
    from cartocell_app.stacks.boxes import Box
    from cartocell_app.stacks.stack import Stack

Picture = NDArray[np.uint8]

DARKEST, BRIGHTEST = 5.0, 99.8
"""Percentiles that become black and white."""


@dataclass(frozen=True)
class Projections:
    """The brightest of all slices.

    Attributes
    ----------
    above : (Y, X) ndarray of uint8
        Seen from above, over some slices.
    side : (Z, X) ndarray of uint8
        Seen from the side, over some rows.
    """

    above: Picture
    side: Picture


def read_field(sample: Sample) -> Stack:
    """Read the stack of a field.

    Raises
    ------
    UserError
        If it cannot be read.
    """
    from cartocell_app.stacks.reading import read

    return read(sample.path, scene=sample.scene, time=sample.time, channel=sample.channel, voxel_size=sample.voxel_size)


def found_boxes(stack: Stack) -> list[Box]:
    """Boxes around the cysts of a field; some seconds for 60 × 1024 × 1024 voxels.

    Raises
    ------
    UserError
        If the voxel size is unknown.
    """
    from cartocell_app.stacks.cysts import find_cysts

    return list(find_cysts(stack))


def project(data: NDArray[Any], slices: tuple[int, int], rows: tuple[int, int]) -> Projections:
    """Look at a field from above and from the side.

    Parameters
    ----------
    data : (Z, Y, X) ndarray
        The field.
    slices, rows : (start, stop)
        Slices that are seen from above, and rows (y) that are seen from the side.
    """
    return Projections(_grey(data[slice(*slices)].max(axis=0)), _grey(data[:, slice(*rows)].max(axis=1)))


def _grey(picture: NDArray[Any]) -> Picture:
    dark, bright = np.percentile(picture[:: max(1, picture.shape[0] // 512)], (DARKEST, BRIGHTEST))
    scaled = (picture.astype(np.float32) - dark) * (255 / max(float(bright - dark), 1e-6))
    return np.clip(scaled, 0, 255).astype(np.uint8)
