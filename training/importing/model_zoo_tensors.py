"""What a Model Zoo description (formats 0.4 and 0.5) says of pictures and maps, in our words."""

import math
from itertools import permutations
from pathlib import Path
from typing import Any

from cartocell_app.errors import UserError
from cartocell_app.segmentation.normalisation import Normalisation
from training.importing.found import BCM, FCM, Channels, Triple

_MICROMETRES = {"micrometer": 1.0, "nanometer": 1e-3, "millimeter": 1e3}
_ORDERS: dict[str, Channels] = {
    "".join(order): order for first in (BCM, FCM) for order in permutations(first)
}  # fmt: skip
"""Orders of the maps by their first letters."""

_ADVICE = (
    "Ask its authors for a checkpoint, or for a package whose preparation is one of: scaling, percentiles, z-score."
)


def mappings(values: Any) -> list[dict[str, Any]]:
    """Those entries of a list that are mappings."""
    return [value for value in values if isinstance(value, dict)] if isinstance(values, list) else []


def word(value: Any) -> str:
    """`value` as text if it is a single text or number; else empty."""
    return str(value) if isinstance(value, (str, int, float)) else ""


def normalisation_of(picture: dict[str, Any], path: Path) -> Normalisation:
    """How intensities are prepared.

    Raises
    ------
    UserError
        If it is nothing that CartoCell does.
    """
    steps = [
        (word(step.get("id", step.get("name"))), step.get("kwargs") or {})
        for step in mappings(picture.get("preprocessing"))
    ]
    steps = [(kind, settings) for kind, settings in steps if kind != "ensure_dtype" and isinstance(settings, dict)]
    for kind, settings in steps:
        axes = settings.get("axes")
        whole = axes is None or {"z", "y", "x"} <= set(axes)
        if settings.get("mode") == "per_dataset" or not whole:
            raise UserError(f"{path} prepares its pictures by {kind} of other pictures or of single slices.", _ADVICE)
    match steps:
        case []:
            return Normalisation(kind="divide", divisor=1.0)
        case [("scale_linear", {"gain": gain, **rest})] if _positive(gain) and not _number(rest.get("offset", 0)):
            return Normalisation(kind="divide", divisor=1 / _number(gain))
        case [("zero_mean_unit_variance", settings)]:
            return Normalisation(kind="zscore")
        case [("scale_range", settings)]:
            return _percentile(settings, None, path)
        case [("scale_range", settings), ("clip", {"min": low, "max": high})] if _number(low) < _number(high):
            return _percentile(settings, (_number(low), _number(high)), path)
    names = ", then ".join(kind for kind, _ in steps)
    raise UserError(f"{path} prepares its pictures in a way that CartoCell does not have: {names}.", _ADVICE)


def _percentile(settings: dict[str, Any], clip: tuple[float, float] | None, path: Path) -> Normalisation:
    low, high = settings.get("min_percentile", 0), settings.get("max_percentile", 100)
    if not 0 <= _number(low) < _number(high) <= 100:
        raise UserError(f"{path} prepares its pictures by the percentiles {low} and {high}.", _ADVICE)
    return Normalisation(kind="percentile", low_percent=_number(low), high_percent=_number(high), clip=clip)


def _number(value: Any) -> float:
    """`value` if it is a number, or a list with one; else not a number, which fails every comparison."""
    single = value[0] if isinstance(value, list) and len(value) == 1 else value
    return float(single) if isinstance(single, (int, float)) else math.nan


def _positive(value: Any) -> bool:
    return 0 < _number(value) < math.inf


def maps_order(maps: dict[str, Any], path: Path, usual: Channels = BCM) -> Channels:
    """What the outputs are, by the names of their channels if those are ours; else the usual order.

    Raises
    ------
    UserError
        If there are not three.
    """
    names = next(
        (axis.get("channel_names") for axis in mappings(maps.get("axes")) if axis.get("type") == "channel"), None
    )
    if not isinstance(names, list):
        return usual
    if len(names) != 3:
        raise UserError(f"{path} gives {len(names)} maps, not three.", "CartoCell needs interior, contour and tissue.")
    return _ORDERS.get("".join(str(name)[:1].upper() for name in names), usual)


def patch_of(picture: dict[str, Any]) -> Triple | None:
    """Size (z, y, x) of its pictures, if it is fixed; else the smallest that it gives."""
    axes = picture.get("axes")
    sizes: list[Any]
    if isinstance(axes, str):  # format 0.4: "bczyx", with a shape
        shape = picture.get("shape")
        shape = shape.get("min") if isinstance(shape, dict) else shape
        by_axis = dict(zip(axes, shape, strict=False)) if isinstance(shape, list) else {}
        sizes = [by_axis.get(axis) for axis in "zyx"]
    else:
        found = {axis.get("id"): axis.get("size") for axis in mappings(axes)}
        stated = [found.get(axis) for axis in "zyx"]
        sizes = [size.get("min") if isinstance(size, dict) else size for size in stated]
    if not all(isinstance(size, int) and size > 0 for size in sizes):
        return None
    z, y, x = sizes
    return z, y, x


def voxel_um_of(picture: dict[str, Any]) -> tuple[float, float, float] | None:
    """Voxel size (z, y, x) in µm, if all three axes state a scale and its unit."""
    axes = {axis.get("id"): axis for axis in mappings(picture.get("axes"))}
    lengths = [
        _number(axes.get(name, {}).get("scale")) * _MICROMETRES.get(str(axes.get(name, {}).get("unit")), math.nan)
        for name in "zyx"
    ]
    if not all(0 < length < math.inf for length in lengths):
        return None
    z, y, x = lengths
    return z, y, x
