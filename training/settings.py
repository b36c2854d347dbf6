"""How a network is trained; one source of defaults for the command line, configuration files and the window."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError, model_validator

from cartocell_app import presets
from cartocell_app.errors import UserError
from cartocell_app.presets import Preset
from cartocell_app.segmentation.normalisation import Normalisation

Range = tuple[float, float]

NORMALISATION = Normalisation(kind="percentile", low_percent=2.0, high_percent=99.8, clip=(-0.2, 1.6))
"""Where the preset is not that of a publication."""


class Augmentation(BaseModel):
    """How patches are varied; each number is the probability that a patch is, 0 is never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    flip: float = Field(default=0.5, ge=0, le=1)
    """Mirroring along each axis by itself."""

    rotate: float = Field(default=0.5, ge=0, le=1)
    """Turning in the plane by any angle; the optical axis stays."""

    elastic: float = Field(default=0.3, ge=0, le=1)
    """Smooth bending, the same for picture and labels."""

    elastic_vox: float = Field(default=1.2, gt=0)
    """Standard deviation of the displacement along each axis."""

    brightness: float = Field(default=0.5, ge=0, le=1)
    """Adding a constant."""

    brightness_range: Range = (-0.1, 0.15)
    """The constant, where a picture spans 0 to 1."""

    contrast: float = Field(default=0.5, ge=0, le=1)
    """Gain and gamma."""

    noise: float = Field(default=0.3, ge=0, le=1)
    """Gaussian noise."""

    blur: float = Field(default=0.2, ge=0, le=1)
    """Gaussian blur."""

    attenuation: float = Field(default=0.3, ge=0, le=1)
    """Darkening with depth."""

    anisotropy: float = Field(default=0.2, ge=0, le=1)
    """Coarser slices."""


PUBLISHED_AUGMENTATION = Augmentation(
    rotate=0, elastic=0.5, elastic_vox=0.5, brightness_range=(0.1, 0.15),
    contrast=0, noise=0, blur=0, attenuation=0, anisotropy=0,
)  # fmt: skip


class TrainingSettings(BaseModel):
    """Settings of one training run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    preset: str = "standard"
    """The preset that the settings started from."""

    feature_maps: tuple[PositiveInt, ...] = (16, 32, 32, 64)
    """Channels of each level of the ResU-Net."""

    z_pool: tuple[int, ...] = (2, 2, 2)
    """Pooling along z between levels, 1 or 2."""

    norm: Literal["batch", "none"] = "batch"
    """Normalisation layers."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of activations dropped."""

    voxel_um: tuple[float, float, float] | None = None
    """Voxel size (z, y, x) that the network works at; None is the middle one of the training set."""

    normalisation: Normalisation = NORMALISATION
    """How intensities become the network's input."""

    patch: tuple[int, int, int] = (64, 80, 80)
    """Size (z, y, x) of a patch in voxels."""

    batch: int = Field(default=2, ge=1)
    """Patches a step."""

    epochs: int = Field(default=100, ge=1)
    """Rounds, each of which ends with a validation and a checkpoint."""

    steps_per_epoch: int | None = Field(default=None, ge=1)
    """Updates of the weights a round; None is as many as it takes to show the whole training set once."""

    patience: int | None = Field(default=None, ge=1)
    """Rounds without a better validation loss after which the training ends; None is never."""

    optimiser: Literal["adam", "adamw"] = "adamw"
    """How weights are updated."""

    learning_rate: float = Field(default=2e-3, gt=0)
    """Size of an update; with one-cycle the greatest."""

    weight_decay: float = Field(default=1e-4, ge=0)
    """Pull of all weights towards 0."""

    schedule: Literal["constant", "one-cycle"] = "one-cycle"
    """How the learning rate changes."""

    rebalance: bool = False
    """Whether rare voxels of a channel (contours) count more."""

    dice_weight: float = Field(default=0.3, ge=0)
    """Weight of the soft Dice loss beside the cross-entropy."""

    augmentation: Augmentation = Augmentation()
    """How patches are varied."""

    seed: int = Field(default=1_000_000, ge=0)
    """Of everything random; with synthetic specimens also the first one's."""

    specimens: Literal["cysts", "tissues", "all"] = "cysts"
    """Kinds of synthetic specimens: cysts most of all, or more of other tissues, and cells from thin to very large; or
    half of each."""

    examples: int = Field(default=256, ge=1)
    """Synthetic specimens to train on, where no training set is given."""

    validation_examples: int = Field(default=6, ge=1)
    """Synthetic specimens to watch the training with; their seeds are never trained on."""

    kept_share: float = Field(default=0, ge=0, lt=1)
    """Where it started from other weights, their share in those it ends with: the mean keeps what was known and has
    most of what was learnt (Wortsman et al. 2022, Robust fine-tuning of zero-shot models)."""

    earlier: "TrainingSettings | None" = None
    """The training whose weights this one started from."""

    @model_validator(mode="after")
    def _check_levels(self) -> "TrainingSettings":
        if len(self.z_pool) != len(self.feature_maps) - 1:
            raise ValueError("z_pool needs one value fewer than feature_maps")
        if any(factor not in (1, 2) for factor in self.z_pool):
            raise ValueError("z_pool takes 1 or 2")
        z, yx = 1, 2 ** len(self.z_pool)
        for factor in self.z_pool:
            z *= factor
        if any(size < by or size % by for size, by in zip(self.patch, (z, yx, yx), strict=True)):
            raise ValueError(f"with this network, sizes of a patch must be multiples of {z}, {yx}, {yx}")
        return self


def _of(preset: Preset) -> dict[str, Any]:
    """What is said of a preset for people too."""
    return {
        "preset": preset.key, "epochs": preset.rounds, "steps_per_epoch": preset.steps,
        "patience": preset.patience, "patch": preset.patch_vox, "batch": preset.batch,
    }  # fmt: skip


PAPER = TrainingSettings(
    **_of(presets.PAPER),
    feature_maps=(52, 68, 84),
    z_pool=(1, 1),
    norm="none",
    dropout=0.1,
    normalisation=Normalisation(kind="divide"),
    optimiser="adam",
    learning_rate=1e-4,
    weight_decay=0.0,
    schedule="constant",
    dice_weight=0.0,
    augmentation=PUBLISHED_AUGMENTATION,
)

PRESETS: dict[str, TrainingSettings] = {
    **{preset.key: TrainingSettings(**_of(preset)) for preset in (presets.STANDARD, presets.QUICK, presets.TRIAL)},
    "paper": PAPER,
    "colab": PAPER.model_copy(update=_of(presets.COLAB)),
    "biapy-latest": PAPER.model_copy(
        update=_of(presets.BIAPY_LATEST)
        | {
            "norm": "batch",
            "optimiser": "adamw",
            "learning_rate": 1e-3,
            "weight_decay": 0.02,
            "schedule": "one-cycle",
            "rebalance": True,
            "augmentation": PUBLISHED_AUGMENTATION.model_copy(update={"rotate": 0.5}),
        }
    ),
    "synthetic": TrainingSettings(
        preset="synthetic",
        voxel_um=(0.7, 0.7, 0.7),
        epochs=20,
        steps_per_epoch=100,
        augmentation=Augmentation(rotate=0, elastic=0, attenuation=0, anisotropy=0),
    ),
}
"""Ready-made settings. ``paper`` and ``colab``: Andrés-San Román et al. 2023 (BiaPy's configuration of the tag
``cartocell``); ``biapy-latest``: BiaPy's ``*_latest`` files; ``synthetic``: where there is no training set but drawn
specimens."""

SYNTHETIC_EPOCH = 100


def training_settings(preset: str = "standard", *, steps: int | None = None, **given: Any) -> TrainingSettings:
    """Settings of `preset` with the values `given`; those that are None keep the preset's.

    Parameters
    ----------
    preset : str
        A name of `PRESETS`.
    steps : int, optional
        Updates in all, in place of epochs; rounded up to whole rounds of 100.
    **given
        Fields of `TrainingSettings`.

    Raises
    ------
    UserError
        If a value cannot be right.
    """
    if preset not in PRESETS:
        raise UserError(f"There is no preset {preset}.", f"Choose one of {', '.join(PRESETS)}.")
    values = {name: value for name, value in given.items() if value is not None}
    if steps is not None:
        per_epoch = min(steps, SYNTHETIC_EPOCH)
        values |= {"steps_per_epoch": per_epoch, "epochs": -(-steps // per_epoch)}
    return checked_settings(PRESETS[preset].model_dump() | values)


def checked_settings(values: dict[str, Any]) -> TrainingSettings:
    """Settings with these values.

    Raises
    ------
    UserError
        If a value cannot be right.
    """
    try:
        return TrainingSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        # What is said of several fields together names them itself.
        where = "".join(f"{name}: " for name in first["loc"][:1])
        raise UserError(
            f"The training cannot be set up like that: {where}{first['msg'].removeprefix('Value error, ')}."
        ) from error


def read_settings_file(path: Path) -> TrainingSettings:
    """Settings from a JSON file: fields of `TrainingSettings`; ``preset`` fills in those that are left out.

    Raises
    ------
    UserError
        If there is no such file, or it holds something else.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"There is no file {path}.", "Check the spelling.") from error
    except ValueError as error:
        raise UserError(f"{path} is no JSON file: {error}.") from error
    if not isinstance(values, dict):
        raise UserError(f"{path} holds no settings.", "It should look like the settings.json of a training.")
    return training_settings(str(values.pop("preset", "standard")), **values)
