"""The 3D ResU-Net of CartoCell, for PyTorch, with free feature maps.

Structure as in BiaPy 3.5 and later (`specs/biapy_cartocell.md` §1.2): pre-activation residual blocks with a
1 × 1 × 1 shortcut from the raw input, transposed convolutions that keep their channels, ELU everywhere.
With feature maps 52, 68, 84 and no pooling along z it has 1,360,187 parameters (batch norm) or 1,358,755 (none).
With instance norm, which has a weight and a bias for each channel as in BiaPy 3.7, it has as many as with batch norm;
then every output depends on the whole picture.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

Norm = Literal["batch", "instance", "none"]
PAPER_FEATURE_MAPS = (52, 68, 84)


def _norm(kind: Norm, channels: int) -> list[nn.Module]:
    if kind == "none":
        return []
    return [nn.BatchNorm3d(channels) if kind == "batch" else nn.InstanceNorm3d(channels, affine=True)]


class ResidualBlock(nn.Module):
    """Two 3 × 3 × 3 convolutions beside a 1 × 1 × 1 shortcut; nothing after the sum.

    Parameters
    ----------
    inputs, outputs : int
        Channels.
    norm : {"batch", "instance", "none"}
        Normalisation before each activation.
    dropout : float
        After the first convolution's activation.
    first : bool
        The network's first block takes the picture as it is, without norm and activation before.
    """

    def __init__(self, inputs: int, outputs: int, norm: Norm, dropout: float, first: bool = False) -> None:
        super().__init__()
        before: list[nn.Module] = [] if first else [*_norm(norm, inputs), nn.ELU()]
        self.block = nn.Sequential(
            *before,
            nn.Conv3d(inputs, outputs, 3, padding=1),
            *_norm(norm, outputs),
            nn.ELU(),
            nn.Dropout(dropout),
            nn.Conv3d(outputs, outputs, 3, padding=1),
        )
        self.shortcut = nn.Conv3d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, inputs, Z, Y, X) to (N, outputs, Z, Y, X)."""
        result: Tensor = self.block(x) + self.shortcut(x)
        return result


class ResUNet(nn.Module):
    """Logits of B, C and M from one channel.

    Parameters
    ----------
    feature_maps : sequence of int
        Channels of each level; the last is the bottleneck.
    z_pool : sequence of int
        Pooling along z after each level but the last, 1 or 2; along y and x it is always 2.
    norm : {"batch", "instance", "none"}
        Normalisation layers.
    dropout : float
        Share of activations dropped in training.
    """

    def __init__(
        self,
        feature_maps: Sequence[int] = PAPER_FEATURE_MAPS,
        z_pool: Sequence[int] = (1, 1),
        norm: Norm = "batch",
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        if len(z_pool) != len(feature_maps) - 1:
            raise ValueError(
                f"{len(feature_maps)} levels need {len(feature_maps) - 1} values of z_pool, not {len(z_pool)}"
            )
        self.feature_maps, self.z_pool, self.norm, self.dropout = tuple(feature_maps), tuple(z_pool), norm, dropout
        strides = [(z, 2, 2) for z in z_pool]
        inputs = (1, *feature_maps[:-2])
        self.down = nn.ModuleList(
            ResidualBlock(before, after, norm, dropout, first=level == 0)
            for level, (before, after) in enumerate(zip(inputs, feature_maps[:-1], strict=True))
        )
        self.pools = nn.ModuleList(nn.MaxPool3d(stride) for stride in strides)
        self.bottleneck = ResidualBlock(feature_maps[-2], feature_maps[-1], norm, dropout)
        rising = list(zip(reversed(feature_maps[1:]), reversed(feature_maps[:-1]), reversed(strides), strict=True))
        self.ups = nn.ModuleList(nn.ConvTranspose3d(below, below, stride, stride) for below, _, stride in rising)
        self.merges = nn.ModuleList(ResidualBlock(below + skip, skip, norm, dropout) for below, skip, _ in rising)
        self.head = nn.Conv3d(feature_maps[0], 3, 1)
        self.apply(_initialise)

    @property
    def size_divisor(self) -> tuple[int, int, int]:
        """Sizes (z, y, x) of the input must be multiples of these."""
        z = 1
        for factor in self.z_pool:
            z *= factor
        return z, 2 ** len(self.z_pool), 2 ** len(self.z_pool)

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, 1, Z, Y, X) float32 to logits (N, 3, Z, Y, X) of B, C and M."""
        skips: list[Tensor] = []
        for block, pool in zip(self.down, self.pools, strict=True):
            skips.append(block(x))
            x = pool(skips[-1])
        x = self.bottleneck(x)
        for up, merge, skip in zip(self.ups, self.merges, reversed(skips), strict=True):
            x = merge(torch.cat([up(x), skip], dim=1))
        result: Tensor = self.head(x)
        return result


def _initialise(layer: nn.Module) -> None:
    """Xavier-uniform for convolutions; transposed ones keep PyTorch's default."""
    if isinstance(layer, nn.Conv3d):
        nn.init.xavier_uniform_(layer.weight)
        assert layer.bias is not None
        nn.init.zeros_(layer.bias)
