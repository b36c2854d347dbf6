"""`cartocell segment --workers`: what terminals, schedulers and the out-of-memory killer do to its processes."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from cartocell_app.stacks.writing import write_stack

pytestmark = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")


@pytest.fixture
def three(tmp_path, small_cyst):
    for name in ("a", "b", "c"):
        write_stack(tmp_path / "x" / f"{name}.tif", small_cyst.raw[:12, :40, :40], small_cyst.voxel_size)
    return tmp_path / "x"


def start(folder, out):
    """Start the command in a process group of its own, as a terminal does."""
    words = ["segment", str(folder), "-o", str(out), "--views", "1", "--workers", "2", "--progress", "json"]
    return subprocess.Popen(
        [sys.executable, "-m", "cartocell_app.cli", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def workers_of(process, count):
    """The worker processes, once there are `count`."""
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        found = [child for child in psutil.Process(process.pid).children() if "spawn_main" in " ".join(child.cmdline())]
        if len(found) >= count:
            return found
        time.sleep(0.02)
    raise AssertionError("no workers were started")


def states(out):
    with (out / "summary.csv").open(encoding="utf-8-sig", newline="") as table:
        return {row["name"]: row["state"] for row in csv.DictReader(table)}


def wait_for_a_result(process):
    for line in process.stdout:
        if json.loads(line)["event"] == "result":
            return
    raise AssertionError("the job ended without a result")


@pytest.mark.parametrize(("number", "early"), [(signal.SIGINT, True), (signal.SIGTERM, False)])
def test_a_signal_to_all_processes_stops_the_job_in_peace(three, number, early):
    out = three.parent / "out"
    with start(three, out) as process:
        workers = workers_of(process, 2)
        if not early:
            wait_for_a_result(process)
        os.killpg(process.pid, number)
        _, words = process.communicate(timeout=60)
    assert process.returncode == 130, words
    assert "Traceback" not in words
    assert "the same command goes on from there" in words
    assert not list(out.rglob(".partial-*"))
    assert not any(worker.is_running() for worker in workers)


def test_a_worker_that_the_system_ends_costs_one_stack(three, cartocell):
    out = three.parent / "out"
    with start(three, out) as process:
        workers_of(process, 1)[0].kill()
        told, words = process.communicate(timeout=120)
    assert process.returncode == 1, words
    assert "Traceback" not in words
    found = states(out)
    assert sorted(found.values()) == ["done", "done", "failed"]
    (lost,) = [event for event in map(json.loads, told.splitlines()) if event.get("state") == "failed"]
    assert "too little memory" in lost["error"]
    again = cartocell("segment", three, "-o", out, "--views", 1, "--progress", "json")
    assert again.code == 0
    assert "2 of 3 stacks were done before" in again.out


def test_workers_do_not_outlive_a_job_that_is_killed(three):
    with start(three, three.parent / "out") as process:
        workers = workers_of(process, 2)
        wait_for_a_result(process)
        process.kill()
        process.communicate(timeout=60)
    assert not psutil.wait_procs(workers, timeout=20)[1]
