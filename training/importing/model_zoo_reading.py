"""Packages of the BioImage Model Zoo: a zip with a description (`rdf.yaml`) and weights.

Only the description, the weights and the card that may be in them are read, each in memory: nothing is unpacked onto
the disk, nothing is fetched from the internet, and the Python code that a package may hold is not looked at.
"""

import hashlib
import io
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import onnx
import yaml  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

from cartocell_app.errors import UserError
from cartocell_app.segmentation.model_card import METADATA_KEY, card_from_metadata
from training.importing.biapy_checkpoint import found_in, state_in
from training.importing.found import UNKNOWN_LICENCE, Found
from training.importing.model_zoo_graph import checked_graph
from training.importing.model_zoo_tensors import (
    mappings,
    maps_order,
    normalisation_of,
    patch_of,
    voxel_um_of,
    word,
)
from training.importing.unpickling import is_checkpoint, read_checkpoint

DESCRIPTIONS = ("rdf.yaml", "bioimageio.yaml")
LARGEST_YAML, LARGEST_WEIGHTS = 5_000_000, 4_000_000_000
"""Bytes; larger ones are no such thing."""

_ADVICE = "Download the package again from where it comes from, as one zip file."
_NEEDS = "CartoCell runs packages with one 3D picture in and three maps (interior, contour, tissue) out."


def is_package(archive: zipfile.ZipFile) -> bool:
    """Whether a zip describes itself as the Model Zoo wants."""
    return any(name in archive.namelist() for name in DESCRIPTIONS)


def read_package(archive: zipfile.ZipFile, path: Path) -> Found:
    """Network of a Model Zoo package with ONNX weights, or PyTorch weights of BiaPy's ResU-Net.

    Raises
    ------
    UserError
        If the package is damaged or harmful, or holds another network.
    """
    _check_names(archive, path)
    description = _description(archive, path)
    weights = description.get("weights")
    weights = weights if isinstance(weights, dict) else {}
    if isinstance(weights.get("onnx"), dict):
        return _from_onnx(_content(archive, weights["onnx"], path), description, path)
    if isinstance(weights.get("pytorch_state_dict"), dict):
        return _from_state(archive, weights["pytorch_state_dict"], description, path)
    kinds = ", ".join(map(str, weights)) or "none"
    raise UserError(
        f"{path} has weights that CartoCell cannot read safely ({kinds}).",
        "Take a package with ONNX weights or a PyTorch state dictionary.",
    )


def _check_names(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse names that would leave the folder if somebody unpacked the package."""
    for name in archive.namelist():
        place = PurePosixPath(name.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in name:
            raise UserError(f"{path} was not opened: its entry {name} points outside the package.", _ADVICE)


def _description(archive: zipfile.ZipFile, path: Path) -> dict[str, Any]:
    entry = next(name for name in DESCRIPTIONS if name in archive.namelist())
    try:
        description = yaml.safe_load(_bytes(archive, entry, LARGEST_YAML, path))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise UserError(f"{path} has a description ({entry}) that cannot be read.", _ADVICE) from error
    if not isinstance(description, dict) or description.get("type") != "model":
        raise UserError(f"{path} is no package of a model.", _NEEDS)
    return description


def _bytes(archive: zipfile.ZipFile, entry: str, largest: int, path: Path) -> bytes:
    if archive.getinfo(entry).file_size > largest:
        raise UserError(f"{path}: its {entry} is too large for what it should be.", _ADVICE)
    return archive.read(entry)


def _content(archive: zipfile.ZipFile, weights: dict[str, Any], path: Path) -> bytes:
    """Bytes of a weights file, which must lie in the package and be the one that was described."""
    source = weights.get("source")
    entry = str(PurePosixPath(str(source)))
    if entry not in archive.namelist():
        raise UserError(f"{path} does not contain its weights ({source}).", _ADVICE)
    content = _bytes(archive, entry, LARGEST_WEIGHTS, path)
    stated = weights.get("sha256")
    if stated is not None and hashlib.sha256(content).hexdigest() != stated:
        raise UserError(f"{path}: its weights {source} are not those that it describes.", _ADVICE)
    return content


def _from_onnx(content: bytes, description: dict[str, Any], path: Path) -> Found:
    graph = onnx.ModelProto()
    try:
        graph.ParseFromString(content)
    except DecodeError as error:
        raise UserError(f"{path}: its ONNX weights are damaged.", _ADVICE) from error
    picture, maps = _tensors(description, path)
    processing = [word(step.get("id", step.get("name"))) for step in mappings(maps.get("postprocessing"))]
    if any(step not in ("sigmoid", "ensure_dtype") for step in processing):
        raise UserError(f"{path} treats its maps in ways that CartoCell does not ({', '.join(processing)}).", _NEEDS)
    metadata = {entry.key: entry.value for entry in graph.metadata_props}
    common = _common(description)
    graph = checked_graph(graph, add_sigmoid="sigmoid" in processing, path=path)
    if METADATA_KEY in metadata:
        card = card_from_metadata(metadata, path)
        return Found(
            network=graph,
            origin=common["origin"],
            normalisation=card.normalisation,
            own_card=card,
        )
    return Found(
        network=graph,
        normalisation=normalisation_of(picture, path),
        channels=maps_order(maps, path),
        patch_vox=patch_of(picture),
        voxel_um=voxel_um_of(picture),
        **common,
    )


def _from_state(archive: zipfile.ZipFile, weights: dict[str, Any], description: dict[str, Any], path: Path) -> Found:
    """Network of a PyTorch state dictionary, told by its names; the Python code that comes with it is not used."""
    content = _content(archive, weights, path)
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as inner:
            state = state_in(read_checkpoint(inner, path)) if is_checkpoint(inner) else None
    except zipfile.BadZipFile as error:
        raise UserError(f"{path}: its PyTorch weights are damaged or of an old layout.", _ADVICE) from error
    if state is None:
        raise UserError(f"{path}: its PyTorch weights are no state dictionary.", _NEEDS)
    picture, maps = _tensors(description, path)
    architecture = weights.get("architecture")
    built = architecture.get("kwargs") if isinstance(architecture, dict) else weights.get("kwargs")
    found = found_in(state, built if isinstance(built, dict) else {}, {}, path, "")
    return Found(
        network=found.network,
        normalisation=normalisation_of(picture, path),
        channels=maps_order(maps, path, usual=found.channels),
        profile=found.profile,
        patch_vox=patch_of(picture) or found.patch_vox,
        voxel_um=voxel_um_of(picture),
        **_common(description),
    )


def _tensors(description: dict[str, Any], path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Descriptions of the one picture and the one set of maps."""
    pictures, maps = mappings(description.get("inputs")), mappings(description.get("outputs"))
    if len(pictures) != 1 or len(maps) != 1:
        raise UserError(f"{path} takes {len(pictures)} pictures and gives {len(maps)} results.", _NEEDS)
    return pictures[0], maps[0]


def _common(description: dict[str, Any]) -> dict[str, Any]:
    """What is the same for all kinds of weights."""
    name, version, licence, identity = (word(description.get(key)) for key in ("name", "version", "license", "id"))
    return {
        "name": name or None,
        "version": version or "1",
        "licence": licence or UNKNOWN_LICENCE,
        "origin": f"Package of the BioImage Model Zoo{f' ({identity})' if identity else ''}",
    }
