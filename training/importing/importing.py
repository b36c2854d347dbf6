"""Models of other programs as models of ours: one ONNX file with a card."""

import zipfile
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import onnx
import torch

import cartocell_app
from cartocell_app.errors import UserError
from cartocell_app.segmentation.model_card import ModelCard, write_card
from cartocell_app.segmentation.receptive_field import receptive_field
from cartocell_app.stacks.files import whole_file
from training.export import LARGEST_DIFFERENCE, mflop_per_voxel, parity, write_onnx
from training.importing.biapy_checkpoint import read_biapy
from training.importing.found import Found, Triple
from training.importing.keras_h5 import read_keras
from training.importing.model_zoo_reading import is_package, read_package
from training.importing.unpickling import is_checkpoint
from training.resunet import ResUNet

_HDF5, _ZIP, _ONNX, _PICKLE = b"\x89HDF", b"PK", b"\x08", b"\x80"
_ENCRYPTED = 0x1
_KNOWN = (
    "CartoCell imports the Keras weights of CartoCell (.h5), checkpoints of BiaPy 3.5 and 3.7 (.pth) and packages of "
    "the BioImage Model Zoo (.zip)."
)
_MARGIN_SHARE = 5
"""Of a patch whose file does not say, this part serves as surroundings at each face: 16 of 80 voxels, as in BiaPy."""


def import_model(
    source: Path,
    model: Path,
    *,
    voxel_um: tuple[float, float, float] | None = None,
    name: str | None = None,
) -> ModelCard:
    """Turn a model of another program into one that CartoCell runs.

    What it is, is told by the content of the file. Nothing in the file is executed, and every weight in it is used.

    Parameters
    ----------
    source : Path
        Keras weights of CartoCell (`.h5`), a checkpoint of BiaPy 3.5 or 3.7 (`.pth`), or a package of the BioImage
        Model Zoo (`.zip`) with one of those networks.
    model : Path
        The ONNX file to write; there whole or not at all.
    voxel_um : (z, y, x), optional
        Voxel size of the stacks that it was trained on, in µm, over what the file says. Neither Keras nor BiaPy
        write it down; without it, stacks are taken as they are.
    name : str, optional
        Of the model; by default what the file says, else the file's own name.

    Returns
    -------
    ModelCard
        Of the new model.

    Raises
    ------
    UserError
        If the file is none of those, damaged, harmful, or holds another network.
    """
    found = _found(source)
    with whole_file(model) as partial:
        if isinstance(found.network, ResUNet):
            write_onnx(found.network, partial)
            difference = parity(found.network, partial)
            if not difference <= LARGEST_DIFFERENCE:  # also where weights are no numbers
                raise UserError(f"{model} was not written.", f"ONNX Runtime differs from PyTorch by {difference:.2g}.")
        else:
            onnx.save(found.network, partial)
        if found.own_card is None:
            card = _card(found, source, partial, voxel_um or found.voxel_um, name)
        else:
            given = {key: value for key, value in (("name", name), ("voxel_size_um", voxel_um)) if value is not None}
            card = found.own_card.model_copy(update=given)
        write_card(partial, card)
    return card


def _found(source: Path) -> Found:
    """What is in the file, told by how it begins."""
    try:
        with source.open("rb") as file:
            start = file.read(4)
    except FileNotFoundError as error:
        raise UserError(f"{source} was not found.", "Check the name and the folder.") from error
    except (IsADirectoryError, PermissionError) as error:
        raise UserError(f"{source} cannot be read.", "Choose a file that you may read.") from error
    if start == _HDF5:
        return read_keras(source)
    if start[:2] == _ZIP:
        return _found_in_zip(source)
    if start[:1] == _PICKLE:
        raise UserError(
            f"{source} is a checkpoint of the layout before PyTorch 1.6.",
            "Save it again with a newer PyTorch (`torch.save`), then import that.",
        )
    if start[:1] == _ONNX:
        raise UserError(
            f"{source} is a bare ONNX file, which does not say how its pictures were prepared.",
            "Import the Model Zoo package that it came in, or the checkpoint that it was made from.",
        )
    raise UserError(f"{source} is not a model that CartoCell knows.", _KNOWN)


def _found_in_zip(source: Path) -> Found:
    try:
        with zipfile.ZipFile(source) as archive:
            if any(entry.flag_bits & _ENCRYPTED for entry in archive.infolist()):
                raise UserError(f"{source} is protected by a password.", "Import the file without its protection.")
            if is_package(archive):
                return read_package(archive, source)
            if is_checkpoint(archive):
                return read_biapy(archive, source)
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise UserError(f"{source} is damaged or not complete.", "Copy or download it again.") from error
    raise UserError(f"{source} is not a model that CartoCell knows.", _KNOWN)


def _card(
    found: Found, source: Path, path: Path, voxel_um: tuple[float, float, float] | None, name: str | None
) -> ModelCard:
    """Card of the network in the ONNX file at `path`."""
    network = found.network
    field = receptive_field(path)
    divisor = network.size_divisor if isinstance(network, ResUNet) else field.divisor
    patch = margin = None
    if field.halo_vox is None:
        patch = _patch(found, divisor, source)
        margin = _margin(found, patch)
    return ModelCard(
        name=name or found.name or source.stem,
        version=found.version,
        licence=found.licence,
        channels=found.channels,
        voxel_size_um=voxel_um,
        normalisation=found.normalisation,
        halo_vox=field.halo_vox,
        size_divisor=divisor,
        patch_vox=patch,
        patch_margin_vox=margin or (0, 0, 0),
        profile=found.profile,
        thresholds=found.thresholds,
        mflop_per_voxel=mflop_per_voxel(network) if isinstance(network, ResUNet) else None,
        training=f"Imported from {source.name}: {found.origin}.",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        software={
            **found.software,
            "cartocell": cartocell_app.__version__,
            "torch": torch.__version__,
            "onnx": onnx.__version__,
        },
    )


def _patch(found: Found, divisor: Triple, source: Path) -> Triple:
    """Patch of a network whose outputs depend on all of it."""
    patch = found.patch_vox
    if patch is None or np.any(np.remainder(patch, divisor)) or min(patch) < 1:
        raise UserError(
            f"{source} does not say the size of the patches that its network must run on.",
            "Its outputs depend on that size (instance norm); take the file that states it.",
        )
    return patch


def _margin(found: Found, patch: Triple) -> Triple:
    """Part of the patch that serves as surroundings, as the file says or as is usual."""
    stated: Sequence[int] | None = found.patch_margin_vox
    if stated is None or any(not 0 <= 2 * margin < size for margin, size in zip(stated, patch, strict=True)):
        stated = [size // _MARGIN_SHARE for size in patch]
    z, y, x = stated
    return z, y, x
