"""What can be chosen in a file - scene, time point, channel - and choosing it; nothing is guessed in silence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from cartocell_app.errors import UserError
from cartocell_app.stacks.formats.base import StoredImage
from cartocell_app.stacks.voxel_size import VoxelSize

AXIS_WORDS = {"M": "tile", "P": "position", "λ": "wavelength", "A": "angle", "V": "view", "I": "illumination"}
"""What the further axes of microscope files are called."""

NEEDS_SLICES = "CartoCell needs a stack with several slices."

CHOSEN_OTHERWISE = frozenset("TCZYXS")

MOST_CHANNELS = 6
"""More channels than this are likely to be slices that were called channels."""

MOST_LISTED = 24
"""Longer lists of choices are cut."""


@dataclass(frozen=True)
class SceneInfo:
    """One picture that can be chosen in a file.

    Attributes
    ----------
    name : str
        As the file calls it; ``"scene 0"`` if it has no name.
    sizes : mapping of str to int
        Size along "t", "c", "z", "y" and "x".
    channel_names : tuple of str
        One for each channel; ``"channel 0"`` if the file has no name.
    dtype : str
        Type of the voxels.
    voxel_size : VoxelSize or None
        None if the file does not say, or says what cannot be true.
    notes : tuple of str
        What the user should know about how the file was understood, a sentence each.
    rgb : bool
        Whether it is a colour picture, which cannot be segmented.
    problem : str
        Why it cannot be read, and what to do about it, in sentences; empty if it can.
    """

    name: str
    sizes: Mapping[str, int]
    channel_names: tuple[str, ...]
    dtype: str
    voxel_size: VoxelSize | None
    notes: tuple[str, ...] = ()
    rgb: bool = False
    problem: str = ""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Size (z, y, x) in voxels."""
        return self.sizes["z"], self.sizes["y"], self.sizes["x"]

    @property
    def is_volume(self) -> bool:
        """Whether it is more than one voxel thick in all directions."""
        return min(self.shape) > 1


@dataclass(frozen=True)
class FileInfo:
    """What is in a file, without its voxels.

    Attributes
    ----------
    path : Path
        The file.
    format_name : str
        Its format as people call it.
    scenes : tuple of SceneInfo
        What there is to choose from, in the order that ``--scene`` counts, from 0.
    """

    path: Path
    format_name: str
    scenes: tuple[SceneInfo, ...]


@dataclass(frozen=True)
class Scene:
    """A `SceneInfo` and where it lies: which stored picture, and where along its further axes."""

    info: SceneInfo
    image: int
    at: Mapping[str, int]


def scenes_of(images: Sequence[StoredImage]) -> tuple[Scene, ...]:
    """List what can be chosen: every stored picture, one for each tile, position or angle of it."""
    scenes: list[Scene] = []
    for place, image in enumerate(images):
        further = [axis for axis in image.axes if axis not in CHOSEN_OTHERWISE and image.size(axis) > 1]
        if image.problem:
            further = []
        for steps in product(*(range(image.size(axis)) for axis in further)):
            at = dict(zip(further, steps, strict=True))
            words = [f"{AXIS_WORDS.get(axis, axis)} {step}" for axis, step in at.items()]
            name = ", ".join(([image.name] if image.name else []) + words) or f"scene {len(scenes)}"
            scenes.append(Scene(_info(image, name), place, at))
    return tuple(scenes)


def _info(image: StoredImage, name: str) -> SceneInfo:
    sizes = {axis: image.size(axis.upper()) for axis in "tczyx"}
    given = dict(enumerate(image.channels))
    channels = tuple(given.get(place) or f"channel {place}" for place in range(sizes["c"]))
    return SceneInfo(name, sizes, channels, str(image.dtype), image.voxel_size, image.notes, image.rgb, image.problem)


def choose_scene(file_name: str, scenes: Sequence[Scene], wanted: str | int | None) -> Scene:
    """Take the scene that was asked for, or the only one.

    Raises
    ------
    UserError
        If there are several and none was asked for, or there is none like that; or it is no stack.
    """
    names = [scene.info.name for scene in scenes]
    details = [_words(scene.info) for scene in scenes]
    refusals = [_refusal(file_name, scene.info) for scene in scenes]
    if len(scenes) > 1 and all(refusals):
        # Asking which one would lead nowhere.
        if refusals[0] is not None and len(set(refusals)) == 1:
            raise UserError(*refusals[0])
        listed = _listed(names, details)
        raise UserError(f"{file_name} holds {len(scenes)} scenes, but no stack: {listed}.", NEEDS_SLICES)
    scene = scenes[_choose(file_name, "scene", names, wanted, details)]
    refusal = _refusal(file_name, scene.info, "" if len(scenes) == 1 else f", scene {scene.info.name},")
    if refusal is not None:
        raise UserError(*refusal)
    return scene


def _refusal(file_name: str, info: SceneInfo, which: str = "") -> tuple[str, str] | None:
    """Why a scene is no stack of one or more channels, as title and body of the error; None if it is."""
    if info.rgb:
        return (
            f"{file_name}{which} is a colour (RGB) picture.",
            "CartoCell needs the cell outlines channel alone: in Fiji, Image > Color > Split Channels, and save it.",
        )
    if info.problem:
        return f"{file_name}{which} cannot be used.", info.problem
    z, y, x = info.shape
    if min(y, x) == 1 and z > 1:
        return f"{file_name}{which} is 2D: one plane that runs along z.", NEEDS_SLICES
    if not info.is_volume:
        t, c = info.sizes["t"], info.sizes["c"]
        # Programs often write slices as time points, and sometimes as channels, of which there are few otherwise.
        has = f"{t} time points" if t > 1 else f"{c} channels" if c > MOST_CHANNELS else ""
        hint = f" It has {has}, but only one slice; if these are its slices, correct that in Fiji." if has else ""
        return f"{file_name}{which} is 2D.", NEEDS_SLICES + hint
    return None


def choose_time_and_channel(
    file_name: str, info: SceneInfo, time: int | None, channel: str | int | None
) -> tuple[int, int]:
    """Take the time point and channel that were asked for, or the only ones.

    Raises
    ------
    UserError
        If there are several and none was asked for, or there is none like that.
    """
    times, channels = info.sizes["t"], info.sizes["c"]
    if time is None and times > 1 and channel is None and channels > 1:
        raise UserError(
            f"{file_name} holds {times} time points and {channels} channels.",
            f"Choose a time point with --time: 0 to {times - 1}. "
            f"Choose the cell outlines channel with --channel: {_listed(info.channel_names)}.",
        )
    if time is None and times > 1:
        raise UserError(f"{file_name} holds {times} time points.", f"Choose one with --time: 0 to {times - 1}.")
    if time is not None and not 0 <= time < times:
        raise UserError(
            f"{file_name} has no time point {time}.", f"It has {times}, counted from 0: choose --time 0 to {times - 1}."
        )
    return time or 0, _choose(file_name, "channel", info.channel_names, channel)


def _choose(
    file_name: str, what: str, names: Sequence[str], wanted: str | int | None, details: Sequence[str] = ()
) -> int:
    """Place of `wanted` - a number from 0, or a name in whatever case - among `names`."""
    choices = f"Choose one with --{what}, by name or number: {_listed(names, details)}."
    if wanted is None:
        if len(names) == 1:
            return 0
        raise UserError(f"{file_name} holds {len(names)} {what}s.", choices)
    if isinstance(wanted, int) and 0 <= wanted < len(names):
        return wanted
    # A channel may be called "488", which a command line reads as a number.
    spelled = str(wanted).strip().casefold()
    found = [place for place, name in enumerate(names) if name.strip().casefold() == spelled]
    if len(found) == 1:
        return found[0]
    if found:
        raise UserError(f"{file_name} has several {what}s called {wanted}.", choices)
    raise UserError(f"{file_name} has no {what} {wanted}.", choices)


def _listed(names: Sequence[str], details: Sequence[str] = ()) -> str:
    """Spell out the choices, each by number and name."""
    listed = [f"{place} = {name}" for place, name in enumerate(names[:MOST_LISTED])]
    if details:
        listed = [f"{choice} ({detail})" for choice, detail in zip(listed, details[:MOST_LISTED], strict=True)]
    more = len(names) - MOST_LISTED
    return ", ".join(listed) + (f", and {more} more" if more > 0 else "")


def _words(info: SceneInfo) -> str:
    """Size of a scene in words."""
    if info.rgb:
        return "RGB"
    if info.problem:
        return "cannot be used"
    if not info.is_volume:
        return "2D"
    more = [f"{info.sizes[axis]} {what}" for axis, what in (("c", "channels"), ("t", "times")) if info.sizes[axis] > 1]
    return ", ".join([" × ".join(map(str, info.shape)), *more])
