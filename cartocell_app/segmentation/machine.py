"""How much of this computer we may use: processor cores, memory, NVIDIA GPUs."""

import csv
import math
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

CGROUPS = Path("/sys/fs/cgroup")
"""Where Linux says what a container or a cluster's job may use."""

OWN_CGROUPS = Path("/proc/self/cgroup")

NVIDIA_SMI_TIMEOUT_S = 20


@dataclass(frozen=True)
class Gpu:
    """An NVIDIA GPU that its driver knows."""

    name: str
    free_bytes: int


def available_threads() -> int:
    """Threads that make sense: one a physical core, as far as the affinity and container of this process allow."""
    cores = psutil.cpu_count(logical=False) or os.cpu_count() or 1
    if hasattr(os, "sched_getaffinity"):
        cores = min(cores, len(os.sched_getaffinity(0)))
    for folder in _cgroup_folders("cpu"):
        quota = _numbers(folder / "cpu.max") or _numbers(folder / "cpu.cfs_quota_us") + _numbers(
            folder / "cpu.cfs_period_us"
        )
        if len(quota) == 2 and quota[0] > 0:
            cores = min(cores, math.ceil(quota[0] / quota[1]))
    return max(cores, 1)


def free_memory_bytes() -> int:
    """Memory that this process can still take without swapping, and within its container's limit."""
    free = int(psutil.virtual_memory().available)
    for folder in _cgroup_folders("memory"):
        limit = _numbers(folder / "memory.max") or _numbers(folder / "memory.limit_in_bytes")
        used = _numbers(folder / "memory.current") or _numbers(folder / "memory.usage_in_bytes")
        if limit and used:
            free = min(free, max(limit[0] - used[0] + _page_cache_bytes(folder), 0))
    return free


def nvidia_gpus() -> list[Gpu]:
    """NVIDIA GPUs that this process may use, in the order of CUDA's numbers, by their driver's own tool.

    Those that ``CUDA_VISIBLE_DEVICES`` names (as job schedulers do), else all, by their place on the bus. Empty without
    a GPU or driver.
    """
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    query = [tool, "--query-gpu=index,uuid,name,memory.free", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=NVIDIA_SMI_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):  # a driver that does not answer is as good as none
        return []
    rows = [row for row in csv.reader(answer.stdout.splitlines(), skipinitialspace=True) if len(row) == 4]
    return [Gpu(name, int(free) << 20) for _, _, name, free in _visible(rows) if free.isdigit()]


def _visible(rows: list[list[str]]) -> list[list[str]]:
    """Rows (number, UUID, …) of the GPUs that CUDA shows, in its order: up to the first name that is none's."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is None or "MIG-" in named:  # parts of a card have no rows of their own
        return rows
    visible: list[list[str]] = []
    for word in named.split(","):
        name = word.strip()
        found = [row for row in rows if name and (row[0] == name or row[1].startswith(name))]
        if len(found) != 1:
            break
        visible += found
    return visible


def _cgroup_folders(controller: str) -> Iterator[Path]:
    """Folders of the control groups that hold this process, from its own to the root; none outside Linux."""
    if not OWN_CGROUPS.is_file():
        return
    for line in OWN_CGROUPS.read_text().splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers and controller not in controllers.split(","):
            continue
        top = CGROUPS / controller if controllers else CGROUPS
        folder = top / place.lstrip("/")
        # Within a container the place may be the one that the host sees; then only the root is there.
        yield from (parent for parent in (folder, *folder.parents) if parent.is_relative_to(top) and parent.is_dir())


def _page_cache_bytes(folder: Path) -> int:
    """Cached files, which count as used but give way."""
    statistics = folder / "memory.stat"
    if not statistics.is_file():
        return 0
    entries = dict(line.split(" ", 1) for line in statistics.read_text().splitlines())
    return int(entries.get("total_inactive_file", entries.get("inactive_file", 0)))


def _numbers(path: Path) -> list[int]:
    """Whole numbers in a control group's file; empty if it is missing or says ``max``."""
    if not path.is_file():
        return []
    words = path.read_text().split()
    return [] if "max" in words else [int(word) for word in words]
