"""What this computer offers, in words: for `cartocell doctor` and whoever is asked for help."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import psutil

import cartocell_app
from cartocell_app.installation import how_to_add
from cartocell_app.jobs.records import library_versions
from cartocell_app.models import find_model
from cartocell_app.segmentation.devices import probe_devices
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.stacks.reading import STACK_ENDINGS

TYPICAL_CYST_MVOXEL = 5.3
"""A cyst of 110 × 130 × 130 voxels of 0.7 × 0.62 × 0.62 µm, in both views of the model in the box."""


def checkup() -> str:
    """Devices (and why others are not used), memory, model, file formats and versions, a line each."""
    model = find_model("auto")
    card = read_card(model)
    memory = psutil.virtual_memory()
    lines = [
        f"CartoCell {cartocell_app.__version__}, Python {platform.python_version()}, "
        f"{platform.system()} {platform.release()} ({platform.machine()})",
        f"Memory: {memory.available / 1e9:.1f} GB free of {memory.total / 1e9:.1f} GB",
        f"Processor: {os.cpu_count()} threads",
        f"Model in the box: {card.name} {card.version}, works at voxels of "
        f"{' × '.join(f'{um:g}' for um in card.voxel_size_um or ('?',))} µm",
        "Devices:",
    ]
    for device in probe_devices(model):
        if device.usable:
            pace = ""
            if device.seconds_per_mvoxel is not None:
                pace = (
                    f", about {device.seconds_per_mvoxel * TYPICAL_CYST_MVOXEL:.1f} s for the network on a typical cyst"
                )
            lines.append(f"  {device.name}: works{pace}")
        else:
            lines.append(f"  {device.name}: not used. {device.reason}")
    lines.append(f"Reads: {', '.join(STACK_ENDINGS)}")
    lines.append(f"Training: {_training()}")
    lines.append("Versions: " + ", ".join(f"{package} {its}" for package, its in library_versions().items()))
    return "\n".join(lines)


def _training() -> str:
    missing = [name for name in ("torch", "lightning", "monai") if find_spec(name) is None]
    if missing:
        return f"not installed ({', '.join(missing)} missing). {how_to_add('train')}"
    try:
        return f"PyTorch {version('torch')}, Lightning {version('lightning')}"
    except PackageNotFoundError:
        return "installed"
