"""The cells of a label volume in numbers, in µm."""

from collections.abc import Sequence
from math import pi, prod
from typing import TYPE_CHECKING, Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from cartocell_app.morphology.contacts import Contacts, find_contacts
from cartocell_app.morphology.measures import MEASURES
from cartocell_app.morphology.slabs import numbered_slabs
from cartocell_app.segmentation.cyst_faces import faces_of

if TYPE_CHECKING:
    import pandas as pd


def measure_cells(labels: NDArray[Any], voxel_um: Sequence[float], contacts: Contacts | None = None) -> "pd.DataFrame":
    """Measure each cell.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of int
        0 is background and lumen; there may be gaps. A cell in several pieces is one cell. Not changed.
    voxel_um : (z, y, x)
        Edge lengths of a voxel in µm.
    contacts : Contacts, optional
        Of these very labels, if they are known already; see `find_contacts` for how exact surfaces are.

    Returns
    -------
    pandas.DataFrame
        A row a cell in rising order of labels, with the columns of `MEASURES`; no row if there is no cell.

    Raises
    ------
    ValueError
        If `labels` is no volume of whole numbers from 0.
    """
    import pandas as pd

    contacts = find_contacts(labels, voxel_um) if contacts is None else contacts
    sizes_vox, centres_vox = _sizes_and_centres(labels, contacts.ids)
    volumes_um3 = sizes_vox * prod(voxel_um)
    walls = contacts.walls_um2
    columns: dict[str, Any] = {
        "label": contacts.ids,
        "volume_um3": volumes_um3,
        "equivalent_diameter_um": np.cbrt(6 / pi * volumes_um3),
        "surface_um2": contacts.surface_um2,
        "contact_um2": np.asarray(walls.sum(axis=1)),
        "neighbours": np.diff(walls.indptr),
        "neighbour_labels": _neighbours_in_words(contacts),
        "touches_border": np.isin(contacts.ids, np.unique(faces_of(labels))),
    }
    for axis, name in enumerate("zyx"):
        # Voxel 0 reaches from 0 to 1 voxel, so its centre lies at one half.
        columns[f"centroid_{name}_um"] = (centres_vox[:, axis] + 0.5) * voxel_um[axis]
    return pd.DataFrame({measure.name: columns[measure.name] for measure in MEASURES}).astype(
        {measure.name: measure.dtype for measure in MEASURES}
    )


def _sizes_and_centres(labels: NDArray[Any], ids: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Voxels of each cell, (n,), and the mean place of its voxels, (n, 3)."""
    sizes, sums = np.zeros(len(ids) + 1), np.zeros((len(ids) + 1, 3))
    for start, _, codes in numbered_slabs(labels, ids):
        found = cc3d.statistics(codes.view(np.uint32), no_slice_conversion=True)
        slab_sizes = found["voxel_counts"].astype(np.float64)
        there = slab_sizes > 0
        centres = found["centroids"][there] + (start, 0, 0)
        sizes[: len(there)][there] += slab_sizes[there]
        sums[: len(there)][there] += centres * slab_sizes[there, None]
    return sizes[1:], sums[1:] / sizes[1:, None]


def _neighbours_in_words(contacts: Contacts) -> list[str]:
    """Numbers of each cell's neighbours: ``"3, 7, 12"``."""
    walls = contacts.walls_um2.sorted_indices()
    names = contacts.ids[walls.indices].astype(str)
    return [", ".join(each) for each in np.split(names, walls.indptr[1:-1])] if len(contacts.ids) else []
