"""What is remembered of each stack in a result folder, and the tables made from it.

A record is written after all other files of its stack: where there is one, the stack is done.
"""

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import cartocell_app
from cartocell_app.stacks.files import whole_file

RECORDS = "records"
LIBRARIES = ("numpy", "scipy", "scikit-image", "onnxruntime", "tifffile")

ONNX_RUNTIMES = ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime")
"""Packages that bring ONNX Runtime, all in one folder; of several the first is named, since those for cards are put
over the plain one that CartoCell asks for."""

FIRST_COLUMNS = (
    "name",
    "state",
    "cells",
    "z_um",
    "y_um",
    "x_um",
    "voxel_size_source",
    "size_z",
    "size_y",
    "size_x",
    "channel",
    "model",
    "profile",
    "device",
)
LAST_COLUMNS = ("notes", "error", "file")


def read_record(folder: Path, name: str) -> dict[str, Any] | None:
    """Record of the stack `name`; None if there is none that can be read."""
    try:
        record = json.loads(_record_path(folder, name).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("row"), dict) else None


def write_record(folder: Path, name: str, record: Mapping[str, Any]) -> None:
    """Write the record of the stack `name`; with it, the stack counts as done (or as failed, if it says so)."""
    write_json(_record_path(folder, name), record)


def forget_record(folder: Path, name: str) -> None:
    """Delete the record of the stack `name`, before its files are written anew."""
    _record_path(folder, name).unlink(missing_ok=True)


def known_names(folder: Path) -> set[str]:
    """Names of the stacks that have a record."""
    return {path.name.removesuffix(".json") for path in (folder / RECORDS).glob("*.json")}


def unchanged_since_record(folder: Path, name: str, file: Path) -> bool:
    """Whether `file` is there and was not touched after the record of the stack `name`, which is written last."""
    try:
        return file.stat().st_mtime_ns <= _record_path(folder, name).stat().st_mtime_ns
    except OSError:
        return False


def write_summary(folder: Path, names: Iterable[str]) -> Path:
    """Write ``summary.csv``, a row for each stack of the folder that has a record and each of `names`."""
    import pandas as pd

    records = (read_record(folder, name) for name in sorted(known_names(folder) | set(names)))
    table = pd.DataFrame([record["row"] for record in records if record is not None])
    first = [column for column in FIRST_COLUMNS if column in table]
    last = [column for column in LAST_COLUMNS if column in table]
    middle = [column for column in table if column not in (*first, *last)]
    path = folder / "summary.csv"
    with whole_file(path) as partial:
        # The byte-order mark makes Excel read µ and accents as they are.
        table[[*first, *middle, *last]].to_csv(partial, index=False, encoding="utf-8-sig", float_format="%.6g")
    return path


def write_json(path: Path, values: Mapping[str, Any]) -> None:
    """Write `values` as readable JSON, whole or not at all."""
    with whole_file(path) as partial:
        partial.write_text(json.dumps(values, indent=2, ensure_ascii=False, default=str) + "\n", encoding="utf-8")


def provenance() -> dict[str, Any]:
    """Versions and machine, for ``run.json``."""
    return {
        "program": {"cartocell": cartocell_app.__version__, "python": platform.python_version()} | library_versions(),
        "machine": f"{platform.system()} {platform.release()} {platform.machine()}",
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def library_versions() -> dict[str, str]:
    """Versions of the libraries that results depend on, by the names of the packages that are installed."""
    found = {}
    for library in LIBRARIES:
        for package in ONNX_RUNTIMES if library == "onnxruntime" else (library,):
            with suppress(PackageNotFoundError):
                found[package] = version(package)
                break
    return found


def fingerprint(path: Path, choices: Mapping[str, Any]) -> str:
    """Hash of a file's identity (name, size, time) and of all choices: the same one means the same result."""
    parts = [path] if path.is_file() else sorted(part for part in path.rglob("*") if part.is_file())
    identity = [(part.name, part.stat().st_size, part.stat().st_mtime_ns) for part in parts]
    text = json.dumps([identity, choices], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _record_path(folder: Path, name: str) -> Path:
    return folder / RECORDS / f"{name}.json"
