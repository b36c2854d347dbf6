"""Models, profiles, devices and forecasts in a biologist's words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cartocell_app.jobs.cost_words import duration_in_words, size_in_words
from cartocell_app.segmentation.cell_width import USUAL_UM
from cartocell_app.segmentation.settings import PROFILES as SETTINGS

if TYPE_CHECKING:
    from cartocell_app.jobs.forecast import Forecast, Subject
    from cartocell_app.segmentation.model_card import ModelCard
    from cartocell_app.segmentation.settings import Views

PROFILES: dict[str, tuple[str, str]] = {
    "default": (
        "CartoCell (recommended)",
        "Finds a cell wherever its interior stands out, whatever the size of the voxels; gaps and lumen stay free.",
    ),
    "paper-2022": (
        "As in the paper of 2022",
        "With the fixed thresholds of the published run. For comparing with its results.",
    ),
    "biapy-cartocell": (
        "As BiaPy's CartoCell template",
        "With the fixed thresholds of the template that BiaPy brings for CartoCell.",
    ),
    "biapy-3.5": ("As BiaPy 3.5", "Each stack sets its own thresholds, as in BiaPy 3.5."),
    "biapy-3.7": ("As BiaPy 3.7", "Each stack sets its own thresholds, and holes are filled, as in BiaPy 3.7."),
}
"""How maps become cells: what people call each of ``--profile``, and what it does."""


def card_in_words(card: ModelCard) -> str:
    """What a model says about itself, in two or three sentences."""
    works = "Trained at an unknown voxel size, so stacks are taken as they are"
    if card.voxel_size_um is not None:
        works = (
            f"Works at voxels of {' × '.join(f'{um:g}' for um in card.voxel_size_um)} µm, to which stacks are brought"
        )
    sentences = [f"{card.name} {card.version}. {works}."]
    if "f1_0.5" in card.scores:
        sentences.append(f"Found {100 * card.scores['f1_0.5']:.0f} % of the cells right on cysts kept apart (F1).")
    if card.limits:
        sentences.append(card.limits)
    return " ".join(sentences)


def width_in_words(cell_width_um: int | None, profile: str, card: ModelCard | None) -> str:
    """What becomes of the width of cells that was given, or what happens without one."""
    known_um = None if card is None else card.cell_width_um
    usual = f"{known_um or USUAL_UM:.0f} µm"
    if cell_width_um is None and known_um is not None and SETTINGS[profile].cell_width_um == "as found":
        return (
            f"The model knows cells about {usual} wide best. Where they come out much narrower or wider, the network "
            "looks again, at their size."
        )
    if cell_width_um is None:
        return f"Taken for cells about {usual} wide. Say so if yours are much narrower or wider."
    larger = (known_um or USUAL_UM) / cell_width_um
    if larger == 1:
        return "Taken as they are."
    how = f"{larger:.2g} times larger, which takes longer" if larger > 1 else f"{1 / larger:.2g} times smaller"
    return f"The network looks at them {how}, so that they seem {usual} wide. Results keep their true size."


def views_of_choice(views: int | None, profile: str) -> Views:
    """How often the network looks at a stack, where that was chosen, else as the profile says."""
    return SETTINGS[profile].views if views is None else 2 if views == 2 else 1


def views_in_words(views: int | None, profile: str, card: ModelCard | None) -> str:
    """What looking once or twice means."""
    chosen = views_of_choice(views, profile)
    twice = "The network looks at each stack twice, also turned over, and outlines cells more closely"
    if chosen == 1:
        return "The network looks at each stack once, the fastest way."
    if chosen == 2:
        return f"{twice}; that takes twice as long or more."
    if card is None or card.second_view_um is None:
        return "This model looks at each stack once."
    return f"{twice}. Once is more than twice as fast."


def forecast_in_words(expected: Forecast) -> str:
    """Time and memory in a sentence."""
    parts = []
    if expected.seconds is not None:
        parts.append(duration_in_words(expected.seconds))
    if expected.memory_bytes is not None:
        parts.append(f"{size_in_words(expected.memory_bytes)} of memory")
    words = " and ".join(parts)
    if expected.in_tiles:
        words += "; the largest stack is cut into tiles to fit"
    return f"Needs {words}." if words else "How long it takes is not known before it begins."


def subjects_in_words(subjects: Sequence[Subject]) -> str:
    """Which channels and voxel sizes there are among the stacks."""
    channels = Counter(subject.channel or "the only one" for subject in subjects)
    sizes = Counter(
        " × ".join(f"{length_um:.3g}" for length_um in subject.voxel_size)
        for subject in subjects
        if subject.voxel_size is not None
    )
    return f"Cell outlines channel: {_counted(channels)}.\nVoxel size (z × y × x, µm): {_counted(sizes)}."


def _counted(counter: Counter[str]) -> str:
    """``"Bcat (58), DAPI (2)"``; without numbers where all are the same."""
    if len(counter) <= 1:
        return next(iter(counter), "unknown")
    common = [f"{name} ({count:,})" for name, count in counter.most_common(3)]
    return ", ".join(common) + (f" and {len(counter) - 3:,} others" if len(counter) > 3 else "")
