import subprocess
import sys

import numpy as np
import pytest

from cartocell_app.segmentation.runtime import DeviceError, NoMemoryError, Session, available_providers, tiny_network
from tests.segmentation.onnx_graphs import resunet

CPU = "CPUExecutionProvider"


def start(model, provider=CPU, **options):
    return Session(model, provider, options, 1, keeps_memory=True)


def test_the_tiny_network_takes_means():
    tile = np.zeros((5, 5, 5), np.float32)
    tile[2, 2, 2] = 27
    maps = start(tiny_network()).run(tile)
    assert maps.shape == (3, 5, 5, 5)
    expected = np.zeros((5, 5, 5))
    expected[1:4, 1:4, 1:4] = 1
    np.testing.assert_allclose(maps, [expected] * 3, atol=1e-6)


def test_views_and_other_types_are_taken():
    tile = np.arange(1000, dtype=np.float64).reshape(10, 10, 10).transpose(2, 1, 0)
    expected = start(tiny_network()).run(np.ascontiguousarray(tile, np.float32))
    np.testing.assert_array_equal(start(tiny_network()).run(tile), expected)


def test_the_processor_is_among_the_providers():
    assert CPU in available_providers()


def test_a_provider_that_is_not_there_is_refused_and_not_replaced_in_silence():
    with pytest.raises(DeviceError):
        start(tiny_network(), "QNNExecutionProvider")


def test_a_file_that_is_no_network_is_refused_in_one_line(tmp_path):
    path = tmp_path / "no.onnx"
    path.write_bytes(b"no network")
    for model in (path, b"no network", tmp_path / "absent.onnx"):
        with pytest.raises(DeviceError) as caught:
            start(model)
        assert "\n" not in str(caught.value)


def test_a_size_that_the_network_cannot_take_is_refused(capfd):
    session = start(resunet((2, 3), [(2, 2, 2)]).SerializeToString())
    with pytest.raises(DeviceError):
        session.run(np.zeros((5, 5, 5), np.float32))
    assert capfd.readouterr() == ("", ""), "ONNX Runtime's own log is silent"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("Non-zero status code returned while running Elu node. Status Message: std::bad_alloc", NoMemoryError),
        ("BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 9", NoMemoryError),
        ("CUDA failure 2: out of memory ; GPU=0", NoMemoryError),
        ("CUDNN failure 4000: CUDNN_STATUS_ALLOC_FAILED", NoMemoryError),
        ("DmlCommittedResourceAllocator 8007000E Not enough memory resources are available", NoMemoryError),
        ("CUDA failure 700: an illegal memory access was encountered\nmore", DeviceError),
    ],
)
def test_trouble_while_running_is_told_apart(message, kind, monkeypatch):
    session = start(tiny_network())

    class Failing:
        def run(self, *_):
            raise RuntimeError(message)

    monkeypatch.setattr(session, "_session", Failing())
    with pytest.raises(kind) as caught:
        session.run(np.zeros((4, 4, 4), np.float32))
    assert "\n" not in str(caught.value)


HUNGRY = """
import resource, sys, numpy as np
from cartocell_app.segmentation.runtime import NoMemoryError, Session, tiny_network
for keeps in (True, False):
    session = Session(tiny_network(), "CPUExecutionProvider", {}, 1, keeps_memory=keeps)
    tile = np.zeros((256, 256, 256), np.float32)
    session.run(tile[:8, :8, :8])
    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + (150 << 20), limits[1]))  # the output alone takes 192 MiB
    try:
        session.run(tile)
    except NoMemoryError:
        print("refused")
    resource.setrlimit(resource.RLIMIT_AS, limits)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="limits memory as Linux does")
def test_real_lack_of_memory_is_recognised():
    answer = subprocess.run([sys.executable, "-c", HUNGRY], check=True, capture_output=True, text=True)
    assert answer.stdout.split() == ["refused", "refused"]
    assert answer.stderr == ""
