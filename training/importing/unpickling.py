"""Reading what PyTorch saved, without running anything that the file asks for.

A checkpoint is a zip with a pickle in it, and a pickle is a program. Here it is run with nothing but inert tools: every
name in it is looked up in one small table (tensors, their storages, plain containers, and BiaPy's configuration object
as a dictionary), and a name that is not there ends the reading before anything is called. The table is made anew for
each file, so that nothing a file does to it stays. PyTorch itself is not used.
"""

import math
import pickle
import zipfile
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cartocell_app.errors import UserError

PICKLE = "/data.pkl"
"""End of the name of a checkpoint's pickle inside its zip."""

_BFLOAT16 = "bfloat16"
# fmt: off
_STORAGES = {
    "FloatStorage": "<f4", "DoubleStorage": "<f8", "HalfStorage": "<f2", "BFloat16Storage": _BFLOAT16,
    "LongStorage": "<i8", "IntStorage": "<i4", "ShortStorage": "<i2", "CharStorage": "<i1", "ByteStorage": "<u1",
    "BoolStorage": "?",
}
# fmt: on
_DAMAGED = "Copy or download it again; part of it may be missing."
_BROKEN_PICKLE = (
    pickle.UnpicklingError, AttributeError, EOFError, ImportError, IndexError, KeyError, MemoryError, OverflowError,
    RecursionError, TypeError, ValueError,
)  # fmt: skip
"""What Python's own reader raises for bytes that are no pickle, depending on where they stop making sense."""


class _Storage(NamedTuple):
    """Numbers that tensors are views of."""

    values: NDArray[Any]


def is_checkpoint(archive: zipfile.ZipFile) -> bool:
    """Whether a zip is what ``torch.save`` writes."""
    return any(name.endswith(PICKLE) for name in archive.namelist())


def read_checkpoint(archive: zipfile.ZipFile, path: Path) -> Any:
    """Content of a file that ``torch.save`` wrote, its tensors as NumPy arrays.

    Parameters
    ----------
    archive : ZipFile
        The file, opened.
    path : Path
        Its name, for the messages.

    Returns
    -------
    object
        Dictionaries, lists, tuples, sets, numbers, texts and arrays only.

    Raises
    ------
    UserError
        If it holds anything else, or is damaged. Nothing of it has been run then.
    """
    names = archive.namelist()
    if any("/code/" in name for name in names):
        raise UserError(
            f"{path} is a TorchScript program, not a checkpoint.",
            "CartoCell runs no programs from files; take the checkpoint (.pth) or the ONNX file of that model.",
        )
    # Stored bytes are as long as they claim to be; a compressed file could unpack to any size.
    if any(entry.compress_type != zipfile.ZIP_STORED for entry in archive.infolist()):
        raise UserError(f"{path} is packed in a way that PyTorch does not use.", "Take the file as PyTorch wrote it.")
    root = next(name for name in names if name.endswith(PICKLE)).removesuffix("data.pkl")
    if f"{root}byteorder" in names and archive.read(f"{root}byteorder") == b"big":
        raise UserError(f"{path} was written on a big-endian computer.", "Save it again on an ordinary one.")
    try:
        with archive.open(f"{root}data.pkl") as program:
            return _Reader(program, archive, root, path).load()
    except (*_BROKEN_PICKLE, zipfile.BadZipFile) as error:
        raise UserError(f"The checkpoint {path} is damaged or not complete.", _DAMAGED) from error


class _Reader(pickle.Unpickler):
    """Python's reader of pickles, with a table in place of the power to import and call anything."""

    def __init__(self, program: Any, archive: zipfile.ZipFile, root: str, path: Path) -> None:
        super().__init__(program, encoding="utf-8")
        self._archive, self._root, self._path = archive, root, path
        self._storages: dict[str, _Storage] = {}
        self._known = _inert_table()

    def find_class(self, module: str, name: str) -> Any:
        """Look `module.name` up in the table; nothing is imported."""
        if (module, name) not in self._known:
            raise UserError(
                f"{self._path} was not opened, because it holds {module}.{name}, which is no part of a network.",
                "Such a file can do harm. Take the checkpoint as BiaPy or PyTorch wrote it, from someone you trust.",
            )
        return self._known[module, name]

    def persistent_load(self, pid: Any) -> _Storage:
        """Read the storage that the pickle speaks of."""
        kind, dtype, key, _, count = pid
        if kind != "storage" or dtype not in _STORAGES.values():
            raise pickle.UnpicklingError("not a storage of numbers")
        if key not in self._storages:
            content = self._archive.read(f"{self._root}data/{key}")
            if dtype == _BFLOAT16:  # the upper half of a float32
                values = (np.frombuffer(content, "<u2").astype("<u4") << 16).view("<f4")
            else:
                values = np.frombuffer(content, dtype)
            if values.size < count:
                raise pickle.UnpicklingError("a storage is too short")
            self._storages[key] = _Storage(values)
        return self._storages[key]


def _inert_table() -> Mapping[tuple[str, str], Any]:
    """Everything that a checkpoint may name; the functions and classes among it are new ones."""

    class Settings(dict[str, Any]):
        """What stands in for a configuration object (a yacs CfgNode): its entries, none of its functions."""

    def tensor(
        storage: _Storage, offset: int, size: tuple[int, ...], stride: tuple[int, ...], *_: object
    ) -> NDArray[Any]:
        if len(size) != len(stride) or min((offset, *size, *stride)) < 0:
            raise pickle.UnpicklingError("a tensor of impossible shape")
        last = offset + sum((length - 1) * step for length, step in zip(size, stride, strict=True))
        if 0 not in size and (last >= storage.values.size or math.prod(size) > storage.values.size):
            raise pickle.UnpicklingError("a tensor that reaches beyond its storage")
        steps = [step * storage.values.itemsize for step in stride]
        view = np.lib.stride_tricks.as_strided(storage.values[offset:], size, steps, writeable=False)
        return np.array(view)

    def parameter(data: NDArray[Any], *_: object) -> NDArray[Any]:
        return data

    containers: dict[str, Callable[..., Any]] = {
        "set": set, "frozenset": frozenset, "list": list, "dict": dict, "tuple": tuple,
    }  # fmt: skip
    table: dict[tuple[str, str], Any] = {("torch", name): dtype for name, dtype in _STORAGES.items()}
    for module in ("builtins", "__builtin__"):
        table |= {(module, name): container for name, container in containers.items()}
    table["collections", "OrderedDict"] = OrderedDict
    table["torch._utils", "_rebuild_tensor_v2"] = tensor
    table["torch._utils", "_rebuild_parameter"] = parameter
    table["yacs.config", "CfgNode"] = Settings
    return table
