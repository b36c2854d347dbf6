"""BiaPy's checkpoints (`.pth` of 3.5 and 3.7): weights, and what their configuration says of their use."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cartocell_app.errors import UserError
from cartocell_app.segmentation.normalisation import Normalisation
from training.importing.biapy_state import ADVICE, Version, network_of, version_of
from training.importing.found import BCM, FCM, Channels, Found, Triple
from training.importing.unpickling import read_checkpoint

_PROFILES: dict[Version, str] = {"3.5": "biapy-3.5", "3.7": "biapy-3.7"}
_BATCH, _INSTANCE, _NONE = {"bn", "sync_bn"}, {"in"}, {"none", ""}

Settings = Mapping[str, Any]


def read_biapy(archive: zipfile.ZipFile, path: Path) -> Found:
    """Network of a checkpoint that BiaPy wrote.

    Raises
    ------
    UserError
        If it is no checkpoint, harmful, damaged, or one of another network.
    """
    content = read_checkpoint(archive, path)
    tensors = state_in(content)
    if tensors is None:
        raise UserError(f"{path} holds no weights of a network.", ADVICE)
    built = _inner(content, "model_build_kwargs") if tensors is not content else {}
    cfg = _inner(content, "cfg") if tensors is not content else {}
    written_by = str(content.get("biapy_version", "")) if tensors is not content else ""
    return found_in(tensors, built, cfg, path, written_by)


def state_in(content: Any) -> dict[str, Any] | None:
    """Tensors by name, if `content` is a checkpoint with them or such a mapping itself; else None."""
    for state in (content.get("model"), content) if isinstance(content, dict) else ():
        if isinstance(state, dict) and state and all(isinstance(tensor, np.ndarray) for tensor in state.values()):
            return state
    return None


def found_in(tensors: dict[str, Any], built: Settings, cfg: Settings, path: Path, written_by: str) -> Found:
    """Network of a state dictionary, with what its program has noted about it.

    Parameters
    ----------
    tensors : dict of str to ndarray
        By BiaPy's names.
    built : mapping
        What the network was built with (``model_build_kwargs``); may be empty.
    cfg : mapping
        The configuration of the training; may be empty.
    path : Path
        Of the file, for the messages.
    written_by : str
        Version of BiaPy, if the file says it.

    Raises
    ------
    UserError
        If it is another network than the ResU-Net of CartoCell, or one that needs what CartoCell does not do.
    """
    version = version_of(tensors)
    if version is None:
        name = _inner(cfg, "MODEL").get("ARCHITECTURE")
        kind = f"is a network of the kind {name}" if name else "is no ResU-Net of BiaPy"
        raise UserError(f"{path} {kind}.", ADVICE)
    network = network_of(tensors, version, path)
    if network.head.out_channels != 3:
        raise UserError(f"{path} gives {network.head.out_channels} maps, not three.", ADVICE)
    _check_build({**built, **_model_settings(cfg)}, network.norm, path)
    data = _inner(cfg, "DATA")
    return Found(
        network=network,
        origin=f"Checkpoint of BiaPy {written_by or version} ({_trained_for(cfg)})",
        normalisation=_normalisation(_inner(data, "NORMALIZATION"), version, path),
        channels=_channels(cfg, version, path),
        profile=_PROFILES[version],
        thresholds=_thresholds(_inner(_inner(cfg, "PROBLEM"), "INSTANCE_SEG")),
        patch_vox=_triple(data.get("PATCH_SIZE") or built.get("image_shape")),
        patch_margin_vox=_triple(_inner(data, "TEST").get("PADDING")),
        software={"biapy": written_by} if written_by else {},
    )


def _inner(settings: Any, key: str) -> dict[str, Any]:
    """Mapping at `key`, empty if there is none."""
    inner = settings.get(key) if isinstance(settings, dict) else None
    return inner if isinstance(inner, dict) else {}


def _triple(value: Any) -> Triple | None:
    """First three numbers (z, y, x) of a list, if they are whole numbers."""
    if not isinstance(value, (list, tuple)) or not all(isinstance(number, int) for number in value[:3]):
        return None
    return (value[0], value[1], value[2]) if len(value) >= 3 else None


def _model_settings(cfg: Settings) -> dict[str, Any]:
    model = _inner(cfg, "MODEL")
    names = {"ACTIVATION": "activation", "NORMALIZATION": "normalization"}
    return {ours: model[theirs] for theirs, ours in names.items() if theirs in model}


def _check_build(built: Settings, norm: str, path: Path) -> None:
    """Refuse what the tensors alone do not show."""
    activation = str(built.get("activation", "elu")).lower()
    if activation != "elu":
        raise UserError(f"{path} uses the activation {activation}.", f"{ADVICE} That uses ELU.")
    expected = {"batch": _BATCH, "instance": _INSTANCE, "none": _NONE}[norm]
    stated = str(built.get("normalization", next(iter(expected)))).lower()
    if stated not in expected:
        raise UserError(
            f"{path} uses the normalisation {stated}.", f"{ADVICE} That uses batch norm, instance norm or none."
        )
    order = built.get("conv_block_order", "conv_norm_act")
    if order != "conv_norm_act":
        raise UserError(f"{path} puts its layers in the order {order}.", ADVICE)
    heads = [str(head) for head in built.get("head_activations", [])]
    if not all("sigmoid" in head for head in heads):
        raise UserError(f"{path} gives maps that are no probabilities ({', '.join(heads)}).", ADVICE)


def _normalisation(settings: Settings, version: Version, path: Path) -> Normalisation:
    """How its pictures were prepared; by the version's default where the file does not say.

    A mean and a spread of -1 stand for those of each picture.
    """
    kind = settings.get("TYPE", "div" if version == "3.5" else "zero_mean_unit_variance")
    clip = _inner(settings, "PERC_CLIP")
    fixed = _inner(settings, "ZERO_MEAN_UNIT_VAR")
    by_patch = settings.get("MEASURE_BY") == "patch"
    given = [value for key in ("MEAN_VAL", "STD_VAL") for value in np.atleast_1d(fixed.get(key, -1))]
    clipped = bool(clip.get("ENABLE", False))
    cut_at_values = any(np.any(np.atleast_1d(clip.get(key, -1)) != -1) for key in ("LOWER_VALUE", "UPPER_VALUE"))
    if kind == "div" and not clipped:
        return Normalisation(kind="divide")
    if kind == "zero_mean_unit_variance" and not (clipped or by_patch) and all(value == -1 for value in given):
        return Normalisation(kind="zscore")
    low, high = (clip.get("LOWER_PERC", -1), clip.get("UPPER_PERC", -1)) if clipped else (0, 100)
    if kind == "scale_range" and not (by_patch or (clipped and cut_at_values)) and 0 <= low < high <= 100:
        return Normalisation(kind="percentile", low_percent=low, high_percent=high, clip=(0, 1))
    raise UserError(
        f"{path} was trained on intensities prepared in a way that CartoCell does not have ({kind}"
        f"{' of patches' if by_patch else ''}{' after clipping' if clipped else ''}).",
        "Train it with `div`, `scale_range` or `zero_mean_unit_variance` of whole pictures.",
    )


def _channels(cfg: Settings, version: Version, path: Path) -> Channels:
    """Order of its maps. To BiaPy 3.7, B is the background, which no CartoCell network gives."""
    stated = _inner(_inner(cfg, "PROBLEM"), "INSTANCE_SEG").get("DATA_CHANNELS")
    usual = BCM if version == "3.5" else FCM
    if stated is None:
        return usual
    letters = [str(letter) for letter in stated] if isinstance(stated, (str, list, tuple)) else [str(stated)]
    if tuple(letters) == usual:
        return usual
    raise UserError(f"{path} gives the maps {', '.join(letters)}, not {', '.join(usual)}.", ADVICE)


def _thresholds(settings: Settings) -> dict[str, float]:
    """Thresholds that it was to be used with, by our names; none where Otsu's were asked for."""
    if settings.get("DATA_MW_TH_TYPE") == "manual":
        keys = {
            "seed interior": "DATA_MW_TH_BINARY_MASK",
            "seed contour": "DATA_MW_TH_CONTOUR",
            "foreground": "DATA_MW_TH_FOREGROUND",
        }
        return {ours: float(settings[theirs]) for ours, theirs in keys.items() if theirs in settings}
    watershed = _inner(settings, "WATERSHED")
    seeds = dict(zip(watershed.get("SEED_CHANNELS", []), watershed.get("SEED_CHANNELS_THRESH", []), strict=False))
    growth = dict(
        zip(watershed.get("GROWTH_MASK_CHANNELS", []), watershed.get("GROWTH_MASK_CHANNELS_THRESH", []), strict=False)
    )
    values = {"seed interior": seeds.get("F"), "seed contour": seeds.get("C"), "foreground": growth.get("F")}
    return {name: float(value) for name, value in values.items() if isinstance(value, (int, float))}


def _trained_for(cfg: Settings) -> str:
    training = _inner(cfg, "TRAIN")
    epochs = training.get("EPOCHS")
    return f"trained for up to {epochs} epochs" if isinstance(epochs, int) else "its training is not described"
