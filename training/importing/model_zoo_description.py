"""The description of one of our models in the words of the BioImage Model Zoo (format 0.5)."""

import re
from datetime import UTC, datetime
from typing import Any

import onnx

from cartocell_app.segmentation.model_card import ModelCard
from cartocell_app.segmentation.normalisation import Normalisation

FORMAT = "0.5.3"
"""Of the description; the oldest with all that is used here."""

CHANNEL_NAMES = {
    "B": "B_cell_interior",
    "F": "F_whole_cell",
    "C": "C_contour",
    "M": "M_tissue",
}

_AUTHORS = ("Andres-San Roman JA", "Gordillo-Vázquez C", "Franco-Barranco D", "Morato L", "Fernández-Espartero CH",
            "Baonza G", "Tagua A", "Vicente-Munuera P", "Palacios AM", "Gavilán MP", "Martín-Belmonte F", "Annese V",
            "Gómez-Gálvez P", "Arganda-Carreras I", "Escudero LM")  # fmt: skip
CITATION = {
    "text": f"{', '.join(_AUTHORS)}. CartoCell, a high-content pipeline for 3D image analysis, unveils cell morphology "
    "patterns in epithelia. Cell Reports Methods 3 (2023) 100597.",
    "doi": "10.1016/j.crmeth.2023.100597",
}


def description(
    card: ModelCard, graph: onnx.ModelProto, shape: tuple[int, ...], hashes: dict[str, str]
) -> dict[str, Any]:
    """Content of ``rdf.yaml``.

    Parameters
    ----------
    card : ModelCard
        Of the model.
    graph : ModelProto
        Its network.
    shape : (z, y, x) of int
        Of the test picture: the smallest one, or the patch where only that will do.
    hashes : dict of str to str
        SHA-256 of each file in the package, by name.
    """
    opset = next(entry.version for entry in graph.opset_import if entry.domain in ("", "ai.onnx"))
    file = {name: {"source": name, "sha256": digest} for name, digest in hashes.items()}
    picture, maps = graph.graph.input[0].name, graph.graph.output[0].name
    return {
        "type": "model",
        "format_version": FORMAT,
        "name": _plain(f"CartoCell {card.name}"),
        "description": "Cell interior, contour and tissue of epithelial cysts in confocal stacks of stained outlines.",
        "version": _version(card.version),
        "authors": [{"name": "CartoCell Desktop"}],
        "cite": [CITATION],
        "license": card.licence,
        "tags": ["3d", "cells", "epithelium", "instance-segmentation", "confocal", "onnx", "cartocell"],
        "documentation": "documentation.md",
        "covers": ["cover.png"],
        "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
        "inputs": [_input(card, picture, shape, file["test_input.npy"])],
        "outputs": [_output(card, picture, maps, file["test_output.npy"])],
        "weights": {"onnx": {**file["weights.onnx"], "opset_version": opset}},
    }


def _input(card: ModelCard, picture: str, shape: tuple[int, ...], test: dict[str, str]) -> dict[str, Any]:
    return {
        "id": picture,
        "description": "One channel: the cell outlines.",
        "axes": [
            {"type": "batch", "size": 1},
            {"type": "channel", "channel_names": ["outlines"]},
            *_input_axes(card, shape),
        ],
        "data": {"type": "uint8", "range": [0, 255]},
        "preprocessing": [
            {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
            *_preprocessing(card.normalisation),
            {"id": "ensure_dtype", "kwargs": {"dtype": "float32"}},
        ],
        "test_tensor": test,
    }


def _output(card: ModelCard, picture: str, maps: str, test: dict[str, str]) -> dict[str, Any]:
    return {
        "id": maps,
        "description": "Probabilities.",
        "axes": [
            {"type": "batch", "size": 1},
            {"type": "channel", "channel_names": [CHANNEL_NAMES[channel] for channel in card.channels]},
            *_output_axes(card, picture),
        ],
        "data": {"type": "float32", "range": [0.0, 1.0]},
        "test_tensor": test,
    }


def _input_axes(card: ModelCard, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """Axes z, y, x: of any size that the network takes, or just the patch; with the voxel size where it is known."""
    sizes: list[Any] = list(shape)
    if card.halo_vox is not None:
        sizes = [{"min": size, "step": by} for size, by in zip(sizes, card.size_divisor, strict=True)]
    return [
        {"type": "space", "id": axis, "size": size, **scale}
        for axis, size, scale in zip("zyx", sizes, _scales(card), strict=True)
    ]


def _output_axes(card: ModelCard, picture: str) -> list[dict[str, Any]]:
    return [
        {"type": "space", "id": axis, "size": {"tensor_id": picture, "axis_id": axis}, **scale}
        for axis, scale in zip("zyx", _scales(card), strict=True)
    ]


def _scales(card: ModelCard) -> list[dict[str, Any]]:
    if card.voxel_size_um is None:
        return [{}, {}, {}]
    return [{"unit": "micrometer", "scale": um} for um in card.voxel_size_um]


def _preprocessing(normalisation: Normalisation) -> list[dict[str, Any]]:
    """Steps of the format that do what `normalise` does.

    Where a divisor depends on the stack's type (``auto``) it is the one for 8 bits, and where percentiles do not tell
    a stack with hardly any signal apart, ours looks again; the documentation says so.
    """
    axes = ["channel", "z", "y", "x"]
    if normalisation.kind == "divide":
        divisor = 255.0 if normalisation.divisor == "auto" else normalisation.divisor
        return [{"id": "scale_linear", "kwargs": {"gain": 1 / divisor, "offset": 0.0}}]
    if normalisation.kind == "zscore":
        return [{"id": "zero_mean_unit_variance", "kwargs": {"axes": axes, "eps": 1e-6}}]
    percentiles = {"min_percentile": normalisation.low_percent, "max_percentile": normalisation.high_percent}
    steps: list[dict[str, Any]] = [{"id": "scale_range", "kwargs": {"axes": axes, **percentiles, "eps": 1e-6}}]
    if normalisation.clip is not None:
        low, high = normalisation.clip
        steps.append({"id": "clip", "kwargs": {"min": low, "max": high}})
    return steps


def _plain(name: str) -> str:
    """Name with the characters that the Model Zoo allows: letters, digits, blanks, and a few others."""
    return re.sub(r"[^\w +()/-]", " ", name)[:128].strip()


def _version(version: str) -> str:
    return version if re.fullmatch(r"\d+(\.\d+)*", version) else "0.1"


def documentation(card: ModelCard) -> str:
    """Content of ``documentation.md``: what the description's format has no words for."""
    um = card.voxel_size_um
    lines = [
        f"# {card.name}",
        card.training,
        f"**Limits.** {card.limits}" if card.limits else "",
        f"**Voxel size.** {' × '.join(f'{length:g}' for length in um)} µm (z, y, x); bring stacks to it before."
        if um
        else "**Voxel size.** Not known: stacks were used as they were.",
        f"**Maps.** {'; '.join(CHANNEL_NAMES[channel] for channel in card.channels)}. Cells come from them by seeds, "
        f"a watershed and a Voronoi step, as CartoCell Desktop does it (profile {card.profile}).",
        "**Intensities.** "
        + (
            "Divided by 255 here, for 8 bits; divide stacks of 16 bits by 65535."
            if card.normalisation.divisor == "auto" and card.normalisation.kind == "divide"
            else "Prepared as the description says, over the whole stack, not patch by patch."
        ),
        f"**Surroundings.** Outputs depend on {card.halo_vox} voxels (z, y, x) around them: let tiles overlap by that."
        if card.halo_vox
        else f"**Patches.** Outputs depend on the whole patch: use {card.patch_vox} voxels, and leave out the "
        f"outermost {card.patch_margin_vox} of each patch's outputs.",
        "# Validation",
        "Count cells in stacks of your own with CartoCell Desktop: `cartocell evaluate TRUTH RESULT` "
        + (f"(F1 at IoU 0.5 on unseen cysts: {card.scores['f1_0.5']:.3f})." if "f1_0.5" in card.scores else "."),
    ]
    return "\n\n".join(line for line in lines if line) + "\n"
