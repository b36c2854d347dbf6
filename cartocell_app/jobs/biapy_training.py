"""The part of BiaPy's configuration files that is about training, as values of training's own settings.

They go to ``cartocell train`` as a file, so nothing here needs PyTorch.
"""

from collections.abc import Callable
from typing import Any, Final

from cartocell_app.jobs.biapy_yaml import Keys, number, numbers, one_of, whole, yes_or_no

PUBLISHED_ELASTIC_VOX = 0.5
"""Standard deviation of the displacement with alpha 12 to 16 and sigma 4 (specification §4)."""

NEVER = 1_000_000
"""Rounds of patience that no training has: it never ends early."""

FLIPS = ("AUGMENTOR.ZFLIP", "AUGMENTOR.VFLIP", "AUGMENTOR.HFLIP")

WITHOUT_EFFECT: Final = {
    "Patches are drawn at random around tissue": (
        "DATA.EXTRACT_RANDOM_PATCH",
        "DATA.REFLECT_TO_COMPLETE_SHAPE",
        "DATA.*.OVERLAP",
        "DATA.TRAIN.PADDING",
        "DATA.VAL.PADDING",
        "DATA.*.MINIMUM_FOREGROUND_PER",
        "DATA.PROBABILITY_MAP",
    ),
    "How much of the training set is held back is CartoCell's choice": ("DATA.VAL.SPLIT_TRAIN", "DATA.VAL.RANDOM"),
    "The best weights are those with the lowest validation loss": (
        "TRAIN.CHECKPOINT_MONITOR",
        "TRAIN.EARLYSTOPPING_MONITOR",
        "MODEL.SAVE_CKPT_FREQ",
    ),
    "The network is the published one otherwise": (
        "MODEL.ACTIVATION",
        "MODEL.KERNEL_*",
        "MODEL.UPSAMPLE_LAYER",
        "MODEL.ISOTROPY",
    ),
    "Optimiser and loss are as published otherwise": (
        "TRAIN.OPT_*",
        "TRAIN.LR_SCHEDULER.*",
        "TRAIN.ACCUM_ITER",
        "LOSS.WEIGHTS",
        "PROBLEM.INSTANCE_SEG.DATA_CHANNEL_WEIGHTS",
    ),
    "Contours are drawn as published": ("PROBLEM.INSTANCE_SEG.DATA_CONTOUR_MODE",),
    "How far pictures are varied is as published": (
        "AUGMENTOR.RANDOM_ROT_RANGE",
        "AUGMENTOR.AFFINE_MODE",
        "AUGMENTOR.E_*",
        "AUGMENTOR.BRIGHTNESS_MODE",
        "AUGMENTOR.BRIGHTNESS_EM*",
    ),
    "Samples of varied pictures are always saved": ("AUGMENTOR.AUG_*", "AUGMENTOR.DRAW_GRID"),
    "Patches are shuffled": ("AUGMENTOR.SHUFFLE_*",),
}


def training_settings(keys: Keys, *, published: bool) -> tuple[dict[str, Any], list[str]]:
    """Take what is said about training.

    Parameters
    ----------
    keys : Keys
        Of the file; what is understood here is taken.
    published : bool
        Whether the file is for the BiaPy of the paper, which had neither weight decay nor normalisation layers.

    Returns
    -------
    dict, list of str
        ``preset`` and values for `training.settings.TrainingSettings`; and what to say, a sentence each. What the
        file does not mention stays as in the preset, but what BiaPy only does when asked to is off.

    Raises
    ------
    UserError
        That names key and file, if a value is wrong or is something that CartoCell does not have.
    """
    preset = "paper" if published else "biapy-latest"
    augmentation, remarks = _augmentation(keys)
    settings: dict[str, Any] = {
        "schedule": keys.take(
            "TRAIN.LR_SCHEDULER.NAME", one_of(onecycle="one-cycle", none="constant", **{"": "constant"}), "constant"
        ),
        "rebalance": keys.take("LOSS.CLASS_REBALANCE", yes_or_no, False),
        "seed": keys.take("SYSTEM.SEED", whole(0), 0),
        "augmentation": augmentation,
    } | _network(keys)
    for name, key, kind in _PLAIN:
        if key in keys:
            settings[name] = keys.take(key, kind, None)
    keys.take("LOSS.TYPE", one_of(ce=True, bce=True, **{"": True}), True)
    remarks.insert(0, _generations(published, settings))
    remarks += keys.explained("Without effect on training", WITHOUT_EFFECT)
    others = keys.switched_on(("AUGMENTOR.*",))
    if others:
        remarks.append(f"Pictures are not varied in these ways here: {', '.join(others)}.")
    return {"preset": preset} | settings, remarks


def _network(keys: Keys) -> dict[str, Any]:
    settings: dict[str, Any] = {}
    if "DATA.PATCH_SIZE" in keys:
        *patch, channels = keys.take("DATA.PATCH_SIZE", numbers(4, whole(1), "four numbers: z, y, x and 1"), ())
        if channels != 1:
            raise keys.wrong("DATA.PATCH_SIZE", "The last number must be 1: a stack has one cell outlines channel.")
        settings["patch"] = patch
    if "MODEL.FEATURE_MAPS" in keys:
        settings["feature_maps"] = keys.take("MODEL.FEATURE_MAPS", numbers(None, whole(1), "a list of numbers"), ())
    if "MODEL.Z_DOWN" in keys:
        pools = keys.take("MODEL.Z_DOWN", numbers(None, _z_pool, "a list of 1 and 2"), ())
        levels = len(settings.get("feature_maps", (52, 68, 84))) - 1
        settings["z_pool"] = pools * levels if len(pools) == 1 else pools
        if len(settings["z_pool"]) != levels:
            raise keys.wrong("MODEL.Z_DOWN", f"With {levels + 1} feature maps it needs {levels} numbers.")
    if "MODEL.DROPOUT_VALUES" in keys:
        shares = keys.take("MODEL.DROPOUT_VALUES", numbers(None, number(0, 0.99), "a list of numbers"), ())
        if len(set(shares)) > 1:
            raise keys.wrong("MODEL.DROPOUT_VALUES", "CartoCell has one dropout for all levels: make them the same.")
        settings["dropout"] = shares[0]
    if keys.take("MODEL.BATCH_NORMALIZATION", yes_or_no, False):
        settings["norm"] = "batch"
    elif "MODEL.BATCH_NORMALIZATION" in keys:
        settings["norm"] = "none"
    if "MODEL.NORMALIZATION" in keys:
        settings["norm"] = keys.take("MODEL.NORMALIZATION", one_of(bn="batch", sync_bn="batch", none="none"), "none")
    if "DATA.NORMALIZATION.TYPE" in keys:
        kind = one_of(div="divide", zero_mean_unit_variance="zscore")
        settings["normalisation"] = {"kind": keys.take("DATA.NORMALIZATION.TYPE", kind, "divide")}
    return settings


def _augmentation(keys: Keys) -> tuple[dict[str, Any], list[str]]:
    """Probability of each kind of variation, all of them named, and what to say."""
    enabled = keys.take("AUGMENTOR.ENABLE", yes_or_no, False)
    share = keys.take("AUGMENTOR.DA_PROB", number(0, 1), 0.5)
    remarks: list[str] = []

    def on(key: str) -> float:
        return share if keys.take(key, yes_or_no, False) and enabled else 0.0

    flips = [on(key) for key in FLIPS]
    if any(flips) and not all(flips):
        off = [key for key, flip in zip(FLIPS, flips, strict=True) if not flip]
        remarks.append(f"CartoCell mirrors along all axes or none; {', '.join(off)} being off, none.")
    augmentation = {
        "flip": min(flips),
        "rotate": on("AUGMENTOR.RANDOM_ROT"),
        "elastic": on("AUGMENTOR.ELASTIC"),
        "elastic_vox": PUBLISHED_ELASTIC_VOX,
        "brightness": on("AUGMENTOR.BRIGHTNESS"),
        "brightness_range": keys.take("AUGMENTOR.BRIGHTNESS_FACTOR", _range, (0.1, 0.15)),
        "contrast": 0.0,
        "noise": 0.0,
        "blur": 0.0,
        "attenuation": 0.0,
        "anisotropy": 0.0,
    }
    return augmentation, remarks


def _generations(published: bool, settings: dict[str, Any]) -> str:
    """Say which version's unwritten defaults hold, where versions differ."""
    decay = settings.get("weight_decay", 0.0 if published else 0.02)
    norm = settings.get("norm", "none" if published else "batch")
    layers = {"none": "no normalisation layers", "batch": "batch normalisation"}[norm]
    others = (
        "BiaPy 3 would take a weight decay of 0.02 and batch normalisation for the same file"
        if published
        else "the paper had neither, and BiaPy 3.7 would take instance normalisation, z-scores and cells with contours"
    )
    return f"Training: weight decay {decay:g} and {layers}, as BiaPy had then; {others}."


def _range(value: Any) -> tuple[float, ...]:
    low, high = numbers(2, number(-1, 1), "two numbers")(value)
    if low > high:
        raise ValueError("two numbers, the smaller one first")
    return low, high


def _patience(value: Any) -> int:
    rounds = whole(-1)(value)
    if rounds == 0:
        raise ValueError("-1 (never end early) or 1 and more")
    return NEVER if rounds < 0 else rounds


def _z_pool(value: Any) -> int:
    if isinstance(value, bool) or value not in (0, 1, 2):
        raise ValueError("1 or 2")
    return int(value) or 2  # BiaPy's 0 stands for its default, 2


_PLAIN: tuple[tuple[str, str, Callable[[Any], Any]], ...] = (
    ("batch", "TRAIN.BATCH_SIZE", whole(1)),
    ("epochs", "TRAIN.EPOCHS", whole(1)),
    ("optimiser", "TRAIN.OPTIMIZER", one_of(adam="adam", adamw="adamw")),
    ("patience", "TRAIN.PATIENCE", _patience),
    ("learning_rate", "TRAIN.LR", number(1e-12, 10)),
    ("weight_decay", "TRAIN.W_DECAY", number(0, 10)),
)
"""Settings that go over as they are."""
