"""Our models as packages of the BioImage Model Zoo (format 0.5), for other programs to run."""

import hashlib
import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

from cartocell_app.errors import UserError
from cartocell_app.segmentation.model_card import ModelCard, load_onnx, read_card
from cartocell_app.segmentation.normalisation import normalise
from cartocell_app.segmentation.runtime import Session
from cartocell_app.stacks.files import whole_file
from training.importing.model_zoo_description import description, documentation
from training.synthetic import synthesize

TEST_PRESET, TEST_SEED = "7d", 20_230_101
"""The synthetic cyst that the test picture is cut from."""

SMALLEST_TILES = 8
"""The smallest picture that the package asks for, in multiples of the size divisor, where there is no patch size."""

_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")
"""What an SPDX identifier looks like: no blanks, no brackets."""

Shape = tuple[int, int, int]


def export_model_zoo(model: Path, package: Path) -> None:
    """Write a model as a package that `bioimageio.core` runs and tests.

    Parameters
    ----------
    model : Path
        A model of ours (`.onnx` with a card).
    package : Path
        The zip to write; there whole or not at all.

    Raises
    ------
    UserError
        If `model` is none of ours, or its licence is not known: what is published needs one.
    """
    card = read_card(model)
    if not _LICENCE.fullmatch(card.licence):
        raise UserError(
            f"{model} cannot be published: its licence is {card.licence!r}.",
            "A Model Zoo package needs a licence by its SPDX name, such as CC-BY-4.0; ask who made the model.",
        )
    graph = load_onnx(model)
    raw = _test_picture(card)
    session = Session(graph.SerializeToString(), "CPUExecutionProvider", {}, 1, keeps_memory=False)
    maps = session.run(normalise(raw, card.normalisation))
    contents = {
        "weights.onnx": graph.SerializeToString(),
        "test_input.npy": _npy(raw[None, None]),
        "test_output.npy": _npy(maps[None]),
        "cover.png": _cover(raw, maps),
        "documentation.md": documentation(card).encode(),
    }
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    text = yaml.safe_dump(description(card, graph, raw.shape, hashes), sort_keys=False, allow_unicode=True)
    with whole_file(package) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rdf.yaml", text)
        for name, content in contents.items():
            archive.writestr(name, content)


def _test_picture(card: ModelCard) -> NDArray[np.uint8]:
    """A synthetic cyst (Z, Y, X) at the model's voxel size, on a grid that the model takes."""
    shape = card.patch_vox if card.halo_vox is None and card.patch_vox is not None else _smallest(card)
    return synthesize(TEST_PRESET, TEST_SEED, voxel_um=card.voxel_size_um, shape=shape).raw.astype(np.uint8)


def _smallest(card: ModelCard) -> Shape:
    z, y, x = (SMALLEST_TILES * by for by in card.size_divisor)
    return max(z, 4 * SMALLEST_TILES), max(y, 4 * SMALLEST_TILES), max(x, 4 * SMALLEST_TILES)


def _npy(values: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, values)
    return buffer.getvalue()


def _cover(raw: NDArray[np.uint8], maps: NDArray[np.float32]) -> bytes:
    """PNG of the middle slice: the picture, and beside it the maps in red, green and blue."""
    middle = raw.shape[0] // 2
    bright = max(int(raw[middle].max()), 1)
    grey = np.repeat((raw[middle].astype(np.float32) / bright)[..., None], 3, axis=2)
    colours = np.moveaxis(maps[:, middle], 0, -1)
    both = np.concatenate([grey, colours], axis=1)
    scale = max(1, 256 // both.shape[0])
    pixels = np.repeat(np.repeat(np.rint(255 * both).astype(np.uint8), scale, axis=0), scale, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()
