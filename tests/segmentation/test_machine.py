import os
import subprocess

import psutil
import pytest

from cartocell_app.segmentation import machine
from cartocell_app.segmentation.machine import Gpu, available_threads, free_memory_bytes, nvidia_gpus

GIB = 1 << 30


@pytest.fixture
def cgroups(tmp_path, monkeypatch):
    """Writes a control group's files; 8 cores and 16 GiB are there without them."""
    monkeypatch.setattr(machine, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(machine, "OWN_CGROUPS", tmp_path / "own")
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: 16 if logical else 8)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)), raising=False)
    memory = psutil.virtual_memory()._replace(available=16 * GIB)
    monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)

    def write(own, **files):
        (tmp_path / "own").write_text(own)
        for place, text in files.items():
            path = tmp_path / "cgroup" / place.replace("__", "/").replace("_DOT_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def test_this_computer_has_something_to_offer():
    assert 1 <= available_threads() <= (os.cpu_count() or 1)
    assert 0 < free_memory_bytes() <= psutil.virtual_memory().total


def test_without_limits_physical_cores_and_free_memory_count(cgroups):
    assert available_threads() == 8
    assert free_memory_bytes() == 16 * GIB


def test_affinity_limits_the_threads(cgroups, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3, 5}, raising=False)
    assert available_threads() == 3


@pytest.mark.parametrize(("quota", "threads"), [("max 100000", 8), ("250000 100000", 3), ("50000 100000", 1)])
def test_a_containers_share_of_the_processor_in_version_2(cgroups, quota, threads):
    cgroups("0::/job/step\n", job__cpu_DOT_max=quota, job__step__cpu_DOT_max="max 100000")
    assert available_threads() == threads


def test_a_containers_share_of_the_processor_in_version_1(cgroups):
    cgroups(
        "4:cpu,cpuacct:/job\n",
        cpu__job__cpu_DOT_cfs_quota_us="200000",
        cpu__job__cpu_DOT_cfs_period_us="100000",
    )
    assert available_threads() == 2
    cgroups("4:cpu,cpuacct:/job\n", cpu__job__cpu_DOT_cfs_quota_us="-1")
    assert available_threads() == 8


def test_a_containers_memory_in_version_2(cgroups):
    files = {
        "memory_DOT_max": f"{4 * GIB}",
        "memory_DOT_current": f"{3 * GIB}",
        "memory_DOT_stat": f"anon 5\ninactive_file {GIB}\n",
    }
    cgroups("0::/\n", **files)
    assert free_memory_bytes() == 2 * GIB
    cgroups("0::/\n", memory_DOT_max="max")
    assert free_memory_bytes() == 16 * GIB


def test_a_containers_memory_in_version_1_seen_from_within(cgroups):
    """The place is the host's, which does not exist in the container; its root is the container's own."""
    cgroups(
        "9:cpu:/docker/123\n8:memory:/docker/123\n",
        memory__memory_DOT_limit_in_bytes=f"{2 * GIB}",
        memory__memory_DOT_usage_in_bytes=f"{3 * GIB}",
    )
    assert free_memory_bytes() == 0


TWO_GPUS = "0, GPU-1a2b, NVIDIA GeForce RTX 4090, 23028\n1, GPU-9f8e, NVIDIA H200, 143000\n"


def answer(monkeypatch, text="", error=None):
    def run(*_, **__):
        if error is not None:
            raise error
        return subprocess.CompletedProcess([], 0, text, "")

    monkeypatch.setattr(machine.shutil, "which", lambda _: "nvidia-smi")
    monkeypatch.setattr(machine.subprocess, "run", run)


def test_gpus_as_their_driver_tells(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    answer(monkeypatch, TWO_GPUS)
    assert nvidia_gpus() == [Gpu("NVIDIA GeForce RTX 4090", 23028 << 20), Gpu("NVIDIA H200", 143000 << 20)]


@pytest.mark.parametrize(
    ("visible", "names"),
    [
        ("1", ["NVIDIA H200"]),
        ("1,0", ["NVIDIA H200", "NVIDIA GeForce RTX 4090"]),
        ("GPU-9f", ["NVIDIA H200"]),
        ("", []),
        ("-1", []),
        ("0,7,1", ["NVIDIA GeForce RTX 4090"]),
        ("MIG-5b", ["NVIDIA GeForce RTX 4090", "NVIDIA H200"]),
    ],
)
def test_only_gpus_that_a_job_scheduler_left_visible(monkeypatch, visible, names):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    answer(monkeypatch, TWO_GPUS)
    assert [gpu.name for gpu in nvidia_gpus()] == names


@pytest.mark.parametrize(
    "error",
    [
        subprocess.CalledProcessError(9, "nvidia-smi"),
        subprocess.TimeoutExpired("nvidia-smi", 20),
        PermissionError(),
    ],
)
def test_a_driver_that_does_not_answer_means_no_gpu(monkeypatch, error):
    answer(monkeypatch, error=error)
    assert nvidia_gpus() == []


def test_no_driver_and_odd_answers_mean_no_gpu(monkeypatch):
    answer(monkeypatch, "No devices were found\n0, GPU-1, NVIDIA GRID, [N/A]\n")
    assert nvidia_gpus() == []
    monkeypatch.setattr(machine.shutil, "which", lambda _: None)
    assert nvidia_gpus() == []
