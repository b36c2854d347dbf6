"""Varying patches: spatial changes for picture and labels alike, changes of light for the picture alone."""

from typing import Any

import numpy as np
import torch
from monai.transforms import (
    Compose,
    RandAdjustContrastd,
    RandFlipd,
    RandGaussianNoised,
    RandGaussianSmoothd,
    RandomizableTransform,
    RandRotated,
    RandScaleIntensityd,
    RandShiftIntensityd,
)
from monai.utils.type_conversion import convert_to_tensor
from torch import Tensor, nn

from training.settings import Augmentation

BEND_EVERY_VOX = 10
"""Distance of the points between which the bending is interpolated."""

Item = dict[str, Any]


class _Bending(RandomizableTransform):
    """Bend picture and labels by one smooth random field, given at coarse points.

    MONAI's own elastic transform smooths noise of full size, which takes a third of a second a patch.
    """

    def __init__(self, prob: float, vox: float) -> None:
        super().__init__(prob)
        # Linear interpolation between independent points leaves two thirds of the variance along each axis.
        self._vox = vox / (2 / 3) ** 1.5

    def __call__(self, data: Item) -> Item:
        self.randomize(None)
        if not self._do_transform:
            return data
        size = data["picture"].shape[1:]
        coarse = [max(2, round(length / BEND_EVERY_VOX) + 1) for length in size]
        field = torch.from_numpy(self.R.standard_normal((1, 3, *coarse)).astype(np.float32))
        field = nn.functional.interpolate(field, size, mode="trilinear", align_corners=True)[0].movedim(0, -1)
        # grid_sample counts x, y, z from -1 to 1.
        to_unit = torch.tensor([2 * self._vox / max(1, length - 1) for length in reversed(size)])
        still = nn.functional.affine_grid(torch.eye(3, 4)[None], [1, 1, *size], align_corners=True)
        grid = still + field[None] * to_unit * self.R.uniform(0.5, 1.5)
        for key, mode in (("picture", "bilinear"), ("labels", "nearest")):
            data[key] = nn.functional.grid_sample(
                data[key][None], grid, mode=mode, padding_mode="reflection", align_corners=True
            )[0]
        return data


class _Attenuation(RandomizableTransform):
    """Darken the picture with depth, from either end."""

    def __call__(self, data: Item) -> Item:
        self.randomize(None)
        if self._do_transform:
            picture = data["picture"]
            depth = torch.linspace(0, 1, picture.shape[1]).view(1, -1, 1, 1)
            if self.R.random() < 0.5:
                depth = depth.flip(1)
            data["picture"] = picture * torch.exp(-depth * self.R.uniform(0.2, 1.2))
        return data


class _Anisotropy(RandomizableTransform):
    """Coarsen the slices of the picture, as thick optical sections do."""

    def __call__(self, data: Item) -> Item:
        self.randomize(None)
        if self._do_transform:
            picture = data["picture"]
            coarse = max(2, round(picture.shape[1] / self.R.uniform(1.2, 2.5)))
            for slices in (coarse, picture.shape[1]):
                size = (slices, *picture.shape[2:])
                picture = nn.functional.interpolate(picture[None], size, mode="trilinear", align_corners=False)[0]
            data["picture"] = picture
        return data


class Augmenter:
    """Vary a patch in a way that depends on the seed alone.

    Parameters
    ----------
    settings : Augmentation
        What, how often, how much.
    """

    def __init__(self, settings: Augmentation) -> None:
        both, nearest = ("picture", "labels"), ("bilinear", "nearest")
        low, high = settings.brightness_range
        self._space = Compose(
            [
                *(RandFlipd(both, settings.flip, spatial_axis=axis) for axis in range(3)),
                RandRotated(both, range_x=np.pi, prob=settings.rotate, mode=nearest, padding_mode="reflection"),
                _Bending(settings.elastic, settings.elastic_vox),
            ]
        )
        self._light = Compose(
            [
                _Anisotropy(settings.anisotropy),
                RandGaussianSmoothd("picture", (0.3, 0.9), (0.3, 0.9), (0.3, 0.9), prob=settings.blur),
                _Attenuation(settings.attenuation),
                RandAdjustContrastd("picture", settings.contrast, gamma=(0.7, 1.42)),
                RandScaleIntensityd("picture", factors=(-0.4, 0.5), prob=settings.contrast),
                RandShiftIntensityd("picture", offsets=(low, high), prob=settings.brightness),
                RandGaussianNoised("picture", prob=settings.noise, std=0.12),
            ]
        )

    def __call__(self, picture: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        """Vary `picture` (1, Z, Y, X) float32 and `labels` (1, Z, Y, X) float32; neither is changed itself."""
        self._space.set_random_state(seed=seed)
        self._light.set_random_state(seed=seed + 1)
        item = self._light(self._space({"picture": picture.clone(), "labels": labels.clone()}))
        return _plain(item["picture"]), _plain(item["labels"])


def _plain(tensor: Tensor) -> Tensor:
    """Without MONAI's metadata, which would slow down every layer of the network."""
    plain: Tensor = convert_to_tensor(tensor, track_meta=False)
    return plain
