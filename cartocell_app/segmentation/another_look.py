"""Whether cells came out in a width that the network would find better in another size."""

from math import cbrt, pi
from typing import Any, Final

import fastremap
import numpy as np
from numpy.typing import NDArray

from cartocell_app.segmentation.cell_width import NARROWEST_UM, WIDEST_UM
from cartocell_app.stacks.voxel_size import VoxelSize

KNOWN_SHARES: Final = (0.82, 1.3)
"""Cells from so many times the width that a network knows best up to so many times are found as well at first sight.

With m2-fast, for which that is 9 to 14.3 µm: in 120 synthetic cysts cells came out 10.6 to 14.0 µm wide. In 15 other
stacks, 12 of them of other tissues, they came out narrower or wider; to look again at that width raised F1 at 0.5 in
11, by 0.06 to 0.36 in seven, and lowered it in three, by 0.008 to 0.017. In dense tissue with cells of 9.5 µm it
lowered it by 0.019. The model's card has the scores.
"""


def found_width_um(labels: NDArray[Any], voxel_size: VoxelSize) -> float | None:
    """Width (µm) of a ball as large as the cell at which half of the tissue is in larger cells; None without cells.

    Weighed by volume, crumbs and pieces of cells hardly count.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of an unsigned type
        0 is lumen and outside.
    voxel_size : VoxelSize
        Of the labels.
    """
    numbers, counts = fastremap.unique(labels, return_counts=True)
    volumes = np.sort(counts[numbers > 0])
    if not len(volumes):
        return None
    middle_vox = volumes[np.searchsorted(np.cumsum(volumes), volumes.sum() / 2)]
    return cbrt(6 * float(middle_vox) * voxel_size.volume_um3 / pi)


def wants_another_look(width_um: float, usual_um: float) -> bool:
    """Whether cells that came out `width_um` wide, taken for `usual_um`, would be found better in another size."""
    least, most = KNOWN_SHARES
    return not least * usual_um <= width_um <= most * usual_um and NARROWEST_UM <= width_um <= WIDEST_UM
