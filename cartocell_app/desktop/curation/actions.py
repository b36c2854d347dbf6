"""Correcting cells, for menus, keys, the palette and the bar over the viewer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QWidget

from cartocell_app.desktop.actions import ActionInfo

if TYPE_CHECKING:
    from cartocell_app.desktop.curation.corrector import Corrector
    from cartocell_app.desktop.session import Session

    Needs = Callable[[Session], str]

OFF = "Choose Correct cells first."
SAVED = "All corrections are saved."


def actions(corrector: Corrector, parent: QWidget) -> list[ActionInfo]:
    """Actions of correcting.

    Parameters
    ----------
    corrector : Corrector
        Does it.
    parent : QWidget
        Over which the versions are shown.
    """

    def needs(reason: Callable[[], str]) -> Needs:
        return lambda _: reason()

    def when_on(reason: Callable[[], str]) -> Needs:
        return lambda _: reason() if corrector.is_on else OFF

    def why_not_save() -> str:
        return corrector.why_not() if corrector.is_changed else SAVED

    def why_no_versions() -> str:
        unsaved = "Save or undo your corrections first." if corrector.is_changed else ""
        return corrector.why_not() or unsaved

    return [
        ActionInfo(
            "correct.start", "&Correct cells", corrector.set_on, "mdi6.pencil-outline", "C",
            "Delete cells, merge two, keep the largest piece, fill holes; all can be undone, and what was before is "
            "kept.", needs(lambda: "" if corrector.is_on else corrector.why_not()), checked=lambda: corrector.is_on,
        ),
        *_with_the_picked_cell(corrector, when_on(corrector.why_not_cell)),
        *_with_all_cells(corrector, when_on(corrector.why_not)),
        ActionInfo(
            "correct.save", "&Save corrections", corrector.save, "mdi6.content-save-outline", "Ctrl+S",
            "Save them as a new version of this sample's cells. The version before is kept.", needs(why_not_save),
        ),
        ActionInfo(
            "correct.versions", "&Versions…", lambda: _show_versions(corrector, parent), "mdi6.history",
            tooltip="All versions of this sample's cells, and the way back to an earlier one.",
            needs=needs(why_no_versions),
        ),
    ]  # fmt: skip


def _with_the_picked_cell(corrector: Corrector, needs: Needs) -> list[ActionInfo]:
    return [
        ActionInfo(
            "correct.delete", "&Delete cell", corrector.delete, "mdi6.eraser", ("D", "Backspace"),
            "Take the picked cell away: it becomes background. In the viewer the Delete key does it too.", needs,
        ),
        ActionInfo(
            "correct.merge", "&Merge with…", corrector.begin_merging, "mdi6.call-merge", "M",
            "Then click the cell that belongs to the picked one: both become one.", needs,
        ),
        ActionInfo(
            "correct.largest", "Keep &largest piece", corrector.keep_largest_piece, "mdi6.puzzle-remove-outline", "L",
            "Where the picked cell is in pieces, keep only the largest.", needs,
        ),
        ActionInfo(
            "correct.fill", "&Fill holes", corrector.fill_holes, "mdi6.format-color-fill", "F",
            "Fill what is empty inside the picked cell.", needs,
        ),
    ]  # fmt: skip


def _with_all_cells(corrector: Corrector, needs: Needs) -> list[ActionInfo]:
    return [
        ActionInfo(
            "correct.all-largest", "Keep the largest piece of &each cell", corrector.keep_largest_pieces,
            tooltip="Take away all crumbs.", needs=needs,
        ),
        ActionInfo(
            "correct.all-fill", "Fill the &holes of all cells", corrector.fill_all_holes,
            tooltip="Fill what is enclosed by one cell alone; the lumen stays.", needs=needs,
        ),
        ActionInfo(
            "correct.renumber", "&Number the cells anew", corrector.renumber,
            tooltip="Give them the numbers 1, 2, 3 … without gaps.", needs=needs,
        ),
    ]  # fmt: skip


def _show_versions(corrector: Corrector, parent: QWidget) -> None:
    from cartocell_app.desktop.curation.versions import VersionsDialog

    dialog = VersionsDialog(corrector.versions(), parent)
    dialog.chosen.connect(corrector.go_back_to)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
