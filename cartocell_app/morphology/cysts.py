"""A whole cyst in numbers: tissue, lumen, and the means of its cells."""

from collections.abc import Sequence
from math import nan, pi, prod
from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from cartocell_app.morphology.measures import CYST_MEASURES, MEASURES
from cartocell_app.segmentation.cyst_faces import Lumen, find_lumen

if TYPE_CHECKING:
    import pandas as pd


def measure_cyst(labels: NDArray[Any], voxel_um: Sequence[float], cells: "pd.DataFrame") -> dict[str, Any]:
    """Measure the cyst whose cells were measured.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of int
        0 is background and lumen. Not changed.
    voxel_um : (z, y, x)
        Edge lengths of a voxel in µm.
    cells : pandas.DataFrame
        From `cartocell_app.morphology.cells.measure_cells`, of the same labels.

    Returns
    -------
    dict
        A value for each of `CYST_MEASURES`; NaN for what cannot be said.
    """
    tissue = labels > 0
    lumen = find_lumen(tissue, voxel_um)
    voxel_um3 = prod(voxel_um)
    whole = cells[~cells["touches_border"]]
    values: dict[str, Any] = {
        "cells": len(cells),
        "cells_at_border": len(cells) - len(whole),
        "tissue_um3": float(cells["volume_um3"].sum()),
        "lumen": lumen.kind,
        "lumens": lumen.count,
        "lumen_um3": np.count_nonzero(lumen.mask) * voxel_um3 if lumen.kind == "closed" else nan,
        "outer_diameter_um": _outer_diameter_um(tissue, lumen, voxel_um3),
    }
    for measure in (one for one in MEASURES if one.is_averaged):
        values[f"mean_{measure.name}"] = float(whole[measure.name].mean())
        values[f"sd_{measure.name}"] = float(whole[measure.name].std())
    return {measure.name: values[measure.name] for measure in CYST_MEASURES}


def _outer_diameter_um(tissue: NDArray[np.bool_], lumen: Lumen, voxel_um3: float) -> float:
    """Diameter of the ball as large as the largest piece of tissue with its lumens; NaN without any tissue."""
    bodies = cc3d.connected_components(tissue | lumen.mask, connectivity=26)
    sizes = np.bincount(bodies.ravel())[1:]
    return float(np.cbrt(6 / pi * sizes.max() * voxel_um3)) if len(sizes) else nan
