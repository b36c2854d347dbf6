"""Keys of the page of fields."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cartocell_app.desktop.actions import ActionInfo

if TYPE_CHECKING:
    from cartocell_app.desktop.fields.page import FieldsPage

FAST_VOX = 10
"""Arrows with Shift move a box by so many voxels."""

PAGE = "Boxes of a field"

Keys = dict[str, Callable[[], object]]


def keys_of_boxes(page: FieldsPage) -> Keys:
    """Keys that hold on the whole page, wherever the focus is."""
    return {
        "N": page.add, "Del": page.remove, "Ctrl+Z": page.undo, "Ctrl+Y": page.redo, "Ctrl+Shift+Z": page.redo,
        "+": lambda: page.grow(1), "-": lambda: page.grow(-1), "Esc": page.closed.emit,
    }  # fmt: skip


def keys_of_picture(page: FieldsPage) -> Keys:
    """Keys that move boxes in the picture; in the list they move through it."""
    keys: Keys = {"PgUp": lambda: page.move(-1, 0, 0), "PgDown": lambda: page.move(1, 0, 0)}
    for name, (y, x) in {"Up": (-1, 0), "Down": (1, 0), "Left": (0, -1), "Right": (0, 1)}.items():
        keys[name] = lambda y=y, x=x: page.move(0, y, x)
        keys[f"Shift+{name}"] = lambda y=y, x=x: page.move(0, FAST_VOX * y, FAST_VOX * x)
    return keys


def help_on_keys(page: FieldsPage) -> list[ActionInfo]:
    """These keys for the help page."""
    infos = (
        ("add", "Add a box", page.add, ("N",)),
        ("remove", "Remove the chosen box", page.remove, ("Del",)),
        ("move", "Move the chosen box; with Shift by 10 voxels", page.choose, ("Left", "Right", "Up", "Down")),
        ("depth", "Move it in depth", page.move, ("PgUp", "PgDown")),
        ("grow", "Make it larger, smaller", page.grow, ("+", "-")),
    )
    return [ActionInfo(f"boxes.{key}", text, run, shortcut=keys, page=PAGE) for key, text, run, keys in infos]
