"""What the network learns to see: cell interior, contour and tissue, computed from a label volume."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cartocell_app.segmentation.boxes import face_neighbours_differ

CHANNELS = ("B", "C", "M")
"""Order of the channels in targets and probability maps: cell interior, contour, mask of the whole tissue."""


def bcm_from_labels(labels: NDArray[Any]) -> NDArray[np.uint8]:
    """Interior, contour and tissue of a label volume, as CartoCell's networks are taught.

    Compute it on the whole volume, before any cropping: at the faces of a crop the contours would differ.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of int or bool
        One number per cell; 0 is background and lumen. Gaps in the numbers do not matter. Not changed.

    Returns
    -------
    (3, Z, Y, X) ndarray of uint8, 0 or 1
        Channels in the order of `CHANNELS`:

        * C: voxels with another label among their six face neighbours. So two touching cells part by two
          voxels, and a cell's outer surface is marked by one voxel inside and one outside. The faces of the
          volume are no contour.
        * B: voxels of cells that are not contour.
        * M: voxels of cells.

        All zero where the volume holds a single value, be it background or one cell that fills it.

    Notes
    -----
    The definition of the paper's software (specification §2, K): a contour is where the 6-neighbour grey
    dilation and erosion of the labels differ. They differ exactly where some neighbour differs from the voxel,
    which is cheaper to ask.
    """
    bcm = np.zeros((3, *labels.shape), np.uint8)
    contour = face_neighbours_differ(labels)
    if contour.any():  # no contour means a single value
        tissue = labels != 0
        bcm[:] = tissue & ~contour, contour, tissue
    return bcm
