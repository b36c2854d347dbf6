"""A model given away: its file, and its card beside it as a page to read."""

import shutil
from pathlib import Path

from cartocell_app.segmentation.card_words import card_as_markdown
from cartocell_app.segmentation.model_card import read_card
from cartocell_app.stacks.files import whole_file


def save_model(model: Path, target: Path) -> tuple[Path, Path]:
    """Copy a model to `target` (.onnx), and write its card beside it (.md); each is whole or absent.

    Returns
    -------
    tuple of Path
        Both files.

    Raises
    ------
    UserError
        If `model` is none, or the disk refuses.
    """
    target = target if target.suffix.lower() == ".onnx" else target.with_name(f"{target.name}.onnx")
    text, page = card_as_markdown(read_card(model)), target.with_suffix(".md")
    if not (target.exists() and target.samefile(model)):
        with whole_file(target) as partial:
            shutil.copyfile(model, partial)
    with whole_file(page) as partial:
        partial.write_text(text, encoding="utf-8")
    return target, page
