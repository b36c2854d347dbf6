"""What files and folders of other kinds than stacks are, by a look inside."""

from __future__ import annotations

import zipfile
from pathlib import Path

PROJECT_ENDING, DATABASE = ".cartocell", "project.sqlite"
RUN, RECORDS = "run.json", "records"
BIAPY_KEYS = {"PROBLEM", "DATA", "MODEL", "TRAIN", "TEST", "SYSTEM", "AUGMENTOR"}
ZOO_DESCRIPTIONS = ("rdf.yaml", "bioimageio.yaml")
LARGEST_YAML_BYTES = 1 << 20


def is_project(path: Path) -> bool:
    """Whether a folder is a project."""
    return path.is_dir() and (path / DATABASE).is_file()


def is_result_folder(path: Path) -> bool:
    """Whether a folder holds what ``cartocell segment`` wrote."""
    return path.is_dir() and (path / RECORDS).is_dir() and (path / RUN).is_file()


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr store, whatever its name."""
    return path.is_dir() and any((path / name).is_file() for name in (".zattrs", ".zgroup", "zarr.json"))


def is_keras_weights(path: Path) -> bool:
    """Whether an HDF5 file holds the weights of a network instead of a stack."""
    import h5py

    try:
        with h5py.File(path) as file:
            root = file.get("model_weights", file)
            return "layer_names" in root.attrs
    except (OSError, RuntimeError, KeyError):
        return False


def kind_of_zip(path: Path) -> str:
    """``"project"``, ``"model"`` (of the BioImage Model Zoo), ``"damaged"``, or ``""`` for any other zip file."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return "damaged"
    if any(Path(name).name == DATABASE for name in names):
        return "project"
    return "model" if any(Path(name).name in ZOO_DESCRIPTIONS for name in names) else ""


def is_biapy_yaml(path: Path) -> bool:
    """Whether a YAML file is a configuration of BiaPy."""
    import yaml

    try:
        if path.stat().st_size > LARGEST_YAML_BYTES:
            return False
        found = yaml.safe_load(path.read_text(encoding="utf-8", errors="replace"))
    except (OSError, yaml.YAMLError, RecursionError):
        return False
    return isinstance(found, dict) and len(BIAPY_KEYS & set(map(str, found))) >= 2
