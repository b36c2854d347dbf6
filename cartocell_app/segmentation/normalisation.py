"""Bringing the intensities of any microscope onto the scale that a network was trained on."""

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, model_validator

SAMPLED_VOXELS = 1 << 23
"""Percentiles of larger stacks are taken from about this many evenly spread voxels."""

NOISE_REACH = 4.5
"""Nothing but noise: the high percentile is not farther above the median than this many times what the 16th lies below
it (2.9 times in Gaussian noise, 4 in that of one photon a voxel)."""

STANDING_OUT = 6.0
"""Voxels that lie farther above the median, in the same measure, and have such a neighbour, are a specimen's."""

FEWEST_STANDING_OUT = 100
"""Of the sampled voxels; fewer are no cyst."""

BRIGHT_PERCENT = 98.0
"""What of a specimen's voxels alone comes out as 1: as bright as the usual high percentile of a stack a tenth of which
stands out."""

FLAT = 1e-5
"""Contrasts below this share of the intensity are rounding (resampling a constant stack leaves such), not a picture."""


class Normalisation(BaseModel):
    """How raw intensities become a network's input."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["divide", "percentile", "zscore"]
    """``divide`` by `divisor`; ``percentile``: the low one to 0 and the high one to 1; ``zscore``: mean 0, spread 1."""

    divisor: PositiveFloat | Literal["auto"] = "auto"
    """For ``divide``. ``auto`` is BiaPy's rule: 255 for 8 bit; else 65535 above 255, 255 above 2, and 1 below."""

    low_percent: float = Field(default=1.0, ge=0, lt=100)
    """For ``percentile``: this share of the voxels ends at or below 0."""

    high_percent: float = Field(default=99.8, gt=0, le=100)
    """For ``percentile``: this share of the voxels ends at or below 1, so hot pixels do not set the scale."""

    clip: tuple[float, float] | None = (0.0, 1.5)
    """For ``percentile``: values are cut off below and above; None leaves them."""

    @model_validator(mode="after")
    def _check_order(self) -> "Normalisation":
        if self.low_percent >= self.high_percent:
            raise ValueError("low_percent must be below high_percent")
        if self.clip is not None and self.clip[0] >= self.clip[1]:
            raise ValueError("the lower end of clip must be below the upper one")
        return self


def normalise(raw: NDArray[Any], normalisation: Normalisation) -> NDArray[np.float32]:
    """Put a stack on the scale that `normalisation` describes.

    Needs one float32 copy of the stack (the result) and never a float64 one.

    Parameters
    ----------
    raw : (Z, Y, X) ndarray of integers or floats
        Intensities, finite. Not changed.
    normalisation : Normalisation
        From the model's card.

    Returns
    -------
    (Z, Y, X) ndarray of float32
        A constant stack becomes all 0 with ``percentile`` and ``zscore``.

    Notes
    -----
    ``divide`` and ``zscore`` are those of BiaPy (at its tag ``cartocell``, and its default since 3.7).
    """
    if normalisation.kind == "divide":
        divisor = _auto_divisor(raw) if normalisation.divisor == "auto" else normalisation.divisor
        return _rescaled(raw, 0.0, divisor)
    if normalisation.kind == "zscore":
        mean, spread = _mean_and_spread(raw)
        if spread <= FLAT * abs(mean):
            return np.zeros(raw.shape, np.float32)
        return _rescaled(raw, mean, spread + 1e-6)
    low, high = _percentiles(raw, normalisation.low_percent, normalisation.high_percent)
    if high - low <= FLAT * max(abs(low), abs(high)):
        return np.zeros(raw.shape, np.float32)
    scaled = _rescaled(raw, low, high - low)
    return scaled if normalisation.clip is None else np.clip(scaled, *normalisation.clip, out=scaled)


def _rescaled(raw: NDArray[Any], zero: float, one: float) -> NDArray[np.float32]:
    """Return ``(raw - zero) / one`` in a single new float32 array."""
    scaled = raw.astype(np.float32)
    if zero:
        scaled -= np.float32(zero)
    scaled /= np.float32(one)
    return scaled


def _auto_divisor(raw: NDArray[Any]) -> float:
    if raw.dtype == np.uint8:
        return 255.0
    brightest = raw.max(initial=0)
    if brightest > 255:
        return 65535.0
    return 255.0 if brightest > 2 else 1.0


def _mean_and_spread(raw: NDArray[Any]) -> tuple[float, float]:
    """Mean and standard deviation, summed in float64 plane by plane."""
    mean = float(raw.mean(dtype=np.float64))
    squares = sum(float(np.square(plane.astype(np.float64) - mean).sum()) for plane in raw)
    return mean, math.sqrt(squares / raw.size)


def _percentiles(raw: NDArray[Any], low_percent: float, high_percent: float) -> tuple[float, float]:
    """Intensities that become 0 and 1; equal only if nothing is brighter than the low one.

    They are percentiles of the stack. Where a small cyst in a large field has less of it than lies above the high
    percentile, that is the field's grey value or its noise: then the scale is that of what stands out.
    """
    flat, every = raw.reshape(-1), _every(raw)
    shares = (low_percent, 16, 50, high_percent)
    low, dark, middle, high = (float(value) for value in np.percentile(flat[::every], shares))
    if high <= low:
        outstanding = raw[raw > low]
        if outstanding.size:
            high = float(np.percentile(outstanding, high_percent))
    elif high - middle < NOISE_REACH * (middle - dark):
        outstanding = _outstanding(flat, middle + STANDING_OUT * (middle - dark), every)
        if outstanding.size >= FEWEST_STANDING_OUT:
            high = float(np.percentile(outstanding, BRIGHT_PERCENT))
    return low, high


def _outstanding(flat: NDArray[Any], above: float, every: int) -> NDArray[Any]:
    """Of every so many voxels, those above an intensity with the next one above it too, which hot pixels are not."""
    voxels, following = flat[:-1:every], flat[1::every]
    return voxels[(voxels > above) & (following > above)]


def _every(raw: NDArray[Any]) -> int:
    """Percentiles are taken of every so many voxels, evenly spread and the same ones each time; of all if few."""
    step = max(1, -(-raw.size // SAMPLED_VOXELS))
    while math.gcd(step, math.prod(raw.shape[1:])) > 1:  # else only some rows or columns would be seen
        step += 1
    return step
