"""The physical size of a voxel: validated, in µm, with where it was learnt."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

UM_PER_UNIT: dict[str, float] = {
    "µm": 1.0,
    "μm": 1.0,
    "um": 1.0,
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometers": 1.0,
    "micrometre": 1.0,
    "micrometres": 1.0,
    "\\u00b5m": 1.0,
    "\\u03bcm": 1.0,
    "nm": 1e-3,
    "nanometer": 1e-3,
    "nanometers": 1e-3,
    "nanometre": 1e-3,
    "pm": 1e-6,
    "picometer": 1e-6,
    "å": 1e-4,
    "angstrom": 1e-4,
    "mm": 1e3,
    "millimeter": 1e3,
    "millimetre": 1e3,
    "cm": 1e4,
    "centimeter": 1e4,
    "centimetre": 1e4,
    "m": 1e6,
    "meter": 1e6,
    "metre": 1e6,
    "inch": 25400.0,
    "in": 25400.0,
}
"""Spellings of length units that microscopes and programs write, lower case, and their size in µm."""

SMALLEST_UM, LARGEST_UM = 1e-3, 1e3
"""A voxel outside these is a wrong unit or a placeholder, not a light microscope's."""


SURELY_ONE_UM = 1.0000001
"""How this program's own files state the distance of slices where it is 1 µm like the other lengths: all three of 1.0
would be taken for unknown, by this program too."""


@dataclass(frozen=True, slots=True)
class VoxelSize:
    """Edge lengths of one voxel.

    Parameters
    ----------
    z_um, y_um, x_um : float
        Edge lengths in µm, finite and between `SMALLEST_UM` and `LARGEST_UM`.
    source : str
        Where the numbers come from, in words: ``"ImageJ tag"``, ``"OME metadata"``, ``"given by you"``.

    Raises
    ------
    ValueError
        If a length is not a plausible one. An unknown voxel size is ``None``, never 1.0.
    """

    z_um: float
    y_um: float
    x_um: float
    source: str

    def __post_init__(self) -> None:
        for axis, length_um in zip("zyx", self, strict=True):
            if not (math.isfinite(length_um) and SMALLEST_UM <= length_um <= LARGEST_UM):
                raise ValueError(f"a voxel of {length_um} µm along {axis} is not possible in a light microscope")

    def __iter__(self) -> Iterator[float]:
        yield from (self.z_um, self.y_um, self.x_um)

    def __str__(self) -> str:
        return f"{self.z_um:.4g} × {self.y_um:.4g} × {self.x_um:.4g} µm (z, y, x; {self.source})"

    @property
    def zyx_um(self) -> tuple[float, float, float]:
        """Edge lengths (z, y, x) in µm."""
        return self.z_um, self.y_um, self.x_um

    @property
    def stated_um(self) -> tuple[float, float, float]:
        """Edge lengths (z, y, x) in µm for a file, so that 1 × 1 × 1 µm is believed."""
        return (SURELY_ONE_UM, 1.0, 1.0) if self.zyx_um == (1.0, 1.0, 1.0) else self.zyx_um

    @property
    def volume_um3(self) -> float:
        """Volume of one voxel in µm³."""
        return self.z_um * self.y_um * self.x_um


def um_per_unit(unit: str | None) -> float | None:
    """Size of `unit` in µm; None if the word is empty or no length ("pixel", "voxel", …)."""
    return None if unit is None else UM_PER_UNIT.get(unit.strip().strip("\x00").lower())


def known_voxel_size(z_um: float | None, y_um: float | None, x_um: float | None, source: str) -> VoxelSize | None:
    """Voxel size from what a file claims, or None if any length is missing or cannot be true.

    Zero, negative, infinite and NaN lengths, and ones no light microscope has, count as missing. So does
    1.0 on all three axes, which readers and programs write when they do not know; `SURELY_ONE_UM` is 1.0 that is known.
    """
    lengths_um = (z_um, y_um, x_um)
    if any(length_um is None for length_um in lengths_um):
        return None
    z, y, x = (float(length_um) for length_um in lengths_um if length_um is not None)
    if (z, y, x) == (1.0, 1.0, 1.0):
        return None
    if (z, y, x) == (SURELY_ONE_UM, 1.0, 1.0):
        z = 1.0
    try:
        return VoxelSize(z, y, x, source)
    except ValueError:
        return None
