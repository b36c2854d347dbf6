"""What can be done with samples: look at the next, accept, reject, rename, remove."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog, QMessageBox, QWidget

from cartocell_app.desktop.actions import ActionInfo, needs_changeable_project, needs_current
from cartocell_app.desktop.samples.list import SampleList
from cartocell_app.desktop.session import Session

if TYPE_CHECKING:
    from cartocell_app.desktop.curation.corrector import Corrector

REASONS = (
    "Cells run together",
    "Cells are cut into pieces",
    "Cyst is cut by the frame",
    "Out of focus or too dark",
    "No single lumen",
    "Dead or bursting cyst",
)
"""Why cysts are rejected; anything else can be typed."""

JUDGED = ("segmented", "curated", "accepted", "rejected")
"""States in which there is something to judge."""


USES = (
    ("high-resolution", "&High-resolution cysts", "Cysts with labelled cells that M1 learns from (phases 1 and 2)."),
    ("low-resolution", "&Low-resolution cysts", "Routine cysts that M1 labels and M2 learns from (phases 3 and 4)."),
    ("field", "&Fields of several cysts", "Stacks of several cysts, which are cut out in phase 3 and then labelled."),
    ("validation", "&Watching trainings", "Labelled cysts that a training is watched with and never learns from."),
    ("new", "&New cysts", "Cysts to be segmented and measured (phase 5)."),
)
"""Roles of samples, what a person calls them, and what that means."""


class SampleCommands:
    """Commands on the selected samples, or on the current one if none is selected.

    Parameters
    ----------
    session : Session
        Whose samples they are.
    samples : SampleList
        The list, whose order they follow.
    window : QWidget
        Over which questions are asked.
    """

    def __init__(self, session: Session, samples: SampleList, window: QWidget) -> None:
        self._session = session
        self._list = samples
        self._window = window
        self.corrector: Corrector | None = None
        """Corrects cells, once there is a viewer; while it does, undoing is for cells."""

    def chosen(self) -> tuple[int, ...]:
        """Numbers of the samples that a command is for."""
        current = self._session.current
        return self._session.selection or (() if current is None else (current.id,))

    def undo(self) -> None:
        """Take back the last correction of cells while they are corrected, else the last change of samples."""
        (self._on() or self._list.edits.stack).undo()

    def redo(self) -> None:
        """Do again what was taken back last."""
        (self._on() or self._list.edits.stack).redo()

    def accept(self) -> None:
        """Accept the chosen samples that are segmented."""
        ids = self._judged()
        self._list.edits.change(ids, f"accept {_samples(len(ids))}", state="accepted", reason="")

    def reject(self) -> None:
        """Ask why, and reject the chosen samples that are segmented."""
        ids = self._judged()
        reason, is_given = QInputDialog.getItem(
            self._window, "Reject", f"Why do you reject {_samples(len(ids))}?", REASONS, 0, True
        )
        if is_given:
            self._list.edits.change(ids, f"reject {_samples(len(ids))}", state="rejected", reason=reason.strip())

    def take_back(self) -> None:
        """Make accepted and rejected samples segmented ones again."""
        ids = self._judged()
        self._list.edits.change(ids, f"judge {_samples(len(ids))} anew", state="segmented", reason="")

    def use_for(self, role: str) -> None:
        """Say which phase the chosen samples are for."""
        ids = self.chosen()
        self._list.edits.change(ids, f"use of {_samples(len(ids))}", role=role)

    def give_voxel_size(self, ids: tuple[int, ...] = ()) -> None:
        """Ask for the voxel size of samples, of the chosen ones by default."""
        project, wanted = self._session.project, set(ids or self.chosen())
        samples = () if project is None else tuple(sample for sample in project.samples() if sample.id in wanted)
        if not samples:
            return
        # Imported late: rarely needed.
        from cartocell_app.desktop.voxel_dialog import VoxelDialog

        dialog = VoxelDialog(self._session, samples, self._window)
        if dialog.exec():
            numbers = tuple(sample.id for sample in samples)
            words = f"voxel size of {_samples(len(numbers))}"
            self._list.edits.change(numbers, words, voxel_size=dialog.editor.voxel_size())

    def remove(self) -> None:
        """Ask, and remove the chosen samples from the project; their stacks stay where they are."""
        ids, project = self.chosen(), self._session.project
        if project is None or not ids:
            return
        words = f"Remove {_samples(len(ids))} from this project?"
        box = QMessageBox(QMessageBox.Icon.Question, "Remove from project", words, parent=self._window)
        box.setInformativeText("The stacks stay where they are. This cannot be undone.")
        remove = box.addButton(f"&Remove {_samples(len(ids))}", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("&Keep", QMessageBox.ButtonRole.RejectRole)
        box.exec()
        if box.clickedButton() is remove:
            project.remove_samples(ids)

    def actions(self) -> list[ActionInfo]:
        """Actions for menus, keys and the palette."""
        return [*self._for_editing(), *self._for_judging(), *self._for_describing()]

    def _for_editing(self) -> list[ActionInfo]:
        return [
            ActionInfo(
                "edit.undo", "&Undo", self.undo, "mdi6.undo", "Ctrl+Z",
                "Undo the last change of samples, or of cells while they are corrected.", self._needs_undo,
            ),
            ActionInfo(
                "edit.redo", "&Redo", self.redo, "mdi6.redo", ("Ctrl+Y", "Ctrl+Shift+Z"),
                "Do again what was undone.", self._needs_redo,
            ),
            ActionInfo(
                "edit.find", "&Find sample", self._find, "mdi6.magnify", "Ctrl+F", "Search the list of samples.",
            ),
            ActionInfo(
                "edit.select-all", "Select &all samples", self._list.tree.selectAll, shortcut="Ctrl+Shift+A",
                needs=needs_changeable_project,
            ),
        ]  # fmt: skip

    def _for_judging(self) -> list[ActionInfo]:
        """One after the other: right or wrong."""
        return [
            ActionInfo(
                "sample.next", "&Next sample", lambda: self._list.step(1), "mdi6.arrow-down", "N",
                "Look at the next sample of the list.",
            ),
            ActionInfo(
                "sample.previous", "&Previous sample", lambda: self._list.step(-1), "mdi6.arrow-up", "P",
                "Look at the previous sample of the list.",
            ),
            ActionInfo(
                "sample.accept", "&Accept", self.accept, "mdi6.check-circle-outline", "A",
                "The cells of this cyst are right: it counts.", self._needs_judged,
            ),
            ActionInfo(
                "sample.reject", "&Reject…", self.reject, "mdi6.close-circle-outline", "R",
                "The cells of this cyst are wrong: it does not count.", self._needs_judged,
            ),
            ActionInfo(
                "sample.judge-anew", "&Judge anew", self.take_back,
                tooltip="Take back that it was accepted or rejected.", needs=self._needs_judged,
            ),
        ]  # fmt: skip

    def _for_describing(self) -> list[ActionInfo]:
        """What samples are called, measure and are for; and whether they are there at all."""
        return [
            ActionInfo(
                "sample.rename", "Re&name", self._list.rename_current, "mdi6.rename-outline", "F2",
                "Give the sample another name; or another day or condition, where that was clicked.",
                _both(needs_current, needs_changeable_project),
            ),
            ActionInfo(
                "sample.voxel-size", "Give &voxel size…", self.give_voxel_size, "mdi6.ruler",
                tooltip="Type the voxel size of the chosen samples, where their files do not say it or are wrong.",
                needs=_both(self._needs_chosen, needs_changeable_project),
            ),
            ActionInfo(
                "sample.remove", "Re&move from project…", self.remove, "mdi6.delete-outline", "Del",
                "Take the chosen samples out of the project; their stacks stay where they are.",
                _both(self._needs_no_tools, _both(self._needs_chosen, needs_changeable_project)),
            ),
            *(
                ActionInfo(
                    f"sample.use-{role}", text, lambda _=True, role=role: self.use_for(role), tooltip=words,
                    needs=_both(self._needs_chosen, needs_changeable_project),
                    checked=lambda role=role: self._are_for(role),
                )
                for role, text, words in USES
            ),
        ]  # fmt: skip

    def _on(self) -> Corrector | None:
        """What corrects cells, while it does."""
        return self.corrector if self.corrector is not None and self.corrector.is_on else None

    def _needs_undo(self, session: Session) -> str:
        del session
        on = self._on()
        there = self._list.edits.stack.canUndo() if on is None else on.next_undo is not None
        return "" if there else "There is nothing to undo."

    def _needs_redo(self, session: Session) -> str:
        del session
        on = self._on()
        there = self._list.edits.stack.canRedo() if on is None else on.next_redo is not None
        return "" if there else "There is nothing to do again."

    def _needs_no_tools(self, session: Session) -> str:
        del session
        return "" if self._on() is None else "Cells are being corrected, and Delete takes cells away: end that first."

    def _find(self) -> None:
        self._list.search.setFocus()
        self._list.search.selectAll()

    def _judged(self) -> tuple[int, ...]:
        project, chosen = self._session.project, set(self.chosen())
        samples = () if project is None else project.samples()
        return tuple(sample.id for sample in samples if sample.id in chosen and sample.state in JUDGED)

    def _are_for(self, role: str) -> bool:
        """Whether all chosen samples are for that."""
        project, chosen = self._session.project, set(self.chosen())
        samples = () if project is None else project.samples()
        return bool(chosen) and all(sample.role == role for sample in samples if sample.id in chosen)

    def _needs_chosen(self, session: Session) -> str:
        del session
        return "" if self.chosen() else "Choose a sample in the list first."

    def _needs_judged(self, session: Session) -> str:
        reason = self._needs_chosen(session) or needs_changeable_project(session)
        if not reason and self.corrector is not None:
            reason = self.corrector.why_not_judge()
        return reason or ("" if self._judged() else "None of the chosen samples is segmented yet.")


def _samples(number: int) -> str:
    return f"{number} sample{'s' * (number != 1)}"


def _both(first: Callable[[Session], str], second: Callable[[Session], str]) -> Callable[[Session], str]:
    return lambda session: first(session) or second(session)
