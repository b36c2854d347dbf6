"""A model's card as a page to read: Markdown."""

from cartocell_app.segmentation.model_card import ModelCard


def card_as_markdown(card: ModelCard) -> str:
    """All that a card says, for people."""
    voxel = "unknown; stacks are taken as they are"
    if card.voxel_size_um is not None:
        voxel = f"{' × '.join(f'{edge_um:g}' for edge_um in card.voxel_size_um)} µm (z, y, x); stacks are brought to it"
    second = ""
    if card.second_view_um is not None:
        second = f"at {' × '.join(f'{edge_um:g}' for edge_um in card.second_view_um)} µm, turned over; the mean counts"
    rows = {
        "Works at": voxel,
        "Second view": second,
        "Knows best": "" if card.cell_width_um is None else f"cells about {card.cell_width_um:g} µm wide",
        "Work": "unknown" if card.mflop_per_voxel is None else f"{card.mflop_per_voxel:.3g} MFLOP a voxel",
        "Outputs": ", ".join(card.channels),
        "Profile": card.profile,
        "Licence": card.licence,
        "Made": card.created,
        "Made with": ", ".join(f"{name} {version}" for name, version in card.software.items()),
    }
    parts = [f"# {card.name} {card.version}", _table(rows), "## Training", card.training]
    if card.training_command:
        parts.append(f"```\n{card.training_command}\n```")
    parts.append("## Scores")
    parts.append(
        _table({name: f"{value:.3f}" for name, value in card.scores.items()}) if card.scores else "Not scored."
    )
    if card.limits:
        parts += ["## Limits", card.limits]
    return "\n\n".join(parts) + "\n"


def _table(rows: dict[str, str]) -> str:
    return "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items() if value)])
