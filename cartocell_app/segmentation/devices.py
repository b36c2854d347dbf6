"""Where a network can run on this computer, tried with a real tile, and in words why it cannot run elsewhere."""

import os
import platform
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError
from cartocell_app.installation import how_to_add, is_frozen
from cartocell_app.segmentation import machine, runtime
from cartocell_app.segmentation.machine import available_threads
from cartocell_app.segmentation.model_card import ModelCard, read_card

__all__ = ["Device", "DeviceName", "DeviceReport", "available_threads", "choose_device", "probe_devices"]

DeviceName = Literal["auto", "cpu", "cuda", "coreml", "directml"]

PROBE_SHAPE = (16, 64, 64)
"""About the size (z, y, x) of the tile that devices are tried with; it becomes a multiple of the size divisor."""

LARGEST_DIFFERENCE = 0.01
"""A device whose probabilities differ more than this from the processor's is not used."""

_SYSTEMS: dict[str, tuple[str, ...]] = {
    "Linux": ("cuda", "cpu"),
    "Windows": ("cuda", "directml", "cpu"),
    "Darwin": ("coreml", "cpu"),
}
"""What each operating system can have."""

_ELSEWHERE = {
    "cuda": "Macs have no NVIDIA GPU that CartoCell could use.",
    "coreml": "CoreML is a part of macOS, and this computer runs {system}.",
    "directml": "DirectML is a part of Windows, and this computer runs {system}.",
}


@dataclass(frozen=True)
class Device:
    """Where a network runs.

    Parameters
    ----------
    key : str
        ``"cpu"``, ``"cuda"``, ``"coreml"`` or ``"directml"``.
    name : str
        For people: ``"CPU · 2 threads"``.
    provider : str
        ONNX Runtime's name of the back end.
    options : mapping of str to str
        Of the provider.
    threads : int
        Threads on the processor (GPUs also leave it some work).
    memory_bytes : int or None
        Free memory of its own; None where it shares the computer's.
    """

    key: str
    name: str
    provider: str
    options: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    memory_bytes: int | None = None

    def start(self, model: Path | bytes, *, keeps_memory: bool = True) -> runtime.Session:
        """Load a network there; see `runtime.Session`."""
        return runtime.Session(model, self.provider, self.options, self.threads, keeps_memory=keeps_memory)


@dataclass(frozen=True)
class DeviceReport:
    """What came of trying a device.

    Parameters
    ----------
    name : str
        For people: ``"CPU · 2 threads"``.
    provider : str
        ONNX Runtime's name of the back end.
    usable : bool
        Whether it ran a tile and gave the right numbers.
    reason : str
        Why it is not used, in a sentence; empty if it can be.
    seconds_per_mvoxel : float or None
        Time for a million voxels; None if it was not tried with a model.
    """

    name: str
    provider: str
    usable: bool
    reason: str = ""
    seconds_per_mvoxel: float | None = None


def probe_devices(model: Path | None, threads: int | None = None) -> list[DeviceReport]:
    """Try everything that this kind of computer can have, the processor last.

    Parameters
    ----------
    model : Path or None
        Network to try with; without one, a single convolution, and no times are told.
    threads : int, optional
        Threads on the processor; as many as make sense by default.

    Raises
    ------
    UserError
        If `model` cannot be read.
    """
    tile, content = _trial(model)
    return [report for _, report in _probed(_devices(threads), content, tile, timed=model is not None)]


def choose_device(model: Path, wanted: DeviceName = "auto", threads: int | None = None) -> Device:
    """Device to run `model` on.

    Parameters
    ----------
    model : Path
        The network; other devices than the processor are tried with it first.
    wanted : str
        ``"auto"`` takes the fastest that works.
    threads : int, optional
        Threads on the processor; as many as make sense by default.

    Raises
    ------
    UserError
        If the device that was asked for cannot be used, with the reason; or `model` cannot be read.
    """
    devices = _devices(threads)
    processor = devices[-1]
    if wanted == "cpu":
        return processor
    if wanted == "auto":
        promising = [device for device in devices if not _obstacle(device)]
        if promising == [processor]:
            return processor
        tile, content = _trial(model)
        tried = _probed(promising, content, tile, timed=True)
        paces = {device.key: report.seconds_per_mvoxel for device, report in tried if report.usable}
        return min(promising, key=lambda device: paces.get(device.key) or np.inf)
    device = next((device for device in devices if device.key == wanted), None)
    if device is None:
        reason = _ELSEWHERE[wanted].format(system=platform.system())
        raise UserError(f"{wanted} is not possible on this computer. {reason}", "Choose auto or cpu.")
    tile, content = _trial(model)
    tried = _probed([device, processor] if not _obstacle(device) else [device], content, tile, timed=True)
    report = tried[0][1]
    if not report.usable:
        raise UserError(f"{report.name} cannot be used. {report.reason}", "Choose auto or cpu to go on without it.")
    return device


def _devices(threads: int | None) -> list[Device]:
    """All that this kind of computer can have, whether it is there or not."""
    threads = threads or available_threads()
    known = {
        "cpu": Device("cpu", f"CPU · {threads} thread{'s' * (threads > 1)}", "CPUExecutionProvider", threads=threads),
        "coreml": Device(
            "coreml",
            "Apple GPU and Neural Engine (CoreML)",
            "CoreMLExecutionProvider",
            {"ModelFormat": "MLProgram"},
            threads,
        ),
        "directml": Device("directml", "graphics card (DirectML)", "DmlExecutionProvider", {}, threads),
    }
    keys = _SYSTEMS.get(platform.system(), ("cpu",))
    return [_cuda(threads) if key == "cuda" else known[key] for key in keys]


def _cuda(threads: int) -> Device:
    gpus = machine.nvidia_gpus()
    # A search for the fastest convolution, for each tile size anew, costs more than it saves. TF32 rounds to 3 digits.
    options = {"cudnn_conv_algo_search": "HEURISTIC", "arena_extend_strategy": "kSameAsRequested", "use_tf32": "0"}
    if not gpus:
        return Device("cuda", "NVIDIA GPU", "CUDAExecutionProvider", options, threads, None)
    # By speed, as CUDA counts else, a number means another card than it does to the driver's tool.
    os.environ.setdefault("CUDA_DEVICE_ORDER", "PCI_BUS_ID")
    number, gpu = max(enumerate(gpus), key=lambda counted: counted[1].free_bytes)
    options["device_id"] = str(number)
    return Device("cuda", f"{gpu.name} (CUDA)", "CUDAExecutionProvider", options, threads, gpu.free_bytes)


def _obstacle(device: Device) -> str:
    """Why it is no use to try `device`, in a sentence; empty if it may work."""
    if device.key == "cuda" and device.memory_bytes is None:
        return "No NVIDIA GPU was found in this computer."
    if device.provider in runtime.available_providers():
        return ""
    packages = {"directml": "onnxruntime-directml", "coreml": "onnxruntime"}
    by_itself = device.key in packages and not is_frozen()
    advice = f"Add it with: pip install {packages[device.key]}" if by_itself else how_to_add("gpu")
    return f"This installation of CartoCell is without the part that uses it. {advice}"


def _trial(model: Path | None) -> tuple[NDArray[np.float32], Path | bytes]:
    """A noisy tile, and the network to try devices with."""
    if model is None:
        return _noise(PROBE_SHAPE), runtime.tiny_network()
    return _noise(_probe_shape(read_card(model))), model


def _probe_shape(card: ModelCard) -> tuple[int, ...]:
    if card.patch_vox is not None and card.halo_vox is None:
        return card.patch_vox
    return tuple(-(-size // by) * by for size, by in zip(PROBE_SHAPE, card.size_divisor, strict=True))


def _noise(shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.random.default_rng(0).random(shape, np.float32)


def _probed(
    devices: list[Device], content: Path | bytes, tile: NDArray[np.float32], *, timed: bool
) -> list[tuple[Device, DeviceReport]]:
    """Reports of `devices` in their order; the processor, if among them, is what the others are compared with."""
    reports: dict[str, DeviceReport] = {}
    expected: NDArray[np.float32] | None = None
    for device in sorted(devices, key=lambda device: device.key != "cpu"):
        reason = _obstacle(device)
        pace = None
        if not reason:
            try:
                maps, seconds = _timed_run(device, content, tile)
            except runtime.NoMemoryError:
                reason = "Its memory does not suffice for even a small tile."
            except runtime.DeviceError as error:
                reason = f"It could not be started ({error})."
            else:
                pace = seconds / tile.size * 1e6 if timed else None
                expected = maps if device.key == "cpu" else expected
                reason = _compared(maps, expected)
        reports[device.key] = DeviceReport(device.name, device.provider, not reason, reason, None if reason else pace)
    return [(device, reports[device.key]) for device in devices]


def _timed_run(device: Device, content: Path | bytes, tile: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Output for `tile`, and the seconds of a second run: the first also loads libraries and fills caches."""
    session = device.start(content)
    session.run(tile)
    start_s = time.perf_counter()
    maps = session.run(tile)
    return maps, time.perf_counter() - start_s


def _compared(maps: NDArray[np.float32], expected: NDArray[np.float32] | None) -> str:
    if expected is None:
        return ""
    difference = float(np.abs(maps - expected).max())
    # A NaN is not close either.
    return "" if difference <= LARGEST_DIFFERENCE else f"Its results differ from the processor's by {difference:.2g}."
