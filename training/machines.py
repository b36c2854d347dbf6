"""What a training runs on: processor or graphics cards, one or several computers."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from cartocell_app.errors import UserError

DeviceKind = Literal["auto", "cpu", "cuda"]


@dataclass(frozen=True)
class Machines:
    """What a training runs on.

    Attributes
    ----------
    device : {"auto", "cpu", "cuda"}
        ``auto`` takes graphics cards where there are some.
    devices, nodes : int
        Cards (or processes, on the processor) of each computer, and computers. More than one train together
        (Lightning's DDP), each with its own batch.
    loaders : int
        Processes that prepare patches for each device.
    """

    device: DeviceKind = "auto"
    devices: int = 1
    nodes: int = 1
    loaders: int = 1

    def accelerator(self) -> Literal["cpu", "gpu"]:
        """Lightning's word for the device.

        Raises
        ------
        UserError
            If there is no such device.
        """
        if self.device == "cuda" and not torch.cuda.is_available():
            raise UserError("There is no graphics card that PyTorch can use.", "Train with --device cpu or auto.")
        return "gpu" if self.device != "cpu" and torch.cuda.is_available() else "cpu"


ONE_DEVICE = Machines()

LEAST_SLICES = 4
"""With fewer, PyTorch 2.13 computes gradients of 3 × 3 × 3 convolutions in bfloat16 on a processor from memory that was
never written: other ones in each run, now and then NaN. Seen with 1 and 2 slices (of 4 × 4 to 16 × 16 voxels), not in
16 trials with 4, 8 and 16."""


def default_loaders(devices: int = 1) -> int:
    """Processes that prepare patches: the processors that may be used, shared among the devices, at most 8."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(8, usable // (2 * devices)))


def precision_of(accelerator: str, thinnest: int) -> Literal["bf16-mixed", "16-mixed", "32-true"]:
    """Mixed precision where the hardware computes in it, and rightly; elsewhere it would be slower.

    Parameters
    ----------
    accelerator : {"cpu", "gpu"}
        What is trained on.
    thinnest : int
        Slices of a patch at the deepest level of the network.
    """
    if accelerator == "gpu":
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    if thinnest < LEAST_SLICES:
        return "32-true"
    return "bf16-mixed" if "avx512_bf16" in _processor_flags() or "amx_bf16" in _processor_flags() else "32-true"


def _processor_flags() -> str:
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return ""
