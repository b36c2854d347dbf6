"""How a network is trained; one source of defaults for the command line and whoever else starts a training."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from cartocell_app.errors import UserError


class TrainingSettings(BaseModel):
    """Settings of one training run on synthetic cysts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    feature_maps: tuple[int, ...] = (16, 32, 32, 64)
    """Channels of each level of the ResU-Net."""

    z_pool: tuple[int, ...] = (2, 2, 2)
    """Pooling along z between levels."""

    voxel_um: tuple[float, float, float] = (0.7, 0.7, 0.7)
    """Voxel size (z, y, x) that the network works at."""

    examples: int = Field(default=256, ge=1)
    """Synthetic specimens to train on."""

    validation_examples: int = Field(default=6, ge=1)
    """Synthetic specimens to watch the training with; their seeds are never trained on."""

    seed: int = Field(default=1_000_000, ge=0)
    """First seed of the training specimens, and seed of the network and of the patches."""

    patch: tuple[int, int, int] = (64, 80, 80)
    """Size (z, y, x) of a training patch in voxels."""

    batch: int = Field(default=2, ge=1)
    """Patches a step."""

    steps: int = Field(default=2000, ge=1)
    """Updates of the weights."""

    learning_rate: float = Field(default=2e-3, gt=0)
    """Peak of the one-cycle schedule."""

    dropout: float = Field(default=0.0, ge=0, lt=1)
    """Share of activations dropped."""

    earlier: "TrainingSettings | None" = None
    """The training whose weights this one started from."""

    @model_validator(mode="after")
    def _check_levels(self) -> "TrainingSettings":
        if len(self.z_pool) != len(self.feature_maps) - 1:
            raise ValueError("z_pool needs one value fewer than feature_maps")
        return self


def training_settings(**given: Any) -> TrainingSettings:
    """Settings with the values `given`; those that are None keep their defaults.

    Raises
    ------
    UserError
        If a value cannot be right.
    """
    try:
        return TrainingSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        first = error.errors()[0]
        raise UserError(f"The training cannot be set up like that: {first['msg']}.") from error
