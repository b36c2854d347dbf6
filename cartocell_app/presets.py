"""How a network can be trained: said once, for the command line, its help and the window."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """A way to train.

    Attributes
    ----------
    key : str
        What the command line calls it.
    in_short : str
        For its help, a few words.
    name, words : str
        For people: what it is, and when to take it.
    rounds : int
        Most rounds.
    steps : int or None
        Steps of a round; None is as many as show all cysts once.
    patience : int or None
        Rounds without gain after which it ends by itself; None is never.
    patch_vox : (z, y, x)
        Size of the pieces of cysts that it learns from.
    batch : int
        Pieces a step.
    work : float
        How long a step takes with its own network, against that of CartoCell.
    in_window : bool
        Whether the window offers it.
    """

    key: str
    in_short: str
    name: str
    words: str
    rounds: int
    steps: int | None = None
    patience: int | None = None
    patch_vox: tuple[int, int, int] = (64, 80, 80)
    batch: int = 2
    work: float = 1.0
    in_window: bool = True


PUBLISHED_WORK = 9.0
"""Operations per voxel of the published network against those of CartoCell's."""

TRIAL = Preset(
    "trial",
    "a minute or two, only to see that all works",
    "Trial",
    "4 rounds of some seconds each. Only to see how it goes from here to the end; do not judge a model by it.",
    rounds=4,
    steps=4,
    patch_vox=(24, 48, 48),
)
"""Measured with the sample project on two cores: M1 in 81 s, beside little else; M2 in 169 s, beside two other programs
that computed. Half of it is PyTorch that begins and the model that is written."""

QUICK = Preset(
    "quick",
    "under an hour without a graphics card",
    "Quick (recommended to begin with)",
    "12 short rounds. Good enough to see whether your examples suffice, and often to label with.",
    rounds=12,
    steps=50,
)
STANDARD = Preset(
    "standard",
    "all cysts a hundred times",
    "Standard",
    "100 rounds through all your cysts. The better model; let it run over night.",
    rounds=100,
)
PAPER = Preset(
    "paper",
    "as published in 2023",
    "As published in 2023",
    "1300 rounds at most, as in the publication. Needs a graphics card; takes days without one.",
    rounds=1300,
    patience=100,
    patch_vox=(80, 80, 80),
    work=PUBLISHED_WORK,
)
COLAB = Preset(
    "colab",
    "as in the published notebook",
    "As in the published notebook",
    "50 rounds at most, as in the notebook of the publication.",
    rounds=50,
    patience=10,
    patch_vox=(80, 80, 80),
    work=PUBLISHED_WORK,
    in_window=False,
)
BIAPY_LATEST = Preset(
    "biapy-latest",
    "as in BiaPy's newest templates",
    "As in BiaPy's newest templates",
    "30 rounds, as BiaPy's templates for CartoCell say today.",
    rounds=30,
    patience=30,
    patch_vox=(80, 80, 80),
    work=PUBLISHED_WORK,
    in_window=False,
)

TRAINING_PRESETS = (TRIAL, QUICK, STANDARD, PAPER, COLAB, BIAPY_LATEST)
USUAL = STANDARD.key


def presets_in_short(presets: Iterable[Preset] = TRAINING_PRESETS) -> str:
    """All of them in a line, for the help of a command."""
    return "; ".join(f"{preset.key} ({preset.in_short})" for preset in presets) + "."


def early_end_in_words(preset: Preset) -> str:
    """When a training ends before its last round, a sentence; empty if it never does."""
    if preset.patience is None:
        return ""
    return (
        f"It ends by itself once {preset.patience} rounds in a row were no better for the cysts that watch: from then "
        "on it would only learn its examples by heart."
    )
