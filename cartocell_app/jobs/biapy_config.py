"""What BiaPy's configuration files ask for, in CartoCell's own settings (specification §6, §7, §10, §11)."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cartocell_app.errors import UserError
from cartocell_app.jobs.biapy_training import training_settings
from cartocell_app.jobs.biapy_yaml import Keys, number, one_of, whole, yes_or_no
from cartocell_app.segmentation.settings import (
    PROFILES,
    EightBitThreshold,
    FixedThreshold,
    SegmentationSettings,
    Threshold,
    ThresholdSeeds,
)

PUBLISHED_SMALLEST_VOX = 5

PROBLEM, CHANNELS = "PROBLEM.INSTANCE_SEG", "PROBLEM.INSTANCE_SEG.DATA_CHANNELS"

VERSIONS: Final = {
    "paper-2022": "BiaPy of 2022, with which the paper was made",
    "biapy-cartocell": "BiaPy of 2023 (tag cartocell)",
    "biapy-3.5": "BiaPy 3.5",
    "biapy-3.7": "BiaPy 3.7",
}
"""The profile after which a file is read, and the program that it was written for."""

NEWER = (
    f"{PROBLEM}.DATA_MW_TH_TYPE",
    "LOSS.CLASS_REBALANCE",
    "MODEL.NORMALIZATION",
    "SYSTEM.NUM_WORKERS",
    "TEST.POST_PROCESSING.VORONOI_TH",
    "TRAIN.W_DECAY",
)
"""Keys that the BiaPy of the paper did not have."""

WITHOUT_EFFECT: Final = {
    "CartoCell looks after memory, processors and graphics cards itself": (
        "SYSTEM.NUM_*",
        "SYSTEM.DEVICE",
        "DATA.*.IN_MEMORY",
        "TEST.REDUCE_MEMORY",
    ),
    "CartoCell cuts stacks and pads them as the model needs it": (
        "DATA.PATCH_SIZE",
        "DATA.REFLECT_TO_COMPLETE_SHAPE",
        "DATA.TEST.PADDING",
        "DATA.TEST.OVERLAP",
        "TEST.FULL_IMG",
        "TEST.STATS.FULL_IMG",
    ),
    "The voxel size comes from the stacks, or from --voxel-size": ("DATA.*.RESOLUTION",),
    "The model file says how the network is built and what it takes": ("MODEL.*", "DATA.NORMALIZATION.*"),
    "Scores are always those at IoU 0.3, 0.5 and 0.75": (
        "TEST.EVALUATE",
        "TEST.STATS.*",
        "TEST.MATCHING_STATS_*",
        "TEST.VERBOSE",
    ),
    "Seeds, foreground and watershed are always saved": (f"{PROBLEM}.DATA_CHECK_MW",),
    "Files go where --result_dir and --name say": ("PATHS.*", "LOG.*"),
}

NOT_DONE: Final = {
    "cells at the border are kept": ("TEST.POST_PROCESSING.CLEAR_BORDER",),
    "each stack is looked at once": ("TEST.AUGMENTATION",),
    "small cells are kept": (f"{PROBLEM}.DATA_REMOVE_AFTER_MW",),
    "CartoCell has no such step": ("TEST.POST_PROCESSING.*",),
}
"""Switches that ask for what CartoCell does not do; off, they ask for nothing."""


@dataclass(frozen=True)
class Folders:
    """Raw stacks and their labels, in two folders of any name.

    Attributes
    ----------
    section : str
        Where the file gives them: ``"DATA.TEST"``.
    raw, labels : Path or None
        None where the file gives none.
    """

    section: str
    raw: Path | None
    labels: Path | None


@dataclass(frozen=True)
class Rules:
    """How maps become cells, as far as the file says so.

    Attributes
    ----------
    automatic : bool
        Whether thresholds that are not given are Otsu's (else the paper's).
    interior, contour, foreground : float or None
        Thresholds given as numbers.
    tissue : float or None
        That of the mask for Voronoi; None is Otsu's.
    smallest_vox : int
        Seeds with fewer voxels are left out.
    """

    automatic: bool = False
    interior: float | None = None
    contour: float | None = None
    foreground: float | None = None
    tissue: float | None = None
    smallest_vox: int = 0

    @property
    def given(self) -> tuple[float | None, float | None, float | None]:
        """Thresholds of interior, contour and foreground."""
        return self.interior, self.contour, self.foreground

    def settings(self, profile: str) -> SegmentationSettings:
        """Settings of the version `profile` with these numbers."""
        base = PROFILES[profile]
        source = PROFILES["biapy-3.5" if self.automatic else "biapy-cartocell"]
        assert isinstance(source.seeds, ThresholdSeeds)
        kind = EightBitThreshold if profile == "paper-2022" else FixedThreshold
        interior, contour, foreground = (
            default if value is None else kind(value=value)
            for value, default in zip(
                self.given, (source.seeds.interior, source.seeds.contour, source.foreground), strict=True
            )
        )
        # Since 3.7, a seed of just that size is left out too.
        smallest_vox = self.smallest_vox + (profile == "biapy-3.7" and self.smallest_vox > 0)
        return base.model_copy(
            update={
                "seeds": ThresholdSeeds(interior=interior, contour=contour, min_vox=smallest_vox),
                "foreground": foreground,
                "tissue": base.tissue if self.tissue is None else FixedThreshold(value=self.tissue),
            }
        )

    def words(self) -> str:
        """Thresholds in a sentence."""
        settings = self.settings("biapy-3.5")
        assert isinstance(settings.seeds, ThresholdSeeds)
        cuts = (settings.seeds.interior, settings.seeds.contour, settings.foreground)
        names = ("interior above", "contour below", "foreground above")
        return f"Thresholds: {', '.join(f'{name} {_words(cut)}' for name, cut in zip(names, cuts, strict=True))}."


@dataclass(frozen=True)
class BiapyConfig:
    """What a file asks for.

    Attributes
    ----------
    path : Path
        The file.
    train, test : bool
        Whether to train, and whether to segment the test stacks.
    training_set, test_set : Folders
        Where the stacks are.
    validation_set : Folders or None
        None where part of the training set is to be taken.
    score : bool
        Whether the cells are compared with true labels.
    training : dict
        ``preset`` and values of training's own settings; empty if there is no training.
    profile : str
        The key of `PROFILES` that the file is read after.
    rules : Rules
        How maps become cells; see `segmentation`.
    voronoi : bool
        Whether the cells after Voronoi are wanted, or those before.
    checkpoint : Path or None
        Model that the file names.
    remarks : tuple of str
        What the user should know, a sentence each; keys without effect and unknown ones are among it, once.
    """

    path: Path
    train: bool
    test: bool
    training_set: Folders
    validation_set: Folders | None
    test_set: Folders
    score: bool
    training: dict[str, Any]
    profile: str
    rules: Rules
    voronoi: bool
    checkpoint: Path | None
    remarks: tuple[str, ...]


def read_config(path: Path) -> BiapyConfig:
    """Read one of BiaPy's YAML files.

    Parameters
    ----------
    path : Path
        Files of 2022, of the tag ``cartocell`` and of BiaPy 3 are understood.

    Raises
    ------
    UserError
        If it cannot be read, asks for something else than cells in 3D by B, C and M, or a value cannot be right.
    """
    keys = Keys(path)
    whole_cells = _check_problem(keys)
    train, test = (keys.take(f"{part}.ENABLE", yes_or_no, False) for part in ("TRAIN", "TEST"))
    if not (train or test):
        raise UserError(
            f"{path} asks for nothing: TRAIN.ENABLE and TEST.ENABLE are both off.", "Set one of them to True."
        )
    checkpoint = keys.path_of("PATHS.CHECKPOINT_FILE")
    profile = "biapy-3.7" if whole_cells else _profile(keys, checkpoint)
    remarks = [f"{path.name} is read as a file for {VERSIONS[profile]}."]
    training_set, validation_set, test_set = _folders(keys, "TRAIN"), _validation(keys), _folders(keys, "TEST")
    keys.take("MODEL.LOAD_CHECKPOINT", yes_or_no, False)  # a test always needs a model, a training begins anew
    training: dict[str, Any] = {}
    if train:
        training, more = training_settings(keys, published=profile in ("paper-2022", "biapy-cartocell"))
        remarks += more
        if checkpoint is not None:
            remarks.append(f"The training begins with new weights; {checkpoint} is neither read nor overwritten.")
    rules, voronoi, score = Rules(), True, False
    if test:
        rules, more = _rules(keys)
        remarks += more
        voronoi = keys.take("TEST.POST_PROCESSING.VORONOI_ON_MASK", yes_or_no, False)
        score = keys.take("DATA.TEST.LOAD_GT", yes_or_no, False)
        score = keys.take("TEST.MATCHING_STATS", yes_or_no, True) and score
    remarks += _unused(keys, train=train, test=test)
    return BiapyConfig(
        path, train, test, training_set, validation_set, test_set, score, training, profile, rules, voronoi,
        checkpoint, tuple(remarks),
    )  # fmt: skip


def _check_problem(keys: Keys) -> bool:
    """Refuse what is not the task of CartoCell; whether interiors are whole cells, as BiaPy 3.7 names them."""
    keys.take("PROBLEM.TYPE", one_of(instance_seg=True), True)
    keys.take("PROBLEM.NDIM", one_of(**{"3d": True}), True)
    keys.take("MODEL.ARCHITECTURE", one_of(resunet=True), True)
    return keys.take(CHANNELS, _channels, False)


def _channels(value: Any) -> bool:
    letters = [str(part).upper() for part in (value if isinstance(value, list | tuple) else str(value))]
    if letters not in (["B", "C", "M"], ["F", "C", "M"]):
        raise ValueError("BCM: interior, contour and mask of the cells")
    return letters[0] == "F"


def _profile(keys: Keys, checkpoint: Path | None) -> str:
    if keys.name(f"{PROBLEM}.DATA_MW_TH_BINARY_MASK").endswith("DATA_MW_TH1"):
        return "paper-2022"
    torch_model = checkpoint is not None and checkpoint.suffix in (".pth", ".safetensors")
    return "biapy-3.5" if torch_model or any(key in keys for key in NEWER) else "biapy-cartocell"


def _folders(keys: Keys, part: str) -> Folders:
    section = f"DATA.{part}"
    return Folders(section, keys.path_of(f"{section}.PATH"), keys.path_of(f"{section}.GT_PATH"))


def _validation(keys: Keys) -> Folders | None:
    given = _folders(keys, "VAL")
    return None if keys.take("DATA.VAL.FROM_TRAIN", yes_or_no, given.raw is None) else given


def _rules(keys: Keys) -> tuple[Rules, list[str]]:
    """Take what is said about maps and cells; and what to say about it."""
    probability = number(0, 1)
    smallest_vox = keys.take(f"{PROBLEM}.DATA_REMOVE_SMALL_OBJ_BEFORE", whole(0), PUBLISHED_SMALLEST_VOX)
    removes = keys.take(f"{PROBLEM}.DATA_REMOVE_BEFORE_MW", yes_or_no, False)
    rules = Rules(
        keys.take(f"{PROBLEM}.DATA_MW_TH_TYPE", one_of(auto=True, manual=False), False),
        keys.take(f"{PROBLEM}.DATA_MW_TH_BINARY_MASK", probability, None),
        keys.take(f"{PROBLEM}.DATA_MW_TH_CONTOUR", probability, None),
        keys.take(f"{PROBLEM}.DATA_MW_TH_FOREGROUND", probability, None),
        keys.take("TEST.POST_PROCESSING.VORONOI_TH", probability, None) or None,  # 0 is BiaPy's word for Otsu's
        smallest_vox if removes else 0,
    )
    remarks = [rules.words()]
    numbers_given = any(value is not None for value in rules.given)
    if rules.automatic and numbers_given:
        remarks.append("DATA_MW_TH_TYPE is auto, but numbers are given too: the numbers count.")
    if not (rules.automatic or numbers_given):
        remarks.append("The file gives no thresholds and does not ask for automatic ones, so these are the paper's.")
    return rules, remarks


def _words(cut: Threshold) -> str:
    if isinstance(cut, FixedThreshold | EightBitThreshold):
        return f"{cut.value:g}"
    return "Otsu's of each stack" if cut.factor == 1 else f"{cut.factor:g} of Otsu's"


def _unused(keys: Keys, *, train: bool, test: bool) -> Iterator[str]:
    """Sentences on all keys that nobody took, each key once."""
    if not train:
        skipped = keys.pass_over(("TRAIN.*", "AUGMENTOR.*", "LOSS.*", "DATA.TRAIN.*", "DATA.VAL.*", "SYSTEM.SEED"))
        if skipped:
            yield f"No training was asked for, so this is not used: {', '.join(_sections(skipped))}."
    if not test:
        skipped = keys.pass_over(("TEST.*", "DATA.TEST.*", f"{PROBLEM}.DATA_MW_*", f"{PROBLEM}.DATA_REMOVE_*"))
        if skipped:
            yield f"No test was asked for, so this is not used: {', '.join(_sections(skipped))}."
    for words, patterns in NOT_DONE.items():
        names = keys.switched_on(patterns)
        if names:
            yield f"{', '.join(names)}: not done here; {words}."
    yield from keys.explained("Without effect", WITHOUT_EFFECT)
    if keys.left:
        yield f"Not understood, and passed over: {', '.join(keys.left)}."


def _sections(names: list[str]) -> list[str]:
    """Sections that keys belong to, each once: DATA.TRAIN rather than DATA, but TRAIN as a whole."""
    whole_sections = ("TRAIN", "TEST", "AUGMENTOR", "LOSS")
    parts = [name.split(".") for name in names]
    return list(dict.fromkeys(part[0] if part[0] in whole_sections else ".".join(part[:2]) for part in parts))
