"""ONNX Runtime behind a small door: start a network on a device, run it, stop it, know when memory ran out."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, redirect_stdout
from io import StringIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cartocell_app.progress import Cancelled, never, stop_if

POLL_S = 0.1
"""How often a running network looks whether it should stop."""

SILENT = 4
"""ONNX Runtime's log level that leaves only fatal errors; the exceptions say the rest."""

_MEMORY_WORDS = (
    "bad_alloc",
    "failed to allocate",
    "out of memory",
    "not enough memory",
    "alloc_failed",
    "e_outofmemory",
    "0x8007000e",
    "outofdevicememory",
)
"""What ONNX Runtime, CUDA, cuDNN, cuBLAS and DirectX write, in lower case, when memory does not suffice."""


class NoMemoryError(Exception):
    """The device has too little memory for this tile."""


class DeviceError(Exception):
    """ONNX Runtime refused; the message is its own first line."""


def available_providers() -> frozenset[str]:
    """Names of the devices' back ends that the installed ONNX Runtime was built with."""
    import onnxruntime

    return frozenset(onnxruntime.get_available_providers())


class Session:
    """A network, loaded on one device.

    Parameters
    ----------
    model : Path or bytes
        The ONNX file or its content.
    provider : str
        ONNX Runtime's name of the device's back end.
    options : mapping of str to str
        Of the provider.
    threads : int
        Threads on the processor.
    keeps_memory : bool
        Whether to keep memory between steps of the network: faster, and up to twice as much of it.

    Raises
    ------
    DeviceError
        If the network cannot be started there. ONNX Runtime itself would go on with the processor in silence.
    """

    def __init__(
        self, model: Path | bytes, provider: str, options: Mapping[str, str], threads: int, *, keeps_memory: bool
    ) -> None:
        import onnxruntime

        if provider not in available_providers():
            raise DeviceError(f"this ONNX Runtime is without {provider}")
        onnxruntime.set_default_logger_severity(SILENT)
        if provider == "CUDAExecutionProvider":
            _load_cuda()
        settings = onnxruntime.SessionOptions()
        settings.log_severity_level = SILENT
        settings.intra_op_num_threads = threads
        settings.enable_cpu_mem_arena = keeps_memory
        settings.enable_mem_pattern = False  # tiles differ in size, and a pattern of an earlier one only costs memory
        with _own_errors():
            self._session = onnxruntime.InferenceSession(
                model if isinstance(model, bytes) else str(model),
                settings,
                providers=[(provider, dict(options))],
                enable_fallback=False,
            )
        if provider not in self._session.get_providers():
            raise DeviceError(f"{provider} did not load; it needs the CUDA and cuDNN that it was built for")
        self._input: str = self._session.get_inputs()[0].name

    def run(self, tile: NDArray[np.float32], cancelled: Cancelled = never) -> NDArray[np.float32]:
        """Run the network once.

        Parameters
        ----------
        tile : (Z, Y, X) ndarray of float32
            Sizes are multiples of the size divisor.
        cancelled : callable
            Asked every `POLL_S` seconds; the network stops within one of its steps.

        Returns
        -------
        (C, Z, Y, X) ndarray of float32

        Raises
        ------
        NoMemoryError, DeviceError, CancelledError
        """
        import onnxruntime

        settings = onnxruntime.RunOptions()
        settings.log_severity_level = SILENT
        inputs = {self._input: np.ascontiguousarray(tile, np.float32)[None, None]}
        with _own_errors(), ThreadPoolExecutor(1, "network") as pool:
            running = pool.submit(self._session.run, None, inputs, settings)
            try:
                while not wait([running], POLL_S).done:
                    stop_if(cancelled)
            finally:
                settings.terminate = True  # without effect on a run that has ended
            maps: NDArray[np.float32] = running.result()[0][0]
        return maps


def _load_cuda() -> None:
    """Load the CUDA libraries that pip installed, which the system's loader would not find."""
    import onnxruntime

    load = getattr(onnxruntime, "preload_dlls", None)  # since 1.21
    if load is not None:
        with redirect_stdout(StringIO()):  # it prints what it misses; a session that does not start says it better
            load()


@contextmanager
def _own_errors() -> Iterator[None]:
    """Turn ONNX Runtime's exceptions, which share no class of their own, into ours."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    own = [kind for kind in vars(state).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    refusals: tuple[type[Exception], ...] = (RuntimeError, *own)
    try:
        yield
    except MemoryError as error:
        raise NoMemoryError from error
    except refusals as error:
        message = str(error).strip() or type(error).__name__
        if any(words in message.lower() for words in _MEMORY_WORDS):
            raise NoMemoryError(message) from error
        raise DeviceError(message.splitlines()[0]) from error


def tiny_network() -> bytes:
    """A network of one convolution, to try a device with when there is no model."""
    from onnx import TensorProto, helper

    sizes = ["z", "y", "x"]
    weights = helper.make_tensor("weights", TensorProto.FLOAT, [3, 1, 3, 3, 3], np.full(81, 1 / 27, np.float32))
    graph = helper.make_graph(
        [helper.make_node("Conv", ["raw", "weights"], ["maps"], kernel_shape=[3, 3, 3], pads=[1] * 6)],
        "tiny",
        [helper.make_tensor_value_info("raw", TensorProto.FLOAT, [1, 1, *sizes])],
        [helper.make_tensor_value_info("maps", TensorProto.FLOAT, [1, 3, *sizes])],
        initializer=[weights],
    )
    opset = helper.make_opsetid("", 17)
    content: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=9).SerializeToString()
    return content
