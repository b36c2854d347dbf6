import numpy as np
import pytest

from cartocell_app.errors import UserError
from cartocell_app.segmentation import runtime
from cartocell_app.segmentation.devices import PROBE_SHAPE, choose_device, probe_devices
from cartocell_app.segmentation.machine import Gpu
from tests.segmentation.onnx_graphs import resunet, save
from tests.segmentation.pretended_computer import COREML, CPU, CUDA, DIRECTML, GPU, Computer


@pytest.fixture
def computer(monkeypatch):
    return Computer(monkeypatch)


@pytest.fixture
def model(tmp_path):
    return save(tmp_path / "m.onnx", resunet((2, 3), [(1, 2, 2)]), size_divisor=(1, 2, 2))


def test_the_processor_of_this_computer_works_and_is_timed(model):
    report = probe_devices(model, threads=1)[-1]
    assert report.name == "CPU · 1 thread"
    assert report.provider == CPU
    assert report.usable
    assert report.reason == ""
    assert 0 < report.seconds_per_mvoxel < 1000


def test_without_a_model_devices_are_tried_but_not_timed():
    report = probe_devices(None, threads=2)[-1]
    assert (report.name, report.usable, report.seconds_per_mvoxel) == ("CPU · 2 threads", True, None)


@pytest.mark.parametrize("system", ["Linux", "Windows", "Darwin", "FreeBSD"])
def test_only_what_a_system_can_have_is_reported(computer, model, system):
    computer.has(system, [], [CPU])
    names = [report.name.split(" · ")[0] for report in probe_devices(model, 1)]
    assert (
        names
        == {
            "Linux": ["NVIDIA GPU", "CPU"],
            "Windows": ["NVIDIA GPU", "graphics card (DirectML)", "CPU"],
            "Darwin": ["Apple GPU and Neural Engine (CoreML)", "CPU"],
            "FreeBSD": ["CPU"],
        }[system]
    )
    text = " ".join(report.name + report.reason for report in probe_devices(model, 1))
    assert ("CUDA" in text) is False, "nobody without such a GPU is told about CUDA"


def test_a_missing_gpu_and_a_missing_package_are_told_apart(computer, model):
    absent = probe_devices(model)[0]
    assert absent.reason == "No NVIDIA GPU was found in this computer."
    computer.has("Linux", GPU, [CPU])
    unused = probe_devices(model)[0]
    assert unused.name == "NVIDIA GeForce RTX 4090 (CUDA)"
    assert "pip uninstall onnxruntime, then pip install 'onnxruntime-gpu[cuda,cudnn]'" in unused.reason
    assert computer.started == [CPU, CPU]


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (runtime.NoMemoryError("out of memory"), "Its memory does not suffice"),
        (runtime.DeviceError("libcudnn.so.9 not found"), r"could not be started \(libcudnn\.so\.9 not found\)"),
    ],
)
def test_a_gpu_that_fails_says_why(computer, model, trouble, words):
    computer.has("Linux", GPU, [CPU, CUDA])
    computer.trouble[CUDA] = trouble
    gpu, processor = probe_devices(model)
    assert (gpu.usable, gpu.seconds_per_mvoxel) == (False, None)
    assert processor.usable
    assert choose_device(model).key == "cpu"
    with pytest.raises(UserError, match=words) as caught:
        choose_device(model, "cuda")
    assert "NVIDIA GeForce RTX 4090" in caught.value.title
    assert "auto or cpu" in caught.value.body


@pytest.mark.parametrize("error", [0.05, np.nan])
def test_a_gpu_with_other_results_is_not_used(computer, model, error):
    computer.has("Linux", GPU, [CPU, CUDA])
    computer.error[CUDA] = error
    assert "differ from the processor's" in probe_devices(model)[0].reason
    assert choose_device(model).key == "cpu"
    with pytest.raises(UserError, match="differ"):
        choose_device(model, "cuda")


@pytest.mark.parametrize(("delay_s", "chosen"), [(0.001, "cuda"), (0.2, "cpu")])
def test_auto_takes_the_fastest(computer, model, delay_s, chosen):
    computer.has("Linux", GPU, [CPU, CUDA])
    computer.delay_s[CUDA] = delay_s
    device = choose_device(model, "auto", 4)
    assert device.key == chosen
    assert device.threads == 4
    assert device.memory_bytes == (20 << 30 if chosen == "cuda" else None)


def test_of_several_gpus_the_one_with_most_free_memory(computer, model):
    busy, free = Gpu("NVIDIA T400", 150 << 20), Gpu("NVIDIA A100 80GB", 79000 << 20)
    computer.has("Linux", [busy, free], [CPU, CUDA])
    computer.delay_s[CUDA] = 0.001
    device = choose_device(model, "cuda")
    assert (device.name, device.memory_bytes) == ("NVIDIA A100 80GB (CUDA)", 79000 << 20)
    assert device.options["device_id"] == "1"


def test_auto_does_not_try_the_processor_alone(computer, model):
    assert choose_device(model).provider == CPU
    assert choose_device(model, "cpu").provider == CPU
    assert computer.started == []


@pytest.mark.parametrize(
    ("system", "wanted", "words"),
    [
        ("Linux", "cuda", "No NVIDIA GPU was found"),
        ("Linux", "coreml", "CoreML is a part of macOS, and this computer runs Linux"),
        ("Linux", "directml", "DirectML is a part of Windows"),
        ("Darwin", "cuda", "Macs have no NVIDIA GPU"),
        ("Windows", "directml", "pip install onnxruntime-directml"),
        ("Darwin", "coreml", "without the part that uses it"),
    ],
)
def test_a_device_that_is_wanted_and_not_there_is_the_users_trouble(computer, model, system, wanted, words):
    computer.has(system, [], [CPU])
    with pytest.raises(UserError, match=words):
        choose_device(model, wanted)
    assert computer.started == []


def test_other_systems_use_theirs(computer, model):
    computer.has("Darwin", [], [CPU, COREML])
    computer.delay_s[COREML] = 0.001
    assert choose_device(model).provider == COREML
    computer.has("Windows", GPU, [CPU, DIRECTML])
    computer.delay_s[DIRECTML] = 0.001
    assert choose_device(model).provider == DIRECTML
    assert choose_device(model, "directml").provider == DIRECTML


def test_the_tile_fits_the_network(tmp_path, monkeypatch):
    shapes = []
    run = runtime.Session.run
    monkeypatch.setattr(
        runtime.Session, "run", lambda self, tile, *rest: shapes.append(tile.shape) or run(self, tile, *rest)
    )
    probe_devices(save(tmp_path / "a.onnx", resunet((2, 3), [(3, 5, 5)]), size_divisor=(3, 5, 5)), 1)
    patch = {"halo_vox": None, "patch_vox": (8, 20, 24)}
    probe_devices(save(tmp_path / "b.onnx", resunet((2, 3), [(1, 2, 2)]), **patch), 1)
    probe_devices(None, 1)
    assert shapes == [(18, 65, 65)] * 2 + [(8, 20, 24)] * 2 + [PROBE_SHAPE] * 2
