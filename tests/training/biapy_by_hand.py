"""BiaPy's 3D ResU-Net rebuilt from its description, with its names, to save small checkpoints with."""

import sys
import types

import torch
from torch import nn


def _norm(kind, channels):
    if kind == "bn":
        return [nn.BatchNorm3d(channels)]
    return [] if kind == "none" else [nn.InstanceNorm3d(channels, affine=kind == "in")]


class Conv(nn.Module):
    def __init__(self, inputs, outputs, norm, act):
        super().__init__()
        self.block = nn.Sequential(nn.Conv3d(inputs, outputs, 3, padding="same"), *norm, *act)

    def forward(self, x):
        return self.block(x)


class Residual(nn.Module):
    def __init__(self, inputs, outputs, norm, in_place, first=False):
        super().__init__()
        before = [] if first else [*_norm(norm, inputs), nn.ELU(inplace=in_place)]
        self.block = nn.Sequential(
            *before,
            Conv(inputs, outputs, _norm(norm, outputs), [nn.ELU(inplace=in_place), nn.Dropout(0.1)]),
            Conv(outputs, outputs, [], []),
        )
        self.shortcut = nn.Sequential(nn.Conv3d(inputs, outputs, 1))

    def forward(self, x):
        main = self.block(x)  # an ELU in place changes x here
        return main + self.shortcut(x)


class Up(nn.Module):
    def __init__(self, below, skip, z, norm, in_place):
        super().__init__()
        self.up = nn.ConvTranspose3d(below, below, (z, 2, 2), (z, 2, 2))
        self.conv_block = Residual(below + skip, skip, norm, in_place)

    def forward(self, x, skip):
        return self.conv_block(torch.cat([self.up(x), skip], 1))


class BiapyResUNet(nn.Module):
    """Probabilities of a ResU-Net as of ``version`` 3.5 or 3.7; ``norm``: bn, in, bare in (3.5's) or none."""

    def __init__(self, version, norm="bn", feature_maps=(3, 4, 5), z_down=(1, 1)):
        super().__init__()
        in_place, f = version == "3.7", feature_maps
        self.pools = [nn.MaxPool3d((z, 2, 2)) for z in z_down]
        self.down_path = nn.ModuleList(
            Residual(before, after, norm, in_place, before == 1) for before, after in zip((1, *f), f[:-1], strict=False)
        )
        self.bottleneck = Residual(f[-2], f[-1], norm, in_place)
        ups = [Up(f[i + 1], f[i], z_down[i], norm, in_place) for i in reversed(range(len(f) - 1))]
        head = nn.Conv3d(f[0], 3, 1)
        if version == "3.7":
            self.up_paths, self.heads = nn.ModuleList([nn.ModuleList(ups)]), nn.ModuleList([head])
        else:
            self.up_path, self.last_block = nn.ModuleList(ups), head
        self._ups, self._head = [ups], [head]
        with torch.no_grad():
            for name, value in [*self.named_parameters(), *self.named_buffers()]:
                if name.endswith("running_var"):
                    value.uniform_(0.5, 2)
                elif value.dtype == torch.float32 and value.dim() == 1:
                    value.uniform_(-1, 1)

    def forward(self, x):
        skips = []
        for block, pool in zip(self.down_path, self.pools, strict=True):
            x = block(x)
            skips.append(x)
            x = pool(x)
        x = self.bottleneck(x)
        for up in self._ups[0]:
            x = up(x, skips.pop())
        return self._head[0](x).sigmoid()


def configuration(version, norm, **data):
    """The part of BiaPy's configuration that matters, as dictionaries."""
    channels = "BCM" if version == "3.5" else ["F", "C", "M"]
    return {
        "MODEL": {"ARCHITECTURE": "resunet", "NORMALIZATION": norm, "ACTIVATION": "ELU"},
        "DATA": {
            "PATCH_SIZE": (16, 16, 16, 1),
            "NORMALIZATION": {"TYPE": "div" if version == "3.5" else "zero_mean_unit_variance"},
            "TEST": {"PADDING": [4, 4, 4]},
            **data,
        },
        "PROBLEM": {"INSTANCE_SEG": {"DATA_CHANNELS": channels}},
        "TRAIN": {"EPOCHS": 7},
    }


def save(path, network, version, cfg, **more):
    """Write a checkpoint: 3.5 with a yacs object (a stand-in of that name), 3.7 with dictionaries."""
    module = types.ModuleType("yacs.config")
    node = type("CfgNode", (dict,), {"__module__": "yacs.config"})
    module.CfgNode = node

    def nodes(settings):
        wrapped = node({key: nodes(value) if isinstance(value, dict) else value for key, value in settings.items()})
        wrapped.__dict__["__immutable__"] = True
        return wrapped

    sys.modules |= {"yacs": types.ModuleType("yacs"), "yacs.config": module}
    try:
        content = {
            "model_build_kwargs": {"activation": "elu"},
            "model": network.state_dict(),
            "optimizer": {"state": {}},
            "epoch": "best",
            "cfg": nodes(cfg) if version == "3.5" else cfg,
            "biapy_version": f"{version}.1",
        }
        torch.save(content | more, path)
    finally:
        del sys.modules["yacs.config"], sys.modules["yacs"]
    return path
