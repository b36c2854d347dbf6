"""How much a cyst's labels are to be doubted, and why, in words: what a person should look at first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cc3d
import numpy as np
from numpy.typing import NDArray

from cartocell_app.segmentation.cyst_faces import Lumen, LumenKind, face_areas, faces_of, find_lumen, numbered

CONTACT_UM2 = 1.0
"""A cell that shares less surface with lumen or outside does not reach it."""

PIECE_SHARE = 0.02
"""A piece with a smaller share of its cell's volume is a crumb."""

OUTLIER_Z = 3.5
"""Volumes this many robust standard deviations from the median (on a logarithmic scale) are unusual."""

USUAL_SPREAD = 0.18
"""The standard deviation of the logarithm of volumes is taken to be at least this: cells twice as large are unusual
even among cells that are all alike."""

FEWEST_TO_COMPARE = 5
"""Among fewer cells no volume is unusual."""

FEWEST_CELLS = 4
"""Fewer cells make no cyst with a lumen."""

NO_CELLS, FEW_CELLS, NO_LUMEN, OPEN_LUMEN, SEVERAL_LUMENS, CUT = 1.0, 0.5, 0.5, 0.4, 0.2, 0.2
"""How much a finding about the whole cyst adds to the doubt: the probability that its labels are of no use."""

LISTED = 5


@dataclass(frozen=True)
class CurationReport:
    """What is odd about the labels of one cyst, taken to be single-layered around a single lumen.

    Attributes
    ----------
    cells : int
        Number of cells.
    doubt : float
        From 0, nothing is odd, to 1, certainly of no use.
    reasons : tuple of str
        What is odd, a phrase each, with the numbers of the cells.
    lumen : {"closed", "open", "none"}
        See `cartocell_app.segmentation.cyst_faces.Lumen`.
    no_lumen, no_outside : tuple of int
        Cells that do not reach the lumen (apical side), or the outside (basal side).
    in_pieces : tuple of int
        Cells in several pieces.
    small, large : tuple of int
        Cells of unusual volume.
    apart : tuple of int
        Cells that do not hang together with the cyst, within the frame.
    cut : tuple of int
        Cells of the cyst that the frame cuts.
    """

    cells: int
    doubt: float
    reasons: tuple[str, ...]
    lumen: LumenKind
    no_lumen: tuple[int, ...] = ()
    no_outside: tuple[int, ...] = ()
    in_pieces: tuple[int, ...] = ()
    small: tuple[int, ...] = ()
    large: tuple[int, ...] = ()
    apart: tuple[int, ...] = ()
    cut: tuple[int, ...] = ()

    @property
    def odd_cells(self) -> int:
        """Number of cells with something odd about them."""
        return len({*self.no_lumen, *self.no_outside, *self.in_pieces, *self.small, *self.large, *self.apart})


def curate(labels: NDArray[Any], voxel_size_um: Sequence[float]) -> CurationReport:
    """Judge the labels of one cyst.

    Parts of other cysts that the frame cuts are not judged, and cells that the frame cuts only for being in pieces.

    Parameters
    ----------
    labels : (Z, Y, X) ndarray of unsigned int
        A number for each cell, with or without gaps; 0 is lumen and outside. Not changed.
    voxel_size_um : (z, y, x)
        In µm.
    """
    ids, cells = numbered(labels)
    if not len(ids):
        return CurationReport(0, NO_CELLS, ("there is no cell",), "none")
    cyst, apart, stranger = _bodies(cells)
    at_frame = np.zeros(len(ids) + 1, np.bool_)
    at_frame[faces_of(cells)] = True
    in_cyst = _mostly_in(cells, cyst)
    judged = in_cyst & ~at_frame
    judged[0] = False
    lumen = find_lumen(cyst, voxel_size_um)
    no_lumen, no_outside = _without_contact(cells, cyst, lumen, voxel_size_um, judged)
    small, large = _unusual(np.bincount(cells.ravel(), minlength=len(ids) + 1), judged)

    def numbers(flags: NDArray[np.bool_]) -> tuple[int, ...]:
        return tuple(int(number) for number in ids[flags[1:]])

    found = CurationReport(
        cells=len(ids),
        doubt=0.0,
        reasons=(),
        lumen=lumen.kind,
        no_lumen=numbers(no_lumen),
        no_outside=numbers(no_outside),
        in_pieces=numbers(_in_pieces(cells)),
        small=numbers(small),
        large=numbers(large),
        apart=numbers(_mostly_in(cells, apart)),
        cut=numbers(at_frame & in_cyst),
    )
    return _with_verdict(found, lumen.count, len(numbers(_mostly_in(cells, stranger))))


def _bodies(cells: NDArray[np.int32]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Tissue (Z, Y, X) of the cyst, of pieces apart from it, and of strangers that the frame cuts."""
    bodies = cc3d.connected_components(cells > 0, connectivity=26)
    sizes = np.bincount(bodies.ravel())
    sizes[0] = 0
    main = int(sizes.argmax())
    cut = np.zeros(sizes.size, np.bool_)
    cut[faces_of(bodies)] = True
    other = (bodies > 0) & (bodies != main)
    return bodies == main, other & ~cut[bodies], other & cut[bodies]


def _mostly_in(cells: NDArray[np.int32], mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which cells, by number, have more than half of their voxels in `mask`; False for 0."""
    sizes = np.bincount(cells.ravel())
    mostly = np.bincount(cells[mask], minlength=sizes.size) > sizes / 2
    mostly[0] = False
    return np.asarray(mostly, np.bool_)


def _without_contact(
    cells: NDArray[np.int32],
    cyst: NDArray[np.bool_],
    lumen: Lumen,
    voxel_size_um: Sequence[float],
    judged: NDArray[np.bool_],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the `judged` cells do not reach the lumen, and which do not reach the outside."""
    count = judged.size
    in_lumen, gap = count, count + 1
    codes = cells.copy()
    pockets = cc3d.connected_components(~cyst & ~lumen.mask, connectivity=6)
    reaches_out = np.zeros(int(pockets.max(initial=0)) + 1, np.bool_)
    reaches_out[faces_of(pockets)] = True
    codes[(pockets > 0) & ~reaches_out[pockets]] = gap
    codes[lumen.mask] = in_lumen
    areas = face_areas(codes, gap + 1, voxel_size_um)
    lumen_um2, outside_um2 = (areas[:count, [code]].toarray().ravel() for code in (in_lumen, 0))
    # Without a lumen there is nothing to reach: that is a finding about the cyst, not about its cells.
    return judged & (lumen_um2 < CONTACT_UM2) & (lumen.kind != "none"), judged & (outside_um2 < CONTACT_UM2)


def _in_pieces(cells: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which cells, by number, are in several pieces that do not even touch at corners, crumbs left aside."""
    pieces = cc3d.connected_components(cells, connectivity=26)
    sizes, volumes = np.bincount(pieces.ravel()), np.bincount(cells.ravel())
    cell_of_piece = np.zeros(sizes.size, np.int64)
    cell_of_piece[pieces] = cells
    whole = (sizes >= PIECE_SHARE * volumes[cell_of_piece]) & (cell_of_piece > 0)
    return np.bincount(cell_of_piece[whole], minlength=volumes.size) > 1


def _unusual(volumes: NDArray[np.intp], judged: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which of the `judged` cells are unusually small, and which unusually large."""
    if np.count_nonzero(judged) < FEWEST_TO_COMPARE:
        return np.zeros_like(judged), np.zeros_like(judged)
    size = np.log(np.maximum(volumes, 1))
    middle = np.median(size[judged])
    spread = max(USUAL_SPREAD, 1.4826 * float(np.median(np.abs(size[judged] - middle))))
    z = (size - middle) / spread
    return judged & (z < -OUTLIER_Z), judged & (z > OUTLIER_Z)


def _with_verdict(found: CurationReport, lumens: int, strangers: int) -> CurationReport:
    """Put what was found into words and a number."""
    whole = [
        (FEW_CELLS, f"it has only {_count(found.cells)}", found.cells < FEWEST_CELLS),
        (NO_LUMEN, "it has no closed lumen", found.lumen == "none" and not found.cut),
        (NO_LUMEN, "it has no closed lumen: the frame cuts it", found.lumen == "none" and bool(found.cut)),
        (OPEN_LUMEN, "the lumen is open to the outside: a cell or part of one is missing", found.lumen == "open"),
        (SEVERAL_LUMENS, f"it has {lumens} lumens", lumens > 1),
        (CUT, f"the frame cuts {_count(len(found.cut))}{_some(found.cut)}", bool(found.cut)),
    ]
    odd = [
        ("without contact to the lumen", found.no_lumen),
        ("without contact to the outside", found.no_outside),
        ("in several pieces", found.in_pieces),
        ("unusually small", found.small),
        ("unusually large, perhaps several in one", found.large),
        ("apart from the cyst", found.apart),
    ]
    reasons = [words for _, words, applies in whole if applies]
    reasons += [f"{_count(len(numbers))} {words}{_some(numbers)}" for words, numbers in odd if numbers]
    trust = 1 - found.odd_cells / max(1, found.cells - strangers)
    for weight, _, applies in whole:
        trust *= 1 - weight * applies
    values = vars(found) | {"doubt": round(1 - max(0.0, trust), 4), "reasons": tuple(reasons)}
    return CurationReport(**values)


def _count(cells: int) -> str:
    return f"{cells} cell{'s' * (cells != 1)}"


def _some(numbers: Sequence[int]) -> str:
    return f" ({', '.join(map(str, numbers[:LISTED]))}{' …' if len(numbers) > LISTED else ''})"
