"""Colours that intensities are drawn in."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

ENDS = {
    "grey": ((0, 0, 0), (255, 255, 255)),
    "inverted grey": ((255, 255, 255), (0, 0, 0)),
    "green": ((0, 0, 0), (80, 255, 120)),
    "magenta": ((0, 0, 0), (255, 90, 255)),
}


@cache
def colour_lut(name: str) -> NDArray[np.uint8]:
    """RGB from darkest to brightest, (256, 3)."""
    if name in ENDS:
        dark, bright = (np.array(end, float) for end in ENDS[name])
        return np.rint(dark + (bright - dark) * np.linspace(0, 1, 256)[:, None]).astype(np.uint8)
    import pyqtgraph as pg

    return np.asarray(pg.colormap.get(name).getLookupTable(nPts=256, alpha=False), np.uint8)
