"""What an importer has found in a file, before it becomes a model of ours."""

from dataclasses import dataclass, field
from typing import Literal

from onnx import ModelProto

from cartocell_app.segmentation.model_card import ModelCard
from cartocell_app.segmentation.normalisation import Normalisation
from training.resunet import ResUNet

Triple = tuple[int, int, int]
Channels = tuple[Literal["B", "F", "C", "M"], ...]

UNKNOWN_LICENCE = "unknown (imported)"
BCM: Channels = ("B", "C", "M")
FCM: Channels = ("F", "C", "M")
"""BiaPy since 3.7: the first map is the whole cell."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A network of another program, checked, with what its file says about its use.

    Attributes
    ----------
    network : ResUNet or ModelProto
        With its weights. A ResUNet gives logits; an ONNX graph gives probabilities.
    origin : str
        In words: which program, which kind of file.
    normalisation : Normalisation
        How its pictures were prepared.
    channels : tuple of str
        What its outputs are.
    profile, thresholds
        Recommended with it; see `ModelCard`.
    patch_vox, patch_margin_vox : (z, y, x) of int
        Patch that it was trained on, and its part that only serves as surroundings; None if the file does not say.
    own_card : ModelCard
        Of a model of ours that comes back; it then says all that there is to say.
    """

    network: ResUNet | ModelProto
    origin: str
    normalisation: Normalisation
    channels: Channels = BCM
    name: str | None = None
    version: str = "1"
    licence: str = UNKNOWN_LICENCE
    profile: str = "default"
    thresholds: dict[str, float] = field(default_factory=dict)
    voxel_um: tuple[float, float, float] | None = None
    patch_vox: Triple | None = None
    patch_margin_vox: Triple | None = None
    software: dict[str, str] = field(default_factory=dict)
    own_card: ModelCard | None = None
